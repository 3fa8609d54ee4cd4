#include "millstream/format/csv/column_decoder.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <simdjson.h>

#include "millstream/base/civil_time.h"
#include "millstream/format/csv/parse_number.h"
#include "millstream/format/csv/parse_time.h"

namespace millstream::csv {
namespace {

/// A buffer that grows by half when it is full.
class GrowingBuffer {
 public:
  explicit GrowingBuffer(arrow::MemoryPool* pool) : pool_(pool) {}

  Status Reserve(int64_t bytes) {
    if (buffer_ != nullptr && bytes <= buffer_->capacity()) return Status::OK();
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
      return Status::OK();
    }
    // Only bytes below the buffer's size survive a move.
    return buffer_->Resize(std::max(bytes, buffer_->capacity() + buffer_->capacity() / 2), /*shrink_to_fit=*/false);
  }
  template <class T>
  T* data() {
    return reinterpret_cast<T*>(buffer_->mutable_data());
  }
  int64_t capacity() const { return buffer_ == nullptr ? 0 : buffer_->capacity(); }
  bool empty() const { return buffer_ == nullptr; }

  Result<std::shared_ptr<arrow::Buffer>> Finish(int64_t bytes) {
    if (buffer_ == nullptr) ARROW_RETURN_NOT_OK(Reserve(bytes));
    // A buffer far larger than its contents would hold memory for as long as the batch lives.
    ARROW_RETURN_NOT_OK(buffer_->Resize(bytes, /*shrink_to_fit=*/bytes < buffer_->capacity() / 2));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
  }

 private:
  arrow::MemoryPool* pool_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
};

/// Which values are missing: nothing is allocated until one is.
class Validity {
 public:
  explicit Validity(arrow::MemoryPool* pool) : bits_(pool) {}

  Status SetNull(int64_t row) {
    const int64_t needed = row / 8 + 1;
    if (needed > filled_) {
      ARROW_RETURN_NOT_OK(bits_.Reserve(std::max<int64_t>(needed, 512)));
      std::memset(bits_.data<uint8_t>() + filled_, 0xFF, static_cast<size_t>(bits_.capacity() - filled_));
      filled_ = bits_.capacity();
    }
    arrow::bit_util::ClearBit(bits_.data<uint8_t>(), row);
    ++null_count_;
    return Status::OK();
  }
  int64_t null_count() const { return null_count_; }

  /// nullptr where nothing is missing.
  Result<std::shared_ptr<arrow::Buffer>> Finish(int64_t rows) {
    if (null_count_ == 0) return nullptr;
    const int64_t bytes = arrow::bit_util::BytesForBits(rows);
    if (bytes > filled_) {
      ARROW_RETURN_NOT_OK(bits_.Reserve(bytes));
      std::memset(bits_.data<uint8_t>() + filled_, 0xFF, static_cast<size_t>(bits_.capacity() - filled_));
    }
    filled_ = 0;
    null_count_ = 0;
    return bits_.Finish(bytes);
  }

 private:
  GrowingBuffer bits_;
  int64_t filled_ = 0;  ///< bytes that hold set bits or answers
  int64_t null_count_ = 0;
};

/// What every column shares: its plan, its missing values and its complaints.
class DecoderBase : public ColumnDecoder {
 protected:
  DecoderBase(const ReadColumn& column, const ReadOptions& options, int64_t expected_rows, Locate locate,
              arrow::MemoryPool* pool)
      : column_(column),
        options_(options),
        expected_rows_(expected_rows),
        locate_(std::move(locate)),
        pool_(pool),
        validity_(pool) {}

  Status Missing(const FieldTable& table, int64_t row, int64_t value_row) {
    if (column_.spec.missing_allowed) return validity_.SetNull(value_row);
    const auto& name = column_.spec.name;
    const std::string fix = column_.spec.type->id() == arrow::Type::BOOL
                                ? "dtype={'" + name + "': 'boolean'}"
                                : "dtype={'" + name + "': 'float64'}, dtype={'" + name + "': 'Int64'} or assume_missing=True";
    return Status::Invalid(Place(table, row), ": the value is missing, and ", column_.spec.type->ToString(),
                           column_.spec.inferred ? " (the type seen in the sample)" : "", " cannot hold that; say ", fix);
  }

