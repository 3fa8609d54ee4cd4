#include "millstream/function/scalar/support.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

namespace millstream::scalar {

using arrow::Type;

DataTypePtr PlainType(const DataTypePtr& type) {
  if (type->id() == Type::EXTENSION) return PlainType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
  if (type->id() == Type::DICTIONARY) return PlainType(static_cast<const arrow::DictionaryType&>(*type).value_type());
  return type;
}

Result<Datum> ToPlain(const Datum& value, ExecContext* context) {
  const Type::type id = value.type()->id();
  if (id != Type::EXTENSION && id != Type::DICTIONARY) return value;
  if (value.is_scalar()) {
    if (!value.scalar()->is_valid) return Datum(arrow::MakeNullScalar(PlainType(value.type())));
    if (id == Type::EXTENSION) return ToPlain(static_cast<const arrow::ExtensionScalar&>(*value.scalar()).value, context);
    ARROW_ASSIGN_OR_RAISE(auto decoded, static_cast<const arrow::DictionaryScalar&>(*value.scalar()).GetEncodedValue());
    return ToPlain(decoded, context);
  }
  if (id == Type::EXTENSION) {
    auto storage = value.array()->Copy();
    storage->type = static_cast<const arrow::ExtensionType&>(*value.type()).storage_type();
    return ToPlain(Datum(std::move(storage)), context);
  }
  const arrow::DictionaryArray array(value.array());
  ARROW_ASSIGN_OR_RAISE(auto decoded, arrow::compute::Take(Datum(array.dictionary()), Datum(array.indices()),
                                                           arrow::compute::TakeOptions::NoBoundsCheck(), context));
  return ToPlain(decoded, context);
}

bool IsText(const arrow::DataType& plain) {
  return plain.id() == Type::STRING || plain.id() == Type::LARGE_STRING || plain.id() == Type::STRING_VIEW;
}

bool IsNumber(const arrow::DataType& plain) { return arrow::is_integer(plain.id()) || arrow::is_floating(plain.id()); }

bool IsTemporal(const arrow::DataType& plain) { return arrow::is_temporal(plain.id()) || plain.id() == Type::DURATION; }

DataTypePtr CommonTimes(const arrow::DataType& a, const arrow::DataType& b) {
  if (arrow::is_time(a.id()) && arrow::is_time(b.id())) {
    const auto unit = [](const arrow::DataType& type) { return static_cast<const arrow::TimeType&>(type).unit(); };
    const auto finer = std::max(unit(a), unit(b));
    return finer <= arrow::TimeUnit::MILLI ? arrow::time32(finer) : arrow::time64(finer);
  }
  if (a.id() != b.id()) return nullptr;
  if (a.id() == Type::DURATION) {
    const auto unit = [](const arrow::DataType& type) { return static_cast<const arrow::DurationType&>(type).unit(); };
    return arrow::duration(std::max(unit(a), unit(b)));
  }
  if (a.id() != Type::TIMESTAMP) return nullptr;
  const auto& first = static_cast<const arrow::TimestampType&>(a);
  const auto& second = static_cast<const arrow::TimestampType&>(b);
  if (first.timezone().empty() != second.timezone().empty()) return nullptr;
  return arrow::timestamp(std::max(first.unit(), second.unit()), first.timezone());
}

Result<Datum> CastUnchecked(const Datum& value, const DataTypePtr& type, ExecContext* context) {
  ARROW_ASSIGN_OR_RAISE(Datum plain, ToPlain(value, context));
  if (plain.type()->Equals(*type)) return plain;
  const auto common = CommonTimes(*type, *plain.type());
  const bool is_finer = common && common->Equals(*type);
  const auto options = is_finer ? arrow::compute::CastOptions::Safe(type) : arrow::compute::CastOptions::Unsafe(type);
  return arrow::compute::Cast(plain, options, context);
}

namespace {

// numpy's promotion of two types (numpy.promote_types) for booleans, integers and floats.
DataTypePtr PromoteTwo(const DataTypePtr& a, const DataTypePtr& b) {
  if (a->Equals(*b) || b->id() == Type::BOOL) return a;
  if (a->id() == Type::BOOL) return b;
  const int wide_a = a->bit_width(), wide_b = b->bit_width();
  const bool float_a = arrow::is_floating(a->id()), float_b = arrow::is_floating(b->id());
  if (float_a && float_b) return wide_a >= wide_b ? a : b;
  if (float_a || float_b) {
    const int float_bits = float_a ? wide_a : wide_b;
    const int int_bits = float_a ? wide_b : wide_a;
    if (float_bits > int_bits) return float_a ? a : b;  // a float holds integers of half its width
    return int_bits >= 32 ? arrow::float64() : arrow::float32();
  }
  const bool signed_a = arrow::is_signed_integer(a->id()), signed_b = arrow::is_signed_integer(b->id());
  if (signed_a == signed_b) return wide_a >= wide_b ? a : b;
  const int signed_bits = signed_a ? wide_a : wide_b;
  const int unsigned_bits = signed_a ? wide_b : wide_a;
  if (signed_bits > unsigned_bits) return signed_a ? a : b;
  if (unsigned_bits == 8) return arrow::int16();
  if (unsigned_bits == 16) return arrow::int32();
  return unsigned_bits == 32 ? arrow::int64() : arrow::float64();
}

// A Python int or float: it has a kind, but no width of its own.
bool IsWeak(const ArgumentInfo& argument) {
  return argument.literal && (argument.type->id() == Type::INT64 || argument.type->id() == Type::DOUBLE);
}

template <typename T>
bool Fits(int64_t value) {
  if constexpr (std::is_unsigned_v<T>) {
    return value >= 0 && static_cast<uint64_t>(value) <= std::numeric_limits<T>::max();
  }
  return value >= static_cast<int64_t>(std::numeric_limits<T>::min()) &&
         static_cast<uint64_t>(std::max<int64_t>(value, 0)) <= static_cast<uint64_t>(std::numeric_limits<T>::max());
}

bool FitsInteger(Type::type id, int64_t value) {
  switch (id) {
    case Type::INT8:
      return Fits<int8_t>(value);
    case Type::INT16:
      return Fits<int16_t>(value);
    case Type::INT32:
      return Fits<int32_t>(value);
    case Type::UINT8:
      return Fits<uint8_t>(value);
    case Type::UINT16:
      return Fits<uint16_t>(value);
    case Type::UINT32:
      return Fits<uint32_t>(value);
    case Type::UINT64:
      return Fits<uint64_t>(value);
    default:
      return true;
  }
}

// The type of a weak literal beside a strong type. An integer that does not fit widens the result instead of wrapping.
DataTypePtr PromoteWeak(const DataTypePtr& strong, const ArgumentInfo& weak) {
  if (weak.type->id() == Type::DOUBLE) return arrow::is_floating(strong->id()) ? strong : arrow::float64();
  if (arrow::is_floating(strong->id())) return strong;
  if (strong->id() == Type::BOOL || !weak.literal->is_valid) return PromoteTwo(strong, weak.type);
  const int64_t value = static_cast<const arrow::Int64Scalar&>(*weak.literal).value;
  return FitsInteger(strong->id(), value) ? strong : PromoteTwo(strong, arrow::int64());
}

std::string TypeNames(const Arguments& arguments) {
  std::string names;
  for (const auto& argument : arguments) names += (names.empty() ? "" : ", ") + argument.type->ToString();
  return names;
}

}  // namespace

Result<DataTypePtr> PromoteNumbers(const Arguments& arguments) {
  DataTypePtr strong, weak;
  for (const auto& argument : arguments) {
    const DataTypePtr type = PlainType(argument.type);
    if (type->id() == Type::NA) continue;
    if (!IsNumber(*type) && type->id() != Type::BOOL) return DoesNotTake("arithmetic", arguments, "numbers");
    DataTypePtr& target = IsWeak(argument) ? weak : strong;
    target = target ? PromoteTwo(target, type) : type;
  }
  if (!strong) return weak ? weak : arrow::float64();
  for (const auto& argument : arguments) {
    if (IsWeak(argument)) strong = PromoteWeak(strong, argument);
  }
  return strong;
}

Result<ArgumentCasts> ArgumentCasts::Make(const Arguments& arguments, std::vector<DataTypePtr> types) {
  ArgumentCasts casts;
  ExecContext context;
  for (size_t i = 0; i < arguments.size(); ++i) {
    casts.literals_.push_back(nullptr);
    if (!arguments[i].literal) continue;
    ARROW_ASSIGN_OR_RAISE(Datum value, CastUnchecked(Datum(arguments[i].literal), types[i], &context));
    casts.literals_.back() = value.scalar();
  }
  casts.types_ = std::move(types);
  return casts;
}

Result<std::vector<Datum>> ArgumentCasts::Apply(const std::vector<Datum>& values, ExecContext* context) const {
  std::vector<Datum> cast;
  cast.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (literals_[i]) {
      cast.emplace_back(literals_[i]);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Datum value, CastUnchecked(values[i], types_[i], context));
    cast.push_back(std::move(value));
  }
  return cast;
}

