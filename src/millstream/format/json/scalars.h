// Values of JSON's scalars: numbers and strings, by the grammar of RFC 8259.
#pragma once

#include <cstdint>
#include <string_view>

namespace millstream::json_format {

/// A number as written. `is_integer`: digits only, and |value| fits `magnitude`.
struct Number {
  bool is_integer = false;
  bool negative = false;
  uint64_t magnitude = 0;
  double value = 0;
};

/// Parses the number at `text`, which ends before a byte that EndsScalar accepts or, in a string, before its quote. Returns the
/// byte behind it, nullptr where the grammar is broken. Too large becomes an infinity, too small 0, as in Python and pandas.
const uint8_t* ParseNumber(const uint8_t* text, Number* out);

/// Decodes the escapes of what stands between a string's quotes into `out`, which has room for raw.size() bytes, and returns
/// the end of what was written; nullptr for a broken escape. A lone surrogate, which no UTF-8 can express, becomes U+FFFD.
char* Unescape(std::string_view raw, char* out);

/// Checks the escapes only.
bool ValidEscapes(std::string_view raw);

}  // namespace millstream::json_format
