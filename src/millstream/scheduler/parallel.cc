#include "millstream/scheduler/parallel.h"

#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace millstream {

Status RunOnThreads(int threads, const std::function<Status(int)>& body, const std::function<void()>& on_error) {
  std::mutex mutex;
  Status first;
  auto fail = [&](const Status& status) {
    std::lock_guard lock(mutex);
    if (!first.ok()) return;
    first = status;
    if (on_error) on_error();
  };
  auto run = [&](int thread) {
    if (Status status = body(thread); !status.ok()) fail(status);
  };
  if (threads == 1) {
    run(0);
    return first;
  }
  std::vector<std::thread> pool;
  pool.reserve(static_cast<size_t>(threads));
  try {
    for (int thread = 0; thread < threads; ++thread) pool.emplace_back(run, thread);
  } catch (const std::system_error& error) {
    // The threads that did start do all the work, unless there is none.
    if (pool.empty()) fail(Status::IOError("the system gave no thread: ", error.what()));
  }
  for (std::thread& thread : pool) thread.join();
  return first;
}

}  // namespace millstream
