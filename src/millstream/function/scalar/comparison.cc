// == != < <= > >=: false where a value is missing, except != which is true there.
#include <algorithm>
#include <utility>

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/time_text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;

struct Comparison {
  const char* name;
  const char* kernel;
  bool when_missing;
};

constexpr Comparison kComparisons[] = {{"eq", "equal", false},      {"ne", "not_equal", true}, {"lt", "less", false},
                                       {"le", "less_equal", false}, {"gt", "greater", false},  {"ge", "greater_equal", false}};

bool IsNumberOrBool(const arrow::DataType& type) { return IsNumber(type) || type.id() == Type::BOOL; }

bool HasZone(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP && !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

bool HasDigits(const arrow::DataType& type) { return arrow::is_decimal(type.id()) || arrow::is_integer(type.id()); }

// Digits before the point of values of a decimal or integer type.
int WholeDigits(const arrow::DataType& type) {
  if (arrow::is_decimal(type.id())) {
    const auto& decimal = static_cast<const arrow::DecimalType&>(type);
    return decimal.precision() - decimal.scale();
  }
  return type.bit_width() <= 8 ? 3 : type.bit_width() <= 16 ? 5 : type.bit_width() <= 32 ? 10 : 20;
}

int Scale(const arrow::DataType& type) {
  return arrow::is_decimal(type.id()) ? static_cast<const arrow::DecimalType&>(type).scale() : 0;
}

// The decimal that holds values of both, decimals or integers; nullptr where none has so many digits.
DataTypePtr CommonDecimal(const arrow::DataType& a, const arrow::DataType& b) {
  const int scale = std::max(Scale(a), Scale(b));
  const int precision = std::max(WholeDigits(a), WholeDigits(b)) + scale;
  if (precision <= arrow::Decimal128Type::kMaxPrecision) return arrow::decimal128(precision, scale);
  return precision <= arrow::Decimal256Type::kMaxPrecision ? arrow::decimal256(precision, scale) : nullptr;
}

// The type both are compared in; nullptr where they cannot be.
Result<DataTypePtr> CommonType(const Arguments& arguments) {
  const auto a = PlainType(arguments[0].type), b = PlainType(arguments[1].type);
  if (a->Equals(*b)) return a;
  if (a->id() == Type::NA) return b;
  if (b->id() == Type::NA) return a;
  if (IsNumberOrBool(*a) && IsNumberOrBool(*b)) return PromoteNumbers(arguments);
  if (IsText(*a) && IsText(*b)) return a->id() == Type::STRING && b->id() == Type::STRING ? a : arrow::large_utf8();
  if (arrow::is_base_binary_like(a->id()) && arrow::is_base_binary_like(b->id())) return arrow::large_binary();
  if (auto times = CommonTimes(*a, *b)) return times;
  if (arrow::is_date(a->id()) && b->id() == Type::TIMESTAMP) return HasZone(*b) ? nullptr : b;
  if (arrow::is_date(b->id()) && a->id() == Type::TIMESTAMP) return HasZone(*a) ? nullptr : a;
  if (arrow::is_date(a->id()) && arrow::is_date(b->id())) return arrow::date64();
  if (arrow::is_decimal(a->id()) && arrow::is_floating(b->id())) return b;
  if (arrow::is_decimal(b->id()) && arrow::is_floating(a->id())) return a;
  const bool decimals = arrow::is_decimal(a->id()) || arrow::is_decimal(b->id());
  return decimals && HasDigits(*a) && HasDigits(*b) ? CommonDecimal(*a, *b) : nullptr;
}

// Types that have nothing in common are never equal.
BoundFunction AlwaysUnequal(bool answer) {
  auto run = [answer](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    const auto scalar = std::make_shared<arrow::BooleanScalar>(answer);
    for (const auto& value : values) {
      if (!value.is_array()) continue;
      ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeArrayFromScalar(*scalar, value.length(), context->memory_pool()));
      return Datum(std::move(array));
    }
    return Datum(scalar);
  };
  return {arrow::boolean(), std::move(run)};
}

// No integer type holds both int64 and uint64, and as floats neighbours become equal. A negative number is less than all of
// uint64, and the others compare as uint64.
bool NeedsBothSigns(const arrow::DataType& a, const arrow::DataType& b) {
  return (arrow::is_signed_integer(a.id()) && b.id() == Type::UINT64) ||
         (a.id() == Type::UINT64 && arrow::is_signed_integer(b.id()));
}

