#include "millstream/format/csv/csv_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdio>

#include <arrow/array.h>
#include <arrow/buffer_builder.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>

#include "millstream/base/civil_time.h"
#include "millstream/format/csv/cell_text.h"
#include "millstream/format/csv/write_options.h"

namespace millstream::csv {
namespace {

constexpr int64_t kFlushBytes = 256 * 1024;

/// Text on its way to the sink, with the quoting of fields.
class FieldSink {
 public:
  FieldSink(const WriteOptions& options, arrow::MemoryPool* pool) : options_(options), text_(pool) {
    for (const char c : {options.separator, options.quote, '\n', '\r'}) special_[static_cast<uint8_t>(c)] = true;
  }

  /// A text field, quoted where it must be.
  Status Text(std::string_view field) {
    bool quote = options_.quoting != Quoting::kMinimal;
    for (const char c : field) quote |= special_[static_cast<uint8_t>(c)];
    return quote ? Quoted(field) : Raw(field);
  }
  /// A number, which needs no quotes unless all fields do, or the separator is one of its bytes.
  Status Number(std::string_view field) {
    bool quote = options_.quoting == Quoting::kAll;
    for (const char c : field) quote |= special_[static_cast<uint8_t>(c)];
    return quote ? Quoted(field) : Raw(field);
  }
  Status Missing() { return Text(options_.na_rep); }
  Status Raw(std::string_view bytes) { return text_.Append(bytes.data(), static_cast<int64_t>(bytes.size())); }

  int64_t size() const { return text_.length(); }
  Status Flush(arrow::io::OutputStream* sink) {
    if (text_.length() == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(sink->Write(text_.data(), text_.length()));
    text_.Rewind(0);
    return Status::OK();
  }

 private:
  Status Quoted(std::string_view field) {
    ARROW_RETURN_NOT_OK(text_.Reserve(static_cast<int64_t>(field.size()) * 2 + 2));
    text_.UnsafeAppend(&options_.quote, 1);
    for (const char c : field) {
      if (c == options_.quote) text_.UnsafeAppend(&c, 1);
      text_.UnsafeAppend(&c, 1);
    }
    text_.UnsafeAppend(&options_.quote, 1);
    return Status::OK();
  }

  const WriteOptions& options_;
  std::array<bool, 256> special_{};
  arrow::BufferBuilder text_;
};

/// Writes the values of one column; bound to each batch's array in turn.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  virtual Status Bind(std::shared_ptr<arrow::Array> array) {
    array_ = std::move(array);
    return Status::OK();
  }
  Status Write(int64_t row, FieldSink* sink) { return array_->IsNull(row) ? sink->Missing() : WriteValue(row, sink); }

 protected:
  virtual Status WriteValue(int64_t row, FieldSink* sink) = 0;
  template <class Array>
  const Array& As() const {
    return static_cast<const Array&>(*array_);
  }
  std::shared_ptr<arrow::Array> array_;
};

template <class Type>
class IntegerWriter final : public CellWriter {
  Status WriteValue(int64_t row, FieldSink* sink) override {
    char text[24];
    const char* end = std::to_chars(text, text + sizeof(text), As<arrow::NumericArray<Type>>().Value(row)).ptr;
    return sink->Number({text, static_cast<size_t>(end - text)});
  }
};

template <class Type>
class FloatWriter final : public CellWriter {
 public:
  explicit FloatWriter(std::string format) : format_(std::move(format)) {}

