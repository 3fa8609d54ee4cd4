#include "millstream/format/parquet/bounds_filter.h"

#include <cmath>

#include <arrow/compute/api.h>
#include <arrow/scalar.h>
#include <arrow/util/float16.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

namespace millstream::parquet_format {
namespace {

/// Which values an expression can take in a group of rows.
struct Outcome {
  bool may_hold = true;
  bool may_fail = true;  ///< false or missing
};

enum class Order { kLess, kEqual, kGreater, kUnknown };

std::optional<double> AsDouble(const arrow::Scalar& value) {
  switch (value.type->id()) {
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleScalar&>(value).value;
    case arrow::Type::FLOAT:
      return static_cast<const arrow::FloatScalar&>(value).value;
    case arrow::Type::HALF_FLOAT:
      return arrow::util::Float16::FromBits(static_cast<const arrow::HalfFloatScalar&>(value).value).ToDouble();
    default:
      break;
  }
  if (!arrow::is_integer(value.type->id())) return std::nullopt;
  const auto cast = value.CastTo(arrow::float64());
  if (!cast.ok()) return std::nullopt;
  return static_cast<const arrow::DoubleScalar&>(**cast).value;
}

/// Where one side is an integer beyond 2^53 or a narrow float, rounding it may make equal values unequal or the reverse:
/// which of two close values is the greater is then not known.
Order CompareNumbers(double a, double b, bool narrow) {
  constexpr double kExact = 9007199254740992.0;
  if (std::isnan(a) || std::isnan(b)) return Order::kUnknown;
  const double tolerance = narrow ? 1e-3 : (std::abs(a) >= kExact ? 1e-12 : 0);
  if (tolerance > 0 && a != b && std::abs(a - b) <= std::abs(a) * tolerance) return Order::kUnknown;
  if (a == b) return narrow || std::abs(a) < kExact ? Order::kEqual : Order::kUnknown;
  return a < b ? Order::kLess : Order::kGreater;
}

bool IsNarrowFloat(const arrow::DataType& type) {
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::HALF_FLOAT;
}

bool Holds(const char* function, const arrow::Scalar& a, const arrow::Scalar& b) {
  const auto result = arrow::compute::CallFunction(function, {arrow::Datum(a.GetSharedPtr()), arrow::Datum(b.GetSharedPtr())});
  return result.ok() && result->is_scalar() && result->scalar()->is_valid &&
         result->scalar()->type->id() == arrow::Type::BOOL && result->scalar_as<arrow::BooleanScalar>().value;
}

bool Comparable(const arrow::DataType& a, const arrow::DataType& b) {
  if (arrow::is_integer(a.id()) && arrow::is_integer(b.id())) return true;
  if (arrow::is_base_binary_like(a.id())) return arrow::is_base_binary_like(b.id());
  if (arrow::is_decimal(a.id())) return arrow::is_decimal(b.id()) || arrow::is_integer(b.id());
  if (a.id() == arrow::Type::TIMESTAMP && b.id() == arrow::Type::TIMESTAMP) {
    const bool a_has_zone = !static_cast<const arrow::TimestampType&>(a).timezone().empty();
    return a_has_zone == !static_cast<const arrow::TimestampType&>(b).timezone().empty();
  }
  return a.id() == b.id();
}

Order Compare(const arrow::Scalar& a, const arrow::Scalar& b) {
  if (!a.is_valid || !b.is_valid) return Order::kUnknown;
  if (arrow::is_floating(a.type->id()) || arrow::is_floating(b.type->id())) {
    const auto x = AsDouble(a);
    const auto y = AsDouble(b);
    const bool narrow = a.type->id() != b.type->id() && (IsNarrowFloat(*a.type) || IsNarrowFloat(*b.type));
    return x && y ? CompareNumbers(*x, *y, narrow) : Order::kUnknown;
  }
  if (arrow::is_temporal(a.type->id()) && b.type->id() == arrow::Type::STRING) {
    const auto moment = b.CastTo(a.type);  // ISO 8601; other spellings are left to the engine
    return moment.ok() ? Compare(a, **moment) : Order::kUnknown;
  }
  if (!Comparable(*a.type, *b.type)) return Order::kUnknown;
  if (Holds("less", a, b)) return Order::kLess;
  if (Holds("greater", a, b)) return Order::kGreater;
  return Holds("equal", a, b) ? Order::kEqual : Order::kUnknown;
}

Order CompareBound(const std::shared_ptr<arrow::Scalar>& bound, const arrow::Scalar& literal) {
  return bound ? Compare(*bound, literal) : Order::kUnknown;
}

bool IsMissing(const arrow::Scalar& value) {
  if (!value.is_valid) return true;
  const auto number = arrow::is_floating(value.type->id()) ? AsDouble(value) : std::nullopt;
  return number && std::isnan(*number);
}

/// column <function> literal. A missing value makes != hold and all others fail.
Outcome Comparison(const std::string& function, const ColumnBounds& column, const arrow::Scalar& literal) {
  if (IsMissing(literal)) return {};
  if (column.all_missing) return {function == "ne", function != "ne"};
  const Order low = CompareBound(column.min, literal);
  const Order high = CompareBound(column.max, literal);
  const bool none_equal = low == Order::kGreater || high == Order::kLess;
  const bool all_equal = low == Order::kEqual && high == Order::kEqual;
  Outcome outcome;
  if (function == "eq") outcome = {!none_equal, !all_equal};
  if (function == "ne") outcome = {!all_equal, !none_equal};
  if (function == "lt") outcome = {low != Order::kGreater && low != Order::kEqual, high != Order::kLess};
  if (function == "le") outcome = {low != Order::kGreater, high != Order::kLess && high != Order::kEqual};
  if (function == "gt") outcome = {high != Order::kLess && high != Order::kEqual, low != Order::kGreater};
  if (function == "ge") outcome = {high != Order::kLess, low != Order::kGreater && low != Order::kEqual};
  if (column.may_be_missing) {
    outcome.may_hold = outcome.may_hold || function == "ne";
    outcome.may_fail = outcome.may_fail || function != "ne";
  }
  return outcome;
}

std::string Mirrored(const std::string& function) {
  if (function == "lt") return "gt";
  if (function == "le") return "ge";
  if (function == "gt") return "lt";
  if (function == "ge") return "le";
  return function;
}

bool IsComparison(const std::string& function) {
  return function == "eq" || function == "ne" || function == "lt" || function == "le" || function == "gt" || function == "ge";
}

class Evaluator {
 public:
  explicit Evaluator(const BoundsOf& bounds) : bounds_(bounds) {}

