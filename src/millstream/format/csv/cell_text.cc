#include "millstream/format/csv/cell_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>

#include "millstream/base/civil_time.h"

namespace millstream::csv {
namespace {

char* Append(char* out, const char* text) {
  const size_t size = std::strlen(text);
  std::memcpy(out, text, size);
  return out + size;
}

template <class Float>
char* FormatFloating(Float value, Float fixed_below, char* out) {
  if (std::isnan(value)) return Append(out, "nan");
  if (std::isinf(value)) return Append(out, value < 0 ? "-inf" : "inf");
  const Float magnitude = std::abs(value);
  const bool fixed = magnitude == 0 || (magnitude >= Float(1e-4) && magnitude < fixed_below);
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  char* end = std::to_chars(out, out + kLongestNumber, value, format).ptr;
  if (fixed && std::memchr(out, '.', static_cast<size_t>(end - out)) == nullptr) end = Append(end, ".0");
  return end;
}

void AppendDigits(int64_t value, int width, std::string* out) {
  char digits[24];
  const int size = std::snprintf(digits, sizeof(digits), "%0*lld", width, static_cast<long long>(value));
  out->append(digits, static_cast<size_t>(size));
}

void AppendClock(int64_t second_of_day, std::string* out) {
  AppendTwoDigits(second_of_day / 3600, out);
  out->push_back(':');
  AppendTwoDigits(second_of_day / 60 % 60, out);
  out->push_back(':');
  AppendTwoDigits(second_of_day % 60, out);
}

/// In the fewest of `fewest`, 6 or 9 digits that hold it; nothing for 0.
void AppendFraction(int64_t nanoseconds, int fewest, std::string* out) {
  if (nanoseconds == 0) return;
  out->push_back('.');
  if (fewest == 3 && nanoseconds % 1000000 == 0) {
    AppendDigits(nanoseconds / 1000000, 3, out);
  } else if (nanoseconds % 1000 == 0) {
    AppendDigits(nanoseconds / 1000, 6, out);
  } else {
    AppendDigits(nanoseconds, 9, out);
  }
}

struct SecondsAndFraction {
  int64_t seconds;
  int64_t nanoseconds;  ///< 0 or more
};

SecondsAndFraction SplitSeconds(int64_t value, arrow::TimeUnit::type unit) {
  const int64_t units = UnitsPerSecond(unit);
  return {FloorDivide(value, units), FloorModulo(value, units) * (1000000000 / units)};
}

}  // namespace

char* FormatFloat(double value, char* out) { return FormatFloating(value, 1e16, out); }
char* FormatFloat(float value, char* out) { return FormatFloating(value, 1e6f, out); }

void AppendDate(int64_t days, std::string* out) {
  const CivilTime time = CivilFromDays(days);
  if (time.year >= 0 && time.year <= 9999) {
    AppendTwoDigits(time.year / 100, out);
    AppendTwoDigits(time.year % 100, out);
  } else {
    AppendDigits(time.year, 4, out);
  }
  out->push_back('-');
  AppendTwoDigits(time.month, out);
  out->push_back('-');
  AppendTwoDigits(time.day, out);
}

void AppendTimestamp(int64_t value, arrow::TimeUnit::type unit, std::string* out) {
  const auto [seconds, nanoseconds] = SplitSeconds(value, unit);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  AppendDate(days, out);
  out->push_back(' ');
  AppendClock(FloorModulo(seconds, kSecondsPerDay), out);
  AppendFraction(nanoseconds, 3, out);
}

void AppendFormattedTime(int64_t value, arrow::TimeUnit::type unit, const std::string& format, std::optional<int64_t> offset,
                         std::string* out) {
  const CivilTime time = CivilFromTicks(value, unit);
  std::tm fields = {};
  fields.tm_year = static_cast<int>(time.year - 1900);
  fields.tm_mon = time.month - 1;
  fields.tm_mday = time.day;
  fields.tm_hour = time.hour;
  fields.tm_min = time.minute;
  fields.tm_sec = time.second;
  const int64_t days = DaysFromCivil(time.year, time.month, time.day);
  fields.tm_wday = (Weekday(days) + 1) % 7;
  fields.tm_yday = static_cast<int>(days - DaysFromCivil(time.year, 1, 1));
  const bool is_far = std::abs(time.year) > std::numeric_limits<int>::max() / 2;  // no std::tm holds it
  std::string pattern;
  for (size_t i = 0; i < format.size(); ++i) {
    const char directive = format[i] == '%' && i + 1 < format.size() ? format[++i] : '\0';
    if (directive == 'f') {
      AppendDigits(time.nanosecond / 1000, 6, &pattern);
    } else if (directive == 'z') {
      if (offset) AppendOffset(*offset, "", &pattern);
    } else if (directive == 'Y' && is_far) {
      pattern.append(std::to_string(time.year));
    } else if (directive == '\0') {
      pattern.push_back(format[i]);
    } else if (directive != 'Z') {
      pattern.append({'%', directive});
    }
  }
  std::string text(pattern.size() * 8 + 128, '\0');
  text.resize(std::strftime(text.data(), text.size(), pattern.c_str(), &fields));
  out->append(text);
}

void AppendTimeOfDay(int64_t value, arrow::TimeUnit::type unit, std::string* out) {
  const auto [seconds, nanoseconds] = SplitSeconds(value, unit);
  AppendClock(seconds % kSecondsPerDay, out);
  AppendFraction(nanoseconds, 6, out);
}

void AppendDuration(int64_t value, arrow::TimeUnit::type unit, std::string* out) {
  const auto [seconds, nanoseconds] = SplitSeconds(value, unit);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  out->append(std::to_string(days)).append(days < 0 ? " days +" : " days ");
  AppendClock(FloorModulo(seconds, kSecondsPerDay), out);
  AppendFraction(nanoseconds, 6, out);
}

}  // namespace millstream::csv