 private:
  Status WriteValue(int64_t row, FieldSink* sink) override {
    const auto value = As<arrow::NumericArray<Type>>().Value(row);
    if (std::isnan(value)) return sink->Missing();
    if (format_.empty()) {
      char text[kLongestNumber];
      return sink->Number({text, static_cast<size_t>(FormatFloat(value, text) - text)});
    }
    char text[512];  // of %99.99f: 309 digits before the point, 99 behind
    const int size = std::snprintf(text, sizeof(text), format_.c_str(), static_cast<double>(value));
    if (const char point = *std::localeconv()->decimal_point; point != '.') std::replace(text, text + size, point, '.');
    return sink->Number({text, static_cast<size_t>(size)});
  }
  const std::string format_;
};

class BoolWriter final : public CellWriter {
  Status WriteValue(int64_t row, FieldSink* sink) override {
    return sink->Number(As<arrow::BooleanArray>().Value(row) ? "True" : "False");
  }
};

template <class Array>
class TextWriter final : public CellWriter {
  Status WriteValue(int64_t row, FieldSink* sink) override { return sink->Text(As<Array>().GetView(row)); }
};

/// Values whose text is put together in a string first.
class ComposedWriter final : public CellWriter {
 public:
  using Compose = std::function<Status(const arrow::Array&, int64_t, std::string*)>;
  explicit ComposedWriter(Compose compose) : compose_(std::move(compose)) {}

 private:
  Status WriteValue(int64_t row, FieldSink* sink) override {
    text_.clear();
    ARROW_RETURN_NOT_OK(compose_(*array_, row, &text_));
    return sink->Text(text_);
  }
  const Compose compose_;
  std::string text_;
};

class NullWriter final : public CellWriter {
  Status WriteValue(int64_t, FieldSink* sink) override { return sink->Missing(); }
};

Result<std::unique_ptr<CellWriter>> MakeCellWriter(const arrow::DataType& type, const WriteOptions& options,
                                                   arrow::MemoryPool* pool);

/// Dictionary columns: each value's text comes from the dictionary.
class DictionaryWriter final : public CellWriter {
 public:
  explicit DictionaryWriter(std::unique_ptr<CellWriter> values) : values_(std::move(values)) {}
  Status Bind(std::shared_ptr<arrow::Array> array) override {
    ARROW_RETURN_NOT_OK(CellWriter::Bind(std::move(array)));
    return values_->Bind(As<arrow::DictionaryArray>().dictionary());
  }

 private:
  Status WriteValue(int64_t row, FieldSink* sink) override {
    return values_->Write(As<arrow::DictionaryArray>().GetValueIndex(row), sink);
  }
  const std::unique_ptr<CellWriter> values_;
};

template <class Array, class Append>
ComposedWriter::Compose ComposeFrom(Append append) {
  return [append](const arrow::Array& array, int64_t row, std::string* out) {
    append(static_cast<const Array&>(array).Value(row), out);
    return Status::OK();
  };
}

/// Times as pandas writes them: with a zone, what its clocks show, and unless a format is given how far that is from UTC.
class TimestampWriter final : public CellWriter {
 public:
  TimestampWriter(const arrow::TimestampType& type, std::string format, arrow::MemoryPool* pool)
      : unit_(type.unit()), zoned_(!type.timezone().empty()), format_(std::move(format)), pool_(pool) {}

  Status Bind(std::shared_ptr<arrow::Array> array) override {
    local_ = array;
    if (zoned_) {
      arrow::compute::ExecContext context(pool_);
      context.set_use_threads(false);
      ARROW_ASSIGN_OR_RAISE(const auto local, arrow::compute::LocalTimestamp(array, &context));
      local_ = local.make_array();
    }
    return CellWriter::Bind(std::move(array));
  }

 private:
  Status WriteValue(int64_t row, FieldSink* sink) override {
    const int64_t local = static_cast<const arrow::TimestampArray&>(*local_).Value(row);
    const int64_t offset = (local - As<arrow::TimestampArray>().Value(row)) / UnitsPerSecond(unit_);
    text_.clear();
    if (!format_.empty()) {
      AppendFormattedTime(local, unit_, format_, zoned_ ? std::optional(offset) : std::nullopt, &text_);
    } else {
      AppendTimestamp(local, unit_, &text_);
      if (zoned_) AppendOffset(offset, ":", &text_);
    }
    return sink->Text(text_);
  }

