// Numbers from text: the fast paths take what nearly every field is, and leave the rest to the slow ones of parse_number.cc.
// All functions demand that the whole text is the number. The fast ones read up to 16 bytes before the text's end, also
// before its beginning: callers provide kParsePadding readable bytes in front.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace millstream::csv {

inline constexpr int64_t kParsePadding = 64;

namespace internal {

inline uint64_t LoadEndingAt(const char* end) {
  uint64_t word;
  std::memcpy(&word, end - 8, 8);
  return word;
}

/// Bytes of `word` that belong to a text of `size` (1 to 8) bytes at its upper end; those before it become '0'.
inline uint64_t PadWithZeros(uint64_t word, unsigned size) {
  const uint64_t kept = ~uint64_t{0} << (64 - 8 * size);
  return (word & kept) | (0x3030303030303030 & ~kept);
}

inline bool AllDigits(uint64_t word) {
  return (((word + 0x4646464646464646) | (word - 0x3030303030303030)) & 0x8080808080808080) == 0;
}

/// The value of eight ASCII digits, the most significant in the lowest byte.
inline uint64_t EightDigits(uint64_t word) {
  word -= 0x3030303030303030;
  word = word * 10 + (word >> 8);
  return (((word & 0x000000FF000000FF) * 0x000F424000000064) + (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
         32;
}

/// 1 to 16 digits that end at `end`.
inline bool ParseDigits16(const char* end, unsigned size, uint64_t* value) {
  if (size <= 8) {
    const uint64_t word = PadWithZeros(LoadEndingAt(end), size);
    *value = EightDigits(word);
    return AllDigits(word);
  }
  const uint64_t low = LoadEndingAt(end);
  const uint64_t high = PadWithZeros(LoadEndingAt(end - 8), size - 8);
  *value = EightDigits(high) * 100000000 + EightDigits(low);
  return AllDigits(low) && AllDigits(high);
}

/// 1 to 20 digits, within 64 bits.
inline bool ParseDigits(const char* end, unsigned size, uint64_t* value) {
  if (size <= 16) return ParseDigits16(end, size, value);
  uint64_t low;
  uint64_t high;
  if (size > 20 || !ParseDigits16(end, 16, &low) || !ParseDigits16(end - 16, size - 16, &high)) return false;
  return !__builtin_mul_overflow(high, uint64_t{10000000000000000}, value) && !__builtin_add_overflow(*value, low, value);
}

}  // namespace internal

/// Digits with an optional sign, within the range of T.
template <class T>
inline bool ParseIntegerFast(const char* text, int64_t size, T* value) {
  if (size <= 0) return false;
  const char* end = text + size;
  const bool negative = *text == '-';
  const unsigned sign = negative || *text == '+' ? 1 : 0;
  if (size - sign < 1 || size - sign > 20) return false;
  uint64_t magnitude;
  if (!internal::ParseDigits(end, static_cast<unsigned>(size) - sign, &magnitude)) return false;
  if constexpr (std::is_signed_v<T>) {
    if (magnitude > static_cast<uint64_t>(std::numeric_limits<T>::max()) + (negative ? 1 : 0)) return false;
    *value = static_cast<T>(negative ? 0 - magnitude : magnitude);
  } else {
    if (magnitude > std::numeric_limits<T>::max() || (negative && magnitude != 0)) return false;
    *value = static_cast<T>(magnitude);
  }
  return true;
}

/// At most 16 bytes of digits with at most one point and an optional minus: mantissa and power of ten are then exact
/// doubles, so that their quotient is rounded once, that is correctly (Clinger 1990).
inline bool ParseFloatFast(const char* text, int64_t size, double* value) {
  static constexpr double kPowers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (size <= 0) return false;
  const char* end = text + size;
  const unsigned sign = *text == '-' ? 1 : 0;
  const int64_t digits = size - sign;
  if (digits < 1 || digits > 16) return false;
  const auto length = static_cast<unsigned>(digits);
  unsigned fraction = 0;  // digits after the point
  uint64_t mantissa;
  if (length <= 8) {
    uint64_t word = internal::PadWithZeros(internal::LoadEndingAt(end), length);
    const uint64_t dots = word ^ 0x2E2E2E2E2E2E2E2E;
    const uint64_t found = (dots - 0x0101010101010101) & ~dots & 0x8080808080808080;
    if (found != 0) {
      if (length == 1) return false;
      const unsigned place = static_cast<unsigned>(__builtin_ctzll(found)) & ~7u;  // bit of the point's byte
      const uint64_t below = (uint64_t{1} << place) - 1;
      word = (word & ~below & ~(uint64_t{0xFF} << place)) | ((word & below) << 8) | 0x30;
      fraction = 7 - place / 8;
    }
    if (!internal::AllDigits(word)) return false;
    mantissa = internal::EightDigits(word);
  } else {
    unsigned __int128 word = (static_cast<unsigned __int128>(internal::LoadEndingAt(end)) << 64) |
                             internal::PadWithZeros(internal::LoadEndingAt(end - 8), length - 8);
    const auto find_dot = [](uint64_t half) {
      const uint64_t dots = half ^ 0x2E2E2E2E2E2E2E2E;
      return (dots - 0x0101010101010101) & ~dots & 0x8080808080808080;
    };
    const uint64_t found_low = find_dot(static_cast<uint64_t>(word));
    const uint64_t found_high = find_dot(static_cast<uint64_t>(word >> 64));
    if ((found_low | found_high) != 0) {
      const unsigned place = found_low != 0 ? static_cast<unsigned>(__builtin_ctzll(found_low)) & ~7u
                                            : 64 + (static_cast<unsigned>(__builtin_ctzll(found_high)) & ~7u);
      const unsigned __int128 below = (static_cast<unsigned __int128>(1) << place) - 1;
      const unsigned __int128 point = static_cast<unsigned __int128>(0xFF) << place;
      word = (word & ~below & ~point) | ((word & below) << 8) | 0x30;
      fraction = 15 - place / 8;
    }
    const auto low = static_cast<uint64_t>(word);
    const auto high = static_cast<uint64_t>(word >> 64);
    if (!internal::AllDigits(low) || !internal::AllDigits(high)) return false;
    mantissa = internal::EightDigits(low) * 100000000 + internal::EightDigits(high);
    if (mantissa > (uint64_t{1} << 53)) return false;
  }
  const double magnitude = static_cast<double>(mantissa) / kPowers[fraction];
  *value = sign ? -magnitude : magnitude;
  return true;
}

/// Any number pandas reads: blanks around it, a plus, an exponent, inf and infinity in any case. Needs no padding.
/// `decimal` is the byte that stands for the point.
bool ParseFloat(std::string_view text, char decimal, double* value);

/// `text` without blanks around it, and without the `thousands` byte where that is not 0; `scratch` holds the bytes.
std::string_view CleanNumber(std::string_view text, char thousands, std::string* scratch);

}  // namespace millstream::csv
