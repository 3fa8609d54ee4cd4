// Nested values as JSON text.
#include <cmath>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/visit_array_inline.h>

#include "millstream/base/civil_time.h"
#include "millstream/format/csv/cell_text.h"

namespace millstream::csv {
namespace {

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (byte < 0x20) {
      out->append("\\u00").push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

class JsonVisitor {
 public:
  JsonVisitor(int64_t row, std::string* out) : row_(row), out_(out) {}

  Status Visit(const arrow::NullArray&) { return Append("null"); }
  Status Visit(const arrow::BooleanArray& array) { return Append(array.Value(row_) ? "true" : "false"); }
  template <class Type>
  arrow::enable_if_t<arrow::is_integer_type<Type>::value, Status> Visit(const arrow::NumericArray<Type>& array) {
    return Append(std::to_string(array.Value(row_)));
  }
  Status Visit(const arrow::FloatArray& array) { return AppendFloat(array.Value(row_)); }
  Status Visit(const arrow::DoubleArray& array) { return AppendFloat(array.Value(row_)); }
  Status Visit(const arrow::StringArray& array) { return AppendString(array.GetView(row_)); }
  Status Visit(const arrow::LargeStringArray& array) { return AppendString(array.GetView(row_)); }
  Status Visit(const arrow::StringViewArray& array) { return AppendString(array.GetView(row_)); }
  Status Visit(const arrow::Decimal128Array& array) { return Append(array.FormatValue(row_)); }
  Status Visit(const arrow::Decimal256Array& array) { return Append(array.FormatValue(row_)); }
  Status Visit(const arrow::Date32Array& array) {
    return Quoted([&](std::string* text) { AppendDate(array.Value(row_), text); });
  }
  Status Visit(const arrow::TimestampArray& array) {
    const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
    return Quoted([&](std::string* text) {
      AppendTimestamp(array.Value(row_), type.unit(), text);
      if (!type.timezone().empty()) AppendOffset(0, ":", text);
    });
  }
  Status Visit(const arrow::StructArray& array) {
    out_->push_back('{');
    for (int i = 0; i < array.num_fields(); ++i) {
      if (i > 0) out_->push_back(',');
      AppendJsonString(array.type()->field(i)->name(), out_);
      out_->push_back(':');
      ARROW_RETURN_NOT_OK(AppendJson(*array.field(i), row_, out_));
    }
    return Append("}");
  }
  Status Visit(const arrow::ListArray& array) { return AppendList(array); }
  Status Visit(const arrow::LargeListArray& array) { return AppendList(array); }
  Status Visit(const arrow::FixedSizeListArray& array) { return AppendList(array); }
  Status Visit(const arrow::MapArray& array) {
    out_->push_back('{');
    const int64_t begin = array.value_offset(row_);
    for (int64_t i = begin; i < begin + array.value_length(row_); ++i) {
      if (i > begin) out_->push_back(',');
      std::string key;
      ARROW_RETURN_NOT_OK(AppendJson(*array.keys(), i, &key));
      key.front() == '"' ? void(out_->append(key)) : AppendJsonString(key, out_);
      out_->push_back(':');
      ARROW_RETURN_NOT_OK(AppendJson(*array.items(), i, out_));
    }
    return Append("}");
  }
  Status Visit(const arrow::DictionaryArray& array) { return AppendJson(*array.dictionary(), array.GetValueIndex(row_), out_); }
  Status Visit(const arrow::ExtensionArray& array) {
    const arrow::Array& storage = *array.storage();
    if (array.extension_type()->extension_name() != "arrow.json" || storage.type_id() != arrow::Type::STRING) {
      return AppendJson(storage, row_, out_);
    }
    return Append(static_cast<const arrow::StringArray&>(storage).GetView(row_));  // JSON already
  }
  Status Visit(const arrow::Array& array) {
    return Status::TypeError("values of type ", array.type()->ToString(), " have no JSON form");
  }

 private:
  Status Append(std::string_view text) {
    out_->append(text);
    return Status::OK();
  }
  Status AppendString(std::string_view text) {
    AppendJsonString(text, out_);
    return Status::OK();
  }
  template <class Float>
  Status AppendFloat(Float value) {
    if (!std::isfinite(value)) return Append("null");
    char text[kLongestNumber];
    out_->append(text, FormatFloat(value, text));
    return Status::OK();
  }
  template <class Write>
  Status Quoted(Write write) {
    out_->push_back('"');
    write(out_);
    return Append("\"");
  }
  template <class List>
  Status AppendList(const List& array) {
    out_->push_back('[');
    const int64_t begin = array.value_offset(row_);
    for (int64_t i = begin; i < begin + array.value_length(row_); ++i) {
      if (i > begin) out_->push_back(',');
      ARROW_RETURN_NOT_OK(AppendJson(*array.values(), i, out_));
    }
    return Append("]");
  }

  const int64_t row_;
  std::string* const out_;
};

}  // namespace

Status AppendJson(const arrow::Array& array, int64_t row, std::string* out) {
  if (array.IsNull(row)) {
    out->append("null");
    return Status::OK();
  }
  JsonVisitor visitor(row, out);
  return arrow::VisitArrayInline(array, &visitor);
}

}  // namespace millstream::csv
