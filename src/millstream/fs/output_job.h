// The commit protocol for outputs: files are written under attempt names and appear, whole, at commit.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/fs/storage.h"

namespace millstream::fs {

/// What to do with an output that is there already.
enum class OutputMode { kError, kOverwrite, kAppend };

struct OutputFile {
  std::string name;  ///< relative to the job's directory, '/' between parts
  int64_t bytes = 0;
};

/// Whether `name` is that of a part of an output: `pattern`, "part.*.parquet", with "7" or "7.1" in the place of its '*'.
bool IsPartName(std::string_view name, std::string_view pattern);

/// All files of one write. Files go to `<dir>/_temporary/<job id>/<name>` and are moved to `<dir>/<name>` by Commit, which
/// creates `_SUCCESS` last (where asked to). Abort, or destruction without Commit, removes every trace. Thread-safe.
class OutputJob {
 public:
  struct Options {
    OutputMode mode = OutputMode::kOverwrite;  ///< kOverwrite removes older data files of the directory at commit, not before
    bool success_file = false;                 ///< create `_SUCCESS` at the end of Commit
    bool only_named = false;                   ///< overwrite only files of the same name (CSV parts beside other files)
    /// With only_named: "part.*.parquet", '*' for numbers. Files of such names that lie beside new ones are of an older output
    /// and replaced too, so that no folder holds parts of both. "": none.
    std::string part_pattern;
  };

  static Result<std::unique_ptr<OutputJob>> Begin(const std::string& directory_uri, const StorageOptions& storage,
                                                  const Options& options, const TaskContext& context);
  virtual ~OutputJob() = default;

  /// A new file of this job, open for writing. Close() keeps it for the commit; Abort() or destruction discards it.
  /// AlreadyExists if `name` was created before in this job. `name` must be relative and free of '..' (Invalid).
  virtual Result<std::shared_ptr<arrow::io::OutputStream>> Create(const std::string& name) = 0;

  /// Bytes that an open file may hold in memory until they are sent: 0 for stores that take them at once.
  virtual int64_t open_file_bytes() const { return 0; }

  /// Moves all closed files into place and returns them, sorted by name. A failed Commit leaves older output readable where
  /// the store allows it, and says what is left.
  virtual Result<std::vector<OutputFile>> Commit() = 0;

  /// Discards everything written. Called by the destructor where neither Commit nor Abort ran.
  virtual Status Abort() = 0;
};

/// Makes a partition value safe as a path part, as Hive does: percent-encodes / \ % : * ? " < > | = # { } [ ] ^ control
/// characters and non-printables, and "." / ".."; null and "" become __HIVE_DEFAULT_PARTITION__.
std::string EncodePartitionValue(std::string_view value, bool is_null);
/// The inverse; second is true for the null name.
std::pair<std::string, bool> DecodePartitionValue(std::string_view text);

}  // namespace millstream::fs
