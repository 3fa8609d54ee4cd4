// Runs numbered pieces of work on a few threads of its own.
#pragma once

#include <cstdint>
#include <functional>

#include "millstream/base/result.h"

namespace millstream {

/// Calls `work(index, worker)` once for each index below `count`, on up to `threads` threads, `worker` being below that. The
/// first error ends it and is returned.
Status RunParallel(int threads, int64_t count, const std::function<Status(int64_t index, int worker)>& work);

}  // namespace millstream
