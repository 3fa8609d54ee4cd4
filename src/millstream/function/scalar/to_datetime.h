// Text to timestamps: for to_datetime and for casts to datetime64.
#pragma once

#include <string>

#include <arrow/type.h>

#include "millstream/function/scalar/support.h"

namespace millstream::scalar {

struct TextTimes {
  arrow::TimeUnit::type unit = arrow::TimeUnit::MICRO;
  std::string zone;    ///< "UTC": text without an offset is taken as UTC; "": text with one is an error
  std::string format;  ///< strftime's; "": ISO 8601
  bool strict = true;  ///< text that is no time is an error; else it becomes missing
};

/// One text argument to timestamps.
Result<BoundFunction> BindTextToTimestamps(const TextTimes& times);

}  // namespace millstream::scalar
