// The memory budget of a session: one hard limit in bytes that every allocation of the engine draws from.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "millstream/base/result.h"

namespace millstream {

class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Takes `bytes` from the budget, or returns false and takes nothing. It fails only once reclaimers have nothing left, and
  /// may take as long as they do.
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
  /// True once less than a sixteenth can be had: what can wait for memory in use to come back should.
  bool IsScarce() const { return obtainable() < limit_ / 16; }

  /// Counts bytes that are taken from the budget, but kept for reuse only; negative to count them no more.
  void AddReclaimable(int64_t bytes) { reclaimable_.fetch_add(bytes, std::memory_order_relaxed); }
  /// `reclaim(wanted)` gives back memory that is only cached, or rows that can wait on disk, and returns how many bytes it
  /// released, 0 if it has none. It is called by any thread that reserves memory, one at a time, whatever locks that holds: it
  /// must not reserve any itself, nor wait for who may. Those added later are asked where the earlier ones have none.
  /// Returns a number for RemoveReclaimer.
  int64_t AddReclaimer(std::function<int64_t(int64_t)> reclaim);
  /// Returns once the reclaimer is not running and will not be called again.
  void RemoveReclaimer(int64_t number);

 private:
  bool TryTake(int64_t bytes);

  const int64_t limit_;
  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> peak_{0};
  std::atomic<int64_t> reclaimable_{0};
  std::mutex reclaimers_mutex_;
  std::map<int64_t, std::function<int64_t(int64_t)>> reclaimers_;
  int64_t next_reclaimer_ = 0;
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
