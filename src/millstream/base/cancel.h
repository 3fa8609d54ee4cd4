// Cooperative cancellation: one token per run, checked at morsel and batch boundaries and inside long reads.
#pragma once

#include <atomic>

#include "millstream/base/result.h"

namespace millstream {

class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  /// Cancelled once Cancel() was called, else OK. Cheap enough for every batch.
  Status Check() const { return cancelled() ? Status::Cancelled("the run was cancelled") : Status::OK(); }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace millstream
