// + - * / // % **, negate, abs, round: numpy's types and rounding, wrapping integers, missing stays missing.
#include <cmath>
#include <utility>

#include <arrow/compute/api_scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/support.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;

constexpr char kOperands[] = "numbers, strings (+ only), timestamps and durations (+ and -)";

// Runs an Arrow kernel on arguments brought to `types`.
Result<BoundFunction> BindKernel(const std::string& kernel, const Arguments& arguments, std::vector<DataTypePtr> types) {
  ARROW_ASSIGN_OR_RAISE(auto result_type, KernelType(kernel, types));
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, std::move(types)));
  auto run = [casts = std::move(casts), kernel](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    return arrow::compute::CallFunction(kernel, cast, context);
  };
  return BoundFunction{std::move(result_type), std::move(run)};
}

// numpy's floor division of floats (npy_floor_divide): rounds the exact quotient down, x // 0 is x / 0.
template <typename Float>
Float FloorDivideFloats(Float a, Float b) {
  if (b == 0) return a / b;
  Float rest = std::fmod(a, b);
  Float quotient = (a - rest) / b;
  if (rest != 0 && ((b < 0) != (rest < 0))) quotient -= 1;
  if (quotient == 0) return std::copysign(Float(0), a / b);
  const Float down = std::floor(quotient);
  return quotient - down > Float(0.5) ? down + 1 : down;
}

// Python's %: the result has the sign of the divisor.
template <typename Float>
Float ModFloats(Float a, Float b) {
  Float rest = std::fmod(a, b);
  if (b == 0 || std::isnan(rest)) return rest;
  if (rest == 0) return std::copysign(Float(0), b);
  return (b < 0) != (rest < 0) ? rest + b : rest;
}

struct FloorDivide {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      return FloorDivideFloats(a, b);
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
        return static_cast<T>(a / b - (a % b != 0 && ((a < 0) != (b < 0))));
      }
      return static_cast<T>(a / b);
    }
  }
};

struct Mod {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      return ModFloats(a, b);
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
        const T rest = static_cast<T>(a % b);
        return static_cast<T>(rest != 0 && ((rest < 0) != (b < 0)) ? rest + b : rest);
      }
      return static_cast<T>(a % b);
    }
  }
};

bool IsZeroInteger(const arrow::Scalar& value) {
  return value.is_valid && arrow::is_integer(value.type->id()) && value.CastTo(arrow::int64()).ok() &&
         value.Equals(**arrow::MakeScalar(value.type, 0));
}

// The divisors with zero made null: an integer column has no infinity, so that x // 0 and x % 0 are missing in it.
Result<Datum> NullWhereZero(const Datum& divisors, const DataTypePtr& type, ExecContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto zero, arrow::MakeScalar(type, 0));
  ARROW_ASSIGN_OR_RAISE(auto is_zero, arrow::compute::CallFunction("equal", {divisors, Datum(zero)}, context));
  if (is_zero.is_array()) {
    const auto zeros = std::static_pointer_cast<arrow::BooleanArray>(is_zero.make_array());
    if (zeros->true_count() == 0) return divisors;
  }
  return arrow::compute::IfElse(is_zero, Datum(arrow::MakeNullScalar(type)), divisors, context);
}

template <typename Operation>
Result<BoundFunction> BindDivision(const std::string& name, const Arguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(auto type, PromoteNumbers(arguments));
  if (type->id() == Type::BOOL) {
    if (name == "floor_divide") return DoesNotTake(name, arguments, "numbers");
    type = arrow::int8();
  }
  // A divisor that is known to be zero gives infinity or NaN, as in pandas, where the type can still be chosen.
  if (arrow::is_integer(type->id()) && arguments[1].literal && IsZeroInteger(*arguments[1].literal)) type = arrow::float64();
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, {type, type}));
  const bool check_zero = arrow::is_integer(type->id());
  auto run = [casts = std::move(casts), type, check_zero](const std::vector<Datum>& values,
                                                          ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    if (check_zero) {
      ARROW_ASSIGN_OR_RAISE(cast[1], NullWhereZero(cast[1], type, context));
    }
    return VisitNumber(*type, [&](auto tag) { return MapBinary<decltype(tag)>(cast[0], cast[1], type, context, Operation{}); });
  };
  return BoundFunction{type, std::move(run)};
}

