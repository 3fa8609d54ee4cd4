#include "millstream/format/avro/arrow_type.h"

#include <algorithm>
#include <map>
#include <set>

#include <arrow/api.h>

namespace millstream::avro {
namespace {

using Json = nlohmann::json;

bool IsPlainNumber(const Type& type) {
  return type.logical == Logical::kNone &&
         (type.kind == Kind::kInt || type.kind == Kind::kLong || type.kind == Kind::kFloat || type.kind == Kind::kDouble);
}

/// The type that holds all of these numbers, or nullptr where not all are numbers.
TypePtr Promote(const std::vector<TypePtr>& members) {
  bool fraction = false, wide = false, only_float = true;
  for (const TypePtr& member : members) {
    if (!IsPlainNumber(*member)) return nullptr;
    fraction |= member->kind == Kind::kFloat || member->kind == Kind::kDouble;
    wide |= member->kind == Kind::kLong || member->kind == Kind::kDouble;
    only_float &= member->kind == Kind::kFloat;
  }
  if (fraction) return Primitive(only_float ? Kind::kFloat : Kind::kDouble);
  return Primitive(wide ? Kind::kLong : Kind::kInt);
}

std::shared_ptr<arrow::DataType> LogicalType(const Type& type) {
  using arrow::TimeUnit;
  switch (type.logical) {
    case Logical::kDate:
      return arrow::date32();
    case Logical::kTimeMillis:
      return arrow::time32(TimeUnit::MILLI);
    case Logical::kTimeMicros:
      return arrow::time64(TimeUnit::MICRO);
    case Logical::kTimestampMillis:
      return arrow::timestamp(TimeUnit::MILLI, "UTC");
    case Logical::kTimestampMicros:
      return arrow::timestamp(TimeUnit::MICRO, "UTC");
    case Logical::kTimestampNanos:
      return arrow::timestamp(TimeUnit::NANO, "UTC");
    case Logical::kLocalTimestampMillis:
      return arrow::timestamp(TimeUnit::MILLI);
    case Logical::kLocalTimestampMicros:
      return arrow::timestamp(TimeUnit::MICRO);
    case Logical::kLocalTimestampNanos:
      return arrow::timestamp(TimeUnit::NANO);
    case Logical::kDecimal:
      if (type.precision <= 38) return arrow::decimal128(type.precision, type.scale);
      return arrow::decimal256(type.precision, type.scale);
    case Logical::kUuid:
      return arrow::utf8();
    case Logical::kNone:
      break;
  }
  return nullptr;
}

std::shared_ptr<arrow::DataType> SingleType(const Type& type) {
  if (auto logical = LogicalType(type)) return logical;
  switch (type.kind) {
    case Kind::kNull:
      return arrow::null();
    case Kind::kBoolean:
      return arrow::boolean();
    case Kind::kInt:
      return arrow::int32();
    case Kind::kLong:
      return arrow::int64();
    case Kind::kFloat:
      return arrow::float32();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kBytes:
      return arrow::binary();
    case Kind::kFixed:
      return arrow::fixed_size_binary(static_cast<int32_t>(type.size));
    case Kind::kArray:
      return arrow::list(ToArrowField("item", type.element));
    case Kind::kMap:
      return std::make_shared<arrow::MapType>(arrow::utf8(), ToArrowField("value", type.element));
    case Kind::kRecord: {
      arrow::FieldVector fields;
      for (const Field& field : type.fields) fields.push_back(ToArrowField(field.name, field.type));
      return arrow::struct_(std::move(fields));
    }
    case Kind::kString:
    case Kind::kEnum:
    case Kind::kUnion:
      break;  // a union is never single
  }
  return arrow::utf8();
}

/// Makes schemas of Arrow types; keeps the names of nested records and fixed types apart.
class Inference {
 public:
  explicit Inference(std::string root) : used_{root} {}

