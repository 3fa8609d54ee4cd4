#include "millstream/expr/scalar_json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <arrow/util/utf8.h>

namespace millstream {
namespace {

using arrow::DataType;
using arrow::TimeUnit;
using arrow::Type;
using nlohmann::json;

// JSON text must be UTF-8.
bool IsUtf8(std::string_view text) {
  static const bool tables_ready = (arrow::util::InitializeUTF8(), true);
  return tables_ready && arrow::util::ValidateUTF8(text);
}

const std::vector<std::pair<std::string, std::shared_ptr<DataType>>>& NamedTypes() {
  static const std::vector<std::pair<std::string, std::shared_ptr<DataType>>> types = {
      {"null", arrow::null()},
      {"bool", arrow::boolean()},
      {"int8", arrow::int8()},
      {"int16", arrow::int16()},
      {"int32", arrow::int32()},
      {"int64", arrow::int64()},
      {"uint8", arrow::uint8()},
      {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},
      {"uint64", arrow::uint64()},
      {"float32", arrow::float32()},
      {"float64", arrow::float64()},
      {"string", arrow::utf8()},
      {"large_string", arrow::large_utf8()},
      {"string_view", arrow::utf8_view()},
      {"binary", arrow::binary()},
      {"large_binary", arrow::large_binary()},
      {"date32", arrow::date32()},
      {"date64", arrow::date64()},
      {"time32[s]", arrow::time32(TimeUnit::SECOND)},
      {"time32[ms]", arrow::time32(TimeUnit::MILLI)},
      {"time64[us]", arrow::time64(TimeUnit::MICRO)},
      {"time64[ns]", arrow::time64(TimeUnit::NANO)},
      {"duration[s]", arrow::duration(TimeUnit::SECOND)},
      {"duration[ms]", arrow::duration(TimeUnit::MILLI)},
      {"duration[us]", arrow::duration(TimeUnit::MICRO)},
      {"duration[ns]", arrow::duration(TimeUnit::NANO)},
      {"timestamp[s]", arrow::timestamp(TimeUnit::SECOND)},
      {"timestamp[ms]", arrow::timestamp(TimeUnit::MILLI)},
      {"timestamp[us]", arrow::timestamp(TimeUnit::MICRO)},
      {"timestamp[ns]", arrow::timestamp(TimeUnit::NANO)},
  };
  return types;
}

// ---- Arrow IPC in base64, for all that has no readable form ----

json IpcToJson(const Result<std::string>& bytes) {
  if (!bytes.ok()) return {{"unsupported", bytes.status().message()}};
  return {{"ipc", arrow::util::base64_encode(*bytes)}};
}

Result<std::shared_ptr<arrow::io::BufferReader>> IpcFromJson(const json& json) {
  if (auto reason = json.find("unsupported"); reason != json.end()) {
    return Status::NotImplemented("this value could not be serialised: ", reason->dump());
  }
  auto text = json.find("ipc");
  if (text == json.end() || !text->is_string()) {
    return Status::Invalid("expected a JSON object with 'ipc', not ", json.dump(-1, ' ', true, json::error_handler_t::replace));
  }
  ARROW_ASSIGN_OR_RAISE(std::string bytes, arrow::util::base64_decode(text->get_ref<const std::string&>()));
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes)));
}

Result<std::string> SchemaBytes(const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::ipc::SerializeSchema(schema));
  return buffer->ToString();
}

Result<std::shared_ptr<arrow::Schema>> SchemaFromBytes(const json& json) {
  ARROW_ASSIGN_OR_RAISE(auto input, IpcFromJson(json));
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadSchema(input.get(), &memo);
}

Result<std::string> ScalarBytes(const arrow::Scalar& scalar) {
  ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeArrayFromScalar(scalar, 1));
  auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("value", scalar.type)}), 1, {array});
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, batch->schema()));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(auto buffer, sink->Finish());
  return buffer->ToString();
}

Result<std::shared_ptr<arrow::Scalar>> ScalarFromBytes(const json& json) {
  ARROW_ASSIGN_OR_RAISE(auto input, IpcFromJson(json));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(input));
  std::shared_ptr<arrow::RecordBatch> batch;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  if (!batch || batch->num_rows() != 1 || batch->num_columns() != 1) {
    return Status::Invalid("a serialised scalar must hold exactly one value");
  }
  ARROW_RETURN_NOT_OK(batch->ValidateFull());
  return batch->column(0)->GetScalar(0);
}

// ---- readable types ----

