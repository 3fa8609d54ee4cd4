// The memory budget of a session: one hard limit in bytes that every allocation of the engine draws from.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "millstream/base/result.h"

namespace millstream {

class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Takes `bytes` from the budget, or returns false and takes nothing. It fails only once reclaimers have nothing left.
  bool TryReserve(int64_t bytes);
  /// Like TryReserve; OutOfMemory names `what`, the size wanted, what is in use and the limit.
  Status Reserve(int64_t bytes, const char* what);
  /// What Reserve fails with, for those that could not get `bytes` another way.
  Status OutOfMemory(int64_t bytes, const char* what) const;
  void Release(int64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  int64_t limit() const { return limit_; }
  int64_t used() const { return used_.load(std::memory_order_relaxed); }
  int64_t available() const { return limit_ - used(); }
  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }
  void ResetPeak() { peak_.store(used(), std::memory_order_relaxed); }

  /// What can be had: what is left, and what reclaimers would give back.
  int64_t obtainable() const { return available() + reclaimable_.load(std::memory_order_relaxed); }
  /// True once less than a quarter of the limit can be had: operators that can spill do so at the next morsel boundary.
  bool UnderPressure() const { return obtainable() < limit_ / 4; }

  /// Counts bytes that are taken from the budget, but kept for reuse only; negative to count them no more.
  void AddReclaimable(int64_t bytes) { reclaimable_.fetch_add(bytes, std::memory_order_relaxed); }
  /// `reclaim(wanted)` gives back cached memory (not memory in use) and returns how many bytes it released, 0 if it has none.
  void AddReclaimer(std::function<int64_t(int64_t)> reclaim);

 private:
  bool TryTake(int64_t bytes);

  const int64_t limit_;
  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> peak_{0};
  std::atomic<int64_t> reclaimable_{0};
  std::mutex reclaimers_mutex_;
  std::vector<std::function<int64_t(int64_t)>> reclaimers_;
};

/// A share of the budget that grows and shrinks with what its owner holds and is given back when it goes.
class Reservation {
 public:
  explicit Reservation(MemoryBudget* budget) : budget_(budget) {}
  ~Reservation() { Clear(); }
  Reservation(Reservation&& other) noexcept : budget_(other.budget_), bytes_(other.bytes_) { other.bytes_ = 0; }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  /// Grows or shrinks to `bytes`; on false the old size stays.
  bool TryResize(int64_t bytes);
  Status Resize(int64_t bytes, const char* what);
  void Clear() {
    budget_->Release(bytes_);
    bytes_ = 0;
  }
  int64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_;
  int64_t bytes_ = 0;
};

}  // namespace millstream
