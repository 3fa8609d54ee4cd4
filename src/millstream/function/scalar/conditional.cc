// if_else, where, mask, case_when: a condition that is missing counts as false.
#include <utility>

#include <arrow/compute/api_scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/time_text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;

// The one type that all branches can have: numbers are promoted, and integers beside a missing value become floats, as in
// pandas.
Result<DataTypePtr> BranchType(const std::string& name, Arguments* branches) {
  DataTypePtr common;
  bool has_null = false;
  for (const auto& branch : *branches) {
    const auto type = PlainType(branch.type);
    if (type->id() == Type::NA) {
      has_null = true;
    } else if (!common) {
      common = type;
    }
  }
  if (!common) return arrow::null();
  bool numbers = true, same = true;
  for (auto& branch : *branches) {
    if (branch.literal && IsText(*branch.type) && (common->id() == Type::TIMESTAMP || arrow::is_date(common->id()))) {
      ARROW_ASSIGN_OR_RAISE(branch.literal, ParseTime(*branch.literal, common));
      branch.type = branch.literal->type;
    }
    const auto type = PlainType(branch.type);
    if (type->id() == Type::NA) continue;
    numbers &= IsNumber(*type);
    const bool texts = IsText(*type) && IsText(*common);
    const bool days = type->id() == common->id() && arrow::is_date(type->id());
    const auto times = CommonTimes(*common, *type);
    if (times) common = times;
    same &= type->Equals(*common) || texts || days || times;
  }
  if (same && !(numbers && has_null)) return common;
  if (!numbers) return DoesNotTake(name, *branches, "values of one kind; cast one of them with astype first");
  ARROW_ASSIGN_OR_RAISE(common, PromoteNumbers(*branches));
  return has_null && arrow::is_integer(common->id()) ? arrow::float64() : common;
}

Status CheckCondition(const std::string& name, const ArgumentInfo& condition) {
  const auto id = PlainType(condition.type)->id();
  if (id == Type::BOOL || id == Type::NA) return Status::OK();
  return Status::TypeError(name, ": a condition must be boolean, not ", condition.type->ToString());
}

/// `order`: which arguments are (condition, value where true, value where false); -1 for a missing value.
struct Choice {
  std::string name;
  int condition, if_true, if_false;
};

Result<BoundFunction> BindChoice(const Choice& choice, const Arguments& arguments) {
  ARROW_RETURN_NOT_OK(CheckCondition(choice.name, arguments[choice.condition]));
  auto branch = [&](int index) {
    return index >= 0 && index < static_cast<int>(arguments.size())
               ? arguments[index]
               : ArgumentInfo{arrow::null(), arrow::MakeNullScalar(arrow::null())};
  };
  Arguments parts = {branch(choice.if_true), branch(choice.if_false)};
  ARROW_ASSIGN_OR_RAISE(auto type, BranchType(choice.name, &parts));
  parts.insert(parts.begin(), arguments[choice.condition]);
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(parts, {arrow::boolean(), type, type}));
  auto run = [casts = std::move(casts), choice](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    const Datum nothing(arrow::MakeNullScalar(arrow::null()));
    auto pick = [&](int index) { return index < static_cast<int>(values.size()) ? values[index] : nothing; };
    ARROW_ASSIGN_OR_RAISE(auto cast,
                          casts.Apply({values[choice.condition], pick(choice.if_true), pick(choice.if_false)}, context));
    ARROW_ASSIGN_OR_RAISE(cast[0], ReplaceMissing(cast[0], false, context));
    return arrow::compute::IfElse(cast[0], cast[1], cast[2], context);
  };
  return BoundFunction{type, std::move(run)};
}

ScalarFunction MakeChoice(const Choice& choice, int min_arguments) {
  auto bind = [choice](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    return BindChoice(choice, arguments);
  };
  return {choice.name, min_arguments, 3, bind};
}

// case_when(condition, value, condition, value, ..., default): the value of the first condition that holds.
Result<BoundFunction> BindCaseWhen(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  const size_t cases = arguments.size() / 2;
  Arguments branches;
  for (size_t i = 0; i < cases; ++i) {
    ARROW_RETURN_NOT_OK(CheckCondition("case_when", arguments[2 * i]));
    branches.push_back(arguments[2 * i + 1]);
  }
  branches.push_back(arguments.size() % 2 ? arguments.back()
                                          : ArgumentInfo{arrow::null(), arrow::MakeNullScalar(arrow::null())});
  ARROW_ASSIGN_OR_RAISE(auto type, BranchType("case_when", &branches));
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(branches, std::vector<DataTypePtr>(branches.size(), type)));
  auto run = [casts = std::move(casts), cases](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    std::vector<Datum> results;
    for (size_t i = 0; i < cases; ++i) results.push_back(values[2 * i + 1]);
    results.push_back(values.size() % 2 ? values.back() : Datum(arrow::MakeNullScalar(arrow::null())));
    ARROW_ASSIGN_OR_RAISE(auto branch, casts.Apply(results, context));
    Datum chosen = branch[cases];
    for (size_t i = cases; i-- > 0;) {
      ARROW_ASSIGN_OR_RAISE(Datum condition, CastUnchecked(values[2 * i], arrow::boolean(), context));
      ARROW_ASSIGN_OR_RAISE(condition, ReplaceMissing(condition, false, context));
      ARROW_ASSIGN_OR_RAISE(chosen, arrow::compute::IfElse(condition, branch[i], chosen, context));
    }
    return chosen;
  };
  return BoundFunction{type, std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddConditionalFunctions(ScalarFunctionRegistry* registry) {
  registry->Add(scalar::MakeChoice({.name = "if_else", .condition = 0, .if_true = 1, .if_false = 2}, 3));
  registry->Add(scalar::MakeChoice({.name = "where", .condition = 1, .if_true = 0, .if_false = 2}, 2));
  registry->Add(scalar::MakeChoice({.name = "mask", .condition = 1, .if_true = 2, .if_false = 0}, 2));
  registry->Add({"case_when", 2, -1, scalar::BindCaseWhen});
}

}  // namespace millstream