Result<std::shared_ptr<DataType>> ParameterType(const std::string& name) {
  constexpr std::string_view kZone = ", tz=";
  if (const size_t zone = name.find(kZone); name.starts_with("timestamp[") && name.ends_with("]") && zone != name.npos) {
    for (auto unit : {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}) {
      const auto plain = arrow::timestamp(unit)->ToString();  // "timestamp[us]"
      if (name.substr(0, zone) + "]" != plain) continue;
      const size_t begin = zone + kZone.size();
      return arrow::timestamp(unit, name.substr(begin, name.size() - 1 - begin));
    }
  }
  const bool wide = name.starts_with("decimal256(");
  if (wide || name.starts_with("decimal128(")) {
    int32_t precision = 0, scale = 0;
    const char* end = name.data() + name.size();
    auto [comma, error] = std::from_chars(name.data() + 11, end, precision);
    if (error == std::errc() && end - comma > 2 && comma[0] == ',' && comma[1] == ' ') {
      auto [close, scale_error] = std::from_chars(comma + 2, end, scale);
      if (scale_error == std::errc() && std::string_view(close, end - close) == ")") {
        return wide ? arrow::Decimal256Type::Make(precision, scale) : arrow::Decimal128Type::Make(precision, scale);
      }
    }
  }
  return Status::Invalid("unknown type '", name, "' in JSON");
}

// ---- readable scalars ----

json FloatToJson(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

// null where the value has no readable form.
struct ValueToJson {
  json result;

  template <typename ScalarType>
  Status Visit(const ScalarType& scalar) {
    using T = typename ScalarType::TypeClass;
    if constexpr (std::is_same_v<T, arrow::HalfFloatType>) {
      return Status::OK();
    } else if constexpr (arrow::is_floating_type<T>::value) {
      result = FloatToJson(scalar.value);
    } else if constexpr (arrow::is_boolean_type<T>::value || arrow::is_integer_type<T>::value) {
      result = scalar.value;
    } else if constexpr (arrow::is_date_type<T>::value || arrow::is_time_type<T>::value || arrow::is_timestamp_type<T>::value ||
                         arrow::is_duration_type<T>::value) {
      result = static_cast<int64_t>(scalar.value);
    } else if constexpr (std::is_same_v<T, arrow::Decimal128Type> || std::is_same_v<T, arrow::Decimal256Type>) {
      result = scalar.value.ToString(static_cast<const T&>(*scalar.type).scale());
    }
    return Status::OK();
  }
};

struct ValueFromJson {
  const json& value;
  const std::shared_ptr<DataType>& type;
  std::shared_ptr<arrow::Scalar> result;

  Status Mismatch() const {
    return Status::Invalid("value ", value.dump(-1, ' ', true, json::error_handler_t::replace), " in JSON does not fit type ",
                           type->ToString());
  }

  template <typename Number>
  Result<Number> Integer() const {
    if (value.is_number_unsigned()) {
      const auto number = value.get<uint64_t>();
      if (number <= static_cast<uint64_t>(std::numeric_limits<Number>::max())) return static_cast<Number>(number);
    } else if (value.is_number_integer()) {
      const auto number = value.get<int64_t>();
      if (std::is_signed_v<Number> && number >= static_cast<int64_t>(std::numeric_limits<Number>::min()) &&
          number <= static_cast<int64_t>(std::numeric_limits<Number>::max())) {
        return static_cast<Number>(number);
      }
    }
    return Mismatch();
  }

  Result<double> Float() const {
    if (value.is_number()) return value.get<double>();
    if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (value == "inf") return std::numeric_limits<double>::infinity();
    if (value == "-inf") return -std::numeric_limits<double>::infinity();
    return Mismatch();
  }

  template <typename T>
  Status Visit(const T& data_type) {
    if constexpr (std::is_same_v<T, arrow::HalfFloatType>) {
      return Mismatch();
    } else if constexpr (arrow::is_floating_type<T>::value) {
      ARROW_ASSIGN_OR_RAISE(double number, Float());
      return Set(static_cast<typename T::c_type>(number));
    } else if constexpr (arrow::is_boolean_type<T>::value) {
      if (!value.is_boolean()) return Mismatch();
      return Set(value.get<bool>());
    } else if constexpr (arrow::is_integer_type<T>::value || arrow::is_date_type<T>::value || arrow::is_time_type<T>::value ||
                         arrow::is_timestamp_type<T>::value || arrow::is_duration_type<T>::value) {
      ARROW_ASSIGN_OR_RAISE(auto number, Integer<typename T::c_type>());
      return Set(number);
    } else if constexpr (std::is_same_v<T, arrow::StringType> || std::is_same_v<T, arrow::LargeStringType> ||
                         std::is_same_v<T, arrow::StringViewType>) {
      if (!value.is_string()) return Mismatch();
      return Set(arrow::Buffer::FromString(value.get<std::string>()));
    } else if constexpr (std::is_same_v<T, arrow::Decimal128Type> || std::is_same_v<T, arrow::Decimal256Type>) {
      if (!value.is_string()) return Mismatch();
      typename arrow::TypeTraits<T>::ScalarType::ValueType number;
      int32_t precision = 0, scale = 0;
      ARROW_RETURN_NOT_OK(decltype(number)::FromString(value.get<std::string>(), &number, &precision, &scale));
      ARROW_ASSIGN_OR_RAISE(number, number.Rescale(scale, data_type.scale()));
      if (!number.FitsInPrecision(data_type.precision())) return Mismatch();
      return Set(number);
    } else {
      return Mismatch();
    }
  }

  template <typename V>
  Status Set(V&& plain) {
    return arrow::MakeScalar(type, std::forward<V>(plain)).Value(&result);
  }
};

}  // namespace