  const arrow::TimeUnit::type unit_;
  const bool zoned_;
  const std::string format_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::Array> local_;  ///< without a zone
  std::string text_;
};

/// Types whose values are composed; nullptr for others.
ComposedWriter::Compose MakeCompose(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::DATE32:
      return ComposeFrom<arrow::Date32Array>([](int64_t value, std::string* out) { AppendDate(value, out); });
    case arrow::Type::TIME32: {
      const auto unit = static_cast<const arrow::TimeType&>(type).unit();
      return ComposeFrom<arrow::Time32Array>([unit](int64_t value, std::string* out) { AppendTimeOfDay(value, unit, out); });
    }
    case arrow::Type::TIME64: {
      const auto unit = static_cast<const arrow::TimeType&>(type).unit();
      return ComposeFrom<arrow::Time64Array>([unit](int64_t value, std::string* out) { AppendTimeOfDay(value, unit, out); });
    }
    case arrow::Type::DURATION: {
      const auto unit = static_cast<const arrow::DurationType&>(type).unit();
      return ComposeFrom<arrow::DurationArray>([unit](int64_t value, std::string* out) { AppendDuration(value, unit, out); });
    }
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::STRUCT:
    case arrow::Type::MAP:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return AppendJson;
    case arrow::Type::EXTENSION: {
      const bool is_json = static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.json";
      return is_json ? ComposedWriter::Compose(AppendJson) : nullptr;
    }
    default:
      return nullptr;
  }
}

bool HasDirective(std::string_view format, char directive) {
  for (size_t i = 0; i + 1 < format.size(); ++i) {
    if (format[i] == '%' && format[++i] == directive) return true;
  }
  return false;
}

Result<std::unique_ptr<CellWriter>> MakeCellWriter(const arrow::DataType& type, const WriteOptions& options,
                                                   arrow::MemoryPool* pool) {
  switch (type.id()) {
    case arrow::Type::NA:
      return std::make_unique<NullWriter>();
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      if (!timestamp.timezone().empty() && HasDirective(options.date_format, 'Z')) {
        return Status::NotImplemented(
            "date_format: the name of a time zone (%Z) cannot be written; write its offset (%z), or a "
            "column of text, dt.strftime('",
            options.date_format, "')");
      }
      return std::make_unique<TimestampWriter>(timestamp, options.date_format, pool);
    }
    case arrow::Type::BOOL:
      return std::make_unique<BoolWriter>();
    case arrow::Type::INT8:
      return std::make_unique<IntegerWriter<arrow::Int8Type>>();
    case arrow::Type::INT16:
      return std::make_unique<IntegerWriter<arrow::Int16Type>>();
    case arrow::Type::INT32:
      return std::make_unique<IntegerWriter<arrow::Int32Type>>();
    case arrow::Type::INT64:
      return std::make_unique<IntegerWriter<arrow::Int64Type>>();
    case arrow::Type::UINT8:
      return std::make_unique<IntegerWriter<arrow::UInt8Type>>();
    case arrow::Type::UINT16:
      return std::make_unique<IntegerWriter<arrow::UInt16Type>>();
    case arrow::Type::UINT32:
      return std::make_unique<IntegerWriter<arrow::UInt32Type>>();
    case arrow::Type::UINT64:
      return std::make_unique<IntegerWriter<arrow::UInt64Type>>();
    case arrow::Type::FLOAT:
      return std::make_unique<FloatWriter<arrow::FloatType>>(options.float_format);
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatWriter<arrow::DoubleType>>(options.float_format);
    case arrow::Type::STRING:
      return std::make_unique<TextWriter<arrow::StringArray>>();
    case arrow::Type::LARGE_STRING:
      return std::make_unique<TextWriter<arrow::LargeStringArray>>();
    case arrow::Type::STRING_VIEW:
      return std::make_unique<TextWriter<arrow::StringViewArray>>();
    case arrow::Type::DICTIONARY: {
      ARROW_ASSIGN_OR_RAISE(auto values,
                            MakeCellWriter(*static_cast<const arrow::DictionaryType&>(type).value_type(), options, pool));
      return std::make_unique<DictionaryWriter>(std::move(values));
    }
    default:
      if (auto compose = MakeCompose(type)) return std::make_unique<ComposedWriter>(std::move(compose));
      return Status::TypeError("a column of type ", type.ToString(), " cannot be written as CSV; cast it to a string first");
  }
}

