// The finishing half of a group-by: merges the rows of all threads and partitions, from memory and from disk.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "millstream/base/result.h"
#include "millstream/exec/group_by_sorter.h"
#include "millstream/exec/group_by_table.h"

namespace millstream {

class GroupMerger {
 public:
  struct Metrics {
    int64_t spilled_bytes = 0;
    int64_t spilled_partitions = 0;
  };

  /// `emit` takes the final rows of some groups, at most context.batch_rows; it is called by one thread at a time.
  GroupMerger(const GroupLayout* layout, const TaskContext* context, int threads, bool sort, EmitRows emit);

  /// Merges and emits what `tables` hold, and empties them.
  Status Run(std::vector<std::unique_ptr<GroupTable>>* tables);

  Metrics metrics() const { return {spilled_bytes_.load(), spilled_partitions_.load()}; }

 private:
  using Tables = std::vector<std::unique_ptr<GroupTable>>;

  Status MergeInMemory(Tables* tables, std::vector<GroupRows>* merged);
  Result<GroupRows> MergePartition(const Tables& tables, int partition);
  Status EmitMerged(std::vector<GroupRows> merged);
  Status EmitUnsorted(const GroupRows& rows);

  Status MergeSpilled(Tables* tables);
  Status MergeBlocks(std::vector<SpilledRows> sources, int level, int worker);
  Status AddBlock(const SpilledRows& source, const RowBlock& block, GroupTable* table);
  Status OutputTable(GroupTable* table, int worker);

  const GroupLayout* layout_;
  const TaskContext* context_;
  const int threads_;
  const bool sort_;
  const EmitRows emit_;
  std::mutex emit_mutex_;
  GroupSorter sorter_;
  std::atomic<int64_t> spilled_bytes_{0};
  std::atomic<int64_t> spilled_partitions_{0};
};

}  // namespace millstream
