#include "millstream/format/avro/avro_type.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace millstream::avro {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<const char*, Kind>, 8> kPrimitives = {{
    {"null", Kind::kNull},
    {"boolean", Kind::kBoolean},
    {"int", Kind::kInt},
    {"long", Kind::kLong},
    {"float", Kind::kFloat},
    {"double", Kind::kDouble},
    {"bytes", Kind::kBytes},
    {"string", Kind::kString},
}};

struct LogicalName {
  const char* name;
  Logical logical;
  Kind kind;
};
constexpr std::array<LogicalName, 9> kLogicals = {{
    {"date", Logical::kDate, Kind::kInt},
    {"time-millis", Logical::kTimeMillis, Kind::kInt},
    {"time-micros", Logical::kTimeMicros, Kind::kLong},
    {"timestamp-millis", Logical::kTimestampMillis, Kind::kLong},
    {"timestamp-micros", Logical::kTimestampMicros, Kind::kLong},
    {"timestamp-nanos", Logical::kTimestampNanos, Kind::kLong},
    {"local-timestamp-millis", Logical::kLocalTimestampMillis, Kind::kLong},
    {"local-timestamp-micros", Logical::kLocalTimestampMicros, Kind::kLong},
    {"local-timestamp-nanos", Logical::kLocalTimestampNanos, Kind::kLong},
}};

int64_t PrimitiveMinBytes(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return 0;
    case Kind::kFloat:
      return 4;
    case Kind::kDouble:
      return 8;
    default:
      return 1;
  }
}

/// A string member, or nullptr.
const std::string* StringMember(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() ? nullptr : it->get_ptr<const std::string*>();
}

/// The most decimal digits that a two's complement number of `bytes` bytes can hold.
int MaxPrecision(int64_t bytes) { return static_cast<int>(std::min<int64_t>(76, (bytes * 8 - 1) * 30103 / 100000)); }

void ApplyLogical(const Json& schema, Type* type) {
  const std::string* name = StringMember(schema, "logicalType");
  if (name == nullptr) return;
  for (const LogicalName& known : kLogicals) {
    if (*name == known.name && type->kind == known.kind) type->logical = known.logical;
  }
  if (*name == "uuid" && (type->kind == Kind::kString || (type->kind == Kind::kFixed && type->size == 16))) {
    type->logical = Logical::kUuid;
  }
  if (*name != "decimal" || (type->kind != Kind::kBytes && type->kind != Kind::kFixed)) return;
  const auto precision = schema.find("precision");
  const auto scale = schema.find("scale");
  if (precision == schema.end() || !precision->is_number_integer()) return;
  if (scale != schema.end() && !scale->is_number_integer()) return;
  const int64_t digits = precision->get<int64_t>();
  const int64_t decimals = scale == schema.end() ? 0 : scale->get<int64_t>();
  const int most = type->kind == Kind::kFixed ? MaxPrecision(type->size) : 76;
  if (digits < 1 || digits > most || decimals < 0 || decimals > digits) return;
  type->logical = Logical::kDecimal;
  type->precision = static_cast<int>(digits);
  type->scale = static_cast<int>(decimals);
}

class Parser {
 public:
  Result<TypePtr> Parse(const Json& schema, const std::string& space, int depth) {
    if (depth > kMaxSchemaDepth) {
      return Status::NotImplemented("the Avro schema is nested deeper than ", kMaxSchemaDepth, " levels");
    }
    if (const auto* name = schema.get_ptr<const std::string*>()) return Named(*name, space);
    if (schema.is_array()) return Union(schema, space, depth);
    if (!schema.is_object()) {
      return Status::Invalid("an Avro schema is a name, a union or an object, not ", schema.type_name());
    }
    const auto kind = schema.find("type");
    if (kind == schema.end()) return Status::Invalid("an object of the Avro schema has no \"type\"");
    // {"type": {"type": "string"}} and {"type": ["null", "string"]} are written by some tools.
    if (!kind->is_string()) return Parse(*kind, space, depth + 1);
    const std::string& name = *kind->get_ptr<const std::string*>();
    if (name == "record" || name == "error") return Record(schema, space, depth);
    if (name == "enum") return Enum(schema, space);
    if (name == "fixed") return Fixed(schema, space);
    if (name == "array") return Container(Kind::kArray, schema, "items", space, depth);
    if (name == "map") return Container(Kind::kMap, schema, "values", space, depth);
    ARROW_ASSIGN_OR_RAISE(TypePtr plain, Named(name, space));
    if (!schema.contains("logicalType") || !plain->name.empty()) return plain;
    auto type = std::make_shared<Type>(*plain);
    ApplyLogical(schema, type.get());
    return type;
  }