  Result<Json> Record(const arrow::FieldVector& fields, const std::string& name) {
    Json list = Json::array();
    std::set<std::string> seen;
    for (const auto& field : fields) {
      if (!IsAvroName(field->name())) {
        return Status::Invalid("'", field->name(), "' is not a name Avro allows (letters, digits and _, no digit first); ",
                               "rename the column");
      }
      if (!seen.insert(field->name()).second) {
        return Status::Invalid("there are two columns '", field->name(), "'; rename one, an Avro record needs different names");
      }
      Json entry = {{"name", field->name()}};
      auto type = Nullable(*field, name + "_" + field->name());
      if (!type.ok()) return WithPlace(type.status(), "column '" + field->name() + "'");
      entry["type"] = *type;
      if (entry["type"].is_array()) entry["default"] = nullptr;
      list.push_back(std::move(entry));
    }
    return Json{{"type", "record"}, {"name", name}, {"fields", std::move(list)}};
  }

 private:
  Result<Json> Nullable(const arrow::Field& field, const std::string& name) {
    ARROW_ASSIGN_OR_RAISE(Json type, Value(*field.type(), name));
    if (!field.nullable() || type == "null") return type;
    return Json::array({"null", std::move(type)});
  }

  Result<Json> Value(const arrow::DataType& type, const std::string& name) {
    using arrow::Type;
    switch (type.id()) {
      case Type::NA:
        return "null";
      case Type::BOOL:
        return "boolean";
      case Type::INT8:
      case Type::INT16:
      case Type::INT32:
      case Type::UINT8:
      case Type::UINT16:
        return "int";
      case Type::INT64:
      case Type::UINT32:
      case Type::UINT64:
        return "long";
      case Type::HALF_FLOAT:
      case Type::FLOAT:
        return "float";
      case Type::DOUBLE:
        return "double";
      case Type::STRING:
      case Type::LARGE_STRING:
      case Type::STRING_VIEW:
        return "string";
      case Type::BINARY:
      case Type::LARGE_BINARY:
      case Type::BINARY_VIEW:
        return "bytes";
      case Type::DATE32:
      case Type::DATE64:
        return WithLogical("int", "date");
      case Type::TIME32:
        return WithLogical("int", "time-millis");
      case Type::TIME64:
        return WithLogical("long", "time-micros");
      case Type::TIMESTAMP:
        return Timestamp(static_cast<const arrow::TimestampType&>(type));
      case Type::DECIMAL32:
      case Type::DECIMAL64:
      case Type::DECIMAL128:
      case Type::DECIMAL256:
        return Decimal(static_cast<const arrow::DecimalType&>(type));
      case Type::FIXED_SIZE_BINARY:
        return Json{{"type", "fixed"},
                    {"name", Unique(name)},
                    {"size", static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width()}};
      case Type::DICTIONARY:
        return Value(*static_cast<const arrow::DictionaryType&>(type).value_type(), name);
      case Type::EXTENSION:
        return Value(*static_cast<const arrow::ExtensionType&>(type).storage_type(), name);
      case Type::STRUCT:
        return Record(type.fields(), Unique(name));
      case Type::LIST:
      case Type::LARGE_LIST:
      case Type::FIXED_SIZE_LIST: {
        ARROW_ASSIGN_OR_RAISE(Json items, Nullable(*type.field(0), name + "_item"));
        return Json{{"type", "array"}, {"items", std::move(items)}};
      }
      case Type::MAP:
        return Map(static_cast<const arrow::MapType&>(type), name);
      case Type::DURATION:
        return Status::TypeError("Avro has no type for ", type.ToString(), "; convert it to integers or seconds first");
      default:
        return Status::TypeError("Avro has no type for ", type.ToString(), "; convert or drop the column");
    }
  }