json TypeToJson(const DataType& type) {
  for (const auto& [name, known] : NamedTypes()) {
    if (known->Equals(type)) return name;
  }
  const bool readable = type.id() == Type::TIMESTAMP || type.id() == Type::DECIMAL128 || type.id() == Type::DECIMAL256;
  if (readable && IsUtf8(type.ToString())) return type.ToString();
  return IpcToJson(SchemaBytes(arrow::Schema({arrow::field("value", type.GetSharedPtr())})));
}

Result<std::shared_ptr<DataType>> TypeFromJson(const json& json) {
  if (json.is_string()) {
    const auto& name = json.get_ref<const std::string&>();
    for (const auto& [known, type] : NamedTypes()) {
      if (known == name) return type;
    }
    return ParameterType(name);
  }
  ARROW_ASSIGN_OR_RAISE(auto schema, SchemaFromBytes(json));
  if (schema->num_fields() != 1) return Status::Invalid("a serialised type must hold exactly one field");
  return schema->field(0)->type();
}

json SchemaToJson(const arrow::Schema& schema) {
  json fields = json::array();
  for (const auto& field : schema.fields()) {
    const bool readable = !field->HasMetadata() && IsUtf8(field->name());
    if (!readable || schema.HasMetadata()) return IpcToJson(SchemaBytes(schema));
    json item = {{"name", field->name()}, {"type", TypeToJson(*field->type())}};
    if (!field->nullable()) item["nullable"] = false;
    fields.push_back(std::move(item));
  }
  if (schema.HasMetadata()) return IpcToJson(SchemaBytes(schema));
  return fields;
}

Result<std::shared_ptr<arrow::Schema>> SchemaFromJson(const json& json) {
  if (!json.is_array()) return SchemaFromBytes(json);
  arrow::FieldVector fields;
  for (const auto& item : json) {
    auto name = item.find("name");
    auto type_json = item.find("type");
    if (!item.is_object() || name == item.end() || !name->is_string() || type_json == item.end()) {
      return Status::Invalid("a field of a schema in JSON needs 'name' and 'type'");
    }
    ARROW_ASSIGN_OR_RAISE(auto type, TypeFromJson(*type_json));
    auto nullable = item.find("nullable");
    if (nullable != item.end() && !nullable->is_boolean()) return Status::Invalid("'nullable' of a field must be a boolean");
    fields.push_back(arrow::field(name->get<std::string>(), std::move(type), nullable == item.end() || nullable->get<bool>()));
  }
  return arrow::schema(std::move(fields));
}

json ScalarToJson(const arrow::Scalar& scalar) {
  json type = TypeToJson(*scalar.type);
  if (scalar.is_valid && type.is_string() && arrow::is_base_binary_like(scalar.type->id())) {
    const auto bytes = static_cast<const arrow::BaseBinaryScalar&>(scalar).view();
    if (arrow::is_string(scalar.type->id()) && IsUtf8(bytes)) return {{"type", std::move(type)}, {"value", bytes}};
    return {{"type", std::move(type)}, {"base64", arrow::util::base64_encode(bytes)}};
  }
  if (!scalar.is_valid && type.is_string()) return {{"type", std::move(type)}, {"value", nullptr}};
  if (scalar.is_valid && type.is_string()) {
    ValueToJson visitor;
    if (arrow::VisitScalarInline(scalar, &visitor).ok() && !visitor.result.is_null()) {
      return {{"type", std::move(type)}, {"value", std::move(visitor.result)}};
    }
  }
  return IpcToJson(ScalarBytes(scalar));
}

Result<std::shared_ptr<arrow::Scalar>> ScalarFromJson(const json& json) {
  if (!json.is_object()) return Status::Invalid("a value in JSON must be an object with 'type' and 'value'");
  auto type_json = json.find("type");
  if (type_json == json.end()) return ScalarFromBytes(json);
  ARROW_ASSIGN_OR_RAISE(auto type, TypeFromJson(*type_json));
  if (auto base64 = json.find("base64"); base64 != json.end()) {
    if (!base64->is_string() || !arrow::is_base_binary_like(type->id())) {
      return Status::Invalid("'base64' in JSON must be a string, and its type a string or binary one");
    }
    ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::util::base64_decode(base64->get_ref<const std::string&>()));
    return arrow::MakeScalar(type, arrow::Buffer::FromString(std::move(bytes)));
  }
  auto value = json.find("value");
  if (value == json.end()) return Status::Invalid("a value in JSON needs 'value' beside its 'type'");
  if (value->is_null()) return arrow::MakeNullScalar(type);
  ValueFromJson visitor{*value, type, nullptr};
  ARROW_RETURN_NOT_OK(arrow::VisitTypeInline(*type, &visitor));
  return visitor.result;
}

}  // namespace millstream
