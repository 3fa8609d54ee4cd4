// The text of single values, as pandas writes them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream::csv {

inline constexpr int kLongestNumber = 40;  ///< bytes that FormatFloat may write

/// Shortest text that reads back as the same number, laid out as Python's repr: 1.0, 1e+16, 1e-05. Returns its end.
char* FormatFloat(double value, char* out);
/// The same for a float32, as numpy lays it out.
char* FormatFloat(float value, char* out);

/// "2013-01-01", also of years beyond 9999.
void AppendDate(int64_t days, std::string* out);
/// "2013-01-01 15:11:48", with a fraction of 3, 6 or 9 digits where there is one.
void AppendTimestamp(int64_t value, arrow::TimeUnit::type unit, std::string* out);
/// As strftime with `format`, and %f for microseconds. `offset`: how many seconds a local time is ahead of UTC, for %z; without
/// it there is no zone, and %z and %Z are empty.
void AppendFormattedTime(int64_t value, arrow::TimeUnit::type unit, const std::string& format, std::optional<int64_t> offset,
                         std::string* out);
/// "15:11:48", with a fraction as above.
void AppendTimeOfDay(int64_t value, arrow::TimeUnit::type unit, std::string* out);
/// "1 days 03:46:40", with a fraction of 6 or 9 digits where there is one.
void AppendDuration(int64_t value, arrow::TimeUnit::type unit, std::string* out);

/// JSON of one value of an array of any supported type; a missing value and a float that JSON lacks are null.
Status AppendJson(const arrow::Array& array, int64_t row, std::string* out);

}  // namespace millstream::csv
