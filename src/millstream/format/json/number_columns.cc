// Integers, floating point numbers and booleans.
#include <cmath>
#include <limits>
#include <type_traits>

#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>

#include "millstream/format/json/column_decoder_internal.h"
#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/scalars.h"

namespace millstream::json_format {
namespace {

/// The number's value in T; false where T cannot hold it. 1.0 and 1e3 are integers too.
template <typename T>
bool Narrow(const Number& number, T* out) {
  if constexpr (std::is_floating_point_v<T>) {
    *out = static_cast<T>(number.value);
    return true;
  } else {
    uint64_t magnitude = number.magnitude;
    if (!number.is_integer) {
      constexpr double kExact = 9007199254740992.0;  // 2^53: larger doubles stand for several integers
      if (std::abs(number.value) > kExact || number.value != std::trunc(number.value)) return false;
      magnitude = static_cast<uint64_t>(std::abs(number.value));
    }
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<T>::max());
    if (number.negative && magnitude > 0) {
      if constexpr (std::is_unsigned_v<T>) return false;
      if (magnitude > kMax + 1) return false;
      *out = static_cast<T>(~magnitude + 1);
    } else {
      if (magnitude > kMax) return false;
      *out = static_cast<T>(magnitude);
    }
    return true;
  }
}

/// The common case of up to 18 digits that end right there.
inline bool ShortInteger(const uint8_t* text, int64_t* out) {
  const bool negative = *text == '-';
  text += negative;
  const uint8_t* first = text;
  int64_t value = 0;
  for (uint8_t digit; (digit = static_cast<uint8_t>(*text - '0')) < 10; ++text) {
    if (text - first == 18) return false;
    value = value * 10 + digit;
  }
  if (text == first || (*first == '0' && text - first > 1) || !EndsScalar(*text)) return false;
  *out = negative ? -value : value;
  return true;
}

template <typename ArrowType>
class NumberDecoder final : public ColumnDecoderBase {
  using T = typename ArrowType::c_type;

 public:
  NumberDecoder(std::shared_ptr<arrow::DataType> type, std::string path, DecodeState* state)
      : ColumnDecoderBase(std::move(type), std::move(path), state), values_(pool()) {}

  Status Append(const Block& block, const Slots& slots) override {
    const int64_t row = validity_.length();
    ARROW_RETURN_NOT_OK(validity_.Extend(slots.count));
    ARROW_RETURN_NOT_OK(values_.Reserve(slots.count * static_cast<int64_t>(sizeof(T))));
    T* out = reinterpret_cast<T*>(values_.mutable_data() + values_.length());
    for (uint32_t i = 0; i < slots.count; ++i) {
      const uint32_t k = slots[i];
      if (k == 0) {
        out[i] = T{};
        ARROW_RETURN_NOT_OK(validity_.SetNull(row + i));
      } else if (!Parse(block, k, out + i)) {
        out[i] = T{};
        ARROW_RETURN_NOT_OK(NullOrRefuse(block, k, row + i));
      }
    }
    values_.UnsafeAdvance(slots.count * static_cast<int64_t>(sizeof(T)));
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    const int64_t rows = validity_.length();
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Finish(/*shrink_to_fit=*/false));
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {std::move(bitmap), std::move(values)}, nulls));
  }

 private:
  /// False for what is no number of this type. Numbers in quotes count, as in pandas.
  static bool Parse(const Block& block, uint32_t k, T* out) {
    const uint8_t* text = block.Pointer(k);
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
      int64_t value;
      if (ShortInteger(text, &value) && (std::is_signed_v<T> || value >= 0)) {
        *out = static_cast<T>(value);
        return true;
      }
    }
    Number number;
    if (*text == '"') {
      const std::string_view raw = RawString(block, k);
      const uint8_t* end = ParseNumber(text + 1, &number);
      return end == text + 1 + raw.size() && Narrow(number, out);
    }
    const uint8_t* end = ParseNumber(text, &number);
    return end && EndsScalar(*end) && Narrow(number, out);
  }

  arrow::BufferBuilder values_;
};

class BoolDecoder final : public ColumnDecoderBase {
 public:
  BoolDecoder(std::shared_ptr<arrow::DataType> type, std::string path, DecodeState* state)
      : ColumnDecoderBase(std::move(type), std::move(path), state), values_(pool()) {}

  Status Append(const Block& block, const Slots& slots) override {
    const int64_t row = validity_.length();
    ARROW_RETURN_NOT_OK(validity_.Extend(slots.count));
    ARROW_RETURN_NOT_OK(values_.Reserve(slots.count));
    for (uint32_t i = 0; i < slots.count; ++i) {
      const uint32_t k = slots[i];
      const uint8_t* text = block.Pointer(k);
      const bool is_true = k != 0 && IsLiteral(text, "true");
      values_.UnsafeAppend(is_true);
      if (k == 0) {
        ARROW_RETURN_NOT_OK(validity_.SetNull(row + i));
      } else if (!is_true && !IsLiteral(text, "false")) {
        ARROW_RETURN_NOT_OK(NullOrRefuse(block, k, row + i));
      }
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    const int64_t rows = validity_.length();
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Finish(/*shrink_to_fit=*/false));
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {std::move(bitmap), std::move(values)}, nulls));
  }

 private:
  arrow::TypedBufferBuilder<bool> values_;
};

}  // namespace

DecoderPtr MakeNumberDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state) {
  switch (type->id()) {
    case arrow::Type::INT8:
      return std::make_unique<NumberDecoder<arrow::Int8Type>>(type, path, state);
    case arrow::Type::INT16:
      return std::make_unique<NumberDecoder<arrow::Int16Type>>(type, path, state);
    case arrow::Type::INT32:
      return std::make_unique<NumberDecoder<arrow::Int32Type>>(type, path, state);
    case arrow::Type::INT64:
      return std::make_unique<NumberDecoder<arrow::Int64Type>>(type, path, state);
    case arrow::Type::UINT8:
      return std::make_unique<NumberDecoder<arrow::UInt8Type>>(type, path, state);
    case arrow::Type::UINT16:
      return std::make_unique<NumberDecoder<arrow::UInt16Type>>(type, path, state);
    case arrow::Type::UINT32:
      return std::make_unique<NumberDecoder<arrow::UInt32Type>>(type, path, state);
    case arrow::Type::UINT64:
      return std::make_unique<NumberDecoder<arrow::UInt64Type>>(type, path, state);
    case arrow::Type::FLOAT:
      return std::make_unique<NumberDecoder<arrow::FloatType>>(type, path, state);
    case arrow::Type::DOUBLE:
      return std::make_unique<NumberDecoder<arrow::DoubleType>>(type, path, state);
    default:
      return nullptr;
  }
}

DecoderPtr MakeBoolDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state) {
  return std::make_unique<BoolDecoder>(type, path, state);
}

}  // namespace millstream::json_format