  Outcome Evaluate(const Expression& expression) const {
    if (expression.kind() == Expression::Kind::kLiteral) return Literal(*expression.value());
    if (expression.kind() != Expression::Kind::kCall) return {};
    const std::string& name = expression.name();
    const auto& arguments = expression.arguments();
    if (name == "not" && arguments.size() == 1) {
      const Outcome inner = Evaluate(*arguments[0]);
      return {inner.may_fail, inner.may_hold};
    }
    if ((name == "and" || name == "or") && arguments.size() == 2) {
      const Outcome a = Evaluate(*arguments[0]);
      const Outcome b = Evaluate(*arguments[1]);
      if (name == "and") return {a.may_hold && b.may_hold, a.may_fail || b.may_fail};
      return {a.may_hold || b.may_hold, a.may_fail && b.may_fail};
    }
    if (IsComparison(name) && arguments.size() == 2) return Compared(name, *arguments[0], *arguments[1]);
    if (arguments.empty() || arguments[0]->kind() != Expression::Kind::kColumn) return {};
    const auto column = bounds_(arguments[0]->name());
    if (!column) return {};
    if (name == "is_null" && arguments.size() == 1) return {column->may_be_missing, !column->all_missing};
    if (name == "not_null" && arguments.size() == 1) return {!column->all_missing, column->may_be_missing};
    if (name == "is_in") return IsIn(*column, expression);
    if (name == "between" && arguments.size() == 3) return Between(*column, expression);
    return {};
  }

 private:
  static Outcome Literal(const arrow::Scalar& value) {
    if (value.type->id() != arrow::Type::BOOL) return {};
    const bool holds = value.is_valid && static_cast<const arrow::BooleanScalar&>(value).value;
    return {holds, !holds};
  }

  Outcome Compared(const std::string& function, const Expression& a, const Expression& b) const {
    const bool flipped = a.kind() == Expression::Kind::kLiteral;
    const Expression& column = flipped ? b : a;
    const Expression& literal = flipped ? a : b;
    if (column.kind() != Expression::Kind::kColumn || literal.kind() != Expression::Kind::kLiteral) return {};
    const auto bounds = bounds_(column.name());
    if (!bounds) return {};
    return Comparison(flipped ? Mirrored(function) : function, *bounds, *literal.value());
  }

