// numpy's functions of one number, clip, and tests for NaN and infinity.
#include <utility>

#include <arrow/compute/api_scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/support.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;

struct MathFunction {
  const char* name;
  const char* kernel;
  bool keeps_integers = false;
};

constexpr MathFunction kMathFunctions[] = {
    {"sqrt", "sqrt"},         {"exp", "exp"},         {"expm1", "expm1"},       {"log", "ln"},
    {"log2", "log2"},         {"log10", "log10"},     {"log1p", "log1p"},       {"sin", "sin"},
    {"cos", "cos"},           {"tan", "tan"},         {"arcsin", "asin"},       {"arccos", "acos"},
    {"arctan", "atan"},       {"sinh", "sinh"},       {"cosh", "cosh"},         {"tanh", "tanh"},
    {"floor", "floor", true}, {"ceil", "ceil", true}, {"trunc", "trunc", true}, {"sign", "sign", true}};

BoundFunction Identity(const DataTypePtr& type) {
  return {type, [](const std::vector<Datum>& values, ExecContext*) -> Result<Datum> { return values[0]; }};
}

Result<BoundFunction> BindMath(const MathFunction& function, const Arguments& arguments) {
  auto type = PlainType(arguments[0].type);
  if (!IsNumber(*type) && type->id() != Type::BOOL) return DoesNotTake(function.name, arguments, "numbers");
  const bool rounds = function.keeps_integers && std::string_view(function.name) != "sign";
  if (arrow::is_integer(type->id()) && rounds) return Identity(type);
  const bool keep = type->id() == Type::FLOAT || (function.keeps_integers && arrow::is_integer(type->id()));
  if (!keep) type = arrow::float64();
  auto run = [type, kernel = std::string(function.kernel)](const std::vector<Datum>& values,
                                                           ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum value, CastUnchecked(values[0], type, context));
    ARROW_ASSIGN_OR_RAISE(Datum result, arrow::compute::CallFunction(kernel, {value}, context));
    return CastUnchecked(result, type, context);
  };
  return BoundFunction{type, std::move(run)};
}

/// Tests of floats that are false (`when_missing`: true) for null.
ScalarFunction FloatTest(const std::string& name, const std::string& kernel, bool when_missing) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    if (!IsNumber(*PlainType(arguments[0].type))) return DoesNotTake(name, arguments, "numbers");
    auto run = [=](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(Datum value, ToPlain(values[0], context));
      ARROW_ASSIGN_OR_RAISE(Datum result, arrow::compute::CallFunction(kernel, {value}, context));
      return ReplaceMissing(result, when_missing, context);
    };
    return BoundFunction{arrow::boolean(), std::move(run)};
  };
  return {name, 1, 1, bind};
}

// clip(x, lower, upper): null for no bound; missing stays missing.
Result<BoundFunction> BindClip(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  for (const auto& argument : arguments) {
    const auto type = PlainType(argument.type);
    if (!IsNumber(*type) && type->id() != Type::NA) return DoesNotTake("clip", arguments, "numbers, with null for no bound");
  }
  ARROW_ASSIGN_OR_RAISE(auto type, PromoteNumbers(arguments));
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, std::vector<DataTypePtr>(arguments.size(), type)));
  auto run = [casts = std::move(casts)](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    Datum clipped = cast[0];
    const char* const tests[] = {"less", "greater"};
    for (size_t i = 1; i < cast.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(Datum outside, arrow::compute::CallFunction(tests[i - 1], {clipped, cast[i]}, context));
      ARROW_ASSIGN_OR_RAISE(outside, ReplaceMissing(outside, false, context));
      ARROW_ASSIGN_OR_RAISE(clipped, arrow::compute::IfElse(outside, cast[i], clipped, context));
    }
    return clipped;
  };
  return BoundFunction{type, std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddMathFunctions(ScalarFunctionRegistry* registry) {
  for (const auto& function : scalar::kMathFunctions) {
    auto bind = [function](const scalar::Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
      ARROW_RETURN_NOT_OK(scalar::CheckOptions(options, {}));
      return scalar::BindMath(function, arguments);
    };
    registry->Add({function.name, 1, 1, bind});
  }
  registry->Add(scalar::FloatTest("isnan", "is_nan", true));
  registry->Add(scalar::FloatTest("isinf", "is_inf", false));
  registry->Add(scalar::FloatTest("isfinite", "is_finite", false));
  registry->Add({"clip", 2, 3, scalar::BindClip});
}

}  // namespace millstream
