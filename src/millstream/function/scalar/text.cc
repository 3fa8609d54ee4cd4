#include "millstream/function/scalar/text.h"

#include <charconv>
#include <cmath>

namespace millstream::scalar {
namespace {

// Python writes exponents below -4 and from 16 on.
constexpr int kLeastExponent = -4, kExponentLimit = 16;

template <typename Float>
void AppendRepr(Float value, std::string* out) {
  if (std::isnan(value)) {
    *out += "nan";
    return;
  }
  if (std::isinf(value)) {
    *out += value < 0 ? "-inf" : "inf";
    return;
  }
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  const std::string_view text(buffer, result.ptr - buffer);
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  if (exponent < kLeastExponent || exponent >= kExponentLimit) {
    *out += text;  // to_chars writes the exponent as Python does: "1e+16", "1.5e-05"
    return;
  }
  std::string_view mantissa = text.substr(0, e);
  if (mantissa[0] == '-') {
    *out += '-';
    mantissa.remove_prefix(1);
  }
  std::string digits(1, mantissa[0]);
  if (mantissa.size() > 2) digits += mantissa.substr(2);
  if (exponent < 0) {
    *out += "0.";
    out->append(-exponent - 1, '0');
    *out += digits;
    return;
  }
  const size_t whole = exponent + 1;
  if (digits.size() <= whole) {
    *out += digits;
    out->append(whole - digits.size(), '0');
    *out += ".0";
  } else {
    *out += digits.substr(0, whole);
    *out += '.';
    *out += digits.substr(whole);
  }
}

}  // namespace

void AppendFloat(double value, std::string* out) { AppendRepr(value, out); }
void AppendFloat(float value, std::string* out) { AppendRepr(value, out); }

std::string_view TrimSpaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r\x1c\x1d\x1e\x1f";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

}  // namespace millstream::scalar