// Bound by Arrow where the types are neither plain numbers nor text: timestamps, durations, decimals.
Result<BoundFunction> BindOther(const std::string& name, const std::string& kernel, const Arguments& arguments) {
  std::vector<DataTypePtr> types;
  for (const auto& argument : arguments) types.push_back(PlainType(argument.type));
  for (size_t i = 0; i < 2; ++i) {
    if (types[i]->id() == Type::NA) types[i] = types[1 - i];
  }
  auto bound = BindKernel(kernel, arguments, std::move(types));
  if (!bound.ok()) return DoesNotTake(name, arguments, kOperands);
  return bound;
}

bool AllNumbers(const Arguments& arguments) {
  for (const auto& argument : arguments) {
    const auto type = PlainType(argument.type);
    if (!IsNumber(*type) && type->id() != Type::BOOL && type->id() != Type::NA) return false;
  }
  return true;
}

bool AllText(const Arguments& arguments) {
  for (const auto& argument : arguments) {
    if (!IsText(*PlainType(argument.type))) return false;
  }
  return true;
}

Result<BoundFunction> BindConcat(const Arguments& arguments) {
  const auto type = arrow::utf8();
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, {type, type}));
  auto run = [casts = std::move(casts)](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    cast.emplace_back(arrow::MakeScalar(""));
    return arrow::compute::CallFunction("binary_join_element_wise", cast, context);
  };
  return BoundFunction{type, std::move(run)};
}

/// `on_booleans`: what numpy makes of two booleans; empty where it refuses them.
ScalarFunction Binary(const std::string& name, const std::string& on_booleans) {
  auto bind = [name, on_booleans](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    if (name == "add" && AllText(arguments)) return BindConcat(arguments);
    if (!AllNumbers(arguments)) return BindOther(name, name, arguments);
    ARROW_ASSIGN_OR_RAISE(auto type, PromoteNumbers(arguments));
    if (type->id() != Type::BOOL) return BindKernel(name, arguments, {type, type});
    if (on_booleans.empty()) return DoesNotTake(name, arguments, "numbers; use ^ for booleans, or cast to int64 first");
    return BindKernel(on_booleans, arguments, {type, type});
  };
  return {name, 2, 2, bind, /*cheap=*/true};
}

Result<BoundFunction> BindDivide(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  if (!AllNumbers(arguments)) return BindOther("divide", "divide", arguments);
  ARROW_ASSIGN_OR_RAISE(auto type, PromoteNumbers(arguments));
  if (type->id() == Type::BOOL) return DoesNotTake("divide", arguments, "numbers; cast to int64 first");
  if (type->id() != Type::FLOAT) type = arrow::float64();
  return BindKernel("divide", arguments, {type, type});
}

// x ** 0 and 1 ** x are 1 for every x, a missing one too (C's pow, numpy, pandas).
Result<Datum> OneWhateverIsMissing(const std::vector<Datum>& operands, const Datum& result, const DataTypePtr& type,
                                   ExecContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto zero, arrow::MakeScalar(type, 0));
  ARROW_ASSIGN_OR_RAISE(auto one, arrow::MakeScalar(type, 1));
  ARROW_ASSIGN_OR_RAISE(Datum base_is_one, arrow::compute::CallFunction("equal", {operands[0], Datum(one)}, context));
  ARROW_ASSIGN_OR_RAISE(Datum no_exponent, arrow::compute::CallFunction("equal", {operands[1], Datum(zero)}, context));
  ARROW_ASSIGN_OR_RAISE(Datum is_one, arrow::compute::KleeneOr(base_is_one, no_exponent, context));
  ARROW_ASSIGN_OR_RAISE(is_one, ReplaceMissing(is_one, false, context));
  return arrow::compute::IfElse(is_one, Datum(one), result, context);
}