class CsvWriter final : public FileWriter {
 public:
  CsvWriter(WriteOptions options, std::shared_ptr<arrow::io::OutputStream> sink, const TaskContext& context)
      : options_(std::move(options)), sink_(std::move(sink)), context_(context), fields_(options_, context.pool) {}

  Status Start(const arrow::Schema& schema) {
    for (const auto& field : schema.fields()) {
      auto writer = MakeCellWriter(*field->type(), options_, context_.pool);
      if (!writer.ok()) return WithPlace(writer.status(), "column '" + field->name() + "'");
      cells_.push_back(std::move(*writer));
      ARROW_ASSIGN_OR_RAISE(auto none, arrow::MakeArrayOfNull(field->type(), 0, context_.pool));
      empty_.push_back(std::move(none));
    }
    if (options_.names && options_.names->size() != cells_.size()) {
      return Status::Invalid("CSV option header has ", options_.names->size(), " names for ", cells_.size(), " columns");
    }
    if (!options_.header) return Status::OK();
    const auto names = options_.names ? *options_.names : schema.field_names();
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) ARROW_RETURN_NOT_OK(fields_.Raw({&options_.separator, 1}));
      ARROW_RETURN_NOT_OK(fields_.Text(names[i]));
    }
    return EndRow(names.size() == 1 && names[0].empty());
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    for (size_t i = 0; i < cells_.size(); ++i) ARROW_RETURN_NOT_OK(cells_[i]->Bind(batch.column(static_cast<int>(i))));
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      const int64_t before = fields_.size();
      for (size_t i = 0; i < cells_.size(); ++i) {
        if (i > 0) ARROW_RETURN_NOT_OK(fields_.Raw({&options_.separator, 1}));
        ARROW_RETURN_NOT_OK(cells_[i]->Write(row, &fields_));
      }
      ARROW_RETURN_NOT_OK(EndRow(cells_.size() == 1 && fields_.size() == before));
      if (fields_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(fields_.Flush(sink_.get()));
    }
    for (size_t i = 0; i < cells_.size(); ++i) ARROW_RETURN_NOT_OK(cells_[i]->Bind(empty_[i]));
    return Status::OK();
  }

  Status Finish() override { return fields_.Flush(sink_.get()); }
  int64_t buffered_bytes() const override { return fields_.size(); }

 private:
  /// `blank`: the row would be a blank line, which readers pass over; its one empty field is quoted then.
  Status EndRow(bool blank) {
    const char quotes[] = {options_.quote, options_.quote};
    if (blank) ARROW_RETURN_NOT_OK(fields_.Raw({quotes, 2}));
    return fields_.Raw(options_.line_end);
  }

  const WriteOptions options_;
  const std::shared_ptr<arrow::io::OutputStream> sink_;
  const TaskContext context_;
  FieldSink fields_;
  std::vector<std::unique_ptr<CellWriter>> cells_;
  arrow::ArrayVector empty_;  ///< what the cells are bound to between batches
};

}  // namespace

Result<std::unique_ptr<FileWriter>> MakeCsvWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                  const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto parsed, WriteOptions::FromJson(options));
  auto writer = std::make_unique<CsvWriter>(std::move(parsed), std::move(sink), context);
  ARROW_RETURN_NOT_OK(writer->Start(*schema));
  return writer;
}

}  // namespace millstream::csv
