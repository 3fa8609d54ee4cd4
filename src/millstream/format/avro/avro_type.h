// Avro schemas as trees (Avro 1.12 specification, "Schema Declaration").
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "millstream/base/result.h"

namespace millstream::avro {

enum class Kind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,  // primitive
  kFixed,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kUnion
};

enum class Logical : uint8_t {
  kNone,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kLocalTimestampNanos,
  kDecimal,
  kUuid
};

struct Type;
using TypePtr = std::shared_ptr<const Type>;

struct Field {
  std::string name;
  std::vector<std::string> aliases;
  TypePtr type;
  std::optional<nlohmann::json> default_value;
};

struct Type {
  Kind kind = Kind::kNull;
  Logical logical = Logical::kNone;
  int precision = 0;                 ///< of a decimal
  int scale = 0;                     ///< of a decimal
  std::string name;                  ///< full name of a record, enum or fixed
  std::vector<Field> fields;         ///< of a record
  std::vector<TypePtr> branches;     ///< of a union
  TypePtr element;                   ///< items of an array, values of a map
  std::vector<std::string> symbols;  ///< of an enum
  int64_t size = 0;                  ///< of a fixed
  int64_t nodes = 1;                 ///< types in the tree, named ones counted at each use
  int64_t min_bytes = 0;             ///< fewest bytes a value takes
};

/// Schemas nested deeper than this, or with more nodes once named types are expanded, are refused.
inline constexpr int kMaxSchemaDepth = 64;
inline constexpr int64_t kMaxSchemaNodes = 1 << 16;

/// Invalid says where in the schema what is wrong; recursive types and those over the limits above are NotImplemented.
/// A logical type that is not known or does not fit its type is ignored, as the specification asks.
Result<TypePtr> ParseSchema(const nlohmann::json& schema);
/// The same from text. Nesting is bounded before a tree is made of it.
Result<nlohmann::json> ParseSchemaJson(std::string_view text);

/// A type of a primitive kind.
TypePtr Primitive(Kind kind, Logical logical = Logical::kNone);

/// "long", "timestamp-micros", "array", or the full name: for messages.
std::string TypeName(const Type& type);
/// The last part of a full name.
std::string_view ShortName(std::string_view full_name);
/// Whether `name` is [A-Za-z_][A-Za-z0-9_]*.
bool IsAvroName(std::string_view name);

}  // namespace millstream::avro
