#include "millstream/row/array_from.h"

#include <bit>
#include <cstring>
#include <limits>

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api.h>
#include <arrow/extension_type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/float16.h>

#include "millstream/row/column_reader.h"

namespace millstream {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

template <typename T>
void Narrow(const uint64_t* words, int64_t n, uint8_t* out) {
  auto* values = reinterpret_cast<T*>(out);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      values[i] = static_cast<T>(std::bit_cast<double>(words[i]));
    } else {
      values[i] = static_cast<T>(words[i]);
    }
  }
}

void WriteValues(const arrow::DataType& type, const uint64_t* words, int64_t n, uint8_t* out) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      for (int64_t i = 0; i < n; ++i) arrow::bit_util::SetBitTo(out, i, words[i] != 0);
      return;
    case arrow::Type::DOUBLE:
      return Narrow<double>(words, n, out);
    case arrow::Type::FLOAT:
      return Narrow<float>(words, n, out);
    case arrow::Type::HALF_FLOAT:
      for (int64_t i = 0; i < n; ++i) {
        reinterpret_cast<uint16_t*>(out)[i] = arrow::util::Float16(static_cast<float>(std::bit_cast<double>(words[i]))).bits();
      }
      return;
    default:
      break;
  }
  switch (type.byte_width()) {
    case 1:
      return Narrow<uint8_t>(words, n, out);
    case 2:
      return Narrow<uint16_t>(words, n, out);
    case 4:
      return Narrow<uint32_t>(words, n, out);
    default:
      std::memcpy(out, words, n * sizeof(uint64_t));
  }
}

/// The validity bitmap, or nullptr where nothing is missing.
template <typename IsPresent>
Result<std::shared_ptr<arrow::Buffer>> MakeValidity(int64_t n, arrow::MemoryPool* pool, int64_t* nulls, IsPresent is_present) {
  *nulls = 0;
  for (int64_t i = 0; i < n; ++i) *nulls += !is_present(i);
  if (*nulls == 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(n, pool));
  for (int64_t i = 0; i < n; ++i) {
    if (is_present(i)) arrow::bit_util::SetBit(bits->mutable_data(), i);
  }
  return bits;
}

/// Dresses an array of plain values as `type`, which is an extension or dictionary type around the values' type.
Result<ArrayPtr> Wrap(ArrayPtr values, const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  if (type->id() == arrow::Type::EXTENSION) {
    const auto& extension = static_cast<const arrow::ExtensionType&>(*type);
    ARROW_ASSIGN_OR_RAISE(auto storage, Wrap(std::move(values), extension.storage_type(), pool));
    return arrow::ExtensionType::WrapArray(type, storage);
  }
  if (type->id() == arrow::Type::DICTIONARY) {
    arrow::compute::ExecContext context(pool);
    ARROW_ASSIGN_OR_RAISE(
        auto encoded, arrow::compute::DictionaryEncode(values, arrow::compute::DictionaryEncodeOptions::Defaults(), &context));
    const auto array = encoded.make_array();
    const auto& plain = static_cast<const arrow::DictionaryArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(auto dictionary,
                          Wrap(plain.dictionary(), static_cast<const arrow::DictionaryType&>(*type).value_type(), pool));
    return arrow::DictionaryArray::FromArrays(type, plain.indices(), dictionary);
  }
  return values;
}

template <typename Offset>
Result<std::shared_ptr<arrow::ArrayData>> OffsetStrings(const std::shared_ptr<arrow::DataType>& type, const StringSlot* slots,
                                                        int64_t n, arrow::MemoryPool* pool) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < n; ++i) bytes += static_cast<int64_t>(slots[i].view().size());
  if (bytes > std::numeric_limits<Offset>::max()) {
    return Status::CapacityError(n, " values of type ", type->ToString(), " hold ", bytes, " bytes, more than one batch can");
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets, arrow::AllocateBuffer((n + 1) * sizeof(Offset), pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, arrow::AllocateBuffer(bytes, pool));
  auto* offset = offsets->mutable_data_as<Offset>();
  auto* out = data->mutable_data();
  Offset at = 0;
  for (int64_t i = 0; i < n; ++i) {
    offset[i] = at;
    const auto view = slots[i].view();
    std::memcpy(out + at, view.data(), view.size());
    at += static_cast<Offset>(view.size());
  }
  offset[n] = at;
  int64_t nulls = 0;
  ARROW_ASSIGN_OR_RAISE(auto validity, MakeValidity(n, pool, &nulls, [&](int64_t i) { return !slots[i].is_missing(); }));
  return arrow::ArrayData::Make(type, n, {validity, offsets, data}, nulls);
}

