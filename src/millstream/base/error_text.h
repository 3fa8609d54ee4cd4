// Errors as people read them.
#pragma once

#include <string>

#include "millstream/base/result.h"

namespace millstream {

/// The message of `status` with what the operating system gave as the reason ("Permission denied"), where it does not say so.
std::string ErrorText(const Status& status);

}  // namespace millstream
