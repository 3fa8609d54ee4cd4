// Times as civil dates: counting days, reading and writing text. Proleptic Gregorian, years 0 to 9999 in text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream::scalar {

struct CivilTime {
  int64_t year = 1970;
  int month = 1, day = 1;  ///< from 1
  int hour = 0, minute = 0, second = 0, nanosecond = 0;
  std::optional<int> offset_seconds;  ///< east of UTC, where the text has one
};

/// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
int64_t DaysFromCivil(int64_t year, int month, int day);
int DaysInMonth(int64_t year, int month);
/// Monday is 0.
int Weekday(int64_t days);

/// Rounded down; `b` is positive.
inline int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

int64_t UnitsPerSecond(arrow::TimeUnit::type unit);
/// `ticks` of `unit` since 1970.
CivilTime CivilFromTicks(int64_t ticks, arrow::TimeUnit::type unit);
/// The other way, offset subtracted; finer digits than `unit` holds are cut off. nullopt where it does not fit 64 bits.
std::optional<int64_t> TicksFromCivil(const CivilTime& time, arrow::TimeUnit::type unit);

/// ISO 8601: "2024-01-31", "2024-01-31 12:30", "2024-01-31T12:30:15.123456789+01:00", "20240131", spaces around it; nullopt
/// otherwise.
std::optional<CivilTime> ParseIso(std::string_view text);

/// As Python's str(Timestamp): "2024-01-31 12:30:15", ".123456" where there is a fraction (nine digits where six do not do).
void AppendIso(const CivilTime& time, std::string* out);

/// A strftime/strptime format: Y m d H M S f y b B a A j p I z Z T F D and %%.
class TimeFormat {
 public:
  /// Invalid for a directive beyond these.
  static Result<TimeFormat> Parse(std::string_view format);
  /// `zone`: what %Z writes. `time.offset_seconds` is what %z writes.
  void Format(const CivilTime& time, std::string_view zone, std::string* out) const;
  /// nullopt where `text` does not have this form or names no date.
  std::optional<CivilTime> Read(std::string_view text) const;

 private:
  struct Piece {
    char directive = 0;  ///< 0: literal text
    std::string literal;
  };
  std::vector<Piece> pieces_;
};

}  // namespace millstream::scalar
