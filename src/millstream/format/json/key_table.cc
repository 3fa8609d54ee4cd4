#include "millstream/format/json/key_table.h"

#include <bit>

#include "millstream/format/json/scalars.h"

namespace millstream::json_format {

KeyTable::KeyTable(std::vector<std::string> names) : names_(std::move(names)) {
  const uint32_t slots = std::bit_ceil(static_cast<uint32_t>(names_.size() * 4 + 2));
  entries_.resize(slots);
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);
  for (size_t field = 0; field < names_.size(); ++field) {
    std::string& name = names_[field];
    const size_t size = name.size();
    name.reserve(size + 8);  // Head reads eight bytes
    const uint64_t head = Head(name);
    uint32_t slot = Slot(head, size);
    while (entries_[slot].field >= 0) slot = (slot + 1) & mask_;
    entries_[slot] = {head, size, name.data(), static_cast<int>(field)};
  }
}

int KeyTable::FindEscaped(std::string_view raw) const {
  std::string key(raw.size(), '\0');
  const char* end = Unescape(raw, key.data());
  if (end == nullptr) return -1;
  key.resize(static_cast<size_t>(end - key.data()));
  for (size_t field = 0; field < names_.size(); ++field) {
    if (names_[field] == key) return static_cast<int>(field);
  }
  return -1;
}

}  // namespace millstream::json_format
