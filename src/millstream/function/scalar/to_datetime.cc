// to_datetime: text (ISO 8601 or a given format) and numbers since an epoch to timestamps.
#include "millstream/function/scalar/to_datetime.h"

#include <cmath>
#include <optional>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/cast.h>

#include "millstream/function/scalar/calendar.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::TimeUnit;
using arrow::Type;

Result<Datum> ReadTimes(const Datum& value, const TextTimes& times, const std::optional<TimeFormat>& format,
                        const DataTypePtr& type, ExecContext* context) {
  const arrow::StringArray text(value.array());
  auto read = [&](std::string_view view, int64_t* ticks) {
    const auto time = format ? format->Read(view) : ParseIso(view);
    if (!time || (time->offset_seconds && times.zone.empty())) return false;
    const auto found = TicksFromCivil(*time, times.unit);
    if (found) *ticks = *found;
    return found.has_value();
  };
  auto fail = [&](std::string_view view) {
    const auto time = format ? format->Read(view) : ParseIso(view);
    if (time && time->offset_seconds && times.zone.empty()) {
      return Status::Invalid("'", view, "' has an offset from UTC; use to_datetime with utc=True");
    }
    return Status::Invalid("cannot read '", view, "' as ", type->ToString(),
                           format ? " by the format '" + times.format + "'" : "; give its format",
                           ", or use errors='coerce' to make it missing");
  };
  return ReadText<arrow::Int64Type>(text, type, times.strict, context, read, fail);
}

// Numbers of `from` since 1970; fractions of floats are kept down to the unit of `type`.
Result<BoundFunction> BindNumbers(const Arguments& arguments, const std::string& unit, const DataTypePtr& type) {
  constexpr std::pair<const char*, double> kUnits[] = {{"D", 86400.0}, {"h", 3600.0}, {"m", 60.0}, {"s", 1.0},
                                                       {"ms", 1e-3},   {"us", 1e-6},  {"ns", 1e-9}};
  double seconds = 0;
  for (const auto& [name, size] : kUnits) {
    if (unit == name) seconds = size;
  }
  if (seconds == 0) return Status::Invalid("option 'unit' must be one of D, h, m, s, ms, us, ns, not '", unit, "'");
  const int64_t per_second = UnitsPerSecond(static_cast<const arrow::TimestampType&>(*type).unit());
  const double factor = seconds * static_cast<double>(per_second);
  const bool floats = arrow::is_floating(PlainType(arguments[0].type)->id());
  auto run = [=](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    if (floats) {
      ARROW_ASSIGN_OR_RAISE(Datum wide, CastUnchecked(values[0], arrow::float64(), context));
      constexpr double kLimit = 9223372036854775808.0;
      ARROW_ASSIGN_OR_RAISE(Datum ticks, MapUnary<arrow::DoubleType>(wide, type, context, [factor](double x) -> int64_t {
                              const double exact = std::nearbyint(x * factor);
                              return std::abs(exact) < kLimit ? static_cast<int64_t>(exact) : 0;
                            }));
      ARROW_ASSIGN_OR_RAISE(Datum finite, arrow::compute::CallFunction("is_finite", {wide}, context));
      return arrow::compute::IfElse(finite, ticks, Datum(arrow::MakeNullScalar(type)), context);
    }
    ARROW_ASSIGN_OR_RAISE(Datum wide, CastUnchecked(values[0], arrow::int64(), context));
    const Datum scale(std::make_shared<arrow::Int64Scalar>(factor >= 1 ? std::llround(factor) : std::llround(1 / factor)));
    ARROW_ASSIGN_OR_RAISE(wide,
                          arrow::compute::CallFunction(factor >= 1 ? "multiply_checked" : "divide", {wide, scale}, context));
    return arrow::compute::Cast(wide, type, arrow::compute::CastOptions::Safe(), context);
  };
  return BoundFunction{type, std::move(run)};
}

Result<BoundFunction> BindToDatetime(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"format", "unit", "errors", "utc"}));
  TextTimes times;
  ARROW_ASSIGN_OR_RAISE(times.format, TextOption(options, "format", ""));
  ARROW_ASSIGN_OR_RAISE(const std::string unit, TextOption(options, "unit", "ns"));
  ARROW_ASSIGN_OR_RAISE(const std::string errors, TextOption(options, "errors", "raise"));
  ARROW_ASSIGN_OR_RAISE(const bool utc, BoolOption(options, "utc", false));
  if (errors != "raise" && errors != "coerce") {
    return Status::Invalid("option 'errors' must be 'raise' or 'coerce', not '", errors, "'");
  }
  if (times.format == "ISO8601" || times.format == "mixed") times.format = "";
  times.zone = utc ? "UTC" : "";
  times.strict = errors == "raise";
  const auto source = PlainType(arguments[0].type);
  if (IsText(*source)) return BindTextToTimestamps(times);
  if (source->id() == Type::TIMESTAMP || arrow::is_date(source->id())) {
    const auto type = source->id() != Type::TIMESTAMP ? arrow::timestamp(times.unit, times.zone)
                      : utc ? arrow::timestamp(static_cast<const arrow::TimestampType&>(*source).unit(), "UTC")
                            : source;
    auto run = [type](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(Datum plain, ToPlain(values[0], context));
      return arrow::compute::Cast(plain, type, arrow::compute::CastOptions::Safe(), context);
    };
    return BoundFunction{type, std::move(run)};
  }
  if (!IsNumber(*source)) return DoesNotTake("to_datetime", arguments, "strings, numbers and dates");
  const auto resolution = unit == "ns" || arrow::is_floating(source->id()) ? TimeUnit::NANO : TimeUnit::MICRO;
  return BindNumbers(arguments, unit, arrow::timestamp(resolution, times.zone));
}

}  // namespace

Result<BoundFunction> BindTextToTimestamps(const TextTimes& times) {
  std::optional<TimeFormat> format;
  if (!times.format.empty()) {
    ARROW_ASSIGN_OR_RAISE(format, TimeFormat::Parse(times.format));
  }
  const DataTypePtr type = arrow::timestamp(times.unit, times.zone);
  auto run = [times, format, type](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum text, CastUnchecked(values[0], arrow::utf8(), context));
    if (text.is_array()) return ReadTimes(text, times, format, type, context);
    return RunScalarsAsArrays(
        {text}, context, [&](const std::vector<Datum>& arrays) { return ReadTimes(arrays[0], times, format, type, context); });
  };
  return BoundFunction{type, std::move(run)};
}

}  // namespace scalar

void AddToDatetimeFunctions(ScalarFunctionRegistry* registry) { registry->Add({"to_datetime", 1, 1, scalar::BindToDatetime}); }

}  // namespace millstream
