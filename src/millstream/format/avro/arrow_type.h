// How Avro types and Arrow types stand for each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/format/avro/avro_type.h"

namespace millstream::avro {

/// A type as a column sees it: whether it may be null, and what it holds otherwise.
struct Shape {
  bool nullable = false;
  TypePtr single;                         ///< the one type of its values; nullptr where they have several
  std::vector<TypePtr> members;           ///< the branches, without null, where they have several
  std::vector<std::string> member_names;  ///< named types by their short name, others by TypeName
};

/// ["null", T] and [T] are T; a union of numbers only is the widest of them (long and float: double); any other union has
/// members and becomes a struct with one nullable member a branch, named as the branch's type is and marked kUnionMember.
Shape ShapeOf(const TypePtr& type);

/// Key of the metadata that the members of a union's struct have: it tells them from the fields of a record.
inline constexpr const char* kUnionMember = "millstream.avro.union_member";

/// The Arrow type of columns of this type; nullability is ShapeOf's. Enums and uuids are utf8, decimals decimal128/256,
/// timestamps are in UTC, local timestamps have no time zone, a fixed is fixed_size_binary.
std::shared_ptr<arrow::DataType> ToArrowType(const TypePtr& type);
std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, const TypePtr& type);
/// Invalid where `type` is not a record.
Result<std::shared_ptr<arrow::Schema>> ToArrowSchema(const Type& type);

/// The Avro schema that holds `schema`: a record `name`, nullable fields as ["null", T] with default null. Timestamps
/// without a time zone become local-timestamp-*, others timestamp-*. TypeError for a type without an equal, Invalid for a
/// name that Avro does not allow; both name the column.
Result<nlohmann::json> InferSchema(const arrow::Schema& schema, const std::string& name, const std::string& name_space);

}  // namespace millstream::avro
