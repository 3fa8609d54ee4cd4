// What a run counts, by operator. The same numbers feed explain(analyze), progress and the run report.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace millstream {

/// Counters of one operator in one run. All threads add to them.
struct OperatorMetrics {
  std::string name;       ///< the node's kind: "Filter"
  std::string arguments;  ///< the node's Describe()
  int stage = 0;
  std::atomic<int64_t> rows_in{0};
  std::atomic<int64_t> rows_out{0};
  std::atomic<int64_t> bytes_out{0};    ///< of the Arrow buffers handed on, or of the files written
  std::atomic<int64_t> bytes_read{0};   ///< from storage
  std::atomic<int64_t> nanoseconds{0};  ///< of all threads together, without the operators above
  std::atomic<int64_t> spilled_bytes{0};
};

/// All operators of a run, and what is known of it as a whole. Thread-safe.
class RunMetrics {
 public:
  OperatorMetrics* Add(std::string name, std::string arguments, int stage) {
    std::lock_guard lock(mutex_);
    OperatorMetrics& added = operators_.emplace_back();
    added.name = std::move(name);
    added.arguments = std::move(arguments);
    added.stage = stage;
    return &added;
  }
  /// Only after the run, when nothing is added any more.
  const std::deque<OperatorMetrics>& operators() const { return operators_; }

  // Of the stages that were begun: their partitions, and one for what each does after them, such as writing what waits.
  std::atomic<int64_t> steps_total{0};
  std::atomic<int64_t> steps_done{0};

 private:
  std::mutex mutex_;
  std::deque<OperatorMetrics> operators_;
};

/// Adds the time of its scope to a counter.
class ScopedTimer {
 public:
  explicit ScopedTimer(std::atomic<int64_t>* nanoseconds)
      : nanoseconds_(nanoseconds), start_(std::chrono::steady_clock::now()) {}
  ~ScopedTimer() { nanoseconds_->fetch_add((std::chrono::steady_clock::now() - start_).count(), std::memory_order_relaxed); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  std::atomic<int64_t>* nanoseconds_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace millstream
