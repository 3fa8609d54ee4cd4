#include "millstream/function/scalar/calendar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <arrow/type.h>

namespace millstream::scalar {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                      "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr size_t kShortName = 3;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Walks over text from the left; every step says whether it found what it wanted.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  void Skip() { ++position_; }
  bool Take(char c) {
    if (Peek() != c || AtEnd()) return false;
    ++position_;
    return true;
  }

  /// Between `least` and `most` digits.
  template <typename Int>
  bool Number(int least, int most, Int* out) {
    int64_t value = 0;
    int count = 0;
    while (count < most && IsDigit(Peek())) {
      value = value * 10 + (text_[position_++] - '0');
      ++count;
    }
    *out = static_cast<Int>(value);
    return count >= least;
  }

  /// Digits after a decimal point as nanoseconds; digits beyond nine are cut off.
  bool Fraction(int most, int* nanoseconds) {
    int64_t value = 0;
    int count = 0;
    for (; count < most && IsDigit(Peek()); ++count) {
      if (count < 9) value = value * 10 + (Peek() - '0');
      ++position_;
    }
    for (int i = count; i < 9; ++i) value *= 10;
    *nanoseconds = static_cast<int>(value);
    return count > 0;
  }

  /// Z, +HH, +HHMM or +HH:MM.
  bool Offset(std::optional<int>* seconds) {
    if (Take('Z') || Take('z')) {
      *seconds = 0;
      return true;
    }
    const int sign = Peek() == '-' ? -1 : 1;
    if (!Take('+') && !Take('-')) return false;
    int hours = 0, minutes = 0;
    if (!Number(2, 2, &hours)) return false;
    if ((Take(':') || IsDigit(Peek())) && !Number(2, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
  }

  /// One of `names` (or its first three letters), in any case.
  template <size_t kCount>
  bool Name(const std::array<std::string_view, kCount>& names, bool whole, int* index) {
    for (size_t i = 0; i < kCount; ++i) {
      const std::string_view name = whole ? names[i] : names[i].substr(0, kShortName);
      const std::string_view here = text_.substr(position_, name.size());
      const bool same = here.size() == name.size() && std::equal(name.begin(), name.end(), here.begin(), [](char a, char b) {
                          return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
                        });
      if (!same) continue;
      position_ += name.size();
      *index = static_cast<int>(i);
      return true;
    }
    return false;
  }

 private:
  std::string_view text_;
  size_t position_ = 0;
};

bool IsValid(const CivilTime& time) {
  return IsDate(time.year, time.month, time.day) && time.hour < 24 && time.minute < 60 && time.second < 60;
}

bool ReadClock(Reader* reader, CivilTime* time) {
  if (!reader->Number(2, 2, &time->hour)) return false;
  if (reader->Take(':')) {
    if (!reader->Number(2, 2, &time->minute)) return false;
    if (reader->Take(':') && !reader->Number(2, 2, &time->second)) return false;
  } else if (IsDigit(reader->Peek())) {
    if (!reader->Number(2, 2, &time->minute)) return false;
    if (IsDigit(reader->Peek()) && !reader->Number(2, 2, &time->second)) return false;
  }
  constexpr int kMostDigits = 18;
  if ((reader->Take('.') || reader->Take(',')) && !reader->Fraction(kMostDigits, &time->nanosecond)) return false;
  if (reader->AtEnd()) return true;
  return reader->Offset(&time->offset_seconds) && reader->AtEnd();
}

void AppendNumber(int64_t value, int width, std::string* out) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  if (value < 0) *out += '-';
  for (int i = static_cast<int>(digits.size()); i < width; ++i) *out += '0';
  *out += digits;
}

// A time under way: what its directives said so far.
struct PartialTime {
  CivilTime time;
  std::optional<bool> afternoon;
  std::optional<int> day_of_year;
};

bool ReadDirective(char directive, Reader* reader, PartialTime* partial) {
  CivilTime& time = partial->time;
  int number = 0;
  switch (directive) {
    case 'Y':
      return reader->Number(4, 4, &time.year);
    case 'y':
      if (!reader->Number(2, 2, &number)) return false;
      time.year = number < 69 ? 2000 + number : 1900 + number;
      return true;
    case 'm':
      return reader->Number(1, 2, &time.month);
    case 'd':
      return reader->Number(1, 2, &time.day);
    case 'H':
      return reader->Number(1, 2, &time.hour);
    case 'I':
      return reader->Number(1, 2, &time.hour) && time.hour >= 1 && time.hour <= 12;
    case 'M':
      return reader->Number(1, 2, &time.minute);
    case 'S':
      return reader->Number(1, 2, &time.second);
    case 'f':
      return reader->Fraction(9, &time.nanosecond);
    case 'b':
    case 'B':
      if (!reader->Name(kMonths, directive == 'B', &number)) return false;
      time.month = number + 1;
      return true;
    case 'a':
    case 'A':
      return reader->Name(kDays, directive == 'A', &number);
    case 'j':
      if (!reader->Number(1, 3, &number)) return false;
      partial->day_of_year = number;
      return true;
    case 'p': {
      const char half = static_cast<char>(std::toupper(static_cast<unsigned char>(reader->Peek())));
      if (half != 'A' && half != 'P') return false;
      partial->afternoon = half == 'P';
      reader->Skip();
      return reader->Take('M') || reader->Take('m');
    }
    case 'z':
      return reader->Offset(&time.offset_seconds);
    default:
      return false;
  }
}

}  // namespace

