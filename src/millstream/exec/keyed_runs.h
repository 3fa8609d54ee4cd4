// Runs: rows on disk, sorted by key and, within a key, by where they belong; and what merges them with bounded memory.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "millstream/base/result.h"
#include "millstream/memory/task_context.h"
#include "millstream/row/large_dictionaries.h"
#include "millstream/spill/spill_file.h"

namespace millstream {

/// Where rows belong. Rows of one morsel come in the order of `sequence`, which no two batches share.
struct RowPlace {
  int64_t partition = 0;
  int64_t morsel = 0;
  int64_t sequence = 0;
  auto operator<=>(const RowPlace&) const = default;
};

/// Neighbouring rows of a batch that have one key and one place.
struct KeyedRows {
  int64_t key = 0;  ///< its number
  RowPlace place;
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t offset = 0;
  int64_t rows = 0;
  int64_t bytes = 0;  ///< about
};

/// One block of a run: the rows as an Arrow stream, then a record for each key and place in it.
struct RunBlock {
  SpillBlock block;
  int64_t last_key = 0;
  int64_t records = 0;
};
using Run = std::vector<RunBlock>;

/// The one spill file of a write, made when it is first needed. Thread-safe.
class RunStore {
 public:
  /// `block_bytes`: of rows in a block, about; a larger row is a block of its own.
  RunStore(const TaskContext& context, std::shared_ptr<arrow::Schema> schema, LargeDictionaries* dictionaries,
           int64_t block_bytes)
      : context_(context), schema_(std::move(schema)), dictionaries_(dictionaries), block_bytes_(block_bytes) {}

  /// Writes one block of rows in order; `pieces` are slices of any batches of the schema.
  Result<RunBlock> Write(const std::vector<KeyedRows>& pieces);

  /// A block's rows. Their batch is one.
  Result<std::vector<KeyedRows>> Read(const RunBlock& block) const;
  void Release(const RunBlock& block) { file_->Release(block.block); }

  int64_t spilled_bytes() const;
  int64_t block_bytes() const { return block_bytes_; }
  const TaskContext& context() const { return context_; }

 private:
  const TaskContext context_;
  const std::shared_ptr<arrow::Schema> schema_;
  LargeDictionaries* const dictionaries_;
  const int64_t block_bytes_;
  mutable std::mutex mutex_;
  std::unique_ptr<SpillFile> file_;
};

/// Gathers rows that come sorted into the blocks of a run.
class RunWriter {
 public:
  explicit RunWriter(RunStore* store) : store_(store) {}
  Status Add(const KeyedRows& piece);
  Result<Run> Finish();

 private:
  Status Flush();
  RunStore* const store_;
  std::vector<KeyedRows> pieces_;
  int64_t bytes_ = 0;
  Run run_;
};

/// Gives the rows of runs that have keys [first_key, end_key) in the order of (key, place). Holds a block of each run.
class RunMerger {
 public:
  static Result<std::unique_ptr<RunMerger>> Make(RunStore* store, std::span<const Run> runs, int64_t first_key,
                                                 int64_t end_key);
  /// The next rows, or some with `rows` 0 at the end. They keep their block in memory.
  Result<KeyedRows> Next();

 private:
  struct Cursor {
    const Run* run = nullptr;
    size_t block = 0;  ///< the next to read
    std::vector<KeyedRows> pieces;
    size_t piece = 0;
    const KeyedRows& front() const { return pieces[piece]; }
  };

  RunMerger(RunStore* store, int64_t first_key, int64_t end_key) : store_(store), first_key_(first_key), end_key_(end_key) {}
  /// Makes `cursor` point to rows, reading on where needed; false at its end.
  Result<bool> Fill(Cursor* cursor);
  static bool IsAfter(const Cursor& a, const Cursor& b);

  RunStore* const store_;
  const int64_t first_key_;
  const int64_t end_key_;
  std::vector<Cursor> heap_;
};

/// Merges runs until at most `fan_in` are left, on `threads` threads. The blocks of runs that were merged are given back.
Status ReduceRuns(RunStore* store, int threads, size_t fan_in, std::vector<Run>* runs);

}  // namespace millstream
