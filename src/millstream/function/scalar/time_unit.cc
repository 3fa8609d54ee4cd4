#include "millstream/function/scalar/time_unit.h"

#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include "millstream/function/scalar/calendar.h"
#include "millstream/function/scalar/kernels.h"

namespace millstream::scalar {
namespace {

arrow::TimeUnit::type UnitOf(const arrow::DataType& type) {
  return type.id() == arrow::Type::DURATION ? static_cast<const arrow::DurationType&>(type).unit()
                                            : static_cast<const arrow::TimestampType&>(type).unit();
}

}  // namespace

Result<Datum> ChangeUnit(const Datum& times, const DataTypePtr& type, ExecContext* context) {
  const int64_t from = UnitsPerSecond(UnitOf(*times.type())), to = UnitsPerSecond(UnitOf(*type));
  if (to >= from) return arrow::compute::Cast(times, type, arrow::compute::CastOptions::Safe(), context);
  auto down = [ratio = from / to](int64_t ticks) { return FloorDivide(ticks, ratio); };
  if (type->id() == arrow::Type::DURATION) return MapUnary<arrow::DurationType>(times, type, context, down);
  return MapUnary<arrow::TimestampType>(times, type, context, down);
}

}  // namespace millstream::scalar
