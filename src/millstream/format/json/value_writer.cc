#include "millstream/format/json/value_writer.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type_traits.h>

#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/time_text.h"
#include "millstream/format/json/walk.h"

namespace millstream::json_format {
namespace {

/// A writer whose values `Put(array, row, out)` writes where they are not null.
template <typename ArrayType, typename Put>
class SimpleWriter final : public ValueWriter {
 public:
  explicit SimpleWriter(Put put) : put_(std::move(put)) {}

  Status SetArray(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<ArrayType>(array);
    return Status::OK();
  }
  Status Write(int64_t row, TextBuffer* out) override {
    return array_->IsNull(row) ? out->Append("null") : put_(*array_, row, out);
  }

 private:
  std::shared_ptr<ArrayType> array_;
  Put put_;
};

template <typename ArrayType, typename Put>
ValueWriterPtr Simple(Put put) {
  return std::make_unique<SimpleWriter<ArrayType, Put>>(std::move(put));
}

template <typename ArrayType>
ValueWriterPtr IntegerWriter() {
  return Simple<ArrayType>(
      [](const ArrayType& array, int64_t row, TextBuffer* out) { return out->AppendInteger(array.Value(row)); });
}
template <typename ArrayType>
ValueWriterPtr FloatWriter() {
  return Simple<ArrayType>(
      [](const ArrayType& array, int64_t row, TextBuffer* out) { return out->AppendFloat(array.Value(row)); });
}
template <typename ArrayType>
ValueWriterPtr StringWriter() {
  return Simple<ArrayType>(
      [](const ArrayType& array, int64_t row, TextBuffer* out) { return out->AppendString(array.GetView(row)); });
}

/// Times, and durations: `format(value)` gives ISO 8601 text, `tick` is the unit of values in nanoseconds.
template <typename ArrayType, typename FormatText>
ValueWriterPtr TimeWriter(int64_t tick, const std::string& path, const WriteOptions& options, FormatText format) {
  return Simple<ArrayType>([=](const ArrayType& array, int64_t row, TextBuffer* out) -> Status {
    const auto value = static_cast<int64_t>(array.Value(row));
    if (options.iso_dates) return out->AppendString(format(value));
    if (const auto count = CountIn(value, tick, options.date_unit)) return out->AppendInteger(*count);
    return Status::Invalid("column '", path, "': a time does not fit 64 bits in the unit of date_unit; use a larger unit");
  });
}

template <typename ArrayType>
ValueWriterPtr PointWriter(int64_t tick, bool zoned, const std::string& path, const WriteOptions& options) {
  const int64_t unit = options.date_unit;
  return TimeWriter<ArrayType>(tick, path, options, [=](int64_t value) { return FormatIso8601(value, tick, unit, zoned); });
}

/// JSON text, which goes out as it is if it is one JSON value.
class JsonTextWriter final : public ValueWriter {
 public:
  JsonTextWriter(std::string path, const TaskContext& context)
      : path_(std::move(path)), indexer_(context.budget), copy_(context.pool) {}

  Status SetArray(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<arrow::StringArray>(static_cast<const arrow::ExtensionArray&>(*array).storage());
    return Status::OK();
  }

  Status Write(int64_t row, TextBuffer* out) override {
    if (array_->IsNull(row)) return out->Append("null");
    const std::string_view value = array_->GetView(row);
    static constexpr char kPad[kPadding] = {};
    copy_.Rewind(0);
    ARROW_RETURN_NOT_OK(copy_.Append(value.data(), static_cast<int64_t>(value.size())));
    // A line end between its tokens would end the record.
    std::replace_if(
        copy_.mutable_data(), copy_.mutable_data() + value.size(), [](uint8_t c) { return c == '\n' || c == '\r'; }, ' ');
    ARROW_RETURN_NOT_OK(copy_.Append("\n", 1));
    ARROW_RETURN_NOT_OK(copy_.Append(kPad, kPadding));
    ARROW_ASSIGN_OR_RAISE(const Block block, WithColumn(indexer_.Index(copy_.data(), static_cast<int64_t>(value.size()) + 1)));
    SyntaxError error;
    if (block.count == 0 || CheckValue(block, 0, &error) < block.count || error.message) {
      return Status::Invalid("column '", path_, "': text of type json is not one JSON value: ", value.substr(0, 60));
    }
    return out->Append({reinterpret_cast<const char*>(copy_.data()), value.size()});
  }

