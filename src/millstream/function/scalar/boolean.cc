// & | ^ ~ on booleans (a missing value counts as false) and, as numpy has it, on the bits of integers.
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

bool IsBooleanOrNull(const ArgumentInfo& argument) {
  const auto id = PlainType(argument.type)->id();
  return id == Type::BOOL || id == Type::NA;
}

Result<BoundFunction> BindBits(const std::string& name, const std::string& kernel, const Arguments& arguments) {
  for (const auto& argument : arguments) {
    const auto id = PlainType(argument.type)->id();
    if (!arrow::is_integer(id) && id != Type::BOOL) return DoesNotTake(name, arguments, "booleans, or integers");
  }
  ARROW_ASSIGN_OR_RAISE(auto type, PromoteNumbers(arguments));
  if (!arrow::is_integer(type->id())) return DoesNotTake(name, arguments, "booleans, or integers of one sign");
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, std::vector<DataTypePtr>(arguments.size(), type)));
  auto run = [casts = std::move(casts), kernel](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    return arrow::compute::CallFunction(kernel, cast, context);
  };
  return BoundFunction{type, std::move(run)};
}

ScalarFunction Logical(const std::string& name, const std::string& kernel, const std::string& bits, int count) {
  auto bind = [name, kernel, bits](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    for (const auto& argument : arguments) {
      if (!IsBooleanOrNull(argument)) return BindBits(name, bits, arguments);
    }
    ARROW_ASSIGN_OR_RAISE(auto casts,
                          ArgumentCasts::Make(arguments, std::vector<DataTypePtr>(arguments.size(), arrow::boolean())));
    auto run = [casts = std::move(casts), kernel](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
      for (auto& value : cast) {
        ARROW_ASSIGN_OR_RAISE(value, ReplaceMissing(value, false, context));
      }
      return arrow::compute::CallFunction(kernel, cast, context);
    };
    return BoundFunction{arrow::boolean(), std::move(run)};
  };
  return {name, count, count, bind, /*cheap=*/true};
}

}  // namespace
}  // namespace scalar

void AddBooleanFunctions(ScalarFunctionRegistry* registry) {
  using scalar::Logical;
  registry->Add(Logical("and", "and", "bit_wise_and", 2));
  registry->Add(Logical("or", "or", "bit_wise_or", 2));
  registry->Add(Logical("xor", "xor", "bit_wise_xor", 2));
  registry->Add(Logical("not", "invert", "bit_wise_not", 1));
}

}  // namespace millstream
