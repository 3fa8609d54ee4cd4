// Finds the wanted keys of an object among all its keys, which mostly are not wanted.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::json_format {

/// Key -> field number. Open addressing, at most a quarter full, by a hash of the first eight bytes and the length.
class KeyTable {
 public:
  /// Field numbers are places in `names`; the names are distinct.
  explicit KeyTable(std::vector<std::string> names);
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  /// The field of a key as it stands between its quotes, with kPadding readable bytes behind; -1 where there is none.
  int Find(std::string_view raw) const {
    const uint64_t head = Head(raw);
    for (uint32_t slot = Slot(head, raw.size());; slot = (slot + 1) & mask_) {
      const Entry& entry = entries_[slot];
      if (entry.field < 0) return MayHaveEscape(raw, head) ? FindEscaped(raw) : -1;
      if (entry.head == head && entry.size == raw.size() &&
          (raw.size() <= 8 || std::memcmp(entry.name + 8, raw.data() + 8, raw.size() - 8) == 0)) {
        return entry.field;
      }
    }
  }

  int size() const { return static_cast<int>(names_.size()); }
  const std::string& name(int field) const { return names_[field]; }

 private:
  struct Entry {
    uint64_t head = 0;
    size_t size = 0;
    const char* name = nullptr;
    int field = -1;
  };

  /// The first eight bytes of a key, zeros behind it.
  static uint64_t Head(std::string_view raw) {
    uint64_t head;
    std::memcpy(&head, raw.data(), 8);
    return raw.size() >= 8 ? head : head & ((uint64_t{1} << (8 * raw.size())) - 1);
  }
  uint32_t Slot(uint64_t head, size_t size) const {
    return static_cast<uint32_t>(((head ^ (size << 56)) * 0x9E3779B97F4A7C15u) >> shift_);
  }
  /// Looks for a backslash eight bytes at a time; may see one behind the key, which costs time only.
  static bool MayHaveEscape(std::string_view raw, uint64_t head) {
    for (size_t i = 0;;) {
      const uint64_t differs = head ^ 0x5C5C5C5C5C5C5C5Cu;
      if ((differs - 0x0101010101010101u) & ~differs & 0x8080808080808080u) return true;
      i += 8;
      if (i >= raw.size()) return false;
      std::memcpy(&head, raw.data() + i, 8);
    }
  }
  int FindEscaped(std::string_view raw) const;

  std::vector<std::string> names_;
  std::vector<Entry> entries_;
  uint32_t mask_ = 0;
  int shift_ = 0;
};

}  // namespace millstream::json_format
