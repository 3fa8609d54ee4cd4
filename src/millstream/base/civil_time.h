// Points in time as dates and clocks of the proleptic Gregorian calendar, and back. Leap seconds do not exist here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

namespace millstream {

struct CivilTime {
  int64_t year = 1970;
  int month = 1, day = 1;  ///< from 1
  int hour = 0, minute = 0, second = 0, nanosecond = 0;
  std::optional<int> offset_seconds;  ///< east of UTC, where it is known
};

inline constexpr int64_t kSecondsPerDay = 86400;

/// Rounded down; `b` is positive.
inline int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0); }
/// What FloorDivide leaves, also where `a` less it would be no int64_t.
inline int64_t FloorModulo(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }

/// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
int64_t DaysFromCivil(int64_t year, int month, int day);
/// The other way: a date at midnight.
CivilTime CivilFromDays(int64_t days);
int DaysInMonth(int64_t year, int month);
/// Whether there is such a day.
bool IsDate(int64_t year, int month, int day);
/// Monday is 0.
int Weekday(int64_t days);

int64_t UnitsPerSecond(arrow::TimeUnit::type unit);
/// `ticks` of `unit` since 1970.
CivilTime CivilFromTicks(int64_t ticks, arrow::TimeUnit::type unit);
/// The other way, offset subtracted; finer digits than `unit` holds are cut off. nullopt where it does not fit 64 bits.
std::optional<int64_t> TicksFromCivil(const CivilTime& time, arrow::TimeUnit::type unit);

/// Of a value from 0 to 99.
void AppendTwoDigits(int64_t value, std::string* out);
/// What local time is ahead of UTC: "+02:00", "-03:30"; with seconds where there are such, as before 1970: "+05:21:10".
/// `separator` stands between the parts.
void AppendOffset(int64_t seconds, std::string_view separator, std::string* out);

}  // namespace millstream
