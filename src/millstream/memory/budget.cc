#include "millstream/memory/budget.h"

#include "millstream/base/bytes.h"

namespace millstream {

bool MemoryBudget::TryTake(int64_t bytes) {
  int64_t now = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ - now) return false;
  } while (!used_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
  int64_t peak = peak_.load(std::memory_order_relaxed);
  while (now + bytes > peak && !peak_.compare_exchange_weak(peak, now + bytes, std::memory_order_relaxed)) {
  }
  return true;
}

bool MemoryBudget::TryReserve(int64_t bytes) {
  if (bytes > limit_) return false;  // all that could be given back would be given back for nothing
  // Another thread may take what was given back for this one, while there is still more to give.
  while (!TryTake(bytes)) {
    int64_t given_back = 0;
    {
      std::lock_guard lock(reclaimers_mutex_);
      for (auto next = reclaimers_.begin(); next != reclaimers_.end() && given_back == 0; ++next) {
        given_back = next->second(bytes);
      }
    }
    if (given_back == 0) return TryTake(bytes);
  }
  return true;
}

Status MemoryBudget::Reserve(int64_t bytes, const char* what) {
  return TryReserve(bytes) ? Status::OK() : OutOfMemory(bytes, what);
}

Status MemoryBudget::OutOfMemory(int64_t bytes, const char* what) const {
  return Status::OutOfMemory(what, " needs ", FormatBytes(bytes), " but ", FormatBytes(used()), " of the memory limit's ",
                             FormatBytes(limit_), " are in use; raise memory_limit or use smaller partitions (blocksize)");
}

int64_t MemoryBudget::AddReclaimer(std::function<int64_t(int64_t)> reclaim) {
  std::lock_guard lock(reclaimers_mutex_);
  reclaimers_.emplace(next_reclaimer_, std::move(reclaim));
  return next_reclaimer_++;
}

void MemoryBudget::RemoveReclaimer(int64_t number) {
  std::lock_guard lock(reclaimers_mutex_);
  reclaimers_.erase(number);
}

bool Reservation::TryResize(int64_t bytes) {
  if (bytes > bytes_ && !budget_->TryReserve(bytes - bytes_)) return false;
  if (bytes < bytes_) budget_->Release(bytes_ - bytes);
  bytes_ = bytes;
  return true;
}

Status Reservation::Resize(int64_t bytes, const char* what) {
  if (bytes > bytes_) ARROW_RETURN_NOT_OK(budget_->Reserve(bytes - bytes_, what));
  if (bytes < bytes_) budget_->Release(bytes_ - bytes);
  bytes_ = bytes;
  return Status::OK();
}

}  // namespace millstream
