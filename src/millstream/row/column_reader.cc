#include "millstream/row/column_reader.h"

#include <atomic>
#include <bit>
#include <cstring>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/binary_view_util.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/float16.h>

namespace millstream {
namespace {

template <typename T>
void Widen(const T* values, int64_t n, uint64_t* words) {
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      words[i] = std::bit_cast<uint64_t>(static_cast<double>(values[i]));
    } else if constexpr (std::is_signed_v<T>) {
      words[i] = static_cast<uint64_t>(static_cast<int64_t>(values[i]));
    } else {
      words[i] = values[i];
    }
  }
}

template <typename T>
const T* Values(const arrow::ArrayData& column, int64_t offset) {
  return column.buffers[1] ? reinterpret_cast<const T*>(column.buffers[1]->data()) + column.offset + offset : nullptr;
}

/// Gives the words of a chunk, in place where they have 64 bits already, else widened into `scratch`.
template <typename T>
const uint64_t* ReadWords(const arrow::ArrayData& column, int64_t offset, int64_t n, uint64_t* scratch) {
  const T* values = Values<T>(column, offset);
  if (sizeof(T) == 8) return reinterpret_cast<const uint64_t*>(values);
  Widen(values, n, scratch);
  return scratch;
}

const uint64_t* ReadBits(const arrow::ArrayData& column, int64_t offset, int64_t n, uint64_t* scratch) {
  const uint8_t* bits = column.buffers[1]->data();
  for (int64_t i = 0; i < n; ++i) scratch[i] = arrow::bit_util::GetBit(bits, column.offset + offset + i);
  return scratch;
}

const uint64_t* ReadHalf(const arrow::ArrayData& column, int64_t offset, int64_t n, uint64_t* scratch) {
  const auto* values = Values<uint16_t>(column, offset);
  for (int64_t i = 0; i < n; ++i) {
    scratch[i] = std::bit_cast<uint64_t>(static_cast<double>(arrow::util::Float16::FromBits(values[i]).ToFloat()));
  }
  return scratch;
}

const uint64_t* ReadAnyWords(const arrow::DataType& type, const arrow::ArrayData& column, int64_t offset, int64_t n,
                             uint64_t* scratch) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return ReadBits(column, offset, n, scratch);
    case arrow::Type::INT8:
      return ReadWords<int8_t>(column, offset, n, scratch);
    case arrow::Type::UINT8:
      return ReadWords<uint8_t>(column, offset, n, scratch);
    case arrow::Type::INT16:
      return ReadWords<int16_t>(column, offset, n, scratch);
    case arrow::Type::UINT16:
      return ReadWords<uint16_t>(column, offset, n, scratch);
    case arrow::Type::UINT32:
      return ReadWords<uint32_t>(column, offset, n, scratch);
    case arrow::Type::FLOAT:
      return ReadWords<float>(column, offset, n, scratch);
    case arrow::Type::HALF_FLOAT:
      return ReadHalf(column, offset, n, scratch);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
    case arrow::Type::INTERVAL_MONTHS:
      return ReadWords<int32_t>(column, offset, n, scratch);
    default:
      return ReadWords<int64_t>(column, offset, n, scratch);
  }
}

template <typename Offset>
Status ReadOffsetStrings(const arrow::ArrayData& column, int64_t offset, int64_t n, StringSlot* slots) {
  const Offset* offsets = Values<Offset>(column, offset);
  const char* data = column.buffers[2] ? reinterpret_cast<const char*>(column.buffers[2]->data()) : nullptr;
  const int64_t data_size = column.buffers[2] ? column.buffers[2]->size() : 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t begin = offsets[i];
    const int64_t size = offsets[i + 1] - begin;
    if (size <= StringSlot::kInline && begin + 16 <= data_size) {
      // Twelve bytes in two loads, cut to the length: much cheaper than a copy of variable size.
      uint64_t low;
      uint64_t high;
      std::memcpy(&low, data + begin, 8);
      std::memcpy(&high, data + begin + 4, 8);
      const uint64_t head = size >= 4 ? low & 0xffffffffULL : low & ((uint64_t{1} << (8 * size)) - 1);
      slots[i].tail_word = size <= 4 ? 0 : high & (~uint64_t{0} >> (8 * (12 - size)));
      const uint64_t word = head << 32 | static_cast<uint32_t>(size);
      std::memcpy(static_cast<void*>(&slots[i]), &word, 8);
      continue;
    }
    if (size >= StringSlot::kMissing) return Status::CapacityError("a value of 4 GiB or more cannot be grouped or aggregated");
    slots[i] = StringSlot::Of(data + begin, static_cast<uint32_t>(size));
  }
  return Status::OK();
}

