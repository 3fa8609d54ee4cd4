#include "millstream/row/key_layout.h"

#include <algorithm>
#include <bit>

#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "millstream/row/array_from.h"

namespace millstream {
namespace {

using row_internal::LoadWord;

/// A lone key is a whole word, so that integers of all widths hash alike.
int FixedWidth(const arrow::DataType& type, ValueKind kind, bool lone) {
  if (kind == ValueKind::kFloat || lone) return 8;
  if (type.id() == arrow::Type::NA || type.id() == arrow::Type::BOOL) return 1;
  return type.byte_width();
}

/// A field's value as a 64-bit word, sign-extended where it is signed.
uint64_t LoadField(const KeyLayout::Field& field, const uint8_t* key) {
  uint64_t word = 0;
  std::memcpy(&word, key + field.offset, field.width);
  const int unused = 64 - 8 * field.width;
  if (field.kind == ValueKind::kInt && unused > 0) {
    word = static_cast<uint64_t>(static_cast<int64_t>(word << unused) >> unused);
  }
  return word;
}

const StringSlot& LoadSlot(const KeyLayout::Field& field, const uint8_t* key) {
  return *reinterpret_cast<const StringSlot*>(key + field.offset);
}

/// Maps a value to an unsigned word of the same order.
uint64_t Normalise(ValueKind kind, uint64_t word) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if (kind == ValueKind::kUInt) return word;
  if (kind == ValueKind::kInt) return word ^ kSign;
  return (word & kSign) ? ~word : word | kSign;
}

int Order(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

template <typename Decimal>
int OrderDecimals(std::string_view a, std::string_view b) {
  const Decimal left(reinterpret_cast<const uint8_t*>(a.data()));
  const Decimal right(reinterpret_cast<const uint8_t*>(b.data()));
  return left < right ? -1 : right < left;
}

int64_t LoadSmallDecimal(std::string_view bytes) {
  const int unused = 64 - 8 * static_cast<int>(bytes.size());
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  return static_cast<int64_t>(word << unused) >> unused;
}

}  // namespace

int CompareValues(const arrow::DataType& type, std::string_view a, std::string_view b) {
  switch (type.id()) {
    case arrow::Type::DECIMAL128:
      return OrderDecimals<arrow::Decimal128>(a, b);
    case arrow::Type::DECIMAL256:
      return OrderDecimals<arrow::Decimal256>(a, b);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64: {
      const int64_t left = LoadSmallDecimal(a);
      const int64_t right = LoadSmallDecimal(b);
      return left < right ? -1 : left > right;
    }
    default:
      return a.compare(b);
  }
}

Result<KeyLayout> KeyLayout::Make(const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  KeyLayout layout;
  int fixed = 0;
  for (const auto& type : types) {
    Field field;
    field.type = KeyOutputType(type);
    ARROW_ASSIGN_OR_RAISE(field.kind, ValueKindOf(type));
    if (field.kind == ValueKind::kString) {
      ++layout.strings_;
    } else {
      field.width = FixedWidth(*ValueTypeOf(type), field.kind, types.size() == 1);
      ++fixed;
    }
    layout.fields_.push_back(std::move(field));
  }
  int offset = 0;
  for (Field& field : layout.fields_) {
    if (field.kind == ValueKind::kString) continue;
    field.offset = offset;
    offset += field.width;
  }
  const bool lone_word = types.size() == 1 && fixed == 1;
  if (fixed > 0 && !lone_word) {
    int bit = 8 * offset;
    for (Field& field : layout.fields_) {
      if (field.kind != ValueKind::kString) field.missing_bit = bit++;
    }
    offset = (bit + 7) / 8;
  }
  layout.words_ = (offset + 7) / 8;
  int slot = 8 * layout.words_;
  for (Field& field : layout.fields_) {
    if (field.kind != ValueKind::kString) continue;
    field.offset = slot;
    slot += sizeof(StringSlot);
  }
  layout.width_ = slot;
  if (types.empty()) {
    layout.form_ = Form::kNone;
  } else if (layout.strings_ == 0 && layout.words_ <= 2) {
    layout.form_ = layout.words_ == 1 ? Form::kWord : Form::kTwoWords;
  } else {
    layout.form_ = layout.strings_ == 1 && layout.words_ == 0 ? Form::kString : Form::kGeneric;
  }
  return layout;
}

uint64_t KeyLayout::Hash(const uint8_t* key) const {
  uint64_t hash = 0x9e3779b97f4a7c15ULL;
  for (int i = 0; i < words_; ++i) hash = MixWords(hash, LoadWord(key + 8 * i));
  const auto* slots = reinterpret_cast<const StringSlot*>(key + 8 * words_);
  for (int i = 0; i < strings_; ++i) hash = MixWords(hash, HashString(slots[i]));
  return HashWord(hash);
}

bool KeyLayout::IsMissing(const uint8_t* row, const Field& field) const {
  const uint8_t* key = row + kKeyOffset;
  if (field.kind == ValueKind::kString) return LoadSlot(field, key).is_missing();
  if (field.missing_bit >= 0) return (key[field.missing_bit / 8] >> (field.missing_bit % 8)) & 1;
  return LoadWord(row) == HashWord(kMissingWordHash) && LoadWord(key) == 0;
}

int KeyLayout::Compare(const uint8_t* row, const uint8_t* other) const {
  const uint8_t* a = row + kKeyOffset;
  const uint8_t* b = other + kKeyOffset;
  for (const Field& field : fields_) {
    const bool a_missing = IsMissing(row, field);
    const bool b_missing = IsMissing(other, field);
    int order = a_missing - b_missing;
    if (!a_missing && !b_missing) {
      if (field.kind == ValueKind::kString) {
        order = CompareValues(*ValueTypeOf(field.type), LoadSlot(field, a).view(), LoadSlot(field, b).view());
      } else {
        order = Order(Normalise(field.kind, LoadField(field, a)), Normalise(field.kind, LoadField(field, b)));
      }
    }
    if (order != 0) return order;
  }
  return 0;
}

size_t KeyLayout::CommonPrefix(const uint8_t* row, const uint8_t* other, size_t known) const {
  if (fields_.empty() || fields_[0].kind != ValueKind::kString || arrow::is_decimal(ValueTypeOf(fields_[0].type)->id()))
    return 0;
  if (IsMissing(row, fields_[0]) || IsMissing(other, fields_[0])) return known;
  const auto a = LoadSlot(fields_[0], row + kKeyOffset).view();
  const auto b = LoadSlot(fields_[0], other + kKeyOffset).view();
  const size_t most = std::min({known, a.size(), b.size()});
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first -
                             a.begin());
}

