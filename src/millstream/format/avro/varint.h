// Avro's integers: zig-zag numbers in groups of seven bits, least significant first (specification, "Binary Encoding").
#pragma once

#include <cstdint>

namespace millstream::avro {

inline constexpr int kMaxVarintBytes = 10;

inline uint64_t ZigZag(int64_t value) { return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63); }
inline int64_t UnZigZag(uint64_t value) { return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

/// Bytes that WriteVarint takes for it: ceil(bits / 7) without a division.
inline int64_t VarintSize(uint64_t value) { return ((64 - __builtin_clzll(value | 1)) * 9 + 64) >> 6; }

/// Writes at most kMaxVarintBytes and returns the place behind them.
inline uint8_t* WriteVarint(uint8_t* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<uint8_t>(value);
  return at;
}

const uint8_t* ReadLongSlow(const uint8_t* at, const uint8_t* end, int64_t* value);

/// Reads one number and returns the place behind it; nullptr where the bytes end within it, or it takes more than 64 bits.
inline const uint8_t* ReadLong(const uint8_t* at, const uint8_t* end, int64_t* value) {
  if (end - at >= 2) [[likely]] {
    const uint64_t first = at[0];
    if (first < 0x80) {
      *value = UnZigZag(first);
      return at + 1;
    }
    const uint64_t second = at[1];
    if (second < 0x80) {
      *value = UnZigZag((first & 0x7f) | second << 7);
      return at + 2;
    }
  }
  return ReadLongSlow(at, end, value);
}

inline const uint8_t* ReadLongSlow(const uint8_t* at, const uint8_t* end, int64_t* value) {
  uint64_t bits = 0;
  for (int shift = 0; shift < 64 && at < end; shift += 7) {
    const uint64_t byte = *at++;
    bits |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift == 63 && byte > 1) return nullptr;
      *value = UnZigZag(bits);
      return at;
    }
  }
  return nullptr;
}

}  // namespace millstream::avro
