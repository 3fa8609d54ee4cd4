// dt_*: parts, rounding and text of timestamps and dates, in their own time zone. Numbers are int32, as in pandas.
#include <cstdlib>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_aggregate.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/calendar.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/text.h"
#include "millstream/function/scalar/time_unit.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::TimeUnit;
using arrow::Type;
namespace pc = arrow::compute;

constexpr std::pair<const char*, const char*> kParts[] = {{"dt_year", "year"},
                                                          {"dt_month", "month"},
                                                          {"dt_day", "day"},
                                                          {"dt_hour", "hour"},
                                                          {"dt_minute", "minute"},
                                                          {"dt_nanosecond", "nanosecond"},
                                                          {"dt_dayofweek", "day_of_week"},
                                                          {"dt_weekday", "day_of_week"},
                                                          {"dt_dayofyear", "day_of_year"},
                                                          {"dt_quarter", "quarter"},
                                                          {"dt_week", "iso_week"},
                                                          {"dt_isoyear", "iso_year"}};

std::string ZoneOf(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP ? static_cast<const arrow::TimestampType&>(type).timezone() : "";
}

// What timestamps and dates are worked on as; TypeError for other types.
Result<DataTypePtr> TimestampType(const std::string& name, const Arguments& arguments) {
  const auto type = PlainType(arguments[0].type);
  if (type->id() == Type::TIMESTAMP) return type;
  if (arrow::is_date(type->id()) || type->id() == Type::NA) return arrow::timestamp(TimeUnit::SECOND);
  return DoesNotTake(name, arguments, "timestamps and dates; convert strings with to_datetime first");
}

using TimeRun = std::function<Result<Datum>(const Datum& timestamps, ExecContext* context)>;

/// A function of one column of timestamps (dates are made timestamps first).
BoundFunction BindTimes(const DataTypePtr& timestamps, const DataTypePtr& result, TimeRun run) {
  return {result, [timestamps, run = std::move(run)](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
            ARROW_ASSIGN_OR_RAISE(Datum times, CastUnchecked(values[0], timestamps, context));
            return run(times, context);
          }};
}

/// Arrow's kernels keep the year in 16 bits.
Status CheckYears(const std::string& name, const Datum& times, ExecContext* context) {
  const auto& type = static_cast<const arrow::TimestampType&>(*times.type());
  if (type.unit() == TimeUnit::NANO) return Status::OK();
  constexpr int kLastYear = std::numeric_limits<int16_t>::max() - 1;
  std::vector<std::shared_ptr<arrow::Scalar>> ends;
  if (times.is_scalar()) {
    ends = {times.scalar()};
  } else {
    ARROW_ASSIGN_OR_RAISE(const Datum extremes, pc::MinMax(times, pc::ScalarAggregateOptions::Defaults(), context));
    ends = static_cast<const arrow::StructScalar&>(*extremes.scalar()).value;
  }
  for (const auto& end : ends) {
    if (!end->is_valid) continue;
    const int64_t year = CivilFromTicks(static_cast<const arrow::TimestampScalar&>(*end).value, type.unit()).year;
    if (std::abs(year) <= kLastYear) continue;
    return Status::Invalid(name, ": a time in the year ", year, ", and years beyond ", kLastYear, " are not there yet");
  }
  return Status::OK();
}

ScalarFunction Part(const std::string& name, const std::string& kernel) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    ARROW_ASSIGN_OR_RAISE(auto type, TimestampType(name, arguments));
    return BindTimes(type, arrow::int32(), [name, kernel](const Datum& times, ExecContext* context) -> Result<Datum> {
      ARROW_RETURN_NOT_OK(CheckYears(name, times, context));
      ARROW_ASSIGN_OR_RAISE(Datum part, pc::CallFunction(kernel, {times}, context));
      return CastUnchecked(part, arrow::int32(), context);
    });
  };
  return {name, 1, 1, bind};
}

// Times as their own zone's clocks show them, without a zone.
Result<Datum> LocalTimes(const Datum& times, ExecContext* context) {
  if (ZoneOf(*times.type()).empty()) return times;
  return pc::LocalTimestamp(times, context);
}

/// `of(civil time)` for each row.
template <typename T, typename Of>
Result<Datum> MapCivil(const Datum& times, const DataTypePtr& type, ExecContext* context, Of of) {
  ARROW_ASSIGN_OR_RAISE(Datum local, LocalTimes(times, context));
  const auto unit = static_cast<const arrow::TimestampType&>(*local.type()).unit();
  return MapUnary<arrow::TimestampType>(local, type, context, [of, unit](int64_t ticks) {
    return static_cast<typename T::c_type>(of(CivilFromTicks(ticks, unit)));
  });
}

