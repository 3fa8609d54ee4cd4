#include "millstream/format/avro/leaf_encoders.h"

#include <cstring>
#include <string_view>
#include <unordered_map>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/scratch.h"
#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

/// memcpy for the lengths strings mostly have, without a call: two overlapping moves cover each power of two.
inline uint8_t* CopyBytes(uint8_t* to, const uint8_t* from, size_t size) {
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    std::memcpy(to, from, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else if (size > 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
  return to + size;
}

template <typename T>
const T* RawValues(const arrow::Array& array) {
  return array.data()->GetValues<T>(1);
}

class NullEncoder final : public Encoder {
 public:
  Status Bind(const std::shared_ptr<arrow::Array>&) override { return Status::OK(); }
  Status AddSizes(int64_t, int64_t, int64_t*) override { return Status::OK(); }
  void Write(int64_t, int64_t, uint8_t**) override {}
};

class BooleanEncoder final : public Encoder {
 public:
  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<arrow::BooleanArray>(array);
    return Status::OK();
  }
  Status AddSizes(int64_t, int64_t count, int64_t* sizes) override {
    for (int64_t i = 0; i < count; ++i) ++sizes[i];
    return Status::OK();
  }
  void Write(int64_t start, int64_t count, uint8_t** at) override {
    for (int64_t i = 0; i < count; ++i) *at[i]++ = array_->Value(start + i) ? 1 : 0;
  }

 private:
  std::shared_ptr<arrow::BooleanArray> array_;
};

/// int and long, and what is stored as them.
template <typename T>
class VarintEncoder final : public Encoder {
 public:
  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    values_ = RawValues<T>(*array);
    return Status::OK();
  }
  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    const T* values = values_ + start;
    for (int64_t i = 0; i < count; ++i) sizes[i] += VarintSize(ZigZag(values[i]));
    return Status::OK();
  }
  void Write(int64_t start, int64_t count, uint8_t** at) override {
    const T* values = values_ + start;
    for (int64_t i = 0; i < count; ++i) at[i] = WriteVarint(at[i], ZigZag(values[i]));
  }

 private:
  std::shared_ptr<arrow::Array> array_;
  const T* values_ = nullptr;
};

/// float, double and fixed: as many bytes as Arrow holds, in the same order (both are little-endian).
template <int kWidth>  // 0: width_ says
class FixedEncoder final : public Encoder {
 public:
  explicit FixedEncoder(int64_t width) : width_(width) {}
  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    const auto& data = *array->data();
    values_ = data.buffers[1] ? data.buffers[1]->data() + data.offset * Width() : nullptr;
    return Status::OK();
  }
  Status AddSizes(int64_t, int64_t count, int64_t* sizes) override {
    for (int64_t i = 0; i < count; ++i) sizes[i] += Width();
    return Status::OK();
  }
  void Write(int64_t start, int64_t count, uint8_t** at) override {
    const uint8_t* values = values_ + start * Width();
    for (int64_t i = 0; i < count && Width() > 0; ++i, values += Width()) {
      std::memcpy(at[i], values, static_cast<size_t>(Width()));
      at[i] += Width();
    }
  }

 private:
  int64_t Width() const { return kWidth > 0 ? kWidth : width_; }

  int64_t width_;
  std::shared_ptr<arrow::Array> array_;
  const uint8_t* values_ = nullptr;
};

/// string and bytes, from 32-bit or 64-bit offsets.
template <typename Offset>
class BytesEncoder final : public Encoder {
 public:
  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    offsets_ = RawValues<Offset>(*array);
    const auto& bytes = array->data()->buffers[2];
    bytes_ = bytes ? bytes->data() : nullptr;
    return Status::OK();
  }
  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    const Offset* offsets = offsets_ + start;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t size = offsets[i + 1] - offsets[i];
      sizes[i] += size + VarintSize(ZigZag(size));
    }
    return Status::OK();
  }
  void Write(int64_t start, int64_t count, uint8_t** at) override {
    const Offset* offsets = offsets_ + start;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t size = offsets[i + 1] - offsets[i];
      at[i] = CopyBytes(WriteVarint(at[i], ZigZag(size)), bytes_ + offsets[i], static_cast<size_t>(size));
    }
  }

 private:
  std::shared_ptr<arrow::Array> array_;
  const Offset* offsets_ = nullptr;
  const uint8_t* bytes_ = nullptr;
};

