// Several requests to a slow store at once.
#pragma once

#include <cstddef>
#include <functional>

#include "millstream/base/result.h"

namespace millstream::fs {

/// Runs job(0) .. job(count - 1), up to 16 at a time if `parallel`, else one after the other up to the first error. Returns the
/// error of the lowest index; in parallel, jobs not yet started when one fails are left out.
Status ForEach(size_t count, bool parallel, const std::function<Status(size_t)>& job);

}  // namespace millstream::fs
