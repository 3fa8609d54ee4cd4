// Arrow memory pool that draws from a MemoryBudget and keeps freed large blocks for reuse.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include <arrow/memory_pool.h>

#include "millstream/memory/budget.h"

namespace millstream {

/// Blocks of 128 KiB and more come from mmap in size classes (four to a power of two) and go back to a cache of bounded
/// size, because a cold page costs more than the work done on it; smaller ones come from malloc. Blocks are cut where the
/// cache has only larger ones, and what a shrinking buffer gives up goes to the cache. Everything handed out and everything
/// cached is counted in the budget; the cache is emptied before an allocation fails with OutOfMemory. What malloc keeps of
/// smaller blocks that were freed is not: it goes back to the system before more comes from there.
class BudgetPool final : public arrow::MemoryPool {
 public:
  /// `cache_limit`: how many bytes of freed blocks to keep at most.
  BudgetPool(std::shared_ptr<MemoryBudget> budget, int64_t cache_limit);
  ~BudgetPool() override;

  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override;

  int64_t bytes_allocated() const override { return allocated_.load(std::memory_order_relaxed); }
  int64_t total_bytes_allocated() const override { return total_.load(std::memory_order_relaxed); }
  int64_t num_allocations() const override { return count_.load(std::memory_order_relaxed); }
  int64_t max_memory() const override { return budget_->peak(); }
  std::string backend_name() const override { return "millstream"; }

  /// Takes a buffer of this pool out of the budget, because it now belongs to a caller's result: its bytes are given back at
  /// once, and freeing it later gives back nothing. A second call for the same buffer does nothing.
  void Disown(const uint8_t* buffer, int64_t size);

  const std::shared_ptr<MemoryBudget>& budget() const { return budget_; }
  int64_t bytes_cached() const { return cached_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kClasses = 4 * 40;

  Status AllocateLarge(int64_t size, uint8_t** out);
  Status ReallocateLarge(int64_t old_size, int64_t new_size, uint8_t** ptr);
  void FreeLarge(uint8_t* block, int64_t size, bool disowned);
  uint8_t* TakeCached(int index);
  void Keep(uint8_t* start, int64_t bytes);
  int64_t DropCacheLocked(int64_t wanted);
  bool ForgetDisowned(const uint8_t* buffer);
  int64_t DropCache(int64_t wanted);
  void Count(int64_t bytes);
  void CountCached(int64_t bytes);
  void TrimMalloc();

  const std::shared_ptr<MemoryBudget> budget_;
  const int64_t cache_limit_;
  int64_t reclaimer_ = 0;
  std::atomic<int64_t> allocated_{0};
  std::atomic<int64_t> total_{0};
  std::atomic<int64_t> count_{0};
  std::atomic<int64_t> cached_{0};
  std::atomic<int64_t> disowned_count_{0};
  std::atomic<int64_t> freed_small_{0};          ///< bytes since malloc was trimmed
  std::unordered_set<const uint8_t*> disowned_;  // guarded by mutex_
  std::mutex mutex_;
  std::array<std::vector<uint8_t*>, kClasses> free_;
};

}  // namespace millstream
