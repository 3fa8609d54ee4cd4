// Runs one body on several threads; the first error wins.
#pragma once

#include <functional>

#include "millstream/base/result.h"

namespace millstream {

/// Calls body(0) .. body(threads - 1), each on a thread of its own, and waits for all. Returns the error that came first;
/// `on_error` (may be empty) is called once, at that moment, so that the other threads can be told to stop.
Status RunOnThreads(int threads, const std::function<Status(int thread)>& body, const std::function<void()>& on_error = {});

}  // namespace millstream