  /// A JSON value as a scalar, null as one without a value; nullptr for what is none of the plain kinds.
  static std::shared_ptr<arrow::Scalar> PlainScalar(const nlohmann::json& value) {
    if (value.is_null()) return arrow::MakeNullScalar(arrow::null());
    if (value.is_boolean()) return arrow::MakeScalar(value.get<bool>());
    if (value.is_number_unsigned()) return arrow::MakeScalar(value.get<uint64_t>());
    if (value.is_number_integer()) return arrow::MakeScalar(value.get<int64_t>());
    if (value.is_number_float()) return arrow::MakeScalar(value.get<double>());
    if (value.is_string()) return arrow::MakeScalar(value.get<std::string>());
    return nullptr;
  }

  /// Only prunes: that all rows are in the list is never concluded.
  static Outcome IsIn(const ColumnBounds& column, const Expression& call) {
    Outcome outcome{false, true};
    const auto consider = [&](const arrow::Scalar& value) {
      outcome.may_hold = outcome.may_hold || (IsMissing(value) ? column.may_be_missing || column.all_missing
                                                               : Comparison("eq", column, value).may_hold);
    };
    const bool has_values = call.options().is_object() && call.options().contains("values");
    if (call.arguments().size() < 2 && !has_values) return {};
    if (has_values) {
      for (const nlohmann::json& value : call.options()["values"]) {
        if (const auto scalar = PlainScalar(value)) {
          consider(*scalar);
        } else {
          return {};
        }
      }
    }
    for (size_t i = 1; i < call.arguments().size(); ++i) {
      const Expression& argument = *call.arguments()[i];
      if (argument.kind() != Expression::Kind::kLiteral) return {};
      if (!arrow::is_list_like(argument.value()->type->id())) {
        consider(*argument.value());
        continue;
      }
      if (!argument.value()->is_valid) return {};
      const auto& values = *static_cast<const arrow::BaseListScalar&>(*argument.value()).value;
      for (int64_t row = 0; row < values.length() && !outcome.may_hold; ++row) {
        const auto value = values.GetScalar(row);
        if (!value.ok()) return {};
        consider(**value);
      }
    }
    return outcome;
  }

  /// Bounds are taken as inclusive, whatever the options say: that prunes less, never too much.
  static Outcome Between(const ColumnBounds& column, const Expression& call) {
    const Expression& low = *call.arguments()[1];
    const Expression& high = *call.arguments()[2];
    if (low.kind() != Expression::Kind::kLiteral || high.kind() != Expression::Kind::kLiteral) return {};
    return {Comparison("ge", column, *low.value()).may_hold && Comparison("le", column, *high.value()).may_hold, true};
  }

  const BoundsOf& bounds_;
};

}  // namespace

bool CanMatch(const Expression& filter, const BoundsOf& bounds) { return Evaluator(bounds).Evaluate(filter).may_hold; }

std::optional<ColumnBounds> RowGroupBounds(const ::parquet::RowGroupMetaData& group,
                                           const ::parquet::arrow::SchemaManifest& manifest, int field_index) {
  const ::parquet::arrow::SchemaField& field = manifest.schema_fields[static_cast<size_t>(field_index)];
  if (!field.is_leaf() || !field.children.empty()) return std::nullopt;
  try {
    const auto chunk = group.ColumnChunk(field.column_index);
    if (!chunk->is_stats_set()) return std::nullopt;
    const auto statistics = chunk->statistics();
    if (!statistics) return std::nullopt;
    ColumnBounds bounds;
    const bool is_float = arrow::is_floating(field.field->type()->id());
    if (statistics->HasNullCount()) {
      bounds.all_missing = statistics->null_count() == group.num_rows() && group.num_rows() > 0;
      bounds.may_be_missing = is_float || statistics->null_count() != 0;
    }
    if (statistics->HasMinMax()) {
      std::shared_ptr<arrow::Scalar> min;
      std::shared_ptr<arrow::Scalar> max;
      if (::parquet::arrow::StatisticsAsScalars(*statistics, &min, &max).ok() && !IsMissing(*min) && !IsMissing(*max)) {
        bounds.min = std::move(min);
        bounds.max = std::move(max);
      }
    }
    return bounds;
  } catch (const std::exception&) {
    return std::nullopt;  // broken statistics: the data itself may still be readable, and says if it is not
  }
}

ColumnBounds ConstantBounds(const std::shared_ptr<arrow::Scalar>& value) {
  ColumnBounds bounds;
  bounds.all_missing = bounds.may_be_missing = IsMissing(*value);
  if (!bounds.all_missing) bounds.min = bounds.max = value;
  return bounds;
}

}  // namespace millstream::parquet_format
