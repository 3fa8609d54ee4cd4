// Points in time as JSON carries them: ISO 8601 text, or counts since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

namespace millstream::json_format {

struct IsoTime {
  int64_t seconds = 0;      ///< since 1970-01-01T00:00:00, of the offset's clock already turned to UTC
  int32_t nanoseconds = 0;  ///< 0 to 999,999,999
  int fraction_digits = 0;  ///< as written
  bool has_offset = false;  ///< "Z" or "+hh:mm"
  int offset_minutes = 0;
};

/// Parses YYYY-MM-DD, followed by nothing or by 'T' or ' ' and hh:mm[:ss[.fraction up to 9 digits]] with or without 'Z',
/// +hh:mm, +hhmm or +hh. Empty for anything else, days and times that do not exist included.
std::optional<IsoTime> ParseIso8601(std::string_view text);

/// Length of one tick of a unit, in nanoseconds.
int64_t TickNanoseconds(arrow::TimeUnit::type unit);
inline constexpr int64_t kDayNanoseconds = int64_t{86400} * 1'000'000'000;

/// `value` ticks of `tick` nanoseconds, counted in units of `unit` nanoseconds, rounded down; empty where it has no 64 bits.
std::optional<int64_t> CountIn(int64_t value, int64_t tick, int64_t unit);

/// "2015-01-01T00:00:01.123", digits down to `unit` nanoseconds, then 'Z' where `zoned`. `value` counts ticks since 1970.
std::string FormatIso8601(int64_t value, int64_t tick, int64_t unit, bool zoned);
/// "P1DT2H3M4.5S" with the parts that pandas.Timedelta.components has: only days may be negative.
std::string FormatIsoDuration(int64_t value, int64_t tick);

}  // namespace millstream::json_format