/// Decimals: two's complement, big-endian; of bytes as few as hold the value, of a fixed all of them.
class DecimalEncoder final : public Encoder {
 public:
  DecimalEncoder(int64_t width, int64_t fixed) : width_(width), fixed_(fixed) {}

  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    values_ = array->data()->buffers[1]->data() + array->offset() * width_;
    return Status::OK();
  }

  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t size = Needed(values_ + (start + i) * width_);
      if (fixed_ > 0 && size > fixed_) return Status::Invalid("the decimal does not fit ", fixed_, " bytes");
      sizes[i] += fixed_ > 0 ? fixed_ : 1 + size;
    }
    return Status::OK();
  }

  void Write(int64_t start, int64_t count, uint8_t** at) override {
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t* value = values_ + (start + i) * width_;
      const int64_t size = fixed_ > 0 ? fixed_ : Needed(value);
      if (fixed_ == 0) at[i] = WriteVarint(at[i], ZigZag(size));
      const uint8_t sign = value[width_ - 1] & 0x80 ? 0xff : 0;
      for (int64_t byte = size - 1; byte >= 0; --byte) *at[i]++ = byte < width_ ? value[byte] : sign;
    }
  }

 private:
  int64_t Needed(const uint8_t* value) const {
    const uint8_t sign = value[width_ - 1] & 0x80 ? 0xff : 0;
    int64_t size = width_;
    while (size > 1 && value[size - 1] == sign && ((value[size - 2] ^ sign) & 0x80) == 0) --size;
    return size;
  }

  int64_t width_;
  int64_t fixed_;  ///< bytes of the fixed, 0 for bytes
  std::shared_ptr<arrow::Array> array_;
  const uint8_t* values_ = nullptr;
};

/// Text as the number of its symbol.
template <typename ArrayType>
class EnumEncoder final : public Encoder {
 public:
  explicit EnumEncoder(const Type& type) : name_(type.name), symbols_(type.symbols) {
    for (size_t i = 0; i < symbols_.size(); ++i) numbers_.emplace(symbols_[i], static_cast<int64_t>(i));
  }

  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<ArrayType>(array);
    return Status::OK();
  }
  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    for (int64_t i = 0; i < count; ++i) {
      const auto it = numbers_.find(array_->GetView(start + i));
      if (it == numbers_.end()) {
        return Status::Invalid("'", array_->GetView(start + i), "' is not a symbol of the Avro enum '", name_, "'");
      }
      sizes[i] += VarintSize(ZigZag(it->second));
    }
    return Status::OK();
  }
  void Write(int64_t start, int64_t count, uint8_t** at) override {
    for (int64_t i = 0; i < count; ++i) {
      at[i] = WriteVarint(at[i], ZigZag(numbers_.find(array_->GetView(start + i))->second));
    }
  }

 private:
  std::string name_;
  std::vector<std::string> symbols_;
  std::unordered_map<std::string_view, int64_t> numbers_;
  std::shared_ptr<ArrayType> array_;
};

