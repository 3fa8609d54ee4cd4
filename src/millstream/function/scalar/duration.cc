// dt_total_seconds, dt_days, dt_seconds, dt_microseconds: durations as numbers.
#include <utility>

#include <arrow/compute/api_scalar.h>
#include <arrow/type.h>

#include "millstream/function/scalar/calendar.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/support.h"

namespace millstream {
namespace scalar {
namespace {

// What pandas' Timedelta has: whole days (rounded down), then seconds of the day, then microseconds of the second.
int64_t Days(int64_t ticks, int64_t per_second) { return FloorDivide(ticks, per_second * kSecondsPerDay); }
int64_t Seconds(int64_t ticks, int64_t per_second) { return FloorModulo(FloorDivide(ticks, per_second), kSecondsPerDay); }
int64_t Microseconds(int64_t ticks, int64_t per_second) {
  const int64_t rest = FloorModulo(ticks, per_second);
  return per_second >= 1000000 ? rest / (per_second / 1000000) : rest * (1000000 / per_second);
}

template <typename Out, typename Of>
ScalarFunction OfDuration(const std::string& name, const DataTypePtr& type, Of of) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    const auto duration = PlainType(arguments[0].type);
    if (duration->id() != arrow::Type::DURATION) return DoesNotTake(name, arguments, "durations");
    const int64_t per_second = UnitsPerSecond(static_cast<const arrow::DurationType&>(*duration).unit());
    auto run = [=](const std::vector<Datum>& values, ExecContext* context) {
      return MapUnary<arrow::DurationType>(values[0], type, context,
                                           [of, per_second](int64_t ticks) { return static_cast<Out>(of(ticks, per_second)); });
    };
    return BoundFunction{type, std::move(run)};
  };
  return {name, 1, 1, bind};
}

}  // namespace
}  // namespace scalar

void AddDurationFunctions(ScalarFunctionRegistry* registry) {
  using namespace scalar;  // NOLINT(google-build-using-namespace)
  registry->Add(OfDuration<double>("dt_total_seconds", arrow::float64(), [](int64_t ticks, int64_t per_second) {
    return static_cast<double>(ticks) / static_cast<double>(per_second);
  }));
  registry->Add(OfDuration<int64_t>("dt_days", arrow::int64(), Days));
  registry->Add(OfDuration<int32_t>("dt_seconds", arrow::int32(), Seconds));
  registry->Add(OfDuration<int32_t>("dt_microseconds", arrow::int32(), Microseconds));
}

}  // namespace millstream
