#include "millstream/row/key_encoder.h"

#include <bit>
#include <cstring>
#include <utility>

#include <arrow/array/data.h>

namespace millstream {
namespace {

template <int kWidth>
void PackWords(const uint64_t* words, const uint8_t* present, int64_t n, uint8_t* out, int64_t stride) {
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t word = present == nullptr || present[i] ? words[i] : 0;
    std::memcpy(out + i * stride, &word, kWidth);
  }
}

void PackFloats(const uint64_t* words, const uint8_t* present, int64_t n, uint8_t* out, int64_t stride) {
  for (int64_t i = 0; i < n; ++i) {
    // Adding zero makes -0.0 into 0.0 and leaves all else alone.
    const double value = std::bit_cast<double>(words[i]) + 0.0;
    const uint64_t word = present == nullptr || present[i] ? std::bit_cast<uint64_t>(value) : 0;
    std::memcpy(out + i * stride, &word, 8);
  }
}

void StoreHash(uint8_t* row, uint64_t hash) { std::memcpy(row, &hash, 8); }

}  // namespace

Result<KeyEncoder> KeyEncoder::Make(const KeyLayout* layout, const std::vector<std::shared_ptr<arrow::DataType>>& types,
                                    arrow::MemoryPool* pool) {
  KeyEncoder encoder;
  encoder.layout_ = layout;
  for (const auto& type : types) {
    ARROW_ASSIGN_OR_RAISE(auto reader, ColumnReader::Make(type, pool));
    encoder.readers_.push_back(std::move(reader));
  }
  encoder.row_width_ = KeyLayout::kKeyOffset + layout->width();
  encoder.rows_.resize(encoder.row_width_ * kChunkRows);
  encoder.present_.resize(kChunkRows);
  return encoder;
}

Status KeyEncoder::Bind(const std::vector<const arrow::ArrayData*>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) ARROW_RETURN_NOT_OK(readers_[i].Bind(*columns[i]));
  return Status::OK();
}

void KeyEncoder::Pack(const KeyLayout::Field& field, const ColumnChunk& chunk, int64_t n) {
  uint8_t* keys = rows_.data() + KeyLayout::kKeyOffset;
  uint8_t* out = keys + field.offset;
  if (field.kind == ValueKind::kString) {
    for (int64_t i = 0; i < n; ++i) std::memcpy(out + i * row_width_, &chunk.strings[i], sizeof(StringSlot));
    return;
  }
  if (field.kind == ValueKind::kFloat) {
    PackFloats(chunk.words, chunk.present, n, out, row_width_);
  } else {
    switch (field.width) {
      case 1:
        PackWords<1>(chunk.words, chunk.present, n, out, row_width_);
        break;
      case 2:
        PackWords<2>(chunk.words, chunk.present, n, out, row_width_);
        break;
      case 4:
        PackWords<4>(chunk.words, chunk.present, n, out, row_width_);
        break;
      default:
        PackWords<8>(chunk.words, chunk.present, n, out, row_width_);
    }
  }
  if (chunk.present == nullptr || field.missing_bit < 0) return;
  uint8_t* flags = keys + field.missing_bit / 8;
  for (int64_t i = 0; i < n; ++i) {
    flags[i * row_width_] |= static_cast<uint8_t>((chunk.present[i] ^ 1) << (field.missing_bit % 8));
  }
}

void KeyEncoder::HashLoneWords(const uint8_t* present, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint8_t* row = rows_.data() + i * row_width_;
    uint64_t word = row_internal::LoadWord(row + KeyLayout::kKeyOffset);
    if (present != nullptr && !present[i]) word = KeyLayout::kMissingWordHash;
    StoreHash(row, HashWord(word));
  }
}

void KeyEncoder::HashRows(int64_t n) {
  using row_internal::LoadWord;
  for (int64_t i = 0; i < n; ++i) {
    uint8_t* row = rows_.data() + i * row_width_;
    const uint8_t* key = row + KeyLayout::kKeyOffset;
    switch (layout_->form()) {
      case KeyLayout::Form::kTwoWords:
        StoreHash(row, HashTwoWords(LoadWord(key), LoadWord(key + 8)));
        break;
      case KeyLayout::Form::kString:
        StoreHash(row, HashString(*reinterpret_cast<const StringSlot*>(key)));
        break;
      default:
        StoreHash(row, layout_->Hash(key));
    }
  }
}

void KeyEncoder::Hash(int64_t n) {
  if (layout_->fields().size() == 1 && layout_->form() == KeyLayout::Form::kWord) {
    HashLoneWords(present(), n);
  } else {
    HashRows(n);
  }
}

void KeyEncoder::MakeRows() {
  const int64_t n = std::exchange(rows_not_made_, 0);
  if (n == 0) return;
  readers_[0].ReadValues(n, &lone_chunk_);
  Pack(layout_->fields()[0], lone_chunk_, n);
  Hash(n);
}

Status KeyEncoder::Encode(int64_t offset, int64_t n) {
  any_missing_ = false;
  lone_codes_ = nullptr;
  rows_not_made_ = 0;
  const auto& fields = layout_->fields();
  const bool lone = fields.size() == 1;
  if (lone && readers_[0].is_encoded()) {
    lone_chunk_ = readers_[0].ReadCodes(offset, n);
    lone_codes_ = lone_chunk_.codes;
    any_missing_ = lone_chunk_.present != nullptr;
    if (any_missing_) std::memcpy(present_.data(), lone_chunk_.present, n);
    rows_not_made_ = n;
    return Status::OK();
  }
  // Padding and missing bits must be zero; a lone key has neither.
  if (!lone) std::memset(rows_.data(), 0, n * row_width_);
  for (size_t f = 0; f < fields.size(); ++f) {
    ARROW_ASSIGN_OR_RAISE(const ColumnChunk chunk, readers_[f].Read(offset, n));
    Pack(fields[f], chunk, n);
    if (chunk.present == nullptr) continue;
    for (int64_t i = 0; i < n; ++i) present_[i] = static_cast<uint8_t>((any_missing_ ? present_[i] : 1) & chunk.present[i]);
    any_missing_ = true;
  }
  Hash(n);
  return Status::OK();
}

}  // namespace millstream