/// Dictionary columns: each dictionary value is encoded once, rows copy its bytes.
class DictionaryEncoder final : public Encoder {
 public:
  DictionaryEncoder(std::unique_ptr<Encoder> values, arrow::MemoryPool* pool)
      : values_(std::move(values)), pool_(pool), ends_(pool), bytes_(pool) {}

  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    const auto& column = static_cast<const arrow::DictionaryArray&>(*array);
    arrow::compute::ExecContext context(pool_);
    ARROW_ASSIGN_OR_RAISE(
        indices_, arrow::compute::Cast(*column.indices(), arrow::int64(), arrow::compute::CastOptions::Safe(), &context));
    numbers_ = RawValues<int64_t>(*indices_);
    if (dictionary_ != column.dictionary()) ARROW_RETURN_NOT_OK(Encode(column.dictionary()));
    dictionary_ = column.dictionary();
    return Status::OK();
  }

  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t number = numbers_[start + i];
      const int64_t size = End(number) - End(number - 1);
      if (size == 0) return bad_;
      sizes[i] += size;
    }
    return Status::OK();
  }

  void Write(int64_t start, int64_t count, uint8_t** at) override {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t begin = End(numbers_[start + i] - 1);
      at[i] = CopyBytes(at[i], bytes_.data() + begin, static_cast<size_t>(End(numbers_[start + i]) - begin));
    }
  }

 private:
  int64_t End(int64_t number) const { return ends_.data()[number + 1]; }

  /// A value that cannot be encoded (an unknown enum symbol) takes no bytes, and is an error only where a row has it.
  Status Encode(const std::shared_ptr<arrow::Array>& dictionary) {
    ARROW_RETURN_NOT_OK(values_->Bind(dictionary));
    const int64_t count = dictionary->length();
    ARROW_RETURN_NOT_OK(ends_.Grow(count + 1));
    int64_t* ends = ends_.data();
    ends[0] = 0;
    for (int64_t i = 0; i < count; ++i) {
      int64_t size = 0;
      if (const Status status = values_->AddSizes(i, 1, &size); !status.ok()) {
        bad_ = status;
        size = 0;
      }
      ends[i + 1] = ends[i] + size;
    }
    ARROW_RETURN_NOT_OK(bytes_.Grow(ends[count]));
    for (int64_t i = 0; i < count; ++i) {
      uint8_t* at = bytes_.data() + ends[i];
      if (ends[i + 1] > ends[i]) values_->Write(i, 1, &at);
    }
    return Status::OK();
  }

  std::unique_ptr<Encoder> values_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::Array> indices_;
  const int64_t* numbers_ = nullptr;
  std::shared_ptr<arrow::Array> dictionary_;
  Scratch<int64_t> ends_;
  Scratch<uint8_t> bytes_;
  Status bad_;
};

Status DoesNotFit(const Type& type, const arrow::DataType& column) {
  return Status::TypeError(column.ToString(), " cannot be written as Avro ", TypeName(type),
                           "; change the schema or cast the column");
}

bool IsText(arrow::Type::type id) {
  return arrow::is_base_binary_like(id) || id == arrow::Type::STRING_VIEW || id == arrow::Type::BINARY_VIEW;
}

/// Text and binary keep their offsets' width; what else fits is cast.
Result<std::shared_ptr<arrow::DataType>> TextWire(const Type& type, const std::shared_ptr<arrow::DataType>& column) {
  const bool text = type.kind != Kind::kBytes;
  switch (column->id()) {
    case arrow::Type::NA:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return text ? arrow::utf8() : arrow::binary();
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return column;
    case arrow::Type::BINARY:
      return text ? arrow::utf8() : arrow::binary();
    case arrow::Type::LARGE_BINARY:
      return text ? arrow::large_utf8() : arrow::large_binary();
    case arrow::Type::FIXED_SIZE_BINARY:
      if (!text) return arrow::binary();
      break;
    case arrow::Type::DICTIONARY: {
      const auto& values = static_cast<const arrow::DictionaryType&>(*column).value_type();
      if (!IsText(values->id())) break;
      ARROW_ASSIGN_OR_RAISE(auto wire, TextWire(type, values));
      return wire->Equals(*values) ? column : wire;
    }
    default:
      break;
  }
  return DoesNotFit(type, *column);
}

bool LogicalFits(const Type& type, const arrow::DataType& column) {
  switch (type.logical) {
    case Logical::kDate:
      return arrow::is_date(column.id());
    case Logical::kTimeMillis:
    case Logical::kTimeMicros:
      return arrow::is_time(column.id());
    case Logical::kDecimal:
      return arrow::is_decimal(column.id()) || arrow::is_integer(column.id());
    case Logical::kLocalTimestampMillis:
    case Logical::kLocalTimestampMicros:
    case Logical::kLocalTimestampNanos:
      return column.id() == arrow::Type::TIMESTAMP && static_cast<const arrow::TimestampType&>(column).timezone().empty();
    case Logical::kTimestampMillis:
    case Logical::kTimestampMicros:
    case Logical::kTimestampNanos:
      return column.id() == arrow::Type::TIMESTAMP;
    default:
      return false;
  }
}