Result<BoundFunction> BindPower(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
  ARROW_ASSIGN_OR_RAISE(auto type, PromoteNumbers(arguments));
  if (type->id() == Type::BOOL) return DoesNotTake("power", arguments, "numbers; cast to int64 first");
  ARROW_ASSIGN_OR_RAISE(auto casts, ArgumentCasts::Make(arguments, {type, type}));
  auto run = [casts = std::move(casts), type](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(auto cast, casts.Apply(values, context));
    ARROW_ASSIGN_OR_RAISE(Datum result, arrow::compute::CallFunction("power", cast, context));
    return result.null_count() == 0 ? result : OneWhateverIsMissing(cast, result, type, context);
  };
  return BoundFunction{type, std::move(run)};
}

template <typename Operation>
ScalarFunction Division(const std::string& name) {
  auto bind = [name](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    if (!AllNumbers(arguments)) return DoesNotTake(name, arguments, "numbers");
    return BindDivision<Operation>(name, arguments);
  };
  return {name, 2, 2, bind, /*cheap=*/true};
}

/// `on_booleans`: the kernel for booleans, "" to give them back as they are.
ScalarFunction Unary(const std::string& name, const std::string& on_booleans) {
  auto bind = [name, on_booleans](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {}));
    const auto type = PlainType(arguments[0].type);
    if (type->id() == Type::BOOL && on_booleans.empty()) {
      return BoundFunction{type, [](const std::vector<Datum>& values, ExecContext*) -> Result<Datum> { return values[0]; }};
    }
    auto bound = BindKernel(type->id() == Type::BOOL ? on_booleans : name, arguments, {type});
    if (!bound.ok()) return DoesNotTake(name, arguments, "numbers, decimals and durations");
    return bound;
  };
  return {name, 1, 1, bind, /*cheap=*/true};
}

// numpy's round: scale, round half to even, scale back.
template <typename Float>
Float RoundFloat(Float x, double scale, bool left_of_point) {
  if (!std::isfinite(x)) return x;
  const Float factor = static_cast<Float>(scale);
  const Float scaled = left_of_point ? x / factor : x * factor;
  if (!std::isfinite(scaled)) return x;
  return left_of_point ? std::nearbyint(scaled) * factor : std::nearbyint(scaled) / factor;
}

Result<BoundFunction> BindRound(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"decimals"}));
  ARROW_ASSIGN_OR_RAISE(const int64_t decimals, IntOption(options, "decimals", 0));
  const auto type = PlainType(arguments[0].type);
  if (type->id() == Type::BOOL || (arrow::is_integer(type->id()) && decimals >= 0)) {
    return BoundFunction{type, [](const std::vector<Datum>& values, ExecContext*) -> Result<Datum> { return values[0]; }};
  }
  if (type->id() == Type::FLOAT || type->id() == Type::DOUBLE) {
    const double scale = std::pow(10.0, std::abs(static_cast<double>(decimals)));
    auto run = [type, scale, decimals](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      auto round = [scale, decimals](auto x) { return RoundFloat(x, scale, decimals < 0); };
      if (type->id() == Type::FLOAT) return MapUnary<arrow::FloatType>(values[0], type, context, round);
      return MapUnary<arrow::DoubleType>(values[0], type, context, round);
    };
    return BoundFunction{type, std::move(run)};
  }
  if (!arrow::is_integer(type->id()) && !arrow::is_decimal(type->id())) {
    return DoesNotTake("round", arguments, "numbers and decimals; use dt_round for timestamps");
  }
  const arrow::compute::RoundOptions round(decimals, arrow::compute::RoundMode::HALF_TO_EVEN);
  auto run = [round](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    return arrow::compute::Round(values[0], round, context);
  };
  return BoundFunction{type, std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddArithmeticFunctions(ScalarFunctionRegistry* registry) {
  using namespace scalar;  // NOLINT(google-build-using-namespace)
  registry->Add(Binary("add", "or"));
  registry->Add(Binary("subtract", ""));
  registry->Add(Binary("multiply", "and"));
  registry->Add({"divide", 2, 2, BindDivide, /*cheap=*/true});
  registry->Add(Division<FloorDivide>("floor_divide"));
  registry->Add(Division<Mod>("mod"));
  registry->Add({"power", 2, 2, BindPower});
  registry->Add(Unary("negate", "invert"));
  registry->Add(Unary("abs", ""));
  registry->Add({"round", 1, 1, BindRound});
}

}  // namespace millstream
