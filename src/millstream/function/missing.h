// pandas' rules for missing values, all of them, in one place.
//
// A value is missing if it is null or a floating NaN. pandas' numpy-backed columns know only NaN/NaT/None; a column of any type
// here may hold nulls, and they behave as NaN does there:
//
// | operation                        | a missing operand gives                                     |
// |----------------------------------|-------------------------------------------------------------|
// | + - * / // % **, str, dt, math   | missing; but x ** 0 and 1 ** x are 1                        |
// | integer // 0 and % 0             | missing: an integer column has no infinity (pandas' x // 0) |
// | == < <= > >=, isin, between      | false                                                       |
// | !=                               | true                                                        |
// | & \| ^ ~, filter, where's choice | counts as false                                             |
// | isna, fillna, coalesce           | found, replaced                                             |
// | str.contains and its like        | `na` option, false where it is not given                    |
// | cast to an integer               | error; to string: stays missing; to bool: true for NaN      |
#pragma once

#include <memory>

#include <arrow/datum.h>
#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream {

/// True where `value` is null or NaN: a boolean array without nulls, or a boolean scalar for a scalar.
Result<arrow::Datum> IsMissing(const arrow::Datum& value, arrow::compute::ExecContext* context);

/// A boolean array or scalar with its nulls replaced by `replacement`; no nulls are left.
Result<arrow::Datum> ReplaceMissing(const arrow::Datum& booleans, bool replacement, arrow::compute::ExecContext* context);

/// True for the types that can hold NaN beside null.
bool HoldsNan(const arrow::DataType& type);

}  // namespace millstream
