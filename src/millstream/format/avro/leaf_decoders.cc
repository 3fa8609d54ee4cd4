#include "millstream/format/avro/leaf_decoders.h"

#include <cstring>
#include <limits>

#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

using DecoderPtr = std::unique_ptr<ValueDecoder>;

class NullDecoder final : public ValueDecoder {
 public:
  explicit NullDecoder(ColumnBuilder* column) : column_(column) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t*) override { return column_->AppendNull() ? at : nullptr; }

 private:
  ColumnBuilder* column_;
};

/// The leaves below are plain classes with a Decode that inlines into the two decoders made of each: Required and Optional.
template <typename Leaf>
class Required final : public ValueDecoder {
 public:
  explicit Required(Leaf leaf) : leaf_(std::move(leaf)) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override { return leaf_.Decode(at, end); }

 private:
  Leaf leaf_;
};

template <typename Leaf>
class Optional final : public ValueDecoder {
 public:
  Optional(Leaf leaf, int null_branch) : leaf_(std::move(leaf)), null_branch_(null_branch) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override {
    int64_t branch = 0;
    at = ReadLong(at, end, &branch);
    if (at == nullptr) return leaf_.state()->FailEarly();
    if (branch == 1 - null_branch_) [[likely]]
      return leaf_.Decode(at, end);
    if (branch == null_branch_) return leaf_.AppendNull() ? at : nullptr;
    return leaf_.state()->Fail(Status::Invalid("branch ", branch, " of a union with 2 branches"));
  }

 private:
  Leaf leaf_;
  int64_t null_branch_;
};

template <typename Builder>
class Leaf {
 public:
  explicit Leaf(ColumnBuilder* column) : column_(static_cast<Builder*>(column)) {}
  DecodeState* state() const { return column_->state(); }
  bool AppendNull() { return column_->AppendNull(); }

 protected:
  Builder* column_;
};

class BooleanLeaf : public Leaf<BooleanBuilder> {
 public:
  using Leaf::Leaf;
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    if (at == end || *at > 1) return state()->FailEarly();
    return column_->Append(*at == 1) ? at + 1 : nullptr;
  }
};

/// int and long into numbers of any kind; `kInt` checks that an int is one.
template <typename T, bool kInt>
class IntegerLeaf : public Leaf<NumberBuilder<T>> {
 public:
  using Leaf<NumberBuilder<T>>::Leaf;
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    int64_t value = 0;
    at = ReadLong(at, end, &value);
    if (at == nullptr) [[unlikely]]
      return this->state()->FailEarly();
    if (kInt && value != static_cast<int32_t>(value)) [[unlikely]] {
      return this->state()->Fail(Status::Invalid("the number ", value, " is not an Avro int"));
    }
    return this->column_->Append(static_cast<T>(value)) ? at : nullptr;
  }
};

/// Timestamps and times of a coarser unit.
class ScaledLeaf : public Leaf<NumberBuilder<int64_t>> {
 public:
  ScaledLeaf(ColumnBuilder* column, int64_t factor) : Leaf(column), factor_(factor) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    int64_t value = 0;
    at = ReadLong(at, end, &value);
    if (at == nullptr) return state()->FailEarly();
    if (__builtin_mul_overflow(value, factor_, &value)) {
      return state()->Fail(Status::Invalid("a timestamp is out of the range of the reader's unit"));
    }
    return column_->Append(value) ? at : nullptr;
  }

 private:
  int64_t factor_;
};

/// Times of day, which Arrow keeps within a day.
template <typename T>
class TimeLeaf : public Leaf<NumberBuilder<T>> {
 public:
  TimeLeaf(ColumnBuilder* column, int64_t day) : Leaf<NumberBuilder<T>>(column), day_(day) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    int64_t value = 0;
    at = ReadLong(at, end, &value);
    if (at == nullptr) return this->state()->FailEarly();
    if (value < 0 || value >= day_)
      return this->state()->Fail(Status::Invalid("the time of day ", value, " is not within a day"));
    return this->column_->Append(static_cast<T>(value)) ? at : nullptr;
  }

 private:
  int64_t day_;
};

template <typename From, typename To>
class FloatLeaf : public Leaf<NumberBuilder<To>> {
 public:
  using Leaf<NumberBuilder<To>>::Leaf;
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    if (end - at < static_cast<int64_t>(sizeof(From))) return this->state()->FailEarly();
    From value;
    std::memcpy(&value, at, sizeof(From));
    return this->column_->Append(static_cast<To>(value)) ? at + sizeof(From) : nullptr;
  }
};

class BytesLeaf : public Leaf<BytesBuilder> {
 public:
  using Leaf::Leaf;
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    int64_t size = 0;
    at = ReadLong(at, end, &size);
    if (at == nullptr || size < 0 || size > end - at) [[unlikely]]
      return state()->FailEarly();
    return column_->Append(at, size, end - at) ? at + size : nullptr;
  }
};