bool PlainFits(const Type& type, const arrow::DataType& column) {
  switch (type.kind) {
    case Kind::kBoolean:
      return column.id() == arrow::Type::BOOL;
    case Kind::kFixed:
      return column.id() == arrow::Type::FIXED_SIZE_BINARY &&
             static_cast<const arrow::FixedSizeBinaryType&>(column).byte_width() == type.size;
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kFloat:
    case Kind::kDouble:
      return arrow::is_integer(column.id()) || arrow::is_floating(column.id());
    default:
      return false;
  }
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> LeafWireType(const Type& type, const std::shared_ptr<arrow::DataType>& column) {
  const bool text =
      type.kind == Kind::kString || type.kind == Kind::kEnum || (type.kind == Kind::kBytes && type.logical == Logical::kNone);
  if (text) return TextWire(type, column);
  if (type.kind == Kind::kNull)
    return column->id() == arrow::Type::NA ? column : Result<std::shared_ptr<arrow::DataType>>(DoesNotFit(type, *column));
  if (column->id() == arrow::Type::DICTIONARY) {
    return LeafWireType(type, static_cast<const arrow::DictionaryType&>(*column).value_type());
  }
  // A uuid in a fixed is written from its bytes.
  const bool logical = type.logical != Logical::kNone && type.logical != Logical::kUuid;
  if (column->id() != arrow::Type::NA && !(logical ? LogicalFits(type, *column) : PlainFits(type, *column))) {
    return DoesNotFit(type, *column);
  }
  if (type.kind == Kind::kFixed && !logical) return arrow::fixed_size_binary(static_cast<int32_t>(type.size));
  auto wire = ToArrowType(std::make_shared<Type>(type));
  // Only the unit of a timestamp changes: its number means the same instant whatever the time zone.
  if (column->id() == arrow::Type::TIMESTAMP) {
    return arrow::timestamp(static_cast<const arrow::TimestampType&>(*wire).unit(),
                            static_cast<const arrow::TimestampType&>(*column).timezone());
  }
  return wire;
}

Result<std::unique_ptr<Encoder>> MakeLeafEncoder(const Type& type, const arrow::DataType& wire, arrow::MemoryPool* pool) {
  if (wire.id() == arrow::Type::DICTIONARY) {
    const auto& values = static_cast<const arrow::DictionaryType&>(wire).value_type();
    ARROW_ASSIGN_OR_RAISE(auto encoder, MakeLeafEncoder(type, *values, pool));
    return std::make_unique<DictionaryEncoder>(std::move(encoder), pool);
  }
  const bool large = wire.id() == arrow::Type::LARGE_STRING || wire.id() == arrow::Type::LARGE_BINARY;
  if (type.logical == Logical::kDecimal) {
    const int64_t width = static_cast<const arrow::DecimalType&>(wire).byte_width();
    return std::make_unique<DecimalEncoder>(width, type.kind == Kind::kFixed ? type.size : 0);
  }
  switch (type.kind) {
    case Kind::kNull:
      return std::make_unique<NullEncoder>();
    case Kind::kBoolean:
      return std::make_unique<BooleanEncoder>();
    case Kind::kInt:
      return std::make_unique<VarintEncoder<int32_t>>();
    case Kind::kLong:
      return std::make_unique<VarintEncoder<int64_t>>();
    case Kind::kFloat:
      return std::make_unique<FixedEncoder<4>>(4);
    case Kind::kDouble:
      return std::make_unique<FixedEncoder<8>>(8);
    case Kind::kFixed:
      return std::make_unique<FixedEncoder<0>>(type.size);
    case Kind::kEnum:
      if (large) return std::make_unique<EnumEncoder<arrow::LargeStringArray>>(type);
      return std::make_unique<EnumEncoder<arrow::StringArray>>(type);
    default:
      if (large) return std::make_unique<BytesEncoder<int64_t>>();
      return std::make_unique<BytesEncoder<int32_t>>();
  }
}

}  // namespace millstream::avro
