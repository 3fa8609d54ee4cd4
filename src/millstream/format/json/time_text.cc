#include "millstream/format/json/time_text.h"

#include <cstdio>
#include <utility>

#include <arrow/type.h>

#include "millstream/base/civil_time.h"

namespace millstream::json_format {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// Reads from the front of a text; every reader is false where the text is not so.
struct Scanner {
  std::string_view text;

  bool Digits(int count, int* out) {
    if (text.size() < static_cast<size_t>(count)) return false;
    *out = 0;
    for (int i = 0; i < count; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      *out = *out * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return true;
  }
  bool Byte(char wanted) {
    if (text.empty() || text[0] != wanted) return false;
    text.remove_prefix(1);
    return true;
  }
};

bool ReadFraction(Scanner* in, IsoTime* out) {
  int digit;
  while (in->Digits(1, &digit)) {
    if (++out->fraction_digits > 9) return false;
    out->nanoseconds = out->nanoseconds * 10 + digit;
  }
  for (int i = out->fraction_digits; i < 9; ++i) out->nanoseconds *= 10;
  return out->fraction_digits > 0;
}

bool ReadOffset(Scanner* in, IsoTime* out) {
  out->has_offset = true;
  if (in->Byte('Z')) return true;
  const bool negative = !in->text.empty() && in->text[0] == '-';
  if (!in->Byte('+') && !in->Byte('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!in->Digits(2, &hours)) return false;
  if (!in->text.empty()) {
    in->Byte(':');
    if (!in->Digits(2, &minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  out->offset_minutes = (negative ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

/// Whole days, rounded down, and the nanoseconds of the day.
std::pair<int64_t, int64_t> SplitDays(int64_t value, int64_t tick) {
  const __int128 nanoseconds = static_cast<__int128>(value) * tick;
  auto days = static_cast<int64_t>(nanoseconds / kDayNanoseconds);
  auto rest = static_cast<int64_t>(nanoseconds % kDayNanoseconds);
  if (rest < 0) {
    rest += kDayNanoseconds;
    --days;
  }
  return {days, rest};
}

}  // namespace

std::optional<IsoTime> ParseIso8601(std::string_view text) {
  Scanner in{text};
  IsoTime out;
  int year, month, day;
  if (!in.Digits(4, &year) || !in.Byte('-') || !in.Digits(2, &month) || !in.Byte('-') || !in.Digits(2, &day)) return {};
  if (!IsDate(year, month, day)) return {};
  out.seconds = DaysFromCivil(year, month, day) * kSecondsPerDay;
  if (in.text.empty()) return out;

  int hour, minute, second = 0;
  if (!in.Byte('T') && !in.Byte(' ')) return {};
  if (!in.Digits(2, &hour) || !in.Byte(':') || !in.Digits(2, &minute)) return {};
  if (in.Byte(':')) {
    if (!in.Digits(2, &second)) return {};
    if (in.Byte('.') && !ReadFraction(&in, &out)) return {};
  }
  if (hour > 23 || minute > 59 || second > 59) return {};
  if (!in.text.empty() && !ReadOffset(&in, &out)) return {};
  if (!in.text.empty()) return {};
  out.seconds += hour * 3600 + minute * 60 + second - out.offset_minutes * 60;
  return out;
}

int64_t TickNanoseconds(arrow::TimeUnit::type unit) { return kSecond / UnitsPerSecond(unit); }

std::optional<int64_t> CountIn(int64_t value, int64_t tick, int64_t unit) {
  const __int128 nanoseconds = static_cast<__int128>(value) * tick;
  __int128 count = nanoseconds / unit;
  if (nanoseconds % unit < 0) --count;
  if (count < INT64_MIN || count > INT64_MAX) return {};
  return static_cast<int64_t>(count);
}

std::string FormatIso8601(int64_t value, int64_t tick, int64_t unit, bool zoned) {
  const auto [days, nanoseconds] = SplitDays(value, tick);
  const CivilTime date = CivilFromDays(days);
  const int64_t seconds = nanoseconds / kSecond;
  char text[64];
  int size = std::snprintf(text, sizeof(text), "%04lld-%02d-%02dT%02d:%02d:%02d", static_cast<long long>(date.year), date.month,
                           date.day, static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                           static_cast<int>(seconds % 60));
  const int digits = unit == kSecond ? 0 : unit == 1'000'000 ? 3 : unit == 1'000 ? 6 : 9;
  if (digits > 0) {
    size += std::snprintf(text + size, sizeof(text) - size, ".%0*lld", digits,
                          static_cast<long long>(nanoseconds % kSecond / unit));
  }
  std::string out(text, static_cast<size_t>(size));
  return zoned ? out + "Z" : out;
}

std::string FormatIsoDuration(int64_t value, int64_t tick) {
  const auto [days, nanoseconds] = SplitDays(value, tick);
  const int64_t seconds = nanoseconds / kSecond;
  std::string out = "P" + std::to_string(days) + "DT" + std::to_string(seconds / 3600) + "H" +
                    std::to_string(seconds / 60 % 60) + "M" + std::to_string(seconds % 60);
  if (const int64_t fraction = nanoseconds % kSecond; fraction > 0) {
    std::string digits = std::to_string(fraction + kSecond).substr(1);  // with its leading zeros
    out += "." + digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  return out + "S";
}

}  // namespace millstream::json_format