  Status BadValue(const FieldTable& table, int64_t row, std::string_view text) const {
    const auto& name = column_.spec.name;
    const auto& type = *column_.spec.type;
    double number;
    std::string fix;
    if (type.id() == arrow::Type::TIMESTAMP || type.id() == arrow::Type::DATE32) {
      const bool zoned =
          type.id() == arrow::Type::TIMESTAMP && !static_cast<const arrow::TimestampType&>(type).timezone().empty();
      fix = std::string("dates and times must be written as YYYY-MM-DD[ HH:MM[:SS[.ffffff]]]") +
            (zoned ? " with Z or an offset such as +02:00 behind" : "") +
            "; leave the column out of parse_dates and dtype to read it as text";
    } else if (arrow::is_integer(type.id()) && ParseFloat(text, options_.decimal, &number)) {
      int64_t whole;
      const bool is_wide = std::from_chars(text.data(), text.data() + text.size(), whole).ptr == text.data() + text.size();
      fix = "say dtype={'" + name + (is_wide ? "': 'int64'}" : "': 'float64'}") +
            (column_.spec.inferred ? " or assume_missing=True" : "");
    } else {
      fix = "say dtype={'" + name + "': 'str'}, or add the value to na_values";
    }
    return Status::Invalid(Place(table, row), ": cannot read '", Printable(text), "' as ", type.ToString(),
                           column_.spec.inferred ? " (the type seen in the sample)" : "", "; ", fix);
  }

  std::string Place(const FieldTable& table, int64_t row) const {
    return locate_(table.RecordStart(row)) + ", column '" + column_.spec.name + "'";
  }

  std::string_view Text(const FieldTable& table, std::string_view field) {
    return table.quotes ? Unquote(options_.dialect, field, &scratch_) : field;
  }

  Result<std::shared_ptr<arrow::Array>> MakeResult(std::vector<std::shared_ptr<arrow::Buffer>> buffers) {
    const int64_t rows = rows_;
    const int64_t null_count = validity_.null_count();
    ARROW_ASSIGN_OR_RAISE(buffers[0], validity_.Finish(rows));
    rows_ = 0;
    return arrow::MakeArray(arrow::ArrayData::Make(column_.spec.type, rows, std::move(buffers), null_count));
  }

  const ReadColumn& column_;
  const ReadOptions& options_;
  const int64_t expected_rows_;
  const Locate locate_;
  arrow::MemoryPool* const pool_;
  Validity validity_;
  int64_t rows_ = 0;
  std::string scratch_;
};

template <class T>
class IntegerParser {
 public:
  using Value = T;
  IntegerParser(const ReadColumn& column, const ReadOptions& options)
      : options_(options), whole_floats_(!column.spec.inferred) {}

  bool Fast(const char* text, int64_t size, T* value) const { return ParseIntegerFast(text, size, value); }
  bool Slow(std::string_view text, T* value) {
    text = CleanNumber(text, options_.thousands, &digits_);
    // The fast parser reads in front of the text.
    char padded[kPad + 32] = {};
    if (text.size() <= 32) {
      std::memcpy(padded + kPad, text.data(), text.size());
      if (ParseIntegerFast(padded + kPad, static_cast<int64_t>(text.size()), value)) return true;
    }
    // As in pandas, "1.0" serves where the user asked for integers.
    double number;
    if (!whole_floats_ || !ParseFloat(text, options_.decimal, &number) || number != std::floor(number)) return false;
    if (!(std::abs(number) <= 9007199254740992.0)) return false;
    const auto whole = static_cast<int64_t>(number);
    *value = static_cast<T>(whole);
    return static_cast<int64_t>(*value) == whole && (whole >= 0 || std::is_signed_v<T>);
  }
  static bool IsNumber(const NaValues&, T) { return false; }

 private:
  static constexpr int kPad = 32;
  const ReadOptions& options_;
  const bool whole_floats_;
  std::string digits_;
};

template <class T>
class FloatParser {
 public:
  using Value = T;
  FloatParser(const ReadColumn&, const ReadOptions& options) : options_(options), plain_(options.decimal == '.') {}

