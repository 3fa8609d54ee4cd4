// ISO 8601 dates and times from text: YYYY-MM-DD, with [ T]HH:MM[:SS[.fraction]] and, where the column has the time zone UTC,
// Z or the offset of local time behind, such as +02:00.
#pragma once

#include <cstdint>
#include <string_view>

namespace millstream::csv {

/// Reads timestamps of one column; remembers the last date, which neighbouring rows mostly share.
class TimestampParser {
 public:
  /// `units_per_second`: 1, 1000, 1000000 or 1000000000. `utc`: a time zone is taken (and demanded).
  TimestampParser(int64_t units_per_second, bool utc) : units_per_second_(units_per_second), utc_(utc) {}

  /// False for anything else, for fields out of range, and where the fraction has more digits than the unit holds.
  bool Parse(std::string_view text, int64_t* value);

 private:
  bool ParseDate(const char* text, int64_t* days);
  bool ParseFraction(std::string_view digits, int64_t* units) const;

  const int64_t units_per_second_;
  const bool utc_;
  char last_date_[10] = {};
  int64_t last_days_ = 0;
};

/// YYYY-MM-DD; false for anything else.
bool ParseIsoDate(std::string_view text, int64_t* days);

}  // namespace millstream::csv