/// A number computed from the civil time.
ScalarFunction CivilNumber(const std::string& name, int32_t (*of)(const CivilTime&)) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    ARROW_ASSIGN_OR_RAISE(auto type, TimestampType(name, arguments));
    return BindTimes(type, arrow::int32(), [of](const Datum& times, ExecContext* context) {
      return MapCivil<arrow::Int32Type>(times, arrow::int32(), context, of);
    });
  };
  return {name, 1, 1, bind};
}

/// A test of the civil time; false where it is missing.
ScalarFunction CivilTest(const std::string& name, int32_t (*of)(const CivilTime&)) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    ARROW_ASSIGN_OR_RAISE(auto type, TimestampType(name, arguments));
    return BindTimes(type, arrow::boolean(), [of](const Datum& times, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(Datum number, MapCivil<arrow::Int32Type>(times, arrow::int32(), context, of));
      ARROW_ASSIGN_OR_RAISE(Datum truth, CastUnchecked(number, arrow::boolean(), context));
      return ReplaceMissing(truth, false, context);
    });
  };
  return {name, 1, 1, bind};
}

Result<BoundFunction> BindDate(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  ARROW_ASSIGN_OR_RAISE(auto type, TimestampType("dt_date", arguments));
  return BindTimes(type, arrow::date32(), [](const Datum& times, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum local, LocalTimes(times, context));
    return CastUnchecked(local, arrow::date32(), context);
  });
}

// pandas' fixed frequencies: "15min", "h", "D".
Result<pc::RoundTemporalOptions> ParseFrequency(const std::string& text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string name = text.substr(digits);
  constexpr std::pair<const char*, pc::CalendarUnit> kUnits[] = {
      {"D", pc::CalendarUnit::DAY},          {"d", pc::CalendarUnit::DAY},        {"h", pc::CalendarUnit::HOUR},
      {"H", pc::CalendarUnit::HOUR},         {"min", pc::CalendarUnit::MINUTE},   {"T", pc::CalendarUnit::MINUTE},
      {"s", pc::CalendarUnit::SECOND},       {"S", pc::CalendarUnit::SECOND},     {"ms", pc::CalendarUnit::MILLISECOND},
      {"us", pc::CalendarUnit::MICROSECOND}, {"ns", pc::CalendarUnit::NANOSECOND}};
  constexpr size_t kMostDigits = 6;
  for (const auto& [known, unit] : kUnits) {
    if (name != known || digits > kMostDigits) continue;
    const int multiple = digits ? std::stoi(text.substr(0, digits)) : 1;
    if (multiple > 0) return pc::RoundTemporalOptions(multiple, unit);
  }
  return Status::Invalid("frequency '", text, "' must be a number and one of D, h, min, s, ms, us, ns, such as '15min'");
}

// The ticks in one step of the frequency; 0 or 1 where times of this unit have nothing to round.
Result<int64_t> TicksPerStep(const pc::RoundTemporalOptions& round, TimeUnit::type unit) {
  constexpr int64_t kNanos = 1000000000;
  int64_t nanos = 1;
  switch (round.unit) {
    case pc::CalendarUnit::DAY:
      nanos = 86400 * kNanos;
      break;
    case pc::CalendarUnit::HOUR:
      nanos = 3600 * kNanos;
      break;
    case pc::CalendarUnit::MINUTE:
      nanos = 60 * kNanos;
      break;
    case pc::CalendarUnit::SECOND:
      nanos = kNanos;
      break;
    case pc::CalendarUnit::MILLISECOND:
      nanos = kNanos / 1000;
      break;
    case pc::CalendarUnit::MICROSECOND:
      nanos = 1000;
      break;
    default:
      break;
  }
  if (nanos > std::numeric_limits<int64_t>::max() / round.multiple) return Status::Invalid("the frequency is too long");
  return nanos * round.multiple / (kNanos / UnitsPerSecond(unit));
}