class FixedLeaf : public Leaf<FixedBuilder> {
 public:
  using Leaf::Leaf;
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    const int64_t width = column_->width();
    if (end - at < width) return state()->FailEarly();
    uint8_t* to = column_->Append();
    if (to == nullptr) return nullptr;
    std::memcpy(to, at, static_cast<size_t>(width));
    return at + width;
  }
};

class EnumLeaf : public Leaf<BytesBuilder> {
 public:
  EnumLeaf(ColumnBuilder* column, std::vector<std::string> symbols) : Leaf(column), symbols_(std::move(symbols)) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    int64_t number = 0;
    at = ReadLong(at, end, &number);
    if (at == nullptr) return state()->FailEarly();
    if (number < 0 || number >= static_cast<int64_t>(symbols_.size())) {
      return state()->Fail(Status::Invalid("symbol ", number, " of an enum with ", symbols_.size(), " symbols"));
    }
    const std::string& text = symbols_[static_cast<size_t>(number)];
    const auto size = static_cast<int64_t>(text.size());
    return column_->Append(reinterpret_cast<const uint8_t*>(text.data()), size, size) ? at : nullptr;
  }

 private:
  std::vector<std::string> symbols_;
};

/// A uuid of 16 bytes as its text: 8-4-4-4-12 hexadecimal digits.
class UuidLeaf : public Leaf<BytesBuilder> {
 public:
  using Leaf::Leaf;
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    if (end - at < 16) return state()->FailEarly();
    uint8_t text[36];
    uint8_t* to = text;
    for (int i = 0; i < 16; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
      *to++ = static_cast<uint8_t>("0123456789abcdef"[at[i] >> 4]);
      *to++ = static_cast<uint8_t>("0123456789abcdef"[at[i] & 15]);
    }
    return column_->Append(text, sizeof(text), sizeof(text)) ? at + 16 : nullptr;
  }
};

/// Big-endian two's complement of any length into Arrow's 16 or 32 little-endian bytes.
class DecimalLeaf : public Leaf<FixedBuilder> {
 public:
  DecimalLeaf(ColumnBuilder* column, int64_t fixed) : Leaf(column), fixed_(fixed) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) {
    int64_t size = fixed_;
    if (fixed_ < 0) at = ReadLong(at, end, &size);
    if (at == nullptr || size < 0 || size > end - at) return state()->FailEarly();
    const uint8_t sign = size > 0 && (at[0] & 0x80) ? 0xff : 0;
    const int64_t width = column_->width();
    for (int64_t i = 0; i < size - width; ++i) {
      if (at[i] != sign) return TooLarge();
    }
    if (size >= width && size > 0 && ((at[size - width] ^ sign) & 0x80)) return TooLarge();
    uint8_t* to = column_->Append();
    if (to == nullptr) return nullptr;
    for (int64_t i = 0; i < width; ++i) to[i] = i < size ? at[size - 1 - i] : sign;
    if (!FitsPrecision(to)) return TooLarge();
    return at + size;
  }

 private:
  bool FitsPrecision(const uint8_t* value) const {
    const int32_t digits = static_cast<const arrow::DecimalType&>(*column_->type()).precision();
    if (column_->width() == 16) return arrow::Decimal128(value).FitsInPrecision(digits);
    return arrow::Decimal256(value).FitsInPrecision(digits);
  }
  std::nullptr_t TooLarge() {
    return state()->Fail(Status::Invalid("a decimal has more digits than ", column_->type()->ToString(), " holds"));
  }
  int64_t fixed_;  ///< bytes of the fixed; -1: the length comes first
};

/// Calls `use` with the leaf for these types; false where they do not resolve.
template <typename Use>
bool UseLeaf(const Type& writer, const Type& reader, ColumnBuilder* column, const Use& use);

template <typename Use>
bool UseIntegerLeaf(const Type& writer, const Type& reader, ColumnBuilder* column, const Use& use) {
  const bool is_int = writer.kind == Kind::kInt;
  if (!is_int && writer.kind != Kind::kLong) return false;
  switch (reader.kind) {
    case Kind::kInt:
      return is_int && (use(IntegerLeaf<int32_t, true>(column)), true);
    case Kind::kLong:
      is_int ? use(IntegerLeaf<int64_t, true>(column)) : use(IntegerLeaf<int64_t, false>(column));
      return true;
    case Kind::kFloat:
      is_int ? use(IntegerLeaf<float, true>(column)) : use(IntegerLeaf<float, false>(column));
      return true;
    case Kind::kDouble:
      is_int ? use(IntegerLeaf<double, true>(column)) : use(IntegerLeaf<double, false>(column));
      return true;
    default:
      return false;
  }
}

