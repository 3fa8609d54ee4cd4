#include "millstream/format/csv/parse_time.h"

#include <cstring>

#include "millstream/base/civil_time.h"

namespace millstream::csv {
namespace {

/// Two digits; adds to `bad` unless both are.
inline int TwoDigits(const char* text, unsigned* bad) {
  const auto tens = static_cast<unsigned>(static_cast<uint8_t>(text[0]) - '0');
  const auto ones = static_cast<unsigned>(static_cast<uint8_t>(text[1]) - '0');
  *bad |= (tens > 9) | (ones > 9);
  return static_cast<int>(tens * 10 + ones);
}

/// What a zone's suffix adds to UTC: Z, " UTC", +HH, +HHMM, +HH:MM or +HH:MM:SS; false for anything else.
bool ParseOffset(std::string_view text, int64_t* seconds) {
  *seconds = 0;
  if (text == "Z" || text == "z" || text == " UTC") return true;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const bool has_colons = (text.size() == 6 || (text.size() == 9 && text[6] == ':')) && text[3] == ':';
  if (text.size() != 3 && text.size() != 5 && !has_colons) return false;
  unsigned bad = 0;
  const int hours = TwoDigits(text.data() + 1, &bad);
  const int minutes = text.size() == 3 ? 0 : TwoDigits(text.data() + (has_colons ? 4 : 3), &bad);
  const int odd_seconds = text.size() == 9 ? TwoDigits(text.data() + 7, &bad) : 0;
  if (bad || hours > 23 || minutes > 59 || odd_seconds > 59) return false;
  *seconds = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + odd_seconds);
  return true;
}

}  // namespace

bool ParseIsoDate(std::string_view text, int64_t* days) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  unsigned bad = 0;
  const int64_t year = TwoDigits(text.data(), &bad) * 100 + TwoDigits(text.data() + 2, &bad);
  const int month = TwoDigits(text.data() + 5, &bad);
  const int day = TwoDigits(text.data() + 8, &bad);
  if (bad || !IsDate(year, month, day)) return false;
  *days = DaysFromCivil(year, month, day);
  return true;
}

bool TimestampParser::ParseDate(const char* text, int64_t* days) {
  if (std::memcmp(text, last_date_, sizeof(last_date_)) != 0) {
    if (!ParseIsoDate({text, sizeof(last_date_)}, &last_days_)) {
      last_date_[0] = 0;
      return false;
    }
    std::memcpy(last_date_, text, sizeof(last_date_));
  }
  *days = last_days_;
  return true;
}

bool TimestampParser::ParseFraction(std::string_view digits, int64_t* units) const {
  if (digits.empty()) return false;
  int64_t unit = units_per_second_;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    unit /= 10;
    if (unit == 0 && c != '0') return false;
    *units += unit * (c - '0');
  }
  return true;
}

bool TimestampParser::Parse(std::string_view text, int64_t* value) {
  int64_t days;
  if (text.size() < 10 || !ParseDate(text.data(), &days)) return false;
  int64_t seconds = days * kSecondsPerDay;
  int64_t units = 0;
  text.remove_prefix(10);
  if (!text.empty()) {
    if (text.size() < 6 || (text[0] != ' ' && text[0] != 'T') || text[3] != ':') return false;
    unsigned bad = 0;
    const int hour = TwoDigits(text.data() + 1, &bad);
    const int minute = TwoDigits(text.data() + 4, &bad);
    int second = 0;
    text.remove_prefix(6);
    if (text.size() >= 3 && text[0] == ':') {
      second = TwoDigits(text.data() + 1, &bad);
      text.remove_prefix(3);
    }
    if (bad || hour > 23 || minute > 59 || second > 59) return false;
    seconds += hour * 3600 + minute * 60 + second;
    if (!text.empty() && text[0] == '.') {
      size_t end = 1;
      while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
      if (!ParseFraction(text.substr(1, end - 1), &units)) return false;
      text.remove_prefix(end);
    }
  }
  int64_t offset = 0;
  if (utc_ ? !ParseOffset(text, &offset) : !text.empty()) return false;
  seconds -= offset;
  // 64 bits of nanoseconds end in the years 1677 and 2262.
  return !__builtin_mul_overflow(seconds, units_per_second_, value) && !__builtin_add_overflow(*value, units, value);
}

}  // namespace millstream::csv