  bool Fast(const char* text, int64_t size, T* value) const {
    double number;
    if (!plain_ || !ParseFloatFast(text, size, &number)) return false;
    *value = static_cast<T>(number);
    return true;
  }
  bool Slow(std::string_view text, T* value) {
    double number;
    if (!ParseFloat(CleanNumber(text, options_.thousands, &digits_), options_.decimal, &number)) return false;
    *value = static_cast<T>(number);
    return true;
  }
  static bool IsNumber(const NaValues& na_values, T value) { return na_values.ContainsNumber(value); }

 private:
  const ReadOptions& options_;
  const bool plain_;
  std::string digits_;
};

class TimestampValueParser {
 public:
  using Value = int64_t;
  TimestampValueParser(const ReadColumn& column, const ReadOptions&)
      : parser_(UnitsPerSecond(TypeOf(*column.spec.type).unit()), !TypeOf(*column.spec.type).timezone().empty()) {}

  bool Fast(const char* text, int64_t size, int64_t* value) {
    return size >= 10 && parser_.Parse({text, static_cast<size_t>(size)}, value);
  }
  bool Slow(std::string_view text, int64_t* value) { return parser_.Parse(text, value); }
  static bool IsNumber(const NaValues&, int64_t) { return false; }

 private:
  static const arrow::TimestampType& TypeOf(const arrow::DataType& type) {
    return static_cast<const arrow::TimestampType&>(type);
  }
  TimestampParser parser_;
};

class DateValueParser {
 public:
  using Value = int32_t;
  DateValueParser(const ReadColumn&, const ReadOptions&) {}
  bool Fast(const char* text, int64_t size, int32_t* value) const {
    int64_t days;
    if (size != 10 || !ParseIsoDate({text, 10}, &days)) return false;
    *value = static_cast<int32_t>(days);
    return true;
  }
  bool Slow(std::string_view text, int32_t* value) const { return Fast(text.data(), static_cast<int64_t>(text.size()), value); }
  static bool IsNumber(const NaValues&, int32_t) { return false; }
};

/// Columns of fixed width: numbers, dates, times.
template <class Parser>
class FixedDecoder final : public DecoderBase {
 public:
  using Value = typename Parser::Value;
  FixedDecoder(const ReadColumn& column, const ReadOptions& options, int64_t expected_rows, Locate locate,
               arrow::MemoryPool* pool)
      : DecoderBase(column, options, expected_rows, std::move(locate), pool), parser_(column, options), values_(pool) {}

  Status Append(const FieldTable& table, int64_t first, int64_t rows) override {
    ARROW_RETURN_NOT_OK(values_.Reserve(std::max(rows_ + rows, rows_ == 0 ? expected_rows_ : 0) * sizeof(Value)));
    Value* out = values_.data<Value>() + rows_;
    const char* text = reinterpret_cast<const char*>(table.text);
    const uint32_t* position = table.positions + static_cast<size_t>(first) * table.stride + column_.position;
    const bool missing_first = column_.na_values.has_numbers();
    for (int64_t row = 0; row < rows; ++row, position += table.stride) {
      const uint32_t start = position[0] + 1;
      const auto size = static_cast<int32_t>(position[1] - start);
      if (!missing_first && parser_.Fast(text + start, size, out + row)) continue;
      ARROW_RETURN_NOT_OK(AppendSlow(table, first + row, rows_ + row, out + row));
    }
    rows_ += rows;
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Finish(rows_ * static_cast<int64_t>(sizeof(Value))));
    return MakeResult({nullptr, std::move(values)});
  }

 private:
  Status AppendSlow(const FieldTable& table, int64_t row, int64_t value_row, Value* value) {
    const std::string_view text = Text(table, table.Field(row, column_.position));
    if (!column_.na_values.Contains(text)) {
      if (!parser_.Slow(text, value)) return BadValue(table, row, text);
      if (!Parser::IsNumber(column_.na_values, *value)) return Status::OK();
    }
    *value = Value{};
    return Missing(table, row, value_row);
  }

  Parser parser_;
  GrowingBuffer values_;
};

class BoolDecoder final : public DecoderBase {
 public:
  BoolDecoder(const ReadColumn& column, const ReadOptions& options, int64_t expected_rows, Locate locate,
              arrow::MemoryPool* pool)
      : DecoderBase(column, options, expected_rows, std::move(locate), pool), bits_(pool) {}