 private:
  Result<Block> WithColumn(Result<Block> block) const {
    if (!block.ok()) return WithPlace(block.status(), "column '" + path_ + "'");
    return block;
  }

  const std::string path_;
  StructuralIndexer indexer_;
  arrow::BufferBuilder copy_;
  std::shared_ptr<arrow::StringArray> array_;
};

class StructWriter final : public ValueWriter {
 public:
  StructWriter(std::vector<std::string> keys, std::vector<ValueWriterPtr> children)
      : keys_(std::move(keys)), children_(std::move(children)) {}

  Status SetArray(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    const auto& values = static_cast<const arrow::StructArray&>(*array);
    for (size_t i = 0; i < children_.size(); ++i) {
      ARROW_RETURN_NOT_OK(children_[i]->SetArray(values.field(static_cast<int>(i))));
    }
    return Status::OK();
  }
  Status Write(int64_t row, TextBuffer* out) override {
    if (array_->IsNull(row)) return out->Append("null");
    for (size_t i = 0; i < children_.size(); ++i) {
      ARROW_RETURN_NOT_OK(out->Append(keys_[i]));
      ARROW_RETURN_NOT_OK(children_[i]->Write(row, out));
    }
    return out->Append(children_.empty() ? "{}" : "}");
  }

 private:
  const std::vector<std::string> keys_;
  const std::vector<ValueWriterPtr> children_;
  std::shared_ptr<arrow::Array> array_;
};

template <typename ListArrayType>
class ListWriter final : public ValueWriter {
 public:
  explicit ListWriter(ValueWriterPtr items) : items_(std::move(items)) {}

  Status SetArray(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<ListArrayType>(array);
    return items_->SetArray(array_->values());
  }
  Status Write(int64_t row, TextBuffer* out) override {
    if (array_->IsNull(row)) return out->Append("null");
    ARROW_RETURN_NOT_OK(out->Append("["));
    const int64_t begin = array_->value_offset(row);
    const int64_t end = begin + array_->value_length(row);
    for (int64_t i = begin; i < end; ++i) {
      if (i > begin) ARROW_RETURN_NOT_OK(out->Append(","));
      ARROW_RETURN_NOT_OK(items_->Write(i, out));
    }
    return out->Append("]");
  }

 private:
  const ValueWriterPtr items_;
  std::shared_ptr<ListArrayType> array_;
};

class DictionaryWriter final : public ValueWriter {
 public:
  explicit DictionaryWriter(ValueWriterPtr values) : values_(std::move(values)) {}

  Status SetArray(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<arrow::DictionaryArray>(array);
    return values_->SetArray(array_->dictionary());
  }
  Status Write(int64_t row, TextBuffer* out) override {
    return array_->IsNull(row) ? out->Append("null") : values_->Write(array_->GetValueIndex(row), out);
  }