// Half way between two steps, the even one is taken, as in pandas; Arrow's kernel takes the later one.
Result<BoundFunction> BindRound(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"freq"}));
  ARROW_ASSIGN_OR_RAISE(auto type, TimestampType("dt_round", arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string frequency, TextOption(options, "freq", "D"));
  ARROW_ASSIGN_OR_RAISE(const auto round, ParseFrequency(frequency));
  ARROW_ASSIGN_OR_RAISE(const int64_t step, TicksPerStep(round, static_cast<const arrow::TimestampType&>(*type).unit()));
  return BindTimes(type, type, [step, zone = ZoneOf(*type)](const Datum& times, ExecContext* context) -> Result<Datum> {
    if (step <= 1) return times;
    ARROW_ASSIGN_OR_RAISE(Datum local, LocalTimes(times, context));
    auto nearest = [step](int64_t ticks) {
      const int64_t quotient = FloorDivide(ticks, step), rest = ticks % step < 0 ? ticks % step + step : ticks % step;
      const bool up = rest > step - rest || (rest == step - rest && quotient % 2 != 0);
      return static_cast<int64_t>(static_cast<uint64_t>(quotient + up) * static_cast<uint64_t>(step));
    };
    ARROW_ASSIGN_OR_RAISE(Datum rounded, MapUnary<arrow::TimestampType>(local, local.type(), context, nearest));
    return zone.empty() ? rounded : pc::AssumeTimezone(rounded, pc::AssumeTimezoneOptions(zone), context);
  });
}

ScalarFunction RoundTimes(const std::string& name, const std::string& kernel) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {"freq"}));
    ARROW_ASSIGN_OR_RAISE(auto type, TimestampType(name, arguments));
    ARROW_ASSIGN_OR_RAISE(const std::string frequency, TextOption(options, "freq", "D"));
    ARROW_ASSIGN_OR_RAISE(const auto round, ParseFrequency(frequency));
    return BindTimes(type, type, [kernel, round](const Datum& times, ExecContext* context) {
      return pc::CallFunction(kernel, {times}, &round, context);
    });
  };
  return {name, 1, 1, bind};
}

Result<BoundFunction> BindNormalize(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  ARROW_ASSIGN_OR_RAISE(auto type, TimestampType("dt_normalize", arguments));
  return BindTimes(type, type, [](const Datum& times, ExecContext* context) {
    return pc::FloorTemporal(times, pc::RoundTemporalOptions(1, pc::CalendarUnit::DAY), context);
  });
}

Result<Datum> FormatTimes(const Datum& times, const TimeFormat& format, ExecContext* context) {
  if (times.is_scalar()) {
    return RunScalarsAsArrays({times}, context,
                              [&](const std::vector<Datum>& arrays) { return FormatTimes(arrays[0], format, context); });
  }
  const auto& type = static_cast<const arrow::TimestampType&>(*times.type());
  ARROW_ASSIGN_OR_RAISE(Datum local, LocalTimes(times, context));
  const arrow::TimestampArray utc(times.array()), shown(local.array());
  const int64_t per_second = UnitsPerSecond(type.unit());
  return WriteText(shown, context, [&](int64_t i, std::string* out) {
    CivilTime time = CivilFromTicks(shown.Value(i), type.unit());
    if (!type.timezone().empty()) time.offset_seconds = static_cast<int>((shown.Value(i) - utc.Value(i)) / per_second);
    format.Format(time, type.timezone(), out);
  });
}

/// strftime with the format given, or with the one in the option "format" where `fixed` is empty.
ScalarFunction Strftime(const std::string& name, const std::string& fixed) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    std::vector<const char*> known;
    if (fixed.empty()) known.push_back("format");
    ARROW_RETURN_NOT_OK(CheckOptions(options, known));
    ARROW_ASSIGN_OR_RAISE(auto type, TimestampType(name, arguments));
    ARROW_ASSIGN_OR_RAISE(const std::string text, TextOption(options, "format", fixed.empty() ? "%Y-%m-%d %H:%M:%S" : fixed));
    ARROW_ASSIGN_OR_RAISE(const auto format, TimeFormat::Parse(text));
    return BindTimes(type, arrow::utf8(),
                     [format](const Datum& times, ExecContext* context) { return FormatTimes(times, format, context); });
  };
  return {name, 1, 1, bind};
}

// Reads naive times as local times of the zone; pandas' dt.tz_localize. tz=None drops the zone and keeps the clock.
Result<BoundFunction> BindLocalize(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"tz"}));
  ARROW_ASSIGN_OR_RAISE(auto type, TimestampType("dt_tz_localize", arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string zone, TextOption(options, "tz", ""));
  const auto unit = static_cast<const arrow::TimestampType&>(*type).unit();
  if (zone.empty()) return BindTimes(type, arrow::timestamp(unit), LocalTimes);
  if (!ZoneOf(*type).empty()) return Status::TypeError("dt_tz_localize: the times have a zone already; use dt_tz_convert");
  const pc::AssumeTimezoneOptions assume(zone);
  ARROW_RETURN_NOT_OK(KernelType("assume_timezone", {type}, &assume));
  return BindTimes(type, arrow::timestamp(unit, zone),
                   [assume](const Datum& times, ExecContext* context) { return pc::AssumeTimezone(times, assume, context); });
}

