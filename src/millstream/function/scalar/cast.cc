// cast: pandas' astype. Integers wrap, floats are cut off, str() is Python's, a missing value has no place in an integer.
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/calendar.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/text.h"
#include "millstream/function/scalar/time_unit.h"
#include "millstream/function/scalar/to_datetime.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::TimeUnit;
using arrow::Type;

struct Target {
  DataTypePtr type;
  bool nullable = false;  ///< pandas' masked types (Int64, ...) hold missing values
};

struct NamedTarget {
  const char* name;
  DataTypePtr type;
  bool nullable = false;
};

const std::vector<NamedTarget>& Targets() {
  static const std::vector<NamedTarget> targets = {
      {"int8", arrow::int8()},
      {"int16", arrow::int16()},
      {"int32", arrow::int32()},
      {"int64", arrow::int64()},
      {"int", arrow::int64()},
      {"uint8", arrow::uint8()},
      {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},
      {"uint64", arrow::uint64()},
      {"float32", arrow::float32()},
      {"float64", arrow::float64()},
      {"float", arrow::float64()},
      {"bool", arrow::boolean()},
      {"str", arrow::utf8()},
      {"string", arrow::utf8()},
      {"Int8", arrow::int8(), true},
      {"Int16", arrow::int16(), true},
      {"Int32", arrow::int32(), true},
      {"Int64", arrow::int64(), true},
      {"UInt8", arrow::uint8(), true},
      {"UInt16", arrow::uint16(), true},
      {"UInt32", arrow::uint32(), true},
      {"UInt64", arrow::uint64(), true},
      {"Float32", arrow::float32(), true},
      {"Float64", arrow::float64(), true},
      {"boolean", arrow::boolean(), true},
      {"datetime64[s]", arrow::timestamp(TimeUnit::SECOND)},
      {"datetime64[ms]", arrow::timestamp(TimeUnit::MILLI)},
      {"datetime64[us]", arrow::timestamp(TimeUnit::MICRO)},
      {"datetime64[ns]", arrow::timestamp(TimeUnit::NANO)},
      {"datetime64", arrow::timestamp(TimeUnit::NANO)},
      {"timedelta64[s]", arrow::duration(TimeUnit::SECOND)},
      {"timedelta64[ms]", arrow::duration(TimeUnit::MILLI)},
      {"timedelta64[us]", arrow::duration(TimeUnit::MICRO)},
      {"timedelta64[ns]", arrow::duration(TimeUnit::NANO)},
      {"date32", arrow::date32()},
      {"date32[day]", arrow::date32()},
      {"binary", arrow::binary()},
      {"large_string", arrow::large_utf8()},
  };
  return targets;
}

Result<Target> FindTarget(const std::string& name, const DataTypePtr& source) {
  if (name == "object" || name == "category") return Target{PlainType(source), true};
  std::string known;
  for (const auto& target : Targets()) {
    if (name == target.name) return Target{target.type, target.nullable};
    known += (known.empty() ? "" : ", ") + std::string(target.name);
  }
  return Status::TypeError("unknown type '", name, "' to cast to; known are ", known, ", category");
}

Status MissingInInteger(const arrow::DataType& type) {
  return Status::Invalid("cannot cast missing values (NA or inf) to ", type.ToString(),
                         "; fill them first with fillna, or cast to a nullable type such as 'Int64'");
}

// Casts to pandas' nullable types keep every value or fail; those to NumPy's wrap and cut off.
Status NotSafe(const arrow::DataType& from, const arrow::DataType& to) {
  return Status::TypeError("cannot safely cast ", from.ToString(), " to nullable ", to.ToString(),
                           ": some values are not the same there; round or cast to a NumPy type first");
}

// ---- numbers ----

template <typename Float, typename Integer>
bool FitsIn(Float value) {
  // 2^63 and its like are floats exactly; the largest integers are not.
  const Float limit = std::ldexp(Float(1), std::numeric_limits<Integer>::digits);
  return value < limit && (std::is_signed_v<Integer> ? value >= -limit : value > Float(-1));
}