Result<std::shared_ptr<arrow::Scalar>> DecimalOf(const arrow::Scalar& integer) {
  arrow::Decimal128 value;
  int32_t digits = 0;
  int32_t scale = 0;
  ARROW_RETURN_NOT_OK(arrow::Decimal128::FromString(integer.ToString(), &value, &digits, &scale));
  return std::make_shared<arrow::Decimal128Scalar>(value, arrow::decimal128(std::max(1, digits), 0));
}

Result<DataTypePtr> KernelType(const std::string& function, const std::vector<DataTypePtr>& types,
                               const arrow::compute::FunctionOptions* options) {
  std::vector<Datum> empty;
  for (const auto& type : types) {
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeEmptyArray(type));
    empty.emplace_back(std::move(array));
  }
  auto result = arrow::compute::CallFunction(function, empty, options);
  if (!result.ok()) return Status::TypeError(result.status().message());
  return result->type();
}

Status DoesNotTake(const std::string& function, const Arguments& arguments, const std::string& takes) {
  return Status::TypeError(function, " does not take (", TypeNames(arguments), "); it takes ", takes);
}

Status CheckOptions(const nlohmann::json& options, const std::vector<const char*>& known) {
  if (options.is_null()) return Status::OK();
  if (!options.is_object()) return Status::Invalid("options must be a JSON object, not ", options.type_name());
  for (const auto& [key, value] : options.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string names;
    for (const char* name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    return Status::Invalid("unknown option '", key, "'; known are: ", names.empty() ? "none" : names);
  }
  return Status::OK();
}

namespace {

const nlohmann::json* FindOption(const nlohmann::json& options, const char* key) {
  if (!options.is_object()) return nullptr;
  auto found = options.find(key);
  return found == options.end() || found->is_null() ? nullptr : &*found;
}

Status WrongOption(const char* key, const nlohmann::json& value, const char* wanted) {
  return Status::Invalid("option '", key, "' must be ", wanted, ", not ",
                         value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

}  // namespace

Result<std::string> TextOption(const nlohmann::json& options, const char* key, const std::string& fallback) {
  const auto* value = FindOption(options, key);
  if (!value) return fallback;
  if (!value->is_string()) return WrongOption(key, *value, "a string");
  return value->get<std::string>();
}

Result<bool> BoolOption(const nlohmann::json& options, const char* key, bool fallback) {
  const auto* value = FindOption(options, key);
  if (!value) return fallback;
  if (!value->is_boolean()) return WrongOption(key, *value, "true or false");
  return value->get<bool>();
}

Result<int64_t> IntOption(const nlohmann::json& options, const char* key, int64_t fallback) {
  const auto* value = FindOption(options, key);
  if (!value) return fallback;
  if (!value->is_number_integer()) return WrongOption(key, *value, "an integer");
  return value->get<int64_t>();
}

}  // namespace millstream::scalar
