// Where the first record at or after an offset of a file starts. Whether an offset lies inside quotes depends on all text
// before it, so the answer comes from a scan (at memory speed) that goes on from the last offset answered, never from a guess;
// readers that pass an offset anyway tell it, so that mostly nothing needs to be scanned.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <arrow/io/interfaces.h>

#include "millstream/base/result.h"
#include "millstream/format/csv/options.h"
#include "millstream/memory/task_context.h"

namespace millstream::csv {

/// Of one version of one file read with one dialect. Thread-safe.
class RecordStarts {
 public:
  explicit RecordStarts(const Dialect& dialect) : dialect_(dialect) {}

  /// The file's size where no record starts there.
  Result<int64_t> FirstAtOrAfter(int64_t offset, int64_t records_begin, arrow::io::RandomAccessFile* file,
                                 const TaskContext& context);
  /// Where the first record starts, after the header; `read_header` finds it the first time.
  Result<int64_t> RecordsBegin(const std::function<Result<int64_t>()>& read_header);
  /// `start` is the first record's start at or after `offset`.
  void Tell(int64_t offset, int64_t start);

  /// The one that all splits of this file share in this process; the least recently used of many are forgotten.
  static std::shared_ptr<RecordStarts> Shared(const fs::FileEntry& file, const ReadOptions& options);
  /// Forgets what is known of `uri`: it is looked at anew.
  static void Forget(const std::string& uri);

 private:
  const Dialect dialect_;
  std::mutex mutex_;
  std::optional<int64_t> records_begin_;
  std::map<int64_t, int64_t> starts_;  ///< offset -> first record start at or after it
};

}  // namespace millstream::csv
