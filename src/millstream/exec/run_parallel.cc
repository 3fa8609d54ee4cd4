#include "millstream/exec/run_parallel.h"

#include <algorithm>
#include <atomic>

#include "millstream/scheduler/parallel.h"

namespace millstream {

Status RunParallel(int threads, int64_t count, const std::function<Status(int64_t index, int worker)>& work) {
  if (count == 0) return Status::OK();
  std::atomic<int64_t> next{0};
  const auto run = [&](int worker) -> Status {
    for (int64_t index = next.fetch_add(1); index < count; index = next.fetch_add(1)) {
      ARROW_RETURN_NOT_OK(work(index, worker));
    }
    return Status::OK();
  };
  return RunOnThreads(static_cast<int>(std::min<int64_t>(std::max(1, threads), count)), run, [&] { next.store(count); });
}

}  // namespace millstream