 private:
  Result<TypePtr> Named(const std::string& name, const std::string& space) {
    for (const auto& [text, kind] : kPrimitives) {
      if (name == text) return Primitive(kind);
    }
    const std::string full = name.find('.') != std::string::npos || space.empty() ? name : space + "." + name;
    for (const std::string& candidate : {full, name}) {
      if (open_.contains(candidate)) {
        return Status::NotImplemented("the Avro type '", candidate, "' contains itself; recursive types have no column type");
      }
      if (const auto it = named_.find(candidate); it != named_.end()) return it->second;
    }
    return Status::Invalid("the Avro schema names the type '", name, "', which it does not define");
  }

  /// Reads "name" and "namespace"; `space` becomes the namespace of what is inside.
  Result<std::string> FullName(const Json& schema, const char* kind, std::string* space) {
    const std::string* name = StringMember(schema, "name");
    if (name == nullptr || name->empty()) return Status::Invalid("an Avro ", kind, " has no name");
    std::string full = *name;
    if (const size_t dot = full.rfind('.'); dot != std::string::npos) {
      *space = full.substr(0, dot);
    } else {
      if (const std::string* given = StringMember(schema, "namespace")) *space = *given;
      if (!space->empty()) full = *space + "." + full;
    }
    if (named_.contains(full) || open_.contains(full)) {
      return Status::Invalid("the Avro schema defines the type '", full, "' twice");
    }
    return full;
  }

  static Status CheckSize(const Type& type) {
    if (type.nodes <= kMaxSchemaNodes) return Status::OK();
    return Status::NotImplemented("the Avro schema has more than ", kMaxSchemaNodes, " types once '", TypeName(type),
                                  "' is expanded");
  }

  Result<TypePtr> Record(const Json& schema, std::string space, int depth) {
    auto type = std::make_shared<Type>();
    type->kind = Kind::kRecord;
    ARROW_ASSIGN_OR_RAISE(type->name, FullName(schema, "record", &space));
    const auto fields = schema.find("fields");
    if (fields == schema.end() || !fields->is_array()) {
      return Status::Invalid("the Avro record '", type->name, "' has no array of \"fields\"");
    }
    open_.insert(type->name);
    std::set<std::string> names;
    for (const Json& item : *fields) {
      ARROW_ASSIGN_OR_RAISE(Field field, ParseField(item, *type, space, depth));
      if (!names.insert(field.name).second) {
        return Status::Invalid("the Avro record '", type->name, "' has two fields '", field.name, "'");
      }
      type->nodes += field.type->nodes;
      type->min_bytes += field.type->min_bytes;
      ARROW_RETURN_NOT_OK(CheckSize(*type));
      type->fields.push_back(std::move(field));
    }
    open_.erase(type->name);
    named_[type->name] = type;
    return type;
  }

  Result<Field> ParseField(const Json& item, const Type& record, const std::string& space, int depth) {
    const std::string* name = item.is_object() ? StringMember(item, "name") : nullptr;
    if (name == nullptr) return Status::Invalid("a field of the Avro record '", record.name, "' has no name");
    const auto kind = item.find("type");
    if (kind == item.end()) {
      return Status::Invalid("field '", *name, "' of the Avro record '", record.name, "' has no type");
    }
    Field field{*name, {}, nullptr, std::nullopt};
    auto parsed = Parse(*kind, space, depth + 1);
    if (!parsed.ok()) return WithPlace(parsed.status(), "field '" + *name + "'");
    field.type = *parsed;
    // {"name": "d", "type": "int", "logicalType": "date"} is not in the specification, but is written and read elsewhere.
    if (item.contains("logicalType") && kind->is_string() && field.type->name.empty()) {
      auto logical = std::make_shared<Type>(*field.type);
      ApplyLogical(item, logical.get());
      field.type = logical;
    }
    if (const auto value = item.find("default"); value != item.end()) field.default_value = *value;
    if (const auto aliases = item.find("aliases"); aliases != item.end() && aliases->is_array()) {
      for (const Json& alias : *aliases) {
        if (alias.is_string()) field.aliases.push_back(alias.get<std::string>());
      }
    }
    return field;
  }

  Result<TypePtr> Enum(const Json& schema, std::string space) {
    auto type = std::make_shared<Type>();
    type->kind = Kind::kEnum;
    type->min_bytes = 1;
    ARROW_ASSIGN_OR_RAISE(type->name, FullName(schema, "enum", &space));
    const auto symbols = schema.find("symbols");
    if (symbols == schema.end() || !symbols->is_array()) {
      return Status::Invalid("the Avro enum '", type->name, "' has no array of \"symbols\"");
    }
    for (const Json& symbol : *symbols) {
      if (!symbol.is_string()) return Status::Invalid("a symbol of the Avro enum '", type->name, "' is not a string");
      type->symbols.push_back(symbol.get<std::string>());
    }
    named_[type->name] = type;
    return type;
  }

