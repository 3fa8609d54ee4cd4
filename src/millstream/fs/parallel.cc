#include "millstream/fs/parallel.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace millstream::fs {

Status ForEach(size_t count, bool parallel, const std::function<Status(size_t)>& job) {
  constexpr size_t kParallelRequests = 16;
  if (!parallel || count < 2) {
    for (size_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(job(i));
    return Status::OK();
  }
  std::vector<Status> statuses(count);
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  const auto work = [&] {
    for (size_t i = next++; i < count && !failed; i = next++) {
      statuses[i] = job(i);
      if (!statuses[i].ok()) failed = true;
    }
  };
  try {
    for (size_t t = 1; t < std::min(count, kParallelRequests); ++t) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // The system gives no more threads: those there are, and this one, do it all.
  }
  work();
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) ARROW_RETURN_NOT_OK(status);
  return Status::OK();
}

}  // namespace millstream::fs
