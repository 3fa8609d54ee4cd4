// The file of one directory, which takes the directory's rows piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/record_batch.h>

#include "millstream/exec/keyed_runs.h"
#include "millstream/exec/output_file.h"

namespace millstream {

/// Small pieces are joined, as encoding a batch has a cost of its own. For one thread at a time.
class KeyFile {
 public:
  /// Opens the file `name` of the job. `bytes`: of rows that will come, about.
  static Result<std::unique_ptr<KeyFile>> Create(const OutputFormat& output, const std::string& name,
                                                 const std::shared_ptr<arrow::Schema>& schema, LargeDictionaries* dictionaries,
                                                 int64_t bytes);

  Status Add(const KeyedRows& piece);
  /// Writes what was kept back to be joined with more.
  Status EndBatch() { return WriteJoined(); }
  /// Nothing can be added after this.
  Result<WrittenFile> Finish();

  /// Of all pieces so far.
  int64_t bytes() const { return bytes_; }

 private:
  KeyFile(LargeDictionaries* dictionaries, arrow::MemoryPool* pool) : dictionaries_(dictionaries), pool_(pool) {}
  Status WriteJoined();

  LargeDictionaries* const dictionaries_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<OutputFile> file_;
  arrow::RecordBatchVector small_;
  arrow::RecordBatchVector sources_;  ///< of the small ones, which keep them in memory: who counts batches is to count those
  int64_t small_bytes_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace millstream
