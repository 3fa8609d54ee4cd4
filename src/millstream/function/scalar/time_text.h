// Times written as text next to a column of times: df[df.t >= "2024-01-31"].
#pragma once

#include <memory>

#include "millstream/function/scalar/support.h"

namespace millstream::scalar {

/// Reads a text literal as `type`, or as a finer timestamp where it has more digits than `type` holds. Without an offset it is
/// local time of the type's zone. Invalid for text that is no time.
Result<std::shared_ptr<arrow::Scalar>> ParseTime(const arrow::Scalar& text, const DataTypePtr& type);

/// Of two arguments, replaces the one that is a text literal by a time if the other is a date or timestamp.
Status ParseTextLiterals(Arguments* arguments);

}  // namespace millstream::scalar
