// is_in and between.
#include <cmath>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/time_text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;
using ScalarPtr = std::shared_ptr<arrow::Scalar>;

struct ValueSet {
  std::shared_ptr<arrow::Array> values;  ///< of the column's type, none missing
  bool has_missing = false;
};

/// What is asked for: single values, and lists that are of the column's type already.
struct Wanted {
  std::vector<ScalarPtr> values;
  arrow::ArrayVector lists;
};

// The values asked for: literals, literal lists, and the option "values".
Result<Wanted> CollectValues(const Arguments& arguments, const nlohmann::json& options, const DataTypePtr& type) {
  Wanted wanted;
  std::vector<ScalarPtr>& values = wanted.values;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const auto& literal = arguments[i].literal;
    if (!literal) return Status::TypeError("is_in takes literals; use a join to look values up in another column");
    if (!arrow::is_list_like(literal->type->id())) {
      values.push_back(literal);
      continue;
    }
    if (!literal->is_valid) continue;
    const auto& list_value = static_cast<const arrow::BaseListScalar&>(*literal).value;
    if (list_value->type()->Equals(*type)) {
      wanted.lists.push_back(list_value);
      continue;
    }
    const arrow::Array& list = *list_value;
    for (int64_t row = 0; row < list.length(); ++row) {
      ARROW_ASSIGN_OR_RAISE(auto value, list.GetScalar(row));
      values.push_back(std::move(value));
    }
  }
  if (!options.is_object() || !options.contains("values")) return wanted;
  if (!options["values"].is_array()) return Status::Invalid("option 'values' of is_in must be a list");
  for (const auto& item : options["values"]) {
    if (item.is_null()) {
      values.push_back(arrow::MakeNullScalar(arrow::null()));
    } else if (item.is_boolean()) {
      values.push_back(arrow::MakeScalar(item.get<bool>()));
    } else if (item.is_number_unsigned() && item.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
      values.push_back(arrow::MakeScalar(item.get<uint64_t>()));
    } else if (item.is_number_integer()) {
      values.push_back(arrow::MakeScalar(item.get<int64_t>()));
    } else if (item.is_number()) {
      values.push_back(arrow::MakeScalar(item.get<double>()));
    } else if (item.is_string()) {
      values.push_back(arrow::MakeScalar(item.get<std::string>()));
    } else {
      return Status::Invalid("option 'values' of is_in must hold plain values, not ", item.type_name());
    }
  }
  return wanted;
}

bool IsNan(const arrow::Scalar& value) {
  if (value.type->id() == Type::DOUBLE) return std::isnan(static_cast<const arrow::DoubleScalar&>(value).value);
  return value.type->id() == Type::FLOAT && std::isnan(static_cast<const arrow::FloatScalar&>(value).value);
}

// -0.0 and 0.0 are equal, though not the same bits, which is what the kernel compares.
Result<std::shared_ptr<arrow::Array>> WithOtherZero(std::shared_ptr<arrow::Array> values) {
  const DataTypePtr type = values->type();
  if (type->id() != Type::FLOAT && type->id() != Type::DOUBLE) return values;
  ARROW_ASSIGN_OR_RAISE(Datum negated, arrow::compute::Negate(Datum(values)));
  ARROW_ASSIGN_OR_RAISE(auto zero, arrow::MakeScalar(type, 0));
  ARROW_ASSIGN_OR_RAISE(Datum is_zero, arrow::compute::CallFunction("equal", {Datum(values), Datum(zero)}));
  ARROW_ASSIGN_OR_RAISE(Datum zeros, arrow::compute::Filter(negated, is_zero));
  return arrow::Concatenate({values, zeros.make_array()});
}

// `value` in the column's type; nullptr where no value of the column can equal it.
ScalarPtr ConvertValue(const ScalarPtr& value, const DataTypePtr& type) {
  const arrow::DataType& from = *value->type;
  if (from.Equals(*type)) return value;
  if (IsText(from) && IsTemporal(*type) && type->id() != Type::DURATION) {
    auto parsed = ParseTime(*value, type);
    return parsed.ok() && (*parsed)->type->Equals(*type) ? *parsed : nullptr;
  }
  const auto is_number = [](const arrow::DataType& t) {
    return IsNumber(t) || t.id() == Type::BOOL || arrow::is_decimal(t.id());
  };
  const bool one_kind =
      (is_number(from) && is_number(*type)) || (IsText(from) && IsText(*type)) || (IsTemporal(from) && IsTemporal(*type));
  if (!one_kind) return nullptr;
  Datum exact(value);
  if (arrow::is_integer(from.id()) && arrow::is_decimal(type->id())) {  // Arrow wants room for every integer of the type
    auto decimal = DecimalOf(*value);
    if (!decimal.ok()) return nullptr;
    exact = Datum(*decimal);
  }
  auto cast = arrow::compute::Cast(exact, type);
  if (!cast.ok()) return nullptr;
  auto back = arrow::compute::Cast(*cast, value->type);
  return back.ok() && back->scalar()->Equals(*value) ? cast->scalar() : nullptr;
}

