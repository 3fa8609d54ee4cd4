// A string in 16 bytes: up to 12 bytes inline, longer ones as length, prefix and pointer (the "German string" of Umbra, CIDR
// 2020).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace millstream {

struct StringSlot {
  static constexpr uint32_t kMissing = UINT32_MAX;
  static constexpr uint32_t kInline = 12;

  uint32_t length = 0;
  char prefix[4] = {};
  union {
    char tail[8];
    const char* pointer;
    uint64_t tail_word = 0;
  };

  static StringSlot Missing() {
    StringSlot slot;
    slot.length = kMissing;
    return slot;
  }

  /// Refers to `data` where it is longer than 12 bytes. `size` must be below kMissing.
  static StringSlot Of(const char* data, uint32_t size) {
    StringSlot slot;
    slot.length = size;
    if (size <= kInline) {
      if (size > 4) {
        std::memcpy(slot.prefix, data, 4);
        std::memcpy(slot.tail, data + 4, size - 4);
      } else if (size > 0) {
        std::memcpy(slot.prefix, data, size);
      }
    } else {
      std::memcpy(slot.prefix, data, 4);
      slot.pointer = data;
    }
    return slot;
  }

  bool is_missing() const { return length == kMissing; }
  /// True where the bytes live elsewhere, at `pointer`.
  bool is_long() const { return length > kInline && length != kMissing; }
  std::string_view view() const { return {is_long() ? pointer : prefix, is_missing() ? 0 : length}; }

  uint64_t head_word() const {
    uint64_t word;
    std::memcpy(&word, this, 8);
    return word;
  }

  bool operator==(const StringSlot& other) const {
    if (head_word() != other.head_word()) return false;
    if (tail_word == other.tail_word) return true;
    return is_long() && std::memcmp(pointer, other.pointer, length) == 0;
  }
};
static_assert(sizeof(StringSlot) == 16);

/// A string of a row that changes: it keeps the memory of longer values it had.
struct ReusableString {
  StringSlot slot;
  char* memory;  ///< `capacity` bytes
  uint32_t capacity;
  uint32_t seen;  ///< 0 until it has a value

  /// To be called when the row and its string have been moved to memory of exactly the string's length.
  void SetRelocated() {
    memory = slot.is_long() ? const_cast<char*>(slot.pointer) : nullptr;
    capacity = slot.is_long() ? slot.length : 0;
  }
};
static_assert(sizeof(ReusableString) == 32);

/// Where a row has a StringSlot.
struct StringField {
  int64_t offset = 0;
  bool reusable = false;  ///< it is the slot of a ReusableString
};

}  // namespace millstream