  Result<Json> Map(const arrow::MapType& type, const std::string& name) {
    const auto key = type.key_type()->id();
    if (key != arrow::Type::STRING && key != arrow::Type::LARGE_STRING) {
      return Status::TypeError("the keys of an Avro map are strings, not ", type.key_type()->ToString());
    }
    ARROW_ASSIGN_OR_RAISE(Json values, Nullable(*type.item_field(), name + "_value"));
    return Json{{"type", "map"}, {"values", std::move(values)}};
  }

  static Json WithLogical(const char* type, const std::string& logical) {
    return Json{{"type", type}, {"logicalType", logical}};
  }

  static Json Timestamp(const arrow::TimestampType& type) {
    const char* unit = type.unit() == arrow::TimeUnit::NANO    ? "nanos"
                       : type.unit() == arrow::TimeUnit::MICRO ? "micros"
                                                               : "millis";
    return WithLogical("long", std::string(type.timezone().empty() ? "local-" : "") + "timestamp-" + unit);
  }

  static Result<Json> Decimal(const arrow::DecimalType& type) {
    if (type.scale() < 0 || type.scale() > type.precision()) {
      return Status::TypeError("Avro decimals have a scale between 0 and their precision, which ", type.ToString(),
                               " has not; cast it first");
    }
    return Json{{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", type.precision()}, {"scale", type.scale()}};
  }

  std::string Unique(const std::string& name) {
    std::string candidate = name;
    for (int i = 2; !used_.insert(candidate).second; ++i) candidate = name + "_" + std::to_string(i);
    return candidate;
  }

  std::set<std::string> used_;
};

}  // namespace

Shape ShapeOf(const TypePtr& type) {
  Shape shape;
  if (type->kind != Kind::kUnion) {
    shape.nullable = type->kind == Kind::kNull;
    shape.single = type;
    return shape;
  }
  for (const TypePtr& branch : type->branches) {
    if (branch->kind == Kind::kNull) {
      shape.nullable = true;
    } else {
      shape.members.push_back(branch);
    }
  }
  if (shape.members.empty()) shape.single = type->branches[0];
  if (shape.members.size() == 1) shape.single = shape.members[0];
  if (shape.members.size() > 1) shape.single = Promote(shape.members);
  if (shape.single) {
    shape.members.clear();
    return shape;
  }
  std::map<std::string_view, int> uses;
  for (const TypePtr& member : shape.members) ++uses[ShortName(member->name)];
  for (const TypePtr& member : shape.members) {
    const bool short_name = !member->name.empty() && uses[ShortName(member->name)] == 1;
    shape.member_names.push_back(short_name ? std::string(ShortName(member->name)) : TypeName(*member));
  }
  return shape;
}

std::shared_ptr<arrow::DataType> ToArrowType(const TypePtr& type) {
  const Shape shape = ShapeOf(type);
  if (shape.single) return SingleType(*shape.single);
  static const auto kMember = arrow::key_value_metadata({{kUnionMember, "true"}});
  arrow::FieldVector fields;
  for (size_t i = 0; i < shape.members.size(); ++i) {
    fields.push_back(arrow::field(shape.member_names[i], SingleType(*shape.members[i]), true, kMember));
  }
  return arrow::struct_(std::move(fields));
}

std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, const TypePtr& type) {
  return arrow::field(name, ToArrowType(type), ShapeOf(type).nullable);
}

Result<std::shared_ptr<arrow::Schema>> ToArrowSchema(const Type& type) {
  if (type.kind != Kind::kRecord) {
    return Status::Invalid("the Avro schema is '", TypeName(type), "'; only files of records make a table");
  }
  arrow::FieldVector fields;
  for (const Field& field : type.fields) fields.push_back(ToArrowField(field.name, field.type));
  return arrow::schema(std::move(fields));
}

Result<Json> InferSchema(const arrow::Schema& schema, const std::string& name, const std::string& name_space) {
  ARROW_ASSIGN_OR_RAISE(Json record, Inference(name).Record(schema.fields(), name));
  if (!name_space.empty()) record["namespace"] = name_space;
  return record;
}

}  // namespace millstream::avro