void ReadViews(const arrow::ArrayData& column, int64_t offset, int64_t n, StringSlot* slots) {
  const auto* views = Values<arrow::BinaryViewType::c_type>(column, offset);
  const auto* buffers = column.buffers.data() + 2;
  for (int64_t i = 0; i < n; ++i) {
    const auto view = arrow::util::FromBinaryView(views[i], buffers);
    slots[i] = StringSlot::Of(view.data(), static_cast<uint32_t>(view.size()));
  }
}

void ReadFixedStrings(const arrow::ArrayData& column, int64_t offset, int64_t n, int width, StringSlot* slots) {
  const auto* data = reinterpret_cast<const char*>(column.buffers[1]->data()) + (column.offset + offset) * width;
  for (int64_t i = 0; i < n; ++i) slots[i] = StringSlot::Of(data + i * width, static_cast<uint32_t>(width));
}

}  // namespace

std::shared_ptr<arrow::DataType> StorageTypeOf(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::EXTENSION) return type;
  return StorageTypeOf(static_cast<const arrow::ExtensionType&>(*type).storage_type());
}

std::shared_ptr<arrow::DataType> ValueTypeOf(const std::shared_ptr<arrow::DataType>& type) {
  const auto storage = StorageTypeOf(type);
  if (storage->id() != arrow::Type::DICTIONARY) return storage;
  return StorageTypeOf(static_cast<const arrow::DictionaryType&>(*storage).value_type());
}

Result<ValueKind> ValueKindOf(const std::shared_ptr<arrow::DataType>& any_type) {
  const arrow::DataType& type = *ValueTypeOf(any_type);
  switch (type.id()) {
    case arrow::Type::NA:
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
    case arrow::Type::INTERVAL_MONTHS:
      return ValueKind::kInt;
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
      return ValueKind::kUInt;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return ValueKind::kFloat;
    default:
      break;
  }
  const bool binary = arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id());
  if (binary || arrow::is_fixed_width(type)) return ValueKind::kString;
  return Status::TypeError("values of type ", any_type->ToString(),
                           " cannot be hashed or compared; select a field or cast to string");
}

Result<ColumnReader> ColumnReader::Make(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool) {
  ColumnReader reader;
  reader.pool_ = pool;
  reader.type_ = ValueTypeOf(type);
  if (!arrow::is_nested(reader.type_->id())) {
    ARROW_ASSIGN_OR_RAISE(reader.kind_, ValueKindOf(type));
  }
  if (reader.kind_ == ValueKind::kString) {
    reader.strings_.resize(kChunkRows);
  } else if (reader.kind_) {
    reader.words_.resize(kChunkRows);
  }
  reader.present_.resize(kChunkRows);
  return reader;
}

Status ColumnReader::Bind(const arrow::ArrayData& column) {
  column_ = &column;
  if (!is_encoded()) return Status::OK();
  codes_.resize(kChunkRows);
  index_type_ = static_cast<const arrow::DictionaryType&>(*StorageTypeOf(column.type)).index_type();
  return column.dictionary == dictionary_ ? Status::OK() : BindDictionary(column.dictionary);
}

Status ColumnReader::BindDictionary(const std::shared_ptr<arrow::ArrayData>& dictionary) {
  const int64_t n = dictionary->length;
  const int64_t width = !kind_ ? 0 : kind_ == ValueKind::kString ? sizeof(StringSlot) : sizeof(uint64_t);
  dictionary_ = nullptr;
  ARROW_ASSIGN_OR_RAISE(dictionary_values_, arrow::AllocateBuffer(n * width, pool_));
  ARROW_ASSIGN_OR_RAISE(dictionary_present_, arrow::AllocateBuffer(n, pool_));
  for (int64_t begin = 0; begin < n; begin += kChunkRows) {
    const int64_t rows = std::min(kChunkRows, n - begin);
    ARROW_ASSIGN_OR_RAISE(auto chunk, ReadPlain(*dictionary, begin, rows));
    const void* values = kind_ == ValueKind::kString ? static_cast<const void*>(chunk.strings) : chunk.words;
    if (width > 0) std::memcpy(dictionary_values_->mutable_data() + begin * width, values, rows * width);
    if (chunk.present) {
      std::memcpy(dictionary_present_->mutable_data() + begin, chunk.present, rows);
    } else {
      std::memset(dictionary_present_->mutable_data() + begin, 1, rows);
    }
  }
  dictionary_ = dictionary;
  dictionary_size_ = n;
  static std::atomic<int64_t> last_generation = 0;
  generation_ = last_generation.fetch_add(1, std::memory_order_relaxed) + 1;
  return Status::OK();
}