/// Nanoseconds in a timestamp's unit; 0 for what is not a timestamp.
int64_t UnitNanos(Logical logical) {
  switch (logical) {
    case Logical::kTimestampMillis:
    case Logical::kLocalTimestampMillis:
      return 1000000;
    case Logical::kTimestampMicros:
    case Logical::kLocalTimestampMicros:
      return 1000;
    case Logical::kTimestampNanos:
    case Logical::kLocalTimestampNanos:
      return 1;
    default:
      return 0;
  }
}

/// Types of which one or both have a logical type that changes what the number or bytes mean.
template <typename Use>
bool UseLogicalLeaf(const Type& writer, const Type& reader, ColumnBuilder* column, const Use& use) {
  if (reader.logical == Logical::kDecimal) {
    if (writer.logical != Logical::kDecimal || writer.scale != reader.scale || writer.precision > reader.precision)
      return false;
    use(DecimalLeaf(column, writer.kind == Kind::kFixed ? writer.size : -1));
    return true;
  }
  if (writer.logical == Logical::kDecimal) return false;
  const bool may_be_time = writer.kind == reader.kind && (writer.logical == reader.logical || writer.logical == Logical::kNone);
  if (reader.logical == Logical::kTimeMillis && may_be_time) return use(TimeLeaf<int32_t>(column, 86'400'000)), true;
  if (reader.logical == Logical::kTimeMicros && may_be_time) return use(TimeLeaf<int64_t>(column, 86'400'000'000)), true;
  if (reader.logical == writer.logical) return UseIntegerLeaf(writer, reader, column, use);
  const int64_t from = UnitNanos(writer.logical), to = UnitNanos(reader.logical);
  const bool local = writer.logical >= Logical::kLocalTimestampMillis;
  const bool same_clock = local == (reader.logical >= Logical::kLocalTimestampMillis);
  if (from > 0 && to > 0) {
    if (!same_clock || from < to) return false;
    use(ScaledLeaf(column, from / to));
    return true;
  }
  // One side knows no logical type: the numbers are taken as they are, as the specification has it.
  const bool one_plain = writer.logical == Logical::kNone || reader.logical == Logical::kNone;
  return one_plain && UseIntegerLeaf(writer, reader, column, use);
}

bool IsText(const Type& type) {
  return type.kind == Kind::kString || (type.kind == Kind::kBytes && type.logical == Logical::kNone);
}

template <typename Use>
bool UseLeaf(const Type& writer, const Type& reader, ColumnBuilder* column, const Use& use) {
  const bool uuid_bytes = writer.kind == Kind::kFixed && writer.logical == Logical::kUuid;
  const bool text_column = IsText(reader) || reader.kind == Kind::kEnum || reader.logical == Logical::kUuid;
  if (text_column && uuid_bytes) return use(UuidLeaf(column)), true;
  if (text_column && IsText(writer)) return use(BytesLeaf(column)), true;
  if (text_column && writer.kind == Kind::kEnum) return use(EnumLeaf(column, writer.symbols)), true;
  if (text_column || IsText(writer) || writer.kind == Kind::kEnum) return false;
  if (writer.logical != Logical::kNone || reader.logical != Logical::kNone) {
    return UseLogicalLeaf(writer, reader, column, use);
  }
  switch (writer.kind) {
    case Kind::kInt:
    case Kind::kLong:
      return UseIntegerLeaf(writer, reader, column, use);
    case Kind::kBoolean:
      return reader.kind == Kind::kBoolean && (use(BooleanLeaf(column)), true);
    case Kind::kFloat:
      if (reader.kind == Kind::kFloat) return use(FloatLeaf<float, float>(column)), true;
      return reader.kind == Kind::kDouble && (use(FloatLeaf<float, double>(column)), true);
    case Kind::kDouble:
      return reader.kind == Kind::kDouble && (use(FloatLeaf<double, double>(column)), true);
    case Kind::kFixed:
      return reader.kind == Kind::kFixed && reader.size == writer.size && (use(FixedLeaf(column)), true);
    default:
      return false;
  }
}

}  // namespace

DecoderPtr MakeNullDecoder(ColumnBuilder* column) { return std::make_unique<NullDecoder>(column); }

Result<DecoderPtr> MakeLeafDecoder(const Type& writer, const Type& reader, ColumnBuilder* column) {
  DecoderPtr decoder;
  UseLeaf(writer, reader, column, [&]<typename L>(L leaf) { decoder = std::make_unique<Required<L>>(std::move(leaf)); });
  if (decoder) return decoder;
  return Status::TypeError("Avro ", TypeName(writer), " cannot be read as ", TypeName(reader),
                           "; give a reader 'schema' that fits all files");
}

DecoderPtr MakeOptionalLeafDecoder(const Type& writer, const Type& reader, int null_branch, ColumnBuilder* column) {
  DecoderPtr decoder;
  UseLeaf(writer, reader, column,
          [&]<typename L>(L leaf) { decoder = std::make_unique<Optional<L>>(std::move(leaf), null_branch); });
  return decoder;
}

}  // namespace millstream::avro
