#include "millstream/exec/group_by_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <arrow/memory_pool.h>

namespace millstream {
namespace {

using row_internal::LoadWord;

constexpr int64_t kFirstSlots = 1 << 10;

/// When to ask, first, whether grouping reduces the rows at all.
constexpr int64_t kFirstCheckGroups = 1 << 17;
/// A thread's table grows to this many groups; beyond, the memory traffic of lookups costs more than merging partitions.
constexpr int64_t kMaxGroups = 1 << 22;
/// Slots beyond the second-level cache are fetched ahead.
constexpr int64_t kPrefetchSlots = 1 << 14;
constexpr int64_t kMaxCache = 1 << 16;
constexpr int kSaltShift = 48;
constexpr uint64_t kPointerMask = (uint64_t{1} << kSaltShift) - 1;

uint64_t Salt(uint64_t hash) { return (hash << 16) & ~kPointerMask; }
uint8_t* PointerOf(uint64_t slot) { return reinterpret_cast<uint8_t*>(slot & kPointerMask); }
uint64_t SlotOf(uint64_t hash, const uint8_t* row) { return Salt(hash) | reinterpret_cast<uint64_t>(row); }

}  // namespace

GroupTable::GroupTable(const GroupLayout* layout, const TaskContext* context, const Options& options)
    : layout_(layout),
      context_(context),
      options_(options),
      scratch_row_(layout->row_width / 8),
      partition_at_(kPartitionGroups) {
  rows_.emplace_back(context->pool, layout->row_width);
}

GroupTable::~GroupTable() { DropSlots(); }

void GroupTable::DropSlots() {
  if (slots_ != nullptr) context_->pool->Free(reinterpret_cast<uint8_t*>(slots_), slot_count_ * 8);
  if (cache_ != nullptr) context_->pool->Free(reinterpret_cast<uint8_t*>(cache_), cache_size_ * 8);
  slots_ = nullptr;
  cache_ = nullptr;
  slot_count_ = grow_at_ = cache_size_ = groups_ = rows_seen_ = 0;
  cache_key_ = -1;
}

int64_t GroupTable::rows() const {
  int64_t rows = 0;
  for (const auto& pages : rows_) rows += pages.rows();
  return rows;
}

int64_t GroupTable::bytes() const {
  int64_t bytes = 8 * (slot_count_ + cache_size_);
  for (const auto& pages : rows_) bytes += pages.bytes();
  return bytes;
}

int GroupTable::PartitionOfRow(const uint8_t* row) const {
  return PartitionOf(LoadWord(row), options_.level) >> (kPartitionBits - options_.partition_bits);
}

uint8_t* GroupTable::AllocateBytes(const uint8_t* row, int64_t size) { return PagesOf(row)->AllocateBytes(size); }

uint8_t* GroupTable::NewRow(const uint8_t* keyed) {
  RowPages* pages = PagesOf(keyed);
  uint8_t* row = pages->AppendRow();
  if (row == nullptr) return nullptr;
  std::memcpy(row, keyed, layout_->keyed_width);
  layout_->ClearStates(row);
  auto* strings = reinterpret_cast<StringSlot*>(row + KeyLayout::kKeyOffset + 8 * layout_->keys.words());
  for (int i = 0; i < layout_->keys.strings(); ++i) {
    if (!pages->Own(&strings[i])) {
      pages->DropLastRow();
      return nullptr;
    }
  }
  return row;
}

bool GroupTable::Grow() {
  const int64_t count = std::max(kFirstSlots, 2 * slot_count_);
  // Memory that is short is better kept for rows.
  if (slot_count_ > 0 && context_->budget->available() < 4 * 8 * count) return false;
  uint8_t* memory = nullptr;
  if (!context_->pool->Allocate(count * 8, &memory).ok()) return false;
  auto* slots = reinterpret_cast<uint64_t*>(memory);
  std::memset(slots, 0, count * 8);
  const uint64_t mask = count - 1;
  for (int64_t i = 0; i < slot_count_; ++i) {
    if (i + 16 < slot_count_) __builtin_prefetch(PointerOf(slots_[i + 16]));
    if (slots_[i] == 0) continue;
    uint64_t at = LoadWord(PointerOf(slots_[i])) & mask;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = slots_[i];
  }
  if (slots_ != nullptr) context_->pool->Free(reinterpret_cast<uint8_t*>(slots_), slot_count_ * 8);
  slots_ = slots;
  slot_count_ = count;
  grow_at_ = count / 2;
  return true;
}

bool GroupTable::ReducesTooLittle() const {
  if (groups_ < kFirstCheckGroups) return false;
  if (groups_ >= kMaxGroups) return true;
  // Of D groups that are equally frequent, n rows show about n - n^2 / 2D: what is missing of n tells D.
  const auto n = static_cast<double>(rows_seen_);
  const double repeated = n - static_cast<double>(groups_);
  return repeated * 2 * static_cast<double>(kMaxGroups) < n * n;
}

bool GroupTable::MakeRoomForGroup() {
  if (!options_.stay_exact && partitioned() && ReducesTooLittle()) {
    DropSlots();
    looks_up_ = false;
    exact_ = false;
    return false;
  }
  if (Grow()) return true;
  // Where a larger table does not fit, the old one is filled further before memory counts as short.
  grow_at_ = std::min(grow_at_ + slot_count_ / 8, slot_count_ / 8 * 7);
  return groups_ < grow_at_;
}

template <KeyLayout::Form kForm>
int64_t GroupTable::FindOrInsertAs(const uint8_t* keyed, int64_t stride, const uint8_t* present, int64_t n, uint8_t** rows) {
  auto* scratch = reinterpret_cast<uint8_t*>(scratch_row_.data());
  if (slot_count_ > kPrefetchSlots) {
    const uint64_t mask = slot_count_ - 1;
    for (int64_t i = 0; i < n; ++i) __builtin_prefetch(&slots_[LoadWord(keyed + i * stride) & mask]);
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t slot = slots_[LoadWord(keyed + i * stride) & mask];
      if (slot == 0) continue;
      __builtin_prefetch(PointerOf(slot));
      __builtin_prefetch(PointerOf(slot) + layout_->row_width - 1);
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    if (present != nullptr && !present[i]) {
      rows[i] = scratch;
      continue;
    }
    if (groups_ >= grow_at_ && !MakeRoomForGroup()) {
      rows_seen_ += i;
      return looks_up_ ? i : i + Append(keyed + i * stride, stride, present ? present + i : nullptr, n - i, rows + i);
    }
    const uint8_t* key = keyed + i * stride;
    const uint64_t hash = LoadWord(key);
    const uint64_t mask = slot_count_ - 1;
    const uint64_t salt = Salt(hash);
    uint64_t at = hash & mask;
    for (;; at = (at + 1) & mask) {
      const uint64_t slot = slots_[at];
      if (slot == 0) {
        uint8_t* row = NewRow(key);
        if (row == nullptr) {
          rows_seen_ += i;
          return i;
        }
        slots_[at] = SlotOf(hash, row);
        ++groups_;
        rows[i] = row;
        break;
      }
      if ((slot & ~kPointerMask) == salt && layout_->keys.Equal<kForm>(PointerOf(slot), key)) {
        rows[i] = PointerOf(slot);
        break;
      }
    }
  }
  rows_seen_ += n;
  return n;
}

int64_t GroupTable::Append(const uint8_t* keyed, int64_t stride, const uint8_t* present, int64_t n, uint8_t** rows) {
  for (int64_t i = 0; i < n; ++i) {
    if (present != nullptr && !present[i]) {
      rows[i] = reinterpret_cast<uint8_t*>(scratch_row_.data());
      continue;
    }
    rows[i] = NewRow(keyed + i * stride);
    if (rows[i] == nullptr) return i;
  }
  return n;
}

int64_t GroupTable::FindOrInsert(const uint8_t* keyed, int64_t stride, const uint8_t* present, int64_t n, uint8_t** rows) {
  std::fill(scratch_row_.begin(), scratch_row_.end(), 0);
  if (!looks_up_) return Append(keyed, stride, present, n, rows);
  switch (layout_->keys.form()) {
    case KeyLayout::Form::kNone:
      return FindOrInsertAs<KeyLayout::Form::kNone>(keyed, stride, present, n, rows);
    case KeyLayout::Form::kWord:
      return FindOrInsertAs<KeyLayout::Form::kWord>(keyed, stride, present, n, rows);
    case KeyLayout::Form::kTwoWords:
      return FindOrInsertAs<KeyLayout::Form::kTwoWords>(keyed, stride, present, n, rows);
    case KeyLayout::Form::kString:
      return FindOrInsertAs<KeyLayout::Form::kString>(keyed, stride, present, n, rows);
    case KeyLayout::Form::kGeneric:
      return FindOrInsertAs<KeyLayout::Form::kGeneric>(keyed, stride, present, n, rows);
  }
  return 0;
}

uint8_t** GroupTable::CacheFor(int64_t size, int64_t key) {
  if (cache_ != nullptr && cache_key_ == key && cache_size_ >= size) return cache_;
  if (cache_ != nullptr) context_->pool->Free(reinterpret_cast<uint8_t*>(cache_), cache_size_ * 8);
  cache_ = nullptr;
  cache_size_ = 0;
  uint8_t* memory = nullptr;
  if (size == 0 || size > kMaxCache || !context_->pool->Allocate(size * 8, &memory).ok()) return nullptr;
  std::memset(memory, 0, size * 8);
  cache_ = reinterpret_cast<uint8_t**>(memory);
  cache_size_ = size;
  cache_key_ = key;
  return cache_;
}

int64_t GroupTable::FindOrInsert(KeyEncoder* encoder, const uint8_t* present, int64_t begin, int64_t n, uint8_t** rows) {
  // Rows move here, so this must not happen while a chunk is half done.
  if (groups_ >= partition_at_ && !partitioned() && !options_.stay_exact && !Partition()) partition_at_ = 2 * groups_;
  const int32_t* codes = encoder->lone_codes();
  const int64_t stride = encoder->row_width();
  uint8_t** cache =
      codes != nullptr && looks_up_ ? CacheFor(encoder->dictionary_size(), encoder->dictionary_generation()) : nullptr;
  if (cache == nullptr) {
    const uint8_t* rest = present != nullptr ? present + begin : nullptr;
    encoder->MakeRows();
    return begin + FindOrInsert(encoder->row(begin), stride, rest, n - begin, rows + begin);
  }
  for (int64_t i = begin; i < n; ++i) {
    const bool has_code = codes[i] >= 0 && (present == nullptr || present[i]);
    if (has_code && cache[codes[i]] != nullptr) {
      rows[i] = cache[codes[i]];
      continue;
    }
    encoder->MakeRows();
    if (FindOrInsert(encoder->row(i), stride, present != nullptr ? present + i : nullptr, 1, &rows[i]) == 0) return i;
    if (cache_ == nullptr) return FindOrInsert(encoder, present, i + 1, n, rows);
    if (has_code) cache[codes[i]] = rows[i];
  }
  return n;
}

int64_t GroupTable::MergeRows(uint8_t* rows, int64_t n) {
  std::array<uint8_t*, kChunkRows> into;
  std::array<uint8_t*, kChunkRows> from;
  const int64_t width = layout_->row_width;
  for (int64_t begin = 0; begin < n; begin += kChunkRows) {
    uint8_t* first = rows + begin * width;
    const int64_t found = FindOrInsert(first, width, nullptr, std::min(kChunkRows, n - begin), into.data());
    for (int64_t i = 0; i < found; ++i) from[i] = first + i * width;
    int64_t merged = found;
    for (size_t a = 0; a < layout_->aggregates.size(); ++a) {
      const int64_t offset = layout_->state_offsets[a];
      const auto& aggregate = *layout_->aggregates[a];
      const int64_t end = aggregate.Merge({into.data(), offset}, {from.data(), offset}, 0, found, this);
      // What has been added must not be added again, so it is taken out of the row it came from.
      for (int64_t i = 0; i < end; ++i) std::memset(from[i] + offset, 0, aggregate.state_width());
      merged = std::min(merged, end);
    }
    if (merged < std::min(kChunkRows, n - begin)) return begin + merged;
  }
  return n;
}

bool GroupTable::Partition() {
  if (partitioned() || options_.partition_bits == 0) return true;
  std::vector<RowPages> split;
  for (int i = 0; i < partitions(); ++i) split.emplace_back(context_->pool, layout_->row_width);
  bool fits = true;
  rows_[0].ForEachRow([&](uint8_t* row) {
    if (!fits) return;
    RowPages* pages = &split[PartitionOfRow(row)];
    uint8_t* copy = pages->AppendRow();
    if (copy == nullptr) {
      fits = false;
      return;
    }
    std::memcpy(copy, row, layout_->row_width);
    for (const StringField& field : layout_->strings) {
      auto* slot = reinterpret_cast<StringSlot*>(copy + field.offset);
      if (!pages->Own(slot)) fits = false;
      if (field.reusable) reinterpret_cast<ReusableString*>(slot)->SetRelocated();
    }
  });
  if (!fits) return false;
  rows_ = std::move(split);
  if (slot_count_ == 0) return true;
  std::memset(slots_, 0, slot_count_ * 8);
  if (cache_ != nullptr) std::memset(cache_, 0, cache_size_ * 8);
  const uint64_t mask = slot_count_ - 1;
  for (const RowPages& pages : rows_) {
    pages.ForEachRow([&](uint8_t* row) {
      const uint64_t hash = LoadWord(row);
      uint64_t at = hash & mask;
      while (slots_[at] != 0) at = (at + 1) & mask;
      slots_[at] = SlotOf(hash, row);
    });
  }
  return true;
}

}  // namespace millstream
