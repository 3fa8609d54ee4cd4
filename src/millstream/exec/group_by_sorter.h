// Puts final rows in the order of their keys: in memory, or as sorted runs on disk that are merged at the end.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/exec/group_by_layout.h"
#include "millstream/memory/task_context.h"
#include "millstream/row/row_pages.h"
#include "millstream/spill/row_spill.h"

namespace millstream {

/// Takes rows of the layout; they are valid during the call.
using EmitRows = std::function<Status(const uint8_t* const* rows, int64_t n)>;

/// Pointers to rows, in memory that the budget knows.
class GroupRows {
 public:
  static Result<GroupRows> Make(int64_t capacity, arrow::MemoryPool* pool);

  void Add(uint8_t* row) { data()[size_++] = row; }
  uint8_t** data() const;
  int64_t size() const { return size_; }

 private:
  std::shared_ptr<arrow::Buffer> buffer_;
  int64_t size_ = 0;
};

class GroupSorter {
 public:
  GroupSorter(const GroupLayout* layout, const TaskContext* context, int workers);

  /// Emits `lists` in order, batch by batch; uses up to `threads` threads.
  Status SortInMemory(const std::vector<GroupRows>& lists, int threads, const EmitRows& emit);

  /// Writes the rows of some groups as one sorted run. `worker` numbers threads that call it at a time.
  Status AddRun(const GroupRows& rows, int worker);
  /// Merges all runs.
  Status MergeRuns(const EmitRows& emit);

  int64_t spilled_bytes() const;

 private:
  /// A row with a word that orders it in most cases.
  struct Entry {
    uint64_t prefix;
    uint8_t* row;
  };
  struct Run {
    SpillFile* file;
    std::vector<RowBlock> blocks;
  };
  class Cursor;
  class MemoryCursor;
  class RunCursor;

  bool Less(const Entry& a, const Entry& b) const {
    return a.prefix != b.prefix ? a.prefix < b.prefix : layout_->keys.Compare(a.row, b.row) < 0;
  }
  size_t CommonPrefix(const std::vector<GroupRows>& lists) const;
  Result<std::shared_ptr<arrow::Buffer>> SortedEntries(const std::vector<const GroupRows*>& lists, size_t skip) const;
  Status Merge(std::vector<std::unique_ptr<Cursor>> cursors, const EmitRows& emit) const;
  Result<Run> MergeSome(std::vector<Run> runs);
  Status WriteRows(const uint8_t* const* rows, int64_t n, RowPages* pages, Run* run);
  Result<SpillFile*> FileOf(int worker);

  const GroupLayout* layout_;
  const TaskContext* context_;
  const int64_t block_bytes_;
  std::vector<std::unique_ptr<SpillFile>> files_;  ///< one a worker
  std::vector<std::vector<Run>> runs_;             ///< of each worker
};

}  // namespace millstream