Result<BoundFunction> BindBothSigns(const Comparison& comparison, const Arguments& arguments, bool signed_left) {
  const std::string kernel = comparison.kernel;
  const bool less = kernel == "less" || kernel == "less_equal", greater = kernel == "greater" || kernel == "greater_equal";
  const bool when_negative = kernel == "not_equal" || (signed_left ? less : greater);
  const auto wide = arrow::int64(), unsigned_wide = arrow::uint64();
  ARROW_ASSIGN_OR_RAISE(auto casts,
                        ArgumentCasts::Make(arguments, signed_left ? std::vector<DataTypePtr>{wide, unsigned_wide}
                                                                   : std::vector<DataTypePtr>{unsigned_wide, wide}));
  auto run = [=, casts = std::move(casts), when_missing = comparison.when_missing](const std::vector<Datum>& values,
                                                                                   ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    Datum& side = cast[signed_left ? 0 : 1];
    const Datum zero(std::make_shared<arrow::Int64Scalar>(0));
    ARROW_ASSIGN_OR_RAISE(Datum sign,
                          arrow::compute::CallFunction(when_negative ? "less" : "greater_equal", {side, zero}, context));
    ARROW_ASSIGN_OR_RAISE(side, CastUnchecked(side, unsigned_wide, context));
    ARROW_ASSIGN_OR_RAISE(Datum result, arrow::compute::CallFunction(kernel, cast, context));
    ARROW_ASSIGN_OR_RAISE(result, arrow::compute::CallFunction(when_negative ? "or" : "and", {sign, result}, context));
    return ReplaceMissing(result, when_missing, context);
  };
  return BoundFunction{arrow::boolean(), std::move(run)};
}

// An integer that is known has fewer digits than its type may have, and so there is more often a decimal for both.
Status GiveIntegersTheirDigits(Arguments* arguments) {
  for (size_t i = 0; i < 2; ++i) {
    ArgumentInfo& integer = (*arguments)[i];
    const bool meets_decimal = arrow::is_decimal(PlainType((*arguments)[1 - i].type)->id());
    if (!meets_decimal || !integer.literal || !integer.literal->is_valid || !arrow::is_integer(integer.type->id())) continue;
    ARROW_ASSIGN_OR_RAISE(integer.literal, DecimalOf(*integer.literal));
    integer.type = integer.literal->type;
  }
  return Status::OK();
}

Result<BoundFunction> BindComparison(const Comparison& comparison, Arguments arguments) {
  ARROW_RETURN_NOT_OK(ParseTextLiterals(&arguments));
  ARROW_RETURN_NOT_OK(GiveIntegersTheirDigits(&arguments));
  const auto left = PlainType(arguments[0].type), right = PlainType(arguments[1].type);
  if (NeedsBothSigns(*left, *right)) return BindBothSigns(comparison, arguments, arrow::is_signed_integer(left->id()));
  ARROW_ASSIGN_OR_RAISE(auto type, CommonType(arguments));
  const std::string kernel = comparison.kernel;
  if (!type || !KernelType(kernel, {type, type}).ok()) {
    const bool equality = kernel == "equal" || kernel == "not_equal";
    const bool too_many_digits = HasDigits(*left) && HasDigits(*right);
    if (!type && equality && !too_many_digits) return AlwaysUnequal(comparison.when_missing);
    if (!type && too_many_digits) {
      return DoesNotTake(comparison.name, arguments, "decimals and integers that one decimal of at most 76 digits holds");
    }
    return DoesNotTake(comparison.name, arguments, "two values of one kind: numbers, strings, or times");
  }
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, {type, type}));
  auto run = [casts = std::move(casts), kernel, when_missing = comparison.when_missing](const std::vector<Datum>& values,
                                                                                        ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    ARROW_ASSIGN_OR_RAISE(auto result, arrow::compute::CallFunction(kernel, cast, context));
    return ReplaceMissing(result, when_missing, context);
  };
  return BoundFunction{arrow::boolean(), std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddComparisonFunctions(ScalarFunctionRegistry* registry) {
  for (const auto& comparison : scalar::kComparisons) {
    auto bind = [comparison](const scalar::Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
      ARROW_RETURN_NOT_OK(scalar::CheckOptions(options, {}));
      return scalar::BindComparison(comparison, arguments);
    };
    registry->Add({comparison.name, 2, 2, bind, /*cheap=*/true});
  }
}

}  // namespace millstream