Result<std::shared_ptr<arrow::ArrayData>> FixedStrings(const std::shared_ptr<arrow::DataType>& type, const StringSlot* slots,
                                                       int64_t n, arrow::MemoryPool* pool) {
  const int64_t width = type->byte_width();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, arrow::AllocateBuffer(n * width, pool));
  std::memset(data->mutable_data(), 0, n * width);
  for (int64_t i = 0; i < n; ++i) {
    const auto view = slots[i].view();
    std::memcpy(data->mutable_data() + i * width, view.data(), view.size());
  }
  int64_t nulls = 0;
  ARROW_ASSIGN_OR_RAISE(auto validity, MakeValidity(n, pool, &nulls, [&](int64_t i) { return !slots[i].is_missing(); }));
  return arrow::ArrayData::Make(type, n, {validity, data}, nulls);
}

template <typename Builder>
Result<std::shared_ptr<arrow::ArrayData>> ViewStrings(const std::shared_ptr<arrow::DataType>& type, const StringSlot* slots,
                                                      int64_t n, arrow::MemoryPool* pool) {
  Builder builder(type, pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(n));
  for (int64_t i = 0; i < n; ++i) {
    ARROW_RETURN_NOT_OK(slots[i].is_missing() ? builder.AppendNull() : builder.Append(slots[i].view()));
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
  return array->data();
}

}  // namespace

Result<ArrayPtr> ArrayFromWords(const std::shared_ptr<arrow::DataType>& type, const uint64_t* words, const uint8_t* present,
                                int64_t n, arrow::MemoryPool* pool) {
  const auto value_type = ValueTypeOf(type);
  if (value_type->id() == arrow::Type::NA) {
    ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(value_type, n, pool));
    return Wrap(std::move(nulls), type, pool);
  }
  const int64_t bytes = value_type->id() == arrow::Type::BOOL ? arrow::bit_util::BytesForBits(n) : n * value_type->byte_width();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, arrow::AllocateBuffer(bytes, pool));
  if (bytes > 0) values->mutable_data()[bytes - 1] = 0;
  WriteValues(*value_type, words, n, values->mutable_data());
  int64_t nulls = 0;
  std::shared_ptr<arrow::Buffer> validity;
  if (present != nullptr) {
    ARROW_ASSIGN_OR_RAISE(validity, MakeValidity(n, pool, &nulls, [&](int64_t i) { return present[i] != 0; }));
  }
  return Wrap(arrow::MakeArray(arrow::ArrayData::Make(value_type, n, {validity, values}, nulls)), type, pool);
}

Result<ArrayPtr> ArrayFromStrings(const std::shared_ptr<arrow::DataType>& type, const StringSlot* slots, int64_t n,
                                  arrow::MemoryPool* pool) {
  const auto value_type = ValueTypeOf(type);
  std::shared_ptr<arrow::ArrayData> data;
  switch (value_type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      ARROW_ASSIGN_OR_RAISE(data, OffsetStrings<int32_t>(value_type, slots, n, pool));
      break;
    }
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: {
      ARROW_ASSIGN_OR_RAISE(data, OffsetStrings<int64_t>(value_type, slots, n, pool));
      break;
    }
    case arrow::Type::STRING_VIEW: {
      ARROW_ASSIGN_OR_RAISE(data, ViewStrings<arrow::StringViewBuilder>(value_type, slots, n, pool));
      break;
    }
    case arrow::Type::BINARY_VIEW: {
      ARROW_ASSIGN_OR_RAISE(data, ViewStrings<arrow::BinaryViewBuilder>(value_type, slots, n, pool));
      break;
    }
    default: {
      ARROW_ASSIGN_OR_RAISE(data, FixedStrings(value_type, slots, n, pool));
    }
  }
  return Wrap(arrow::MakeArray(data), type, pool);
}

}  // namespace millstream
