// How slow reads learn that nobody wants their result any more, although Arrow's interfaces do not pass that on.
#pragma once

#include <atomic>

#include "millstream/base/cancel.h"

namespace millstream::fs {

/// While it lives, waits of this thread for a network check `cancel` and `stop` (either may be null). Scopes nest.
class InterruptScope {
 public:
  InterruptScope(const CancelToken* cancel, const std::atomic<bool>* stop) : cancel_(cancel), stop_(stop), outer_(top_) {
    top_ = this;
  }
  ~InterruptScope() { top_ = outer_; }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  /// Cancelled if any scope of this thread says so.
  static Status Check() {
    for (const InterruptScope* scope = top_; scope; scope = scope->outer_) {
      if (scope->cancel_) ARROW_RETURN_NOT_OK(scope->cancel_->Check());
      if (scope->stop_ && scope->stop_->load(std::memory_order_relaxed)) return Status::Cancelled("the stream was closed");
    }
    return Status::OK();
  }

 private:
  static inline thread_local const InterruptScope* top_ = nullptr;
  const CancelToken* cancel_;
  const std::atomic<bool>* stop_;
  const InterruptScope* outer_;
};

}  // namespace millstream::fs