  Result<TypePtr> Fixed(const Json& schema, std::string space) {
    auto type = std::make_shared<Type>();
    type->kind = Kind::kFixed;
    ARROW_ASSIGN_OR_RAISE(type->name, FullName(schema, "fixed", &space));
    const auto size = schema.find("size");
    if (size == schema.end() || !size->is_number_integer() || size->get<int64_t>() < 0 || size->get<int64_t>() > 1 << 24) {
      return Status::Invalid("the Avro fixed '", type->name, "' has no \"size\" between 0 and ", 1 << 24);
    }
    type->size = size->get<int64_t>();
    type->min_bytes = type->size;
    ApplyLogical(schema, type.get());
    named_[type->name] = type;
    return type;
  }

  Result<TypePtr> Container(Kind kind, const Json& schema, const char* member, const std::string& space, int depth) {
    auto type = std::make_shared<Type>();
    type->kind = kind;
    type->min_bytes = 1;
    const auto element = schema.find(member);
    if (element == schema.end()) return Status::Invalid("an Avro ", TypeName(*type), " has no \"", member, "\"");
    ARROW_ASSIGN_OR_RAISE(type->element, Parse(*element, space, depth + 1));
    type->nodes += type->element->nodes;
    ARROW_RETURN_NOT_OK(CheckSize(*type));
    return type;
  }

  Result<TypePtr> Union(const Json& schema, const std::string& space, int depth) {
    auto type = std::make_shared<Type>();
    type->kind = Kind::kUnion;
    type->min_bytes = 1;
    if (schema.empty()) return Status::Invalid("an Avro union has no branches");
    std::set<std::string> seen;
    for (const Json& item : schema) {
      ARROW_ASSIGN_OR_RAISE(TypePtr branch, Parse(item, space, depth + 1));
      if (branch->kind == Kind::kUnion) return Status::Invalid("an Avro union holds another union");
      if (!seen.insert(TypeName(*branch)).second) {
        return Status::Invalid("an Avro union holds '", TypeName(*branch), "' twice");
      }
      type->nodes += branch->nodes;
      ARROW_RETURN_NOT_OK(CheckSize(*type));
      type->branches.push_back(std::move(branch));
    }
    return type;
  }

  std::map<std::string, TypePtr> named_;
  std::set<std::string> open_;  ///< records being read: to meet one again is recursion
};

}  // namespace

Result<TypePtr> ParseSchema(const Json& schema) { return Parser().Parse(schema, "", 0); }

Result<Json> ParseSchemaJson(std::string_view text) {
  // A schema level takes up to three JSON levels (object, fields, field); unknown attributes may nest a little more.
  constexpr int kMaxJsonDepth = 4 * kMaxSchemaDepth;
  bool too_deep = false;
  Json json = Json::parse(
      text.begin(), text.end(),
      [&](int depth, Json::parse_event_t, Json&) {
        too_deep |= depth > kMaxJsonDepth;
        return depth <= kMaxJsonDepth;
      },
      /*allow_exceptions=*/false);
  if (too_deep) return Status::NotImplemented("the Avro schema is nested deeper than ", kMaxSchemaDepth, " levels");
  if (json.is_discarded()) return Status::Invalid("the Avro schema is not valid JSON");
  return json;
}

TypePtr Primitive(Kind kind, Logical logical) {
  auto type = std::make_shared<Type>();
  type->kind = kind;
  type->logical = logical;
  type->min_bytes = PrimitiveMinBytes(kind);
  return type;
}

std::string TypeName(const Type& type) {
  if (!type.name.empty()) return type.name;
  if (type.logical == Logical::kDecimal) return "decimal";
  if (type.logical == Logical::kUuid) return "uuid";
  for (const LogicalName& known : kLogicals) {
    if (type.logical == known.logical) return known.name;
  }
  for (const auto& [text, kind] : kPrimitives) {
    if (type.kind == kind) return text;
  }
  return type.kind == Kind::kArray ? "array" : type.kind == Kind::kMap ? "map" : "union";
}

std::string_view ShortName(std::string_view full_name) {
  const size_t dot = full_name.rfind('.');
  return dot == std::string_view::npos ? full_name : full_name.substr(dot + 1);
}

bool IsAvroName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace millstream::avro
