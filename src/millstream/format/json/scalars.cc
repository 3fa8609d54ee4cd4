#include "millstream/format/json/scalars.h"

#include <cstring>

#include <fast_float/fast_float.h>

namespace millstream::json_format {
namespace {

constexpr int64_t kHugeExponent = int64_t{1} << 40;  // beyond any number of digits that a text has

bool IsDigit(uint8_t byte) { return static_cast<uint8_t>(byte - '0') < 10; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The code unit of four hexadecimal digits, -1 where there are none.
int CodeUnit(const char* text, const char* end) {
  if (end - text < 4) return -1;
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHighSurrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

char* PutUtf8(uint32_t code, char* out) {
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *out++ = static_cast<char>(0xC0 | code >> 6);
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = static_cast<char>(0xE0 | code >> 12);
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | code >> 18);
    *out++ = static_cast<char>(0x80 | (code >> 12 & 0x3F));
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

/// What a one-letter escape stands for, 0 where it is none.
char SimpleEscape(char letter) {
  switch (letter) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

/// Reads the escape whose backslash is at `text`. Returns the byte behind it, nullptr where it is broken.
const char* ReadEscape(const char* text, const char* end, uint32_t* code) {
  if (end - text < 2) return nullptr;
  if (text[1] != 'u') {
    *code = static_cast<uint8_t>(SimpleEscape(text[1]));
    return *code == 0 ? nullptr : text + 2;
  }
  const int unit = CodeUnit(text + 2, end);
  if (unit < 0) return nullptr;
  text += 6;
  *code = static_cast<uint32_t>(unit);
  if (IsHighSurrogate(unit)) {
    const int low = end - text >= 6 && text[0] == '\\' && text[1] == 'u' ? CodeUnit(text + 2, end) : -1;
    if (IsLowSurrogate(low)) {
      *code = 0x10000 + ((static_cast<uint32_t>(unit) - 0xD800) << 10) + (static_cast<uint32_t>(low) - 0xDC00);
      return text + 6;
    }
    *code = 0xFFFD;
  } else if (IsLowSurrogate(unit)) {
    *code = 0xFFFD;
  }
  return text;
}

/// Digits into `value`, of which all but the first 19 may be wrong: those always fit 64 bits.
struct Digits {
  uint64_t value = 0;
  int64_t count = 0;  // leading zeros not counted

  const uint8_t* Read(const uint8_t* text) {
    const uint8_t* begin = text;
    if (value == 0) {
      while (*text == '0') ++text;
      begin = text;
    }
    for (; IsDigit(*text); ++text) value = value * 10 + (*text - '0');
    count += text - begin;
    return text;
  }
  bool exact() const { return count <= 19; }
};

/// The value of exactly 20 digits, false where it has more than 64 bits.
bool ReadTwenty(const uint8_t* digits, uint64_t* out) {
  uint64_t value = 0;
  for (int i = 0; i < 19; ++i) value = value * 10 + (digits[i] - '0');
  return !__builtin_mul_overflow(value, uint64_t{10}, &value) &&
         !__builtin_add_overflow(value, static_cast<uint64_t>(digits[19] - '0'), out);
}

double SlowDouble(const uint8_t* begin, const uint8_t* end) {
  double value = 0;
  fast_float::from_chars(reinterpret_cast<const char*>(begin), reinterpret_cast<const char*>(end), value);
  return value;  // out of range gives an infinity or zero, of the right sign
}

/// Exact where mantissa and power of ten are exact doubles (W. Clinger, PLDI 1990); anything else goes to fast_float.
bool FastDouble(uint64_t mantissa, int64_t exponent, double* out) {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (mantissa > (uint64_t{1} << 53) || exponent < -22 || exponent > 22) return false;
  *out = exponent < 0 ? static_cast<double>(mantissa) / kPowers[-exponent] : static_cast<double>(mantissa) * kPowers[exponent];
  return true;
}

}  // namespace

const uint8_t* ParseNumber(const uint8_t* text, Number* out) {
  const uint8_t* begin = text;
  out->negative = *text == '-';
  text += out->negative;
  if (!IsDigit(*text)) return nullptr;
  Digits digits;
  const uint8_t* first = text;
  text = digits.Read(text);
  if (*first == '0' && text - first > 1) return nullptr;
  out->is_integer = digits.exact() || (digits.count == 20 && ReadTwenty(first, &digits.value));
  int64_t exponent = 0;
  if (*text == '.') {
    out->is_integer = false;
    const uint8_t* point = text;
    text = digits.Read(text + 1);
    exponent = point + 1 - text;
    if (exponent == 0) return nullptr;
  }
  if ((*text | 0x20) == 'e') {
    out->is_integer = false;
    ++text;
    const bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    if (!IsDigit(*text)) return nullptr;
    int64_t written = 0;
    for (; IsDigit(*text); ++text) {
      if (written < kHugeExponent) written = written * 10 + (*text - '0');
    }
    exponent += negative ? -written : written;
  }
  out->magnitude = digits.value;
  if (digits.exact() && FastDouble(digits.value, exponent, &out->value)) {
    if (out->negative) out->value = -out->value;
  } else {
    out->value = SlowDouble(begin, text);
  }
  return text;
}

char* Unescape(std::string_view raw, char* out) {
  const char* text = raw.data();
  const char* end = text + raw.size();
  while (text != end) {
    const void* found = std::memchr(text, '\\', static_cast<size_t>(end - text));
    const char* escape = found ? static_cast<const char*>(found) : end;
    std::memmove(out, text, static_cast<size_t>(escape - text));
    out += escape - text;
    text = escape;
    // Escapes come in runs in scripts that need many of them.
    while (text != end && *text == '\\') {
      uint32_t code = 0;
      text = ReadEscape(text, end, &code);
      if (text == nullptr) return nullptr;
      out = PutUtf8(code, out);
    }
  }
  return out;
}

bool ValidEscapes(std::string_view raw) {
  const char* text = raw.data();
  const char* end = text + raw.size();
  for (;;) {
    const void* found = std::memchr(text, '\\', static_cast<size_t>(end - text));
    if (found == nullptr) return true;
    uint32_t code = 0;
    text = ReadEscape(static_cast<const char*>(found), end, &code);
    if (text == nullptr) return false;
  }
}

}  // namespace millstream::json_format
