// Civil times as text: ISO 8601, and strftime formats. Years 0 to 9999.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/base/civil_time.h"
#include "millstream/base/result.h"

namespace millstream::scalar {

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
