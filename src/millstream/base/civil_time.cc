#include "millstream/base/civil_time.h"

#include <array>
#include <cstdlib>

#include <arrow/type.h>

namespace millstream {

void AppendTwoDigits(int64_t value, std::string* out) {
  *out += static_cast<char>('0' + value / 10);
  *out += static_cast<char>('0' + value % 10);
}

int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilTime CivilFromDays(int64_t days) {
  const int64_t shifted = days + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t march_month = (5 * day_of_year + 2) / 153;
  CivilTime time;
  time.day = static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  time.month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  time.year = year_of_era + era * 400 + (time.month <= 2);
  return time;
}

int DaysInMonth(int64_t year, int month) {
  constexpr std::array<int, 12> kDaysOf = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDaysOf[static_cast<size_t>(month - 1)] + (month == 2 && is_leap);
}

bool IsDate(int64_t year, int month, int day) {
  return month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, month);
}

int Weekday(int64_t days) { return static_cast<int>(days + 3 - FloorDivide(days + 3, 7) * 7); }

int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  constexpr std::array<int64_t, 4> kUnits = {1, 1000, 1000000, 1000000000};
  return kUnits[static_cast<size_t>(unit)];
}

CivilTime CivilFromTicks(int64_t ticks, arrow::TimeUnit::type unit) {
  const int64_t per_second = UnitsPerSecond(unit);
  const int64_t seconds = FloorDivide(ticks, per_second);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  const int64_t second_of_day = FloorModulo(seconds, kSecondsPerDay);
  CivilTime time = CivilFromDays(days);
  time.hour = static_cast<int>(second_of_day / 3600);
  time.minute = static_cast<int>(second_of_day / 60 % 60);
  time.second = static_cast<int>(second_of_day % 60);
  time.nanosecond = static_cast<int>(FloorModulo(ticks, per_second) * (1000000000 / per_second));
  return time;
}

std::optional<int64_t> TicksFromCivil(const CivilTime& time, arrow::TimeUnit::type unit) {
  const int64_t per_second = UnitsPerSecond(unit);
  const int64_t seconds = DaysFromCivil(time.year, time.month, time.day) * kSecondsPerDay + time.hour * 3600 +
                          time.minute * 60 + time.second - time.offset_seconds.value_or(0);
  // Wide, as before 1970 whole seconds may not fit where the time does.
  const __int128 ticks = static_cast<__int128>(seconds) * per_second + time.nanosecond / (1000000000 / per_second);
  if (ticks < INT64_MIN || ticks > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(ticks);
}

void AppendOffset(int64_t seconds, std::string_view separator, std::string* out) {
  *out += seconds < 0 ? '-' : '+';
  const int64_t ahead = std::abs(seconds);
  AppendTwoDigits(ahead / 3600, out);
  *out += separator;
  AppendTwoDigits(ahead / 60 % 60, out);
  if (ahead % 60 == 0) return;
  *out += separator;
  AppendTwoDigits(ahead % 60, out);
}

}  // namespace millstream