template <typename In>
Result<Datum> FloatsToIntegers(const Datum& value, const Target& target, bool strict, ExecContext* context) {
  using Float = typename In::c_type;
  Datum source = value;
  if (target.nullable || !strict) {  // what an integer cannot hold becomes null, so that only real values are checked
    ARROW_ASSIGN_OR_RAISE(Datum nothing, arrow::compute::CallFunction(strict ? "is_nan" : "is_finite", {source}, context));
    if (!strict) {
      ARROW_ASSIGN_OR_RAISE(nothing, arrow::compute::Invert(nothing, context));
    }
    ARROW_ASSIGN_OR_RAISE(source, arrow::compute::IfElse(nothing, Datum(arrow::MakeNullScalar(value.type())), source, context));
  } else if (source.null_count() != 0) {
    return MissingInInteger(*target.type);
  }
  const arrow::ArrayData& data = *source.array();
  return VisitNumber(*target.type, [&](auto tag) -> Result<Datum> {
    using Integer = typename decltype(tag)::c_type;
    const Float* x = data.GetValues<Float>(1);
    const uint8_t* valid = data.GetNullCount() ? data.buffers[0]->data() : nullptr;
    for (int64_t i = 0; i < data.length; ++i) {
      if (valid && !arrow::bit_util::GetBit(valid, data.offset + i)) continue;
      if (FitsIn<Float, Integer>(x[i])) {
        if (target.nullable && strict && x[i] != std::trunc(x[i])) return NotSafe(*value.type(), *target.type);
        continue;
      }
      if (!std::isfinite(x[i]) && !target.nullable) return MissingInInteger(*target.type);
      return Status::Invalid("cannot cast ", x[i], " to ", target.type->ToString(), ": it is out of range");
    }
    auto cut = [](Float number) { return FitsIn<Float, Integer>(number) ? static_cast<Integer>(number) : Integer{}; };
    return MapUnary<In>(source, target.type, context, cut);
  });
}

// Python's truth: zero is false, a missing value (NaN) is true.
Result<Datum> NumbersToBooleans(const Datum& value, const Target& target, ExecContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto zero, arrow::MakeScalar(value.type(), 0));
  ARROW_ASSIGN_OR_RAISE(Datum truth, arrow::compute::CallFunction("not_equal", {value, Datum(zero)}, context));
  if (!target.nullable) return ReplaceMissing(truth, true, context);
  ARROW_ASSIGN_OR_RAISE(Datum missing, IsMissing(value, context));
  ARROW_ASSIGN_OR_RAISE(truth,
                        arrow::compute::IfElse(missing, Datum(std::make_shared<arrow::BooleanScalar>()), truth, context));
  ARROW_ASSIGN_OR_RAISE(Datum back, CastUnchecked(truth, value.type(), context));
  ARROW_ASSIGN_OR_RAISE(Datum same, arrow::compute::CallFunction("equal", {back, value}, context));
  const arrow::BooleanArray kept(same.array());
  if (kept.true_count() + kept.null_count() != kept.length()) return NotSafe(*value.type(), *target.type);
  return truth;
}

Result<Datum> IntegersToIntegers(const Datum& value, const Target& target, ExecContext* context) {
  if (!target.nullable && value.null_count() != 0) return MissingInInteger(*target.type);
  if (!target.nullable) return CastUnchecked(value, target.type, context);
  auto cast = arrow::compute::Cast(value, target.type, arrow::compute::CastOptions::Safe(), context);
  return cast.status().IsInvalid() ? NotSafe(*value.type(), *target.type) : cast;
}

// ---- text ----

