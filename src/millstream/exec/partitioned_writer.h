// The shared sink of writes: rows of partitions, in order, into files; or rows by the values of columns into directories.
//
// Without `partition_on` each partition is a file (or all are one, `single_file`), whose batches are put into order as they
// come. With it, rows gather by key across partitions and threads; a key's rows become a file at the end. Where memory runs
// short, keys with many rows become files earlier and the others' rows wait on disk: so few rows make few files, and no more
// files are open than there are threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "millstream/exec/output_file.h"

namespace millstream {

class PartitionedWriter {
 public:
  struct Options {
    OutputFormat output;
    std::shared_ptr<arrow::Schema> schema;  ///< of the batches that come in
    /// Columns whose values name directories, `type=PushEvent/repo=a%2Fb/`; they are left out of the files.
    std::vector<std::string> partition_on;
    /// "part.*.parquet": '*' stands for the partition's number. The file's name where single_file.
    std::string name_pattern;
    bool single_file = false;     ///< all partitions in one file, in order
    int64_t first_partition = 0;  ///< number of partition 0 in names (appending goes on where others stopped)
    int64_t share = 0;            ///< bytes of rows to gather at most; 0: a part of the memory limit
  };

  /// KeyError for a column of `partition_on` that is not there; TypeError where its type has no text; Invalid where no column
  /// would be left, or options contradict each other.
  static Result<std::unique_ptr<PartitionedWriter>> Make(Options options);
  virtual ~PartitionedWriter() = default;

  // As of Sink: thread-safe; a morsel comes from one thread, its batches in order; morsels and partitions count from 0.
  // A thread that is far ahead of the order waits in Consume for those behind it.
  virtual Status Consume(int64_t partition, int64_t morsel, std::shared_ptr<arrow::RecordBatch> batch) = 0;
  virtual Status MorselDone(int64_t partition, int64_t morsel) = 0;
  virtual Status PartitionDone(int64_t partition, int64_t morsels) = 0;

  /// The partition that a thread waits for in Consume, -1 where none does.
  virtual int64_t awaited_partition() const { return -1; }

  /// Writes what is left, on `context.threads` threads; once, after everything else. The files, sorted by name; what commits
  /// them is the job.
  virtual Result<std::vector<WrittenFile>> Finish() = 0;

  /// Wakes threads that wait in Consume, with Cancelled: for a run that failed elsewhere. May come from any thread.
  virtual void Stop() = 0;

  /// Bytes that went to disk because memory was short. After Finish.
  virtual int64_t spilled_bytes() const { return 0; }
};

/// `pattern` with '*' replaced by `number`, or by "number.flush" where `flush` >= 0.
std::string OutputFileName(const std::string& pattern, int64_t number, int64_t flush = -1);

}  // namespace millstream
