// A session: the limits that its frames run under, and the way to make frames.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include "millstream/dataframe.h"
#include "millstream/options.h"

namespace millstream {

class Engine;

/// What is not given comes from MILLSTREAM_MEMORY_LIMIT, MILLSTREAM_THREADS and MILLSTREAM_TEMP_DIR, then from the TOML file
/// that MILLSTREAM_CONFIG names or ~/.config/millstream.toml, then from the machine: 60% of its memory, all its cores.
struct SessionOptions {
  std::optional<std::string> memory_limit = {};  ///< "256MB": what the session may add to the process's resident memory
  std::optional<int> threads = {};
  std::optional<std::string> temp_dir = {};  ///< for spill files
};

class Session {
 public:
  /// Invalid for a bad setting, wherever it stood.
  static arrow::Result<Session> Make(const SessionOptions& options = {});

  /// Paths may be local or URIs (http, https, s3, memory), with wildcards where the store can list; a folder stands for the
  /// files in it. `options` are those of the format, and `storage_options` (a JSON object).
  DataFrame Read(const std::string& format, const std::vector<std::string>& paths, const Options& options = {}) const;
  DataFrame ReadCsv(const std::vector<std::string>& paths, const Options& options = {}) const;
  DataFrame ReadJson(const std::vector<std::string>& paths, const Options& options = {}) const;
  DataFrame ReadParquet(const std::vector<std::string>& paths, const Options& options = {}) const;
  DataFrame ReadAvro(const std::vector<std::string>& paths, const Options& options = {}) const;
  DataFrame FromTable(const std::shared_ptr<arrow::Table>& table, int npartitions = 1) const;

  int64_t memory_limit() const;
  int threads() const;

 private:
  explicit Session(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  std::shared_ptr<Engine> engine_;
};

}  // namespace millstream