Result<Datum> TextToBooleans(const arrow::StringArray& text, const Target& target, ExecContext* context) {
  arrow::BooleanBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(text.length()));
  for (int64_t i = 0; i < text.length(); ++i) {
    if (text.IsNull(i) && target.nullable) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(text.IsNull(i) || text.value_length(i) != 0);
    }
  }
  std::shared_ptr<arrow::Array> result;
  ARROW_RETURN_NOT_OK(builder.Finish(&result));
  return Datum(std::move(result));
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  text = TrimSpaces(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if constexpr (std::is_floating_point_v<Number>) {
    // Out of range is infinity or zero, as in Python; from_chars leaves the value alone.
    if (error == std::errc::result_out_of_range && end == text.data() + text.size()) {
      *number = static_cast<Number>(std::strtod(std::string(text).c_str(), nullptr));
      return true;
    }
  }
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Result<Datum> TextToNumbers(const arrow::StringArray& text, const Target& target, bool strict, ExecContext* context) {
  const bool integers = arrow::is_integer(target.type->id());
  if (integers && !target.nullable && strict && text.null_count() != 0) return MissingInInteger(*target.type);
  auto fail = [&](std::string_view value) {
    return Status::Invalid("cannot cast the string '", value, "' to ", target.type->ToString(),
                           integers ? ": it is not an integer in range" : ": it is not a number");
  };
  return VisitNumber(*target.type, [&](auto tag) {
    using T = decltype(tag);
    return ReadText<T>(text, target.type, strict, context, ReadNumber<typename T::c_type>, fail);
  });
}

template <typename ArrayType>
Result<Datum> FloatsToText(const Datum& value, ExecContext* context) {
  const ArrayType array(value.array());
  ARROW_ASSIGN_OR_RAISE(Datum text,
                        WriteText(array, context, [&](int64_t i, std::string* out) { AppendFloat(array.Value(i), out); }));
  ARROW_ASSIGN_OR_RAISE(Datum missing, IsMissing(value, context));  // NaN stays missing, it does not become "nan"
  return arrow::compute::IfElse(missing, Datum(arrow::MakeNullScalar(arrow::utf8())), text, context);
}

Result<Datum> TimestampsToText(const Datum& value, ExecContext* context) {
  const auto& type = static_cast<const arrow::TimestampType&>(*value.type());
  const arrow::TimestampArray utc(value.array());
  Datum local = value;
  if (!type.timezone().empty()) {
    ARROW_ASSIGN_OR_RAISE(local, arrow::compute::LocalTimestamp(value, context));
  }
  const arrow::TimestampArray times(local.array());
  return WriteText(times, context, [&](int64_t i, std::string* out) {
    CivilTime time = CivilFromTicks(times.Value(i), type.unit());
    if (!type.timezone().empty()) {
      time.offset_seconds = static_cast<int>((times.Value(i) - utc.Value(i)) / UnitsPerSecond(type.unit()));
    }
    AppendIso(time, out);
  });
}

Result<Datum> ToText(const Datum& value, ExecContext* context) {
  switch (value.type()->id()) {
    case Type::FLOAT:
      return FloatsToText<arrow::FloatArray>(value, context);
    case Type::DOUBLE:
      return FloatsToText<arrow::DoubleArray>(value, context);
    case Type::BOOL:
      return arrow::compute::IfElse(value, Datum("True"), Datum("False"), context);
    case Type::TIMESTAMP:
      return TimestampsToText(value, context);
    default:
      return arrow::compute::Cast(value, arrow::utf8(), arrow::compute::CastOptions::Safe(), context);
  }
}

// ---- one value to one target ----

Result<Datum> CastArray(const Datum& value, const Target& target, bool strict, ExecContext* context) {
  const DataTypePtr source = value.type();
  const bool to_integer = arrow::is_integer(target.type->id());
  if (source->Equals(*target.type) && !(to_integer && !target.nullable) && target.type->id() != Type::BOOL) return value;
  if (target.type->id() == Type::STRING && !IsText(*source)) return ToText(value, context);
  if (IsText(*source) && (IsNumber(*target.type) || target.type->id() == Type::BOOL)) {
    ARROW_ASSIGN_OR_RAISE(Datum narrow, CastUnchecked(value, arrow::utf8(), context));
    const arrow::StringArray text(narrow.array());
    if (target.type->id() == Type::BOOL) return TextToBooleans(text, target, context);
    return TextToNumbers(text, target, strict, context);
  }
  if (target.type->id() == Type::BOOL && source->id() == Type::BOOL) {
    return target.nullable ? value : ReplaceMissing(value, true, context);
  }
  if (target.type->id() == Type::BOOL && IsNumber(*source)) return NumbersToBooleans(value, target, context);
  if (to_integer && source->id() == Type::FLOAT) return FloatsToIntegers<arrow::FloatType>(value, target, strict, context);
  if (to_integer && source->id() == Type::DOUBLE) return FloatsToIntegers<arrow::DoubleType>(value, target, strict, context);
  if (to_integer) {
    if (!target.nullable && value.null_count() != 0) return MissingInInteger(*target.type);
    if (IsTemporal(*source)) {
      ARROW_ASSIGN_OR_RAISE(Datum ticks,
                            arrow::compute::Cast(value, arrow::int64(), arrow::compute::CastOptions::Safe(), context));
      return IntegersToIntegers(ticks, target, context);
    }
    return IntegersToIntegers(value, target, context);
  }
  if (IsTemporal(*target.type) && arrow::is_integer(source->id())) {
    ARROW_ASSIGN_OR_RAISE(Datum ticks, CastUnchecked(value, arrow::int64(), context));
    return arrow::compute::Cast(ticks, target.type, arrow::compute::CastOptions::Safe(), context);
  }
  if (source->id() == target.type->id() && (source->id() == Type::TIMESTAMP || source->id() == Type::DURATION)) {
    return ChangeUnit(value, target.type, context);
  }
  return CastUnchecked(value, target.type, context);
}

bool CanCast(const arrow::DataType& source, const arrow::DataType& target) {
  if (source.Equals(target) || (target.id() == Type::STRING && (IsNumber(source) || source.id() == Type::BOOL))) return true;
  if (IsText(source) && (IsNumber(target) || target.id() == Type::BOOL)) return true;
  if (source.id() == Type::DURATION && target.id() == Type::STRING) return true;
  if (IsTemporal(target) && arrow::is_integer(source.id())) return target.bit_width() == 64;
  return arrow::compute::CanCast(source, target);
}

Result<BoundFunction> BindCast(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"to", "errors"}));
  ARROW_ASSIGN_OR_RAISE(const std::string name, TextOption(options, "to", ""));
  ARROW_ASSIGN_OR_RAISE(const std::string errors, TextOption(options, "errors", "raise"));
  if (errors != "raise" && errors != "coerce") {
    return Status::Invalid("option 'errors' must be 'raise' or 'coerce', not '", errors, "'");
  }
  if (name.empty()) return Status::Invalid("cast needs the option 'to', the name of a type such as 'int64' or 'str'");
  const DataTypePtr source = PlainType(arguments[0].type);
  ARROW_ASSIGN_OR_RAISE(Target target, FindTarget(name, source));
  if (target.type->id() == Type::TIMESTAMP && IsText(*source)) {
    const auto unit = static_cast<const arrow::TimestampType&>(*target.type).unit();
    return BindTextToTimestamps(TextTimes{.unit = unit, .zone = "", .format = "", .strict = errors == "raise"});
  }
  if (target.type->id() == Type::TIMESTAMP && source->id() == Type::TIMESTAMP &&
      !static_cast<const arrow::TimestampType&>(*source).timezone().empty()) {
    return Status::TypeError("cannot cast times with a zone (", source->ToString(),
                             ") to times without one: use dt.tz_localize(None) for local time, dt.tz_convert(None) for UTC");
  }
  if (!CanCast(*source, *target.type)) {
    return Status::TypeError("cannot cast ", source->ToString(), " to ", target.type->ToString());
  }
  auto run = [target, strict = errors == "raise"](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum plain, ToPlain(values[0], context));
    if (plain.is_array()) return CastArray(plain, target, strict, context);
    return RunScalarsAsArrays({plain}, context,
                              [&](const std::vector<Datum>& arrays) { return CastArray(arrays[0], target, strict, context); });
  };
  return BoundFunction{target.type, std::move(run)};
}

}  // namespace
}  // namespace scalar

void AddCastFunctions(ScalarFunctionRegistry* registry) { registry->Add({"cast", 1, 1, scalar::BindCast}); }

}  // namespace millstream