Result<ValueSet> MakeValueSet(const Wanted& wanted, const DataTypePtr& type) {
  ValueSet set;
  arrow::ArrayVector parts;
  ExecContext context;
  for (const auto& list : wanted.lists) {
    ARROW_ASSIGN_OR_RAISE(Datum missing, IsMissing(Datum(list), &context));
    ARROW_ASSIGN_OR_RAISE(Datum present, arrow::compute::Invert(missing));
    ARROW_ASSIGN_OR_RAISE(Datum values, arrow::compute::Filter(Datum(list), present));
    set.has_missing = set.has_missing || values.length() < list->length();
    parts.push_back(values.make_array());
  }
  for (const auto& value : wanted.values) {
    if (!value->is_valid || IsNan(*value)) {
      set.has_missing = true;
    } else if (auto converted = ConvertValue(value, type)) {
      ARROW_ASSIGN_OR_RAISE(auto part, arrow::MakeArrayFromScalar(*converted, 1));
      parts.push_back(std::move(part));
    }
  }
  if (parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(set.values, arrow::MakeEmptyArray(type));
  } else {
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::Concatenate(parts));
    ARROW_ASSIGN_OR_RAISE(set.values, WithOtherZero(std::move(values)));
  }
  return set;
}

Result<BoundFunction> BindIsIn(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"values"}));
  const auto type = PlainType(arguments[0].type);
  ARROW_ASSIGN_OR_RAISE(auto wanted, CollectValues(arguments, options, type));
  ARROW_ASSIGN_OR_RAISE(auto set, MakeValueSet(wanted, type));
  const arrow::compute::SetLookupOptions lookup(Datum(set.values), arrow::compute::SetLookupOptions::SKIP);
  if (!KernelType("is_in", {type}, &lookup).ok()) return DoesNotTake("is_in", arguments, "plain values, no lists or structs");
  auto run = [lookup, has_missing = set.has_missing](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum plain, ToPlain(values[0], context));
    ARROW_ASSIGN_OR_RAISE(Datum found, arrow::compute::IsIn(plain, lookup, context));
    ARROW_ASSIGN_OR_RAISE(found, ReplaceMissing(found, false, context));
    if (!has_missing) return found;
    ARROW_ASSIGN_OR_RAISE(Datum missing, IsMissing(plain, context));
    return arrow::compute::Or(found, missing, context);
  };
  return BoundFunction{arrow::boolean(), std::move(run)};
}

// x between low and high; `inclusive` says which ends belong to it.
Result<BoundFunction> BindBetween(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"inclusive"}));
  ARROW_ASSIGN_OR_RAISE(const std::string inclusive, TextOption(options, "inclusive", "both"));
  if (inclusive != "both" && inclusive != "left" && inclusive != "right" && inclusive != "neither") {
    return Status::Invalid("option 'inclusive' must be 'both', 'left', 'right' or 'neither', not '", inclusive, "'");
  }
  const auto& registry = ScalarFunctionRegistry::Get();
  ARROW_ASSIGN_OR_RAISE(const auto* low, registry.Find(inclusive == "both" || inclusive == "left" ? "ge" : "gt"));
  ARROW_ASSIGN_OR_RAISE(const auto* high, registry.Find(inclusive == "both" || inclusive == "right" ? "le" : "lt"));
  ARROW_ASSIGN_OR_RAISE(auto above, low->bind({arguments[0], arguments[1]}, nullptr));
  ARROW_ASSIGN_OR_RAISE(auto below, high->bind({arguments[0], arguments[2]}, nullptr));
  auto run = [above, below](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum left, above.run({values[0], values[1]}, context));
    ARROW_ASSIGN_OR_RAISE(Datum right, below.run({values[0], values[2]}, context));
    return arrow::compute::And(left, right, context);
  };
  return BoundFunction{arrow::boolean(), std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddMembershipFunctions(ScalarFunctionRegistry* registry) {
  registry->Add({"is_in", 1, -1, scalar::BindIsIn, /*cheap=*/true});
  registry->Add({"between", 3, 3, scalar::BindBetween, /*cheap=*/true});
}

}  // namespace millstream