// The same instants on another zone's clocks; pandas' dt.tz_convert. tz=None gives UTC without a zone.
Result<BoundFunction> BindConvert(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"tz"}));
  ARROW_ASSIGN_OR_RAISE(auto type, TimestampType("dt_tz_convert", arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string zone, TextOption(options, "tz", ""));
  if (ZoneOf(*type).empty()) return Status::TypeError("dt_tz_convert: the times have no zone; use dt_tz_localize");
  const auto target = arrow::timestamp(static_cast<const arrow::TimestampType&>(*type).unit(), zone);
  if (!zone.empty()) ARROW_RETURN_NOT_OK(KernelType("local_timestamp", {target}));
  return BindTimes(type, target, [target](const Datum& times, ExecContext* context) -> Result<Datum> {
    if (times.is_scalar()) return CastUnchecked(times, target, context);
    auto data = times.array()->Copy();  // only the label changes: ticks are UTC
    data->type = target;
    return Datum(std::move(data));
  });
}

Result<BoundFunction> BindAsUnit(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"unit"}));
  ARROW_ASSIGN_OR_RAISE(auto type, TimestampType("dt_as_unit", arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string name, TextOption(options, "unit", "us"));
  constexpr std::pair<const char*, TimeUnit::type> kUnits[] = {
      {"s", TimeUnit::SECOND}, {"ms", TimeUnit::MILLI}, {"us", TimeUnit::MICRO}, {"ns", TimeUnit::NANO}};
  for (const auto& [known, unit] : kUnits) {
    if (name != known) continue;
    const auto target = arrow::timestamp(unit, ZoneOf(*type));
    return BindTimes(type, target,
                     [target](const Datum& times, ExecContext* context) { return ChangeUnit(times, target, context); });
  }
  return Status::Invalid("option 'unit' must be s, ms, us or ns, not '", name, "'");
}

int32_t Microsecond(const CivilTime& time) { return time.nanosecond / 1000; }
int32_t MonthDays(const CivilTime& time) { return DaysInMonth(time.year, time.month); }
int32_t IsMonthStart(const CivilTime& time) { return time.day == 1; }
int32_t IsMonthEnd(const CivilTime& time) { return time.day == DaysInMonth(time.year, time.month); }
int32_t IsQuarterStart(const CivilTime& time) { return time.day == 1 && time.month % 3 == 1; }
int32_t IsQuarterEnd(const CivilTime& time) { return IsMonthEnd(time) && time.month % 3 == 0; }
int32_t IsYearStart(const CivilTime& time) { return time.day == 1 && time.month == 1; }
int32_t IsYearEnd(const CivilTime& time) { return time.day == 31 && time.month == 12; }
int32_t IsLeapYear(const CivilTime& time) { return DaysInMonth(time.year, 2) == 29; }

}  // namespace
}  // namespace scalar

void AddDatetimeFunctions(ScalarFunctionRegistry* registry) {
  using namespace scalar;  // NOLINT(google-build-using-namespace)
  for (const auto& [name, kernel] : kParts) registry->Add(Part(name, kernel));
  // By the zone's clocks: offsets of long ago have seconds.
  registry->Add(CivilNumber("dt_second", [](const CivilTime& time) { return static_cast<int32_t>(time.second); }));
  registry->Add(CivilNumber("dt_microsecond", Microsecond));
  registry->Add(CivilNumber("dt_days_in_month", MonthDays));
  registry->Add(CivilTest("dt_is_month_start", IsMonthStart));
  registry->Add(CivilTest("dt_is_month_end", IsMonthEnd));
  registry->Add(CivilTest("dt_is_quarter_start", IsQuarterStart));
  registry->Add(CivilTest("dt_is_quarter_end", IsQuarterEnd));
  registry->Add(CivilTest("dt_is_year_start", IsYearStart));
  registry->Add(CivilTest("dt_is_year_end", IsYearEnd));
  registry->Add(CivilTest("dt_is_leap_year", IsLeapYear));
  registry->Add({"dt_date", 1, 1, BindDate});
  registry->Add({"dt_normalize", 1, 1, BindNormalize});
  registry->Add(RoundTimes("dt_floor", "floor_temporal"));
  registry->Add(RoundTimes("dt_ceil", "ceil_temporal"));
  registry->Add({"dt_round", 1, 1, BindRound});
  registry->Add(Strftime("dt_strftime", ""));
  registry->Add(Strftime("dt_day_name", "%A"));
  registry->Add(Strftime("dt_month_name", "%B"));
  registry->Add({"dt_tz_localize", 1, 1, BindLocalize});
  registry->Add({"dt_tz_convert", 1, 1, BindConvert});
  registry->Add({"dt_as_unit", 1, 1, BindAsUnit});
}

}  // namespace millstream