std::optional<CivilTime> ParseIso(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Reader reader(text);
  CivilTime time;
  if (!reader.Number(4, 4, &time.year)) return std::nullopt;
  const char separator = reader.Peek();
  if (separator == '-' || separator == '/') {
    reader.Skip();
    if (!reader.Number(1, 2, &time.month)) return std::nullopt;
    if (reader.Take(separator) && !reader.Number(1, 2, &time.day)) return std::nullopt;
  } else if (!reader.Number(2, 2, &time.month) || !reader.Number(2, 2, &time.day)) {
    return std::nullopt;
  }
  if (!reader.AtEnd() && !((reader.Take('T') || reader.Take(' ')) && ReadClock(&reader, &time))) return std::nullopt;
  if (!IsValid(time)) return std::nullopt;
  return time;
}

void AppendIso(const CivilTime& time, std::string* out) {
  AppendNumber(time.year, 4, out);
  *out += '-';
  AppendNumber(time.month, 2, out);
  *out += '-';
  AppendNumber(time.day, 2, out);
  *out += ' ';
  AppendNumber(time.hour, 2, out);
  *out += ':';
  AppendNumber(time.minute, 2, out);
  *out += ':';
  AppendNumber(time.second, 2, out);
  if (time.nanosecond != 0) {
    *out += '.';
    const bool micro = time.nanosecond % 1000 == 0;
    AppendNumber(micro ? time.nanosecond / 1000 : time.nanosecond, micro ? 6 : 9, out);
  }
  if (time.offset_seconds) AppendOffset(*time.offset_seconds, ":", out);
}