uint64_t KeyLayout::SortPrefix(const uint8_t* row, size_t skip) const {
  if (fields_.empty()) return 0;
  const Field& field = fields_[0];
  const uint8_t* key = row + kKeyOffset;
  if (IsMissing(row, field)) return UINT64_MAX;
  if (field.kind != ValueKind::kString) return Normalise(field.kind, LoadField(field, key));
  if (arrow::is_decimal(ValueTypeOf(field.type)->id())) return 0;
  const auto view = LoadSlot(field, key).view().substr(skip);
  uint64_t word = 0;
  std::memcpy(&word, view.data(), std::min<size_t>(8, view.size()));
  return __builtin_bswap64(word);
}

Result<std::shared_ptr<arrow::Array>> KeyLayout::Decode(size_t index, const uint8_t* const* rows, int64_t n,
                                                        arrow::MemoryPool* pool) const {
  const Field& field = fields_[index];
  if (field.kind == ValueKind::kString) {
    ARROW_ASSIGN_OR_RAISE(auto slots, arrow::AllocateBuffer(n * sizeof(StringSlot), pool));
    auto* slot = slots->mutable_data_as<StringSlot>();
    for (int64_t i = 0; i < n; ++i) slot[i] = LoadSlot(field, rows[i] + kKeyOffset);
    return ArrayFromStrings(field.type, slot, n, pool);
  }
  ARROW_ASSIGN_OR_RAISE(auto words, arrow::AllocateBuffer(n * sizeof(uint64_t), pool));
  ARROW_ASSIGN_OR_RAISE(auto present, arrow::AllocateBuffer(n, pool));
  auto* word = words->mutable_data_as<uint64_t>();
  for (int64_t i = 0; i < n; ++i) {
    word[i] = LoadField(field, rows[i] + kKeyOffset);
    present->mutable_data()[i] = !IsMissing(rows[i], field);
  }
  return ArrayFromWords(field.type, word, present->data(), n, pool);
}

std::shared_ptr<arrow::DataType> KeyOutputType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
  return arrow::dictionary(arrow::int32(), dictionary.value_type(), dictionary.ordered());
}

}  // namespace millstream