 private:
  const ValueWriterPtr values_;
  std::shared_ptr<arrow::DictionaryArray> array_;
};

template <typename ListArrayType>
Result<ValueWriterPtr> MakeListWriter(const arrow::DataType& type, const std::string& path, const WriteOptions& options,
                                      const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto items, MakeValueWriter(type.field(0)->type(), path + "[]", options, context));
  return std::make_unique<ListWriter<ListArrayType>>(std::move(items));
}

Result<ValueWriterPtr> MakeStructWriter(const arrow::DataType& type, const std::string& path, const WriteOptions& options,
                                        const TaskContext& context) {
  std::vector<std::string> keys;
  std::vector<ValueWriterPtr> children;
  for (const auto& field : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(auto key, QuoteKey(field->name(), keys.empty()));
    keys.push_back(std::move(key));
    ARROW_ASSIGN_OR_RAISE(auto child, MakeValueWriter(field->type(), path + "." + field->name(), options, context));
    children.push_back(std::move(child));
  }
  return std::make_unique<StructWriter>(std::move(keys), std::move(children));
}

ValueWriterPtr MakeScalarWriter(const arrow::DataType& type, const std::string& path, const WriteOptions& options) {
  switch (type.id()) {
    case arrow::Type::NA:
      return Simple<arrow::NullArray>([](const arrow::NullArray&, int64_t, TextBuffer* out) { return out->Append("null"); });
    case arrow::Type::BOOL:
      return Simple<arrow::BooleanArray>([](const arrow::BooleanArray& array, int64_t row, TextBuffer* out) {
        return out->Append(array.Value(row) ? "true" : "false");
      });
    case arrow::Type::INT8:
      return IntegerWriter<arrow::Int8Array>();
    case arrow::Type::INT16:
      return IntegerWriter<arrow::Int16Array>();
    case arrow::Type::INT32:
      return IntegerWriter<arrow::Int32Array>();
    case arrow::Type::INT64:
      return IntegerWriter<arrow::Int64Array>();
    case arrow::Type::UINT8:
      return IntegerWriter<arrow::UInt8Array>();
    case arrow::Type::UINT16:
      return IntegerWriter<arrow::UInt16Array>();
    case arrow::Type::UINT32:
      return IntegerWriter<arrow::UInt32Array>();
    case arrow::Type::UINT64:
      return IntegerWriter<arrow::UInt64Array>();
    case arrow::Type::FLOAT:
      return FloatWriter<arrow::FloatArray>();
    case arrow::Type::DOUBLE:
      return FloatWriter<arrow::DoubleArray>();
    case arrow::Type::STRING:
      return StringWriter<arrow::StringArray>();
    case arrow::Type::LARGE_STRING:
      return StringWriter<arrow::LargeStringArray>();
    case arrow::Type::STRING_VIEW:
      return StringWriter<arrow::StringViewArray>();
    case arrow::Type::DECIMAL128:
      return Simple<arrow::Decimal128Array>([](const arrow::Decimal128Array& array, int64_t row, TextBuffer* out) {
        return out->Append(array.FormatValue(row));
      });
    case arrow::Type::DATE32:
      return PointWriter<arrow::Date32Array>(kDayNanoseconds, false, path, options);
    case arrow::Type::DATE64:
      return PointWriter<arrow::Date64Array>(TickNanoseconds(arrow::TimeUnit::MILLI), false, path, options);
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return PointWriter<arrow::TimestampArray>(TickNanoseconds(timestamp.unit()), !timestamp.timezone().empty(), path,
                                                options);
    }
    case arrow::Type::DURATION: {
      const int64_t tick = TickNanoseconds(static_cast<const arrow::DurationType&>(type).unit());
      return TimeWriter<arrow::DurationArray>(tick, path, options,
                                              [=](int64_t value) { return FormatIsoDuration(value, tick); });
    }
    default:
      return nullptr;
  }
}

}  // namespace

Result<std::string> QuoteKey(const std::string& name, bool first) {
  TextBuffer text(arrow::default_memory_pool());
  ARROW_RETURN_NOT_OK(text.Append(first ? "{" : ","));
  ARROW_RETURN_NOT_OK(text.AppendString(name));
  ARROW_RETURN_NOT_OK(text.Append(":"));
  return std::string(reinterpret_cast<const char*>(text.data()), static_cast<size_t>(text.size()));
}

Result<ValueWriterPtr> MakeValueWriter(const std::shared_ptr<arrow::DataType>& type, const std::string& path,
                                       const WriteOptions& options, const TaskContext& context) {
  switch (type->id()) {
    case arrow::Type::STRUCT:
      return MakeStructWriter(*type, path, options, context);
    case arrow::Type::LIST:
      return MakeListWriter<arrow::ListArray>(*type, path, options, context);
    case arrow::Type::LARGE_LIST:
      return MakeListWriter<arrow::LargeListArray>(*type, path, options, context);
    case arrow::Type::FIXED_SIZE_LIST:
      return MakeListWriter<arrow::FixedSizeListArray>(*type, path, options, context);
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      ARROW_ASSIGN_OR_RAISE(auto values, MakeValueWriter(dictionary.value_type(), path, options, context));
      return std::make_unique<DictionaryWriter>(std::move(values));
    }
    case arrow::Type::EXTENSION:
      if (IsJsonType(*type)) return std::make_unique<JsonTextWriter>(path, context);
      break;
    default:
      if (auto writer = MakeScalarWriter(*type, path, options)) return writer;
  }
  return Status::TypeError("column '", path, "' of type ", type->ToString(),
                           " cannot be written as JSON; cast it to string or a number");
}

}  // namespace millstream::json_format