Result<TimeFormat> TimeFormat::Parse(std::string_view format) {
  TimeFormat parsed;
  auto add_text = [&](std::string_view text) {
    if (parsed.pieces_.empty() || parsed.pieces_.back().directive != 0) parsed.pieces_.push_back({});
    parsed.pieces_.back().literal += text;
  };
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      add_text(format.substr(i, 1));
      continue;
    }
    const char directive = ++i < format.size() ? format[i] : '\0';
    constexpr std::array<std::pair<char, std::string_view>, 3> kShorthands = {
        {{'T', "%H:%M:%S"}, {'F', "%Y-%m-%d"}, {'D', "%m/%d/%y"}}};
    const auto shorthand = std::find_if(kShorthands.begin(), kShorthands.end(), [&](auto& s) { return s.first == directive; });
    if (directive == '%') {
      add_text("%");
    } else if (shorthand != kShorthands.end()) {
      ARROW_ASSIGN_OR_RAISE(auto inner, Parse(shorthand->second));
      parsed.pieces_.insert(parsed.pieces_.end(), inner.pieces_.begin(), inner.pieces_.end());
    } else if (directive != '\0' && std::string_view("YmdHMSfybBaAjpIzZ").find(directive) != std::string_view::npos) {
      parsed.pieces_.push_back({directive, {}});
    } else {
      return Status::Invalid("time format '", format, "': unknown directive '%", std::string(directive ? 1 : 0, directive),
                             "'; known are %Y %m %d %H %M %S %f %y %b %B %a %A %j %p %I %z %Z %T %F %D %%");
    }
  }
  return parsed;
}

void TimeFormat::Format(const CivilTime& time, std::string_view zone, std::string* out) const {
  for (const auto& piece : pieces_) {
    switch (piece.directive) {
      case 0:
        *out += piece.literal;
        break;
      case 'Y':
        AppendNumber(time.year, 4, out);
        break;
      case 'y':
        AppendNumber(((time.year % 100) + 100) % 100, 2, out);
        break;
      case 'm':
        AppendNumber(time.month, 2, out);
        break;
      case 'd':
        AppendNumber(time.day, 2, out);
        break;
      case 'H':
        AppendNumber(time.hour, 2, out);
        break;
      case 'I':
        AppendNumber((time.hour + 11) % 12 + 1, 2, out);
        break;
      case 'M':
        AppendNumber(time.minute, 2, out);
        break;
      case 'S':
        AppendNumber(time.second, 2, out);
        break;
      case 'f':
        AppendNumber(time.nanosecond / 1000, 6, out);
        break;
      case 'b':
        *out += kMonths[time.month - 1].substr(0, kShortName);
        break;
      case 'B':
        *out += kMonths[time.month - 1];
        break;
      case 'a':
        *out += kDays[Weekday(DaysFromCivil(time.year, time.month, time.day))].substr(0, kShortName);
        break;
      case 'A':
        *out += kDays[Weekday(DaysFromCivil(time.year, time.month, time.day))];
        break;
      case 'j':
        AppendNumber(DaysFromCivil(time.year, time.month, time.day) - DaysFromCivil(time.year, 1, 1) + 1, 3, out);
        break;
      case 'p':
        *out += time.hour < 12 ? "AM" : "PM";
        break;
      case 'z':
        if (time.offset_seconds) AppendOffset(*time.offset_seconds, "", out);
        break;
      case 'Z':
        *out += zone;
        break;
    }
  }
}

std::optional<CivilTime> TimeFormat::Read(std::string_view text) const {
  Reader reader(text);
  PartialTime partial;
  for (const auto& piece : pieces_) {
    if (piece.directive != 0) {
      if (!ReadDirective(piece.directive, &reader, &partial)) return std::nullopt;
      continue;
    }
    for (char c : piece.literal) {
      if (!reader.Take(c)) return std::nullopt;
    }
  }
  CivilTime& time = partial.time;
  if (!reader.AtEnd()) return std::nullopt;
  if (partial.afternoon) time.hour = time.hour % 12 + (*partial.afternoon ? 12 : 0);
  if (partial.day_of_year) {
    if (*partial.day_of_year < 1 || *partial.day_of_year > DaysFromCivil(time.year + 1, 1, 1) - DaysFromCivil(time.year, 1, 1))
      return std::nullopt;
    int day = *partial.day_of_year;
    for (time.month = 1; day > DaysInMonth(time.year, time.month); ++time.month) day -= DaysInMonth(time.year, time.month);
    time.day = day;
  }
  if (!IsValid(time)) return std::nullopt;
  return time;
}

}  // namespace millstream::scalar
