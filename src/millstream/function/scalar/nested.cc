// struct_field, list_len, list_get.
#include <utility>

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/support.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;

BoundFunction AllMissing(const DataTypePtr& type) {
  auto run = [type](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    if (values[0].is_scalar()) return Datum(arrow::MakeNullScalar(type));
    ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type, values[0].length(), context->memory_pool()));
    return Datum(std::move(nulls));
  };
  return {type, std::move(run)};
}

// Field `name` of a struct; missing where the struct is.
Result<BoundFunction> BindStructField(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"name"}));
  ARROW_ASSIGN_OR_RAISE(const std::string name, TextOption(options, "name", ""));
  const auto type = arguments[0].type;
  if (type->id() == Type::NA) return AllMissing(type);
  if (type->id() != Type::STRUCT) {
    const char* hint = IsText(*PlainType(type)) ? "; JSON text stays text where the keys of its records vary" : "";
    return Status::TypeError("struct_field takes a struct, not ", type->ToString(), hint);
  }
  const auto& fields = static_cast<const arrow::StructType&>(*type);
  const int index = fields.GetFieldIndex(name);
  if (index < 0) {
    std::string known;
    for (const auto& field : fields.fields()) known += (known.empty() ? "" : ", ") + field->name();
    return Status::KeyError("there is no field '", name, "' in the struct; its fields are: ", known);
  }
  auto run = [index](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    if (values[0].is_scalar()) {
      const auto& scalar = static_cast<const arrow::StructScalar&>(*values[0].scalar());
      if (!scalar.is_valid) return Datum(arrow::MakeNullScalar(scalar.type->field(index)->type()));
      return Datum(scalar.value[index]);
    }
    const arrow::StructArray array(values[0].array());
    ARROW_ASSIGN_OR_RAISE(auto child, array.GetFlattenedField(index, context->memory_pool()));
    return Datum(std::move(child));
  };
  return BoundFunction{fields.field(index)->type(), std::move(run)};
}

Status CheckList(const std::string& name, const Arguments& arguments) {
  const auto id = arguments[0].type->id();
  if (id == Type::LIST || id == Type::LARGE_LIST) return Status::OK();
  return DoesNotTake(name, arguments, "a list");
}

Result<BoundFunction> BindListLength(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  ARROW_RETURN_NOT_OK(CheckList("list_len", arguments));
  auto run = [](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum lengths, arrow::compute::CallFunction("list_value_length", values, context));
    return CastUnchecked(lengths, arrow::int64(), context);
  };
  return BoundFunction{arrow::int64(), std::move(run)};
}

template <typename ListArray>
Result<Datum> ListElements(const Datum& lists, int64_t index, ExecContext* context) {
  if (lists.is_scalar()) {
    return RunScalarsAsArrays(
        {lists}, context, [&](const std::vector<Datum>& arrays) { return ListElements<ListArray>(arrays[0], index, context); });
  }
  const ListArray array(lists.array());
  arrow::Int64Builder positions(context->memory_pool());
  ARROW_RETURN_NOT_OK(positions.Reserve(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    const int64_t length = array.value_length(i);
    const int64_t at = index < 0 ? index + length : index;
    if (array.IsNull(i) || at < 0 || at >= length) {
      positions.UnsafeAppendNull();
    } else {
      positions.UnsafeAppend(array.value_offset(i) + at);
    }
  }
  std::shared_ptr<arrow::Array> indices;
  ARROW_RETURN_NOT_OK(positions.Finish(&indices));
  return arrow::compute::Take(Datum(array.values()), Datum(indices), arrow::compute::TakeOptions::NoBoundsCheck(), context);
}

// Element `index` (from the end where negative) of each list; missing where the list is shorter.
Result<BoundFunction> BindListGet(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"i"}));
  ARROW_ASSIGN_OR_RAISE(const int64_t index, IntOption(options, "i", 0));
  ARROW_RETURN_NOT_OK(CheckList("list_get", arguments));
  auto run = [index](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    if (values[0].type()->id() == Type::LIST) return ListElements<arrow::ListArray>(values[0], index, context);
    return ListElements<arrow::LargeListArray>(values[0], index, context);
  };
  return BoundFunction{arguments[0].type->field(0)->type(), std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddNestedFunctions(ScalarFunctionRegistry* registry) {
  registry->Add({"struct_field", 1, 1, scalar::BindStructField, /*cheap=*/true});
  registry->Add({"list_len", 1, 1, scalar::BindListLength, /*cheap=*/true});
  registry->Add({"list_get", 1, 1, scalar::BindListGet});
}

}  // namespace millstream
