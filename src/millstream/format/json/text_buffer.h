// Text that grows in pool memory, with what JSON writing needs.
#pragma once

#include <charconv>
#include <cmath>
#include <string_view>

#include <arrow/buffer_builder.h>

#include "millstream/base/result.h"

namespace millstream::json_format {

class TextBuffer {
 public:
  explicit TextBuffer(arrow::MemoryPool* pool) : bytes_(pool) {}

  Status Append(std::string_view text) { return bytes_.Append(text.data(), static_cast<int64_t>(text.size())); }
  /// The text as a JSON string, in quotes: quotes, backslashes and control characters escaped, the rest as it is.
  Status AppendString(std::string_view text);
  template <typename Integer>
  Status AppendInteger(Integer value) {
    ARROW_RETURN_NOT_OK(bytes_.Reserve(24));
    char* out = tail();
    bytes_.UnsafeAdvance(std::to_chars(out, out + 24, value).ptr - out);
    return Status::OK();
  }
  /// The fewest digits that read back as the same number, with a point or an exponent; null for NaN and the infinities.
  template <typename Float>
  Status AppendFloat(Float value) {
    if (!std::isfinite(value)) return Append("null");
    ARROW_RETURN_NOT_OK(bytes_.Reserve(40));
    char* out = tail();
    char* end = std::to_chars(out, out + 36, value).ptr;
    if (std::string_view(out, static_cast<size_t>(end - out)).find_first_of(".e") == std::string_view::npos) {
      *end++ = '.';
      *end++ = '0';
    }
    bytes_.UnsafeAdvance(end - out);
    return Status::OK();
  }

  const uint8_t* data() const { return bytes_.data(); }
  int64_t size() const { return bytes_.length(); }
  /// Keeps the memory.
  void Clear() { bytes_.Rewind(0); }

 private:
  char* tail() { return reinterpret_cast<char*>(bytes_.mutable_data() + bytes_.length()); }

  arrow::BufferBuilder bytes_;
};

}  // namespace millstream::json_format
