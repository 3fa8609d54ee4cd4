// A grouped batch, cut into the rows of each key, such that written rows do not wait for others to go from memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/record_batch.h>

#include "millstream/exec/keyed_runs.h"
#include "millstream/exec/partition_path.h"

namespace millstream {

/// Counts the bytes of batches for as long as these are alive. Thread-safe; must outlive what it counts.
class HeldRows {
 public:
  /// `batch`, counted until the last copy of the pointer returned goes.
  std::shared_ptr<arrow::RecordBatch> Hold(std::shared_ptr<arrow::RecordBatch> batch, int64_t bytes);
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> bytes_{0};
};

/// The rows of each key of `grouped`, in its order; their `key` and `place` are left to the caller. Keys with many bytes get a
/// batch of their own, the others share one; where memory is too short for such copies, all share the batch of `grouped`.
Result<std::vector<KeyedRows>> SplitByKey(GroupedRows grouped, HeldRows* held, arrow::MemoryPool* pool);

}  // namespace millstream
