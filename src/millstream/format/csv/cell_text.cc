#include "millstream/format/csv/cell_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace millstream::csv {
namespace {

constexpr int64_t kSecondsPerDay = 86400;

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

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

/// Two digits of a value below 100.
void AppendTwo(int value, std::string* out) {
  out->push_back(static_cast<char>('0' + value / 10));
  out->push_back(static_cast<char>('0' + value % 10));
}

void AppendClock(int64_t second_of_day, std::string* out) {
  AppendTwo(static_cast<int>(second_of_day / 3600), out);
  out->push_back(':');
  AppendTwo(static_cast<int>(second_of_day / 60 % 60), out);
  out->push_back(':');
  AppendTwo(static_cast<int>(second_of_day % 60), out);
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
  const int64_t seconds = FloorDivide(value, units);
  return {seconds, (value - seconds * units) * (1000000000 / units)};
}

}  // namespace

char* FormatFloat(double value, char* out) { return FormatFloating(value, 1e16, out); }
char* FormatFloat(float value, char* out) { return FormatFloating(value, 1e6f, out); }

CivilTime ToCivilTime(int64_t value, arrow::TimeUnit::type unit) {
  const auto [seconds, nanoseconds] = SplitSeconds(value, unit);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  const auto second_of_day = static_cast<int>(seconds - days * kSecondsPerDay);
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": civil_from_days.
  const int64_t shifted = days + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto march_month = static_cast<int>((5 * day_of_year + 2) / 153);
  const int month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
          .month = month,
          .day = static_cast<int>(day_of_year) - (153 * march_month + 2) / 5 + 1,
          .hour = second_of_day / 3600,
          .minute = second_of_day / 60 % 60,
          .second = second_of_day % 60,
          .nanosecond = nanoseconds};
}

void AppendDate(int64_t days, std::string* out) {
  const CivilTime time = ToCivilTime(days * kSecondsPerDay, arrow::TimeUnit::SECOND);
  if (time.year >= 0 && time.year <= 9999) {
    AppendTwo(static_cast<int>(time.year / 100), out);
    AppendTwo(static_cast<int>(time.year % 100), out);
  } else {
    AppendDigits(time.year, 4, out);
  }
  out->push_back('-');
  AppendTwo(time.month, out);
  out->push_back('-');
  AppendTwo(time.day, out);
}

namespace {

void AppendOffset(int64_t seconds, std::string_view separator, std::string* out) {
  out->push_back(seconds < 0 ? '-' : '+');
  const int64_t ahead = std::abs(seconds);
  AppendTwo(static_cast<int>(ahead / 3600), out);
  out->append(separator);
  AppendTwo(static_cast<int>(ahead / 60 % 60), out);
  if (ahead % 60 == 0) return;
  out->append(separator);
  AppendTwo(static_cast<int>(ahead % 60), out);
}

}  // namespace

int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  constexpr int64_t kUnits[] = {1, 1000, 1000000, 1000000000};
  return kUnits[unit];
}

void AppendTimestamp(int64_t value, arrow::TimeUnit::type unit, std::string* out) {
  const auto [seconds, nanoseconds] = SplitSeconds(value, unit);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  AppendDate(days, out);
  out->push_back(' ');
  AppendClock(seconds - days * kSecondsPerDay, out);
  AppendFraction(nanoseconds, 3, out);
}

void AppendOffset(int64_t seconds, std::string* out) { AppendOffset(seconds, ":", out); }

void AppendFormattedTime(int64_t value, arrow::TimeUnit::type unit, const std::string& format, std::optional<int64_t> offset,
                         std::string* out) {
  const CivilTime time = ToCivilTime(value, unit);
  std::tm fields = {};
  fields.tm_year = static_cast<int>(time.year - 1900);
  fields.tm_mon = time.month - 1;
  fields.tm_mday = time.day;
  fields.tm_hour = time.hour;
  fields.tm_min = time.minute;
  fields.tm_sec = time.second;
  timegm(&fields);  // fills in the day of the week and of the year
  std::string pattern;
  for (size_t i = 0; i < format.size(); ++i) {
    const char directive = format[i] == '%' && i + 1 < format.size() ? format[++i] : '\0';
    if (directive == 'f') {
      AppendDigits(time.nanosecond / 1000, 6, &pattern);
    } else if (directive == 'z') {
      if (offset) AppendOffset(*offset, "", &pattern);
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
  AppendClock(seconds - days * kSecondsPerDay, out);
  AppendFraction(nanoseconds, 6, out);
}

}  // namespace millstream::csv