  Status Append(const FieldTable& table, int64_t first, int64_t rows) override {
    ARROW_RETURN_NOT_OK(bits_.Reserve(arrow::bit_util::BytesForBits(std::max(rows_ + rows, rows_ == 0 ? expected_rows_ : 0))));
    for (int64_t row = first; row < first + rows; ++row, ++rows_) {
      const std::string_view text = Text(table, table.Field(row, column_.position));
      bool value = false;
      if (!Parse(text, &value)) {
        if (!column_.na_values.Contains(text)) return BadValue(table, row, text);
        ARROW_RETURN_NOT_OK(Missing(table, row, rows_));
      }
      arrow::bit_util::SetBitTo(bits_.data<uint8_t>(), rows_, value);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto bits, bits_.Finish(arrow::bit_util::BytesForBits(rows_)));
    return MakeResult({nullptr, std::move(bits)});
  }

 private:
  bool Parse(std::string_view text, bool* value) const {
    if (ParseBool(options_, text, value)) return true;
    if (column_.spec.inferred) return false;
    *value = text == "1" || text == "1.0";  // as in pandas, where bool was asked for
    return *value || text == "0" || text == "0.0";
  }

  GrowingBuffer bits_;
};

class StringDecoder final : public DecoderBase {
 public:
  StringDecoder(const ReadColumn& column, const ReadOptions& options, int64_t expected_rows, Locate locate,
                arrow::MemoryPool* pool)
      : DecoderBase(column, options, expected_rows, std::move(locate), pool), offsets_(pool), bytes_(pool) {}

  Status Append(const FieldTable& table, int64_t first, int64_t rows) override {
    ARROW_RETURN_NOT_OK(offsets_.Reserve((std::max(rows_ + rows, rows_ == 0 ? expected_rows_ : 0) + 1) * sizeof(int32_t)));
    if (rows_ == 0) offsets_.data<int32_t>()[0] = 0;
    const bool latin1 = options_.encoding == Encoding::kLatin1 && table.non_ascii;
    ARROW_RETURN_NOT_OK(ReserveText(table, first, rows, latin1 ? 2 : 1));
    if (!table.quotes && !latin1 && !table.invalid_utf8) return AppendPlain(table, first, rows);
    int32_t* offsets = offsets_.data<int32_t>() + 1;
    for (int64_t row = first; row < first + rows; ++row, ++rows_) {
      std::string_view text = Text(table, table.Field(row, column_.position));
      if (column_.na_values.Contains(text)) {
        ARROW_RETURN_NOT_OK(Missing(table, row, rows_));
        text = {};
      } else if (latin1) {
        transcoded_.clear();
        AppendLatin1(text, &transcoded_);
        text = transcoded_;
      } else if (table.invalid_utf8 && !simdjson::validate_utf8(text.data(), text.size())) {
        return Status::Invalid(Place(table, row), ": '", Printable(text),
                               "' is not valid UTF-8; say encoding='latin-1' if the file is in that");
      }
      Copy(text);
      offsets[rows_] = static_cast<int32_t>(used_);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    if (rows_ == 0) {
      ARROW_RETURN_NOT_OK(offsets_.Reserve(sizeof(int32_t)));
      offsets_.data<int32_t>()[0] = 0;
    }
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish((rows_ + 1) * static_cast<int64_t>(sizeof(int32_t))));
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Finish(used_));
    used_ = 0;
    return MakeResult({nullptr, std::move(offsets), std::move(bytes)});
  }

 private:
  static constexpr int64_t kSlack = 16;  ///< short texts are copied as 16 bytes, whatever their length

  /// Room for the text of all rows, at `factor` bytes a byte.
  Status ReserveText(const FieldTable& table, int64_t first, int64_t rows, int64_t factor) {
    int64_t bytes = 0;
    const uint32_t* position = table.positions + static_cast<size_t>(first) * table.stride + column_.position;
    for (int64_t row = 0; row < rows; ++row, position += table.stride) {
      bytes += static_cast<int32_t>(position[1] - position[0] - 1);
    }
    const int64_t needed = used_ + (bytes + rows) * factor;  // a missing field counted as -1
    if (needed > std::numeric_limits<int32_t>::max()) {
      return Status::CapacityError(Place(table, first), ": one batch has more than 2 GiB of text; make batch_rows smaller");
    }
    const int64_t expected = rows_ == 0 && rows > 0 ? bytes * std::max(expected_rows_, rows) / rows : 0;
    return bytes_.Reserve(std::max(needed, std::min<int64_t>(expected + expected / 16, int64_t{1} << 24)) + kSlack);
  }

  Status AppendPlain(const FieldTable& table, int64_t first, int64_t rows) {
    const char* text = reinterpret_cast<const char*>(table.text);
    const uint32_t* position = table.positions + static_cast<size_t>(first) * table.stride + column_.position;
    int32_t* offsets = offsets_.data<int32_t>() + rows_ + 1;
    const NaValues& na_values = column_.na_values;
    for (int64_t row = 0; row < rows; ++row, position += table.stride) {
      const uint32_t start = position[0] + 1;
      const auto size = std::max(static_cast<int32_t>(position[1] - start), 0);
      const std::string_view field(text + start, static_cast<size_t>(size));
      if (na_values.Contains(field)) {
        ARROW_RETURN_NOT_OK(Missing(table, first + row, rows_ + row));
      } else {
        Copy(field);
      }
      offsets[row] = static_cast<int32_t>(used_);
    }
    rows_ += rows;
    return Status::OK();
  }

  void Copy(std::string_view text) {
    if (text.empty()) return;  // may have no address
    uint8_t* to = bytes_.data<uint8_t>() + used_;
    std::memcpy(to, text.data(), text.size());
    used_ += static_cast<int64_t>(text.size());
  }

  GrowingBuffer offsets_;
  GrowingBuffer bytes_;
  int64_t used_ = 0;
  std::string transcoded_;
};

}  // namespace

