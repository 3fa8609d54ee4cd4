// Timestamps and durations in another unit.
#pragma once

#include "millstream/function/scalar/support.h"

namespace millstream::scalar {

/// `times` (timestamps, or durations) as `type`, which differs in its unit: rounded down where that is coarser, as in pandas,
/// also before 1970. Invalid where a finer unit has no room for a value.
Result<Datum> ChangeUnit(const Datum& times, const DataTypePtr& type, ExecContext* context);

}  // namespace millstream::scalar
