#include "millstream/format/json/text_buffer.h"

#include <emmintrin.h>

#include <bit>
#include <cstring>

namespace millstream::json_format {
namespace {

constexpr int64_t kLongestEscape = 6;

/// Which of 16 bytes must be escaped.
unsigned EscapeMask(const char* text) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(0x1F)), _mm_set1_epi8(0x1F));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

bool NeedsEscape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

char* PutEscape(char c, char* out) {
  static constexpr std::string_view kLetters = "\"\\\b\f\n\r\t";
  *out++ = '\\';
  if (const size_t found = kLetters.find(c); found != std::string_view::npos) {
    *out++ = "\"\\bfnrt"[found];
    return out;
  }
  std::memcpy(out, "u00", 3);
  out[3] = static_cast<char>('0' + (c >> 4));
  out[4] = "0123456789abcdef"[c & 15];
  return out + 5;
}

}  // namespace

Status TextBuffer::AppendString(std::string_view text) {
  const char* in = text.data();
  const char* const end = in + text.size();
  ARROW_RETURN_NOT_OK(bytes_.Reserve(static_cast<int64_t>(text.size()) + 2));
  *tail() = '"';
  bytes_.UnsafeAdvance(1);
  while (in != end) {
    const char* plain = in;
    while (end - plain >= 16) {
      const unsigned mask = EscapeMask(plain);
      plain += mask ? std::countr_zero(mask) : 16;
      if (mask) break;
    }
    if (end - plain < 16) {
      while (plain != end && !NeedsEscape(*plain)) ++plain;
    }
    ARROW_RETURN_NOT_OK(bytes_.Reserve(end - in + kLongestEscape + 1));
    bytes_.UnsafeAppend(in, plain - in);
    in = plain;
    if (in != end && NeedsEscape(*in)) {
      char* out = tail();
      bytes_.UnsafeAdvance(PutEscape(*in++, out) - out);
    }
  }
  return bytes_.Append("\"", 1);
}

}  // namespace millstream::json_format