Result<ColumnChunk> ColumnReader::Read(int64_t offset, int64_t n) {
  if (!is_encoded()) return ReadPlain(*column_, offset, n);
  ColumnChunk chunk = ReadCodes(offset, n);
  ReadValues(n, &chunk);
  return chunk;
}

bool ColumnReader::ReadPresent(const arrow::ArrayData& column, int64_t offset, int64_t n) {
  if (column.type->id() == arrow::Type::NA) {
    std::memset(present_.data(), 0, n);
    return false;
  }
  uint8_t all = 1;
  if (!kind_) {  // unions and runs have no bits of their own
    for (int64_t i = 0; i < n; ++i) all &= present_[i] = column.IsValid(offset + i);
    return all != 0;
  }
  if (column.buffers[0] == nullptr || column.null_count == 0) return true;
  const uint8_t* bits = column.buffers[0]->data();
  for (int64_t i = 0; i < n; ++i) {
    present_[i] = arrow::bit_util::GetBit(bits, column.offset + offset + i);
    all &= present_[i];
  }
  return all != 0;
}

Status ColumnReader::ReadStrings(const arrow::ArrayData& column, int64_t offset, int64_t n, bool all_present) {
  StringSlot* slots = strings_.data();
  switch (type_->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      ARROW_RETURN_NOT_OK(ReadOffsetStrings<int32_t>(column, offset, n, slots));
      break;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      ARROW_RETURN_NOT_OK(ReadOffsetStrings<int64_t>(column, offset, n, slots));
      break;
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      ReadViews(column, offset, n, slots);
      break;
    default:
      ReadFixedStrings(column, offset, n, type_->byte_width(), slots);
  }
  if (!all_present) {
    for (int64_t i = 0; i < n; ++i) {
      if (!present_[i]) slots[i] = StringSlot::Missing();
    }
  }
  return Status::OK();
}

Result<ColumnChunk> ColumnReader::ReadPlain(const arrow::ArrayData& column, int64_t offset, int64_t n) {
  ColumnChunk chunk;
  bool all_present = ReadPresent(column, offset, n);
  if (kind_ == ValueKind::kString) {
    ARROW_RETURN_NOT_OK(ReadStrings(column, offset, n, all_present));
    chunk.strings = strings_.data();
  } else if (type_->id() == arrow::Type::NA) {
    chunk.words = words_.data();
  } else if (kind_) {
    chunk.words = ReadAnyWords(*type_, column, offset, n, words_.data());
  }
  if (kind_ == ValueKind::kFloat) {
    const auto* values = reinterpret_cast<const double*>(chunk.words);
    int64_t nans = 0;
    for (int64_t i = 0; i < n; ++i) nans += values[i] != values[i];
    if (nans > 0) {
      for (int64_t i = 0; i < n; ++i) present_[i] = (all_present || present_[i]) && values[i] == values[i];
      all_present = false;
    }
  }
  chunk.present = all_present ? nullptr : present_.data();
  return chunk;
}

ColumnChunk ColumnReader::ReadCodes(int64_t offset, int64_t n) {
  uint64_t indexes[kChunkRows];
  const uint64_t* codes = ReadAnyWords(*index_type_, *column_, offset, n, indexes);
  bool all_present = ReadPresent(*column_, offset, n);
  const uint8_t* value_present = dictionary_present_->data();
  uint8_t all = 1;
  for (int64_t i = 0; i < n; ++i) {
    const bool has_code = all_present || present_[i];
    codes_[i] = has_code ? static_cast<int32_t>(codes[i]) : -1;
    present_[i] = has_code && value_present[codes_[i]];
    all &= present_[i];
  }
  ColumnChunk chunk;
  chunk.codes = codes_.data();
  chunk.present = all ? nullptr : present_.data();
  return chunk;
}

void ColumnReader::ReadValues(int64_t n, ColumnChunk* chunk) {
  if (kind_ == ValueKind::kString) {
    const auto* values = reinterpret_cast<const StringSlot*>(dictionary_values_->data());
    for (int64_t i = 0; i < n; ++i) strings_[i] = codes_[i] >= 0 ? values[codes_[i]] : StringSlot::Missing();
    chunk->strings = strings_.data();
  } else if (kind_) {
    const auto* values = reinterpret_cast<const uint64_t*>(dictionary_values_->data());
    for (int64_t i = 0; i < n; ++i) words_[i] = codes_[i] >= 0 ? values[codes_[i]] : 0;
    chunk->words = words_.data();
  }
}

}  // namespace millstream
