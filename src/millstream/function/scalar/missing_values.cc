// is_null, not_null, fill_null, coalesce; function/missing.h holds the rules.
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/time_text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;

ScalarFunction NullTest(const std::string& name, bool want_missing) {
  auto bind = [want_missing](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    auto run = [want_missing](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(Datum plain, ToPlain(values[0], context));
      ARROW_ASSIGN_OR_RAISE(Datum missing, IsMissing(plain, context));
      return want_missing ? missing : arrow::compute::Invert(missing, context);
    };
    return BoundFunction{arrow::boolean(), std::move(run)};
  };
  return {name, 1, 1, bind, /*cheap=*/true};
}

Result<Datum> FillOne(const Datum& value, const Datum& replacement, ExecContext* context) {
  const bool nothing_missing = value.is_array() && !HoldsNan(*value.type()) && value.null_count() == 0;
  if (nothing_missing) return value;
  ARROW_ASSIGN_OR_RAISE(Datum missing, IsMissing(value, context));
  if (missing.is_array() && arrow::BooleanArray(missing.array()).true_count() == 0) return value;
  return arrow::compute::IfElse(missing, replacement, value, context);
}

// The type of a column after missing values were replaced: a column of floats keeps its type, integers and booleans keep theirs
// if the replacement is of their kind; where pandas would go over to objects there is an error.
Result<DataTypePtr> FilledType(const std::string& name, const Arguments& arguments) {
  const auto column = PlainType(arguments[0].type), value = PlainType(arguments[1].type);
  if (value->id() == Type::NA || column->Equals(*value)) return column;
  if (column->id() == Type::NA) return value;
  if (arrow::is_floating(column->id()) && IsNumber(*value)) return column;
  if (IsNumber(*column) && IsNumber(*value)) return PromoteNumbers(arguments);
  if (IsText(*column) && IsText(*value)) return column;
  if (auto times = CommonTimes(*column, *value)) return times;
  if (column->id() == value->id() && arrow::is_date(column->id())) return column;
  if (arrow::is_decimal(column->id()) && arrow::is_integer(value->id())) return column;
  return DoesNotTake(name, arguments, "a replacement of the column's own kind; cast the column with astype first");
}

// Replaces missing values of the first argument by the second's, what is then missing by the third's, and so on.
ScalarFunction Fill(const std::string& name, int max_arguments) {
  auto bind = [name](Arguments arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    ArgumentInfo filled = {arguments[0].type, nullptr};
    for (size_t i = 1; i < arguments.size(); ++i) {
      Arguments pair = {filled, arguments[i]};
      ARROW_RETURN_NOT_OK(ParseTextLiterals(&pair));
      arguments[i] = pair[1];
      ARROW_ASSIGN_OR_RAISE(filled.type, FilledType(name, pair));
    }
    const auto type = filled.type;
    ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, std::vector<DataTypePtr>(arguments.size(), type)));
    auto run = [casts = std::move(casts)](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
      Datum result = cast[0];
      for (size_t i = 1; i < cast.size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(result, FillOne(result, cast[i], context));
      }
      return result;
    };
    return BoundFunction{type, std::move(run)};
  };
  return {name, 2, max_arguments, bind, /*cheap=*/true};
}

}  // namespace
}  // namespace scalar

void AddMissingFunctions(ScalarFunctionRegistry* registry) {
  registry->Add(scalar::NullTest("is_null", true));
  registry->Add(scalar::NullTest("not_null", false));
  registry->Add(scalar::Fill("fill_null", 2));
  registry->Add(scalar::Fill("coalesce", -1));
}

}  // namespace millstream
