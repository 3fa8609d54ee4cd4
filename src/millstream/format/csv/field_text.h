// Fields of records as the structural scan found them, and the text they stand for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "millstream/format/csv/structural_scan.h"

namespace millstream::csv {

/// Records of one piece of text, all with the same number of fields. Field c of row r lies between two positions:
/// [positions[r * stride + c] + 1, positions[r * stride + c + 1]), in 32-bit arithmetic that wraps around, so that ~0 is the
/// position before the text. A field that is missing at the end of a short record is empty or has the length -1.
struct FieldTable {
  const uint8_t* text = nullptr;
  const uint32_t* positions = nullptr;
  size_t stride = 0;
  int64_t rows = 0;
  bool quotes = false;        ///< a quote or escape byte may be anywhere in the text
  bool non_ascii = false;     ///< a byte above 0x7f may be anywhere in the text
  bool invalid_utf8 = false;  ///< some field may not be valid UTF-8

  std::string_view Field(int64_t row, size_t column) const {
    const uint32_t* position = positions + static_cast<size_t>(row) * stride + column;
    const uint32_t start = position[0] + 1;
    const auto size = static_cast<int32_t>(position[1] - start);
    return {reinterpret_cast<const char*>(text) + start, size < 0 ? 0 : static_cast<size_t>(size)};
  }
  uint32_t RecordStart(int64_t row) const { return positions[static_cast<size_t>(row) * stride] + 1; }
};

/// The field without its quotes and escapes; where it has some the bytes may be in `scratch`.
std::string_view Unquote(const Dialect& dialect, std::string_view field, std::string* scratch);

/// Appends the UTF-8 of `text` in ISO-8859-1.
void AppendLatin1(std::string_view text, std::string* out);

/// For messages: cut to 60 bytes, with line ends, control bytes and bytes above 0x7f that are not UTF-8 written as escapes.
std::string Printable(std::string_view text);

}  // namespace millstream::csv