bool ParseBool(const ReadOptions& options, std::string_view text, bool* value) {
  const auto among = [text](const std::vector<std::string>& texts) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  };
  *value = text == "True" || text == "true" || text == "TRUE" || among(options.true_values);
  return *value || text == "False" || text == "false" || text == "FALSE" || among(options.false_values);
}

Result<std::unique_ptr<ColumnDecoder>> MakeColumnDecoder(const ReadColumn& column, const ReadOptions& options,
                                                         int64_t expected_rows, Locate locate, arrow::MemoryPool* pool) {
  std::unique_ptr<ColumnDecoder> decoder;
  const auto make = [&]<class Decoder>(std::type_identity<Decoder>) {
    decoder = std::make_unique<Decoder>(column, options, expected_rows, std::move(locate), pool);
  };
  const auto make_fixed = [&]<class Parser>(std::type_identity<Parser>) { make(std::type_identity<FixedDecoder<Parser>>()); };
  switch (column.spec.type->id()) {
    case arrow::Type::INT8:
      make_fixed(std::type_identity<IntegerParser<int8_t>>());
      break;
    case arrow::Type::INT16:
      make_fixed(std::type_identity<IntegerParser<int16_t>>());
      break;
    case arrow::Type::INT32:
      make_fixed(std::type_identity<IntegerParser<int32_t>>());
      break;
    case arrow::Type::INT64:
      make_fixed(std::type_identity<IntegerParser<int64_t>>());
      break;
    case arrow::Type::UINT8:
      make_fixed(std::type_identity<IntegerParser<uint8_t>>());
      break;
    case arrow::Type::UINT16:
      make_fixed(std::type_identity<IntegerParser<uint16_t>>());
      break;
    case arrow::Type::UINT32:
      make_fixed(std::type_identity<IntegerParser<uint32_t>>());
      break;
    case arrow::Type::UINT64:
      make_fixed(std::type_identity<IntegerParser<uint64_t>>());
      break;
    case arrow::Type::FLOAT:
      make_fixed(std::type_identity<FloatParser<float>>());
      break;
    case arrow::Type::DOUBLE:
      make_fixed(std::type_identity<FloatParser<double>>());
      break;
    case arrow::Type::TIMESTAMP:
      make_fixed(std::type_identity<TimestampValueParser>());
      break;
    case arrow::Type::DATE32:
      make_fixed(std::type_identity<DateValueParser>());
      break;
    case arrow::Type::BOOL:
      make(std::type_identity<BoolDecoder>());
      break;
    case arrow::Type::STRING:
      make(std::type_identity<StringDecoder>());
      break;
    default:
      return Status::TypeError("column '", column.spec.name, "' cannot be read from CSV as ", column.spec.type->ToString());
  }
  return decoder;
}

}  // namespace millstream::csv
