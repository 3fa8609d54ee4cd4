#include "millstream/format/json/options.h"

#include <algorithm>

#include <arrow/type.h>

#include "millstream/base/bytes.h"
#include "millstream/format/json/column_factories.h"

namespace millstream::json_format {
namespace {

using Json = nlohmann::json;

/// Takes options by name; what is left over at the end is unknown.
class OptionReader {
 public:
  explicit OptionReader(const Json& options) : options_(options) {}

  /// The value, nullptr where it is missing or null.
  const Json* Take(const char* name) {
    names_.emplace_back(name);
    if (!options_.is_object()) return nullptr;
    const auto found = options_.find(name);
    return found == options_.end() || found->is_null() ? nullptr : &*found;
  }

  Status Bool(const char* name, bool* out) {
    const Json* value = Take(name);
    if (!value) return Status::OK();
    if (!value->is_boolean()) return Bad(name, *value, "true or false");
    *out = value->get<bool>();
    return Status::OK();
  }
  Status Text(const char* name, std::string* out) {
    const Json* value = Take(name);
    if (!value) return Status::OK();
    if (!value->is_string()) return Bad(name, *value, "text");
    *out = value->get<std::string>();
    return Status::OK();
  }
  /// A positive number of bytes, or text such as "64MB".
  Status Bytes(const char* name, int64_t* out) {
    const Json* value = Take(name);
    if (!value) return Status::OK();
    if (value->is_string()) {
      auto bytes = ParseBytes(value->get<std::string>());
      if (!bytes.ok()) return WithPlace(bytes.status(), std::string("option '") + name + "'");
      *out = *bytes;
    } else if (value->is_number_integer()) {
      *out = value->get<int64_t>();
    } else {
      return Bad(name, *value, "a number of bytes");
    }
    return *out > 0 ? Status::OK() : Bad(name, *value, "more than 0 bytes");
  }
  /// Text that is one of `choices`; `out` is its place.
  Status Choice(const char* name, const std::vector<std::string>& choices, size_t* out) {
    std::string text;
    ARROW_RETURN_NOT_OK(Text(name, &text));
    if (text.empty()) return Status::OK();
    const auto found = std::find(choices.begin(), choices.end(), text);
    if (found == choices.end()) return Bad(name, text, "one of " + Json(choices).dump());
    *out = static_cast<size_t>(found - choices.begin());
    return Status::OK();
  }
  static Status Bad(const char* name, const Json& value, const std::string& wanted) {
    return Status::Invalid("option '", name, "' of the json format must be ", wanted, ", not ", value.dump());
  }
  /// Invalid where an option was never asked for.
  Status Finish() const {
    if (options_.is_null()) return Status::OK();
    if (!options_.is_object())
      return Status::Invalid("the options of the json format must be an object, not ", options_.dump());
    for (const auto& [name, value] : options_.items()) {
      if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
        return Status::Invalid("the json format has no option '", name, "'; known are ", Json(names_).dump());
      }
    }
    return Status::OK();
  }

 private:
  const Json& options_;
  std::vector<std::string> names_;
};

const std::vector<std::string>& UnitNames() {
  static const std::vector<std::string> names = {"s", "ms", "us", "ns"};
  return names;
}
constexpr int64_t kUnitNanoseconds[] = {1'000'000'000, 1'000'000, 1'000, 1};

Status ParseStrings(const char* name, const Json& value, std::vector<std::string>* out) {
  if (!value.is_array()) return OptionReader::Bad(name, value, "a list of column names");
  for (const Json& item : value) {
    if (!item.is_string()) return OptionReader::Bad(name, value, "a list of column names");
    out->push_back(item.get<std::string>());
  }
  return Status::OK();
}

Status ParseDtype(const Json& value, ReadOptions* out) {
  if (value.is_boolean()) {
    out->infer_dtypes = value.get<bool>();
    return Status::OK();
  }
  if (!value.is_object()) return OptionReader::Bad("dtype", value, "true, false or {column: type name}");
  for (const auto& [column, name] : value.items()) {
    if (!name.is_string()) return OptionReader::Bad("dtype", value, "{column: type name}");
    ARROW_ASSIGN_OR_RAISE(out->dtypes[column], TypeFromName(name.get<std::string>(), column));
  }
  return Status::OK();
}

Status ParseDates(const Json& value, ReadOptions* out) {
  if (value.is_boolean()) {
    out->convert_default_dates = value.get<bool>();
    return Status::OK();
  }
  std::vector<std::string> names;
  ARROW_RETURN_NOT_OK(ParseStrings("convert_dates", value, &names));
  out->date_columns.insert(names.begin(), names.end());
  return Status::OK();
}

Status ParseUnits(const Json& value, ReadOptions* out) {
  if (!value.is_object()) return OptionReader::Bad("epoch_units", value, "{column: nanoseconds}");
  for (const auto& [column, unit] : value.items()) {
    if (!unit.is_number_integer() || unit.get<int64_t>() <= 0) return OptionReader::Bad("epoch_units", value, "positive");
    out->epoch_units[column] = unit.get<int64_t>();
  }
  return Status::OK();
}

Status ParseLayout(OptionReader* in, Layout* layout) {
  bool lines = true;
  size_t orient = 0;
  ARROW_RETURN_NOT_OK(in->Bool("lines", &lines));
  ARROW_RETURN_NOT_OK(in->Choice("orient", {"records"}, &orient));
  *layout = lines ? Layout::kLines : Layout::kArray;
  return Status::OK();
}

/// "datetime64[us, UTC]", "timestamp[ms]": unit and time zone; nullptr for anything else.
std::shared_ptr<arrow::DataType> TimestampFromName(std::string_view name) {
  const size_t open = name.find('[');
  const std::string_view head = name.substr(0, open);
  if (head != "datetime64" && head != "timestamp") return nullptr;
  if (open == std::string_view::npos) return arrow::timestamp(arrow::TimeUnit::MICRO);
  if (name.back() != ']') return nullptr;
  std::string_view inside = name.substr(open + 1, name.size() - open - 2);
  std::string zone;
  if (const size_t comma = inside.find(','); comma != std::string_view::npos) {
    zone = inside.substr(std::min(inside.find_first_not_of(' ', comma + 1), inside.size()));
    inside = inside.substr(0, comma);
    if (zone.starts_with("tz=")) zone.erase(0, 3);
    if (zone.empty()) return nullptr;
  }
  const auto unit = std::find(UnitNames().begin(), UnitNames().end(), inside);
  if (unit == UnitNames().end()) return nullptr;
  return arrow::timestamp(static_cast<arrow::TimeUnit::type>(unit - UnitNames().begin()), zone);
}

/// Adds the structs that lack a field of their counterpart in `whole` (nullptr: no counterpart is known).
void FindPartial(const arrow::DataType& wanted, const arrow::DataType* whole, std::set<const arrow::DataType*>* partial) {
  if (whole && whole->id() != wanted.id()) whole = nullptr;
  if (wanted.id() == arrow::Type::LIST) {
    return FindPartial(*wanted.field(0)->type(), whole ? whole->field(0)->type().get() : nullptr, partial);
  }
  if (wanted.id() != arrow::Type::STRUCT) return;
  if (!whole || wanted.num_fields() < whole->num_fields()) partial->insert(&wanted);
  for (const auto& field : wanted.fields()) {
    const auto counterpart = whole ? static_cast<const arrow::StructType*>(whole)->GetFieldByName(field->name()) : nullptr;
    FindPartial(*field->type(), counterpart ? counterpart->type().get() : nullptr, partial);
  }
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> TypeFromName(const std::string& name, const std::string& column) {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> kTypes = {
      {"int8", arrow::int8()},       {"int16", arrow::int16()},     {"int32", arrow::int32()},   {"int64", arrow::int64()},
      {"uint8", arrow::uint8()},     {"uint16", arrow::uint16()},   {"uint32", arrow::uint32()}, {"uint64", arrow::uint64()},
      {"Int8", arrow::int8()},       {"Int16", arrow::int16()},     {"Int32", arrow::int32()},   {"Int64", arrow::int64()},
      {"UInt8", arrow::uint8()},     {"UInt16", arrow::uint16()},   {"UInt32", arrow::uint32()}, {"UInt64", arrow::uint64()},
      {"float32", arrow::float32()}, {"float64", arrow::float64()}, {"float", arrow::float64()}, {"double", arrow::float64()},
      {"Float32", arrow::float32()}, {"Float64", arrow::float64()}, {"int", arrow::int64()},     {"bool", arrow::boolean()},
      {"boolean", arrow::boolean()}, {"str", arrow::utf8()},        {"string", arrow::utf8()},   {"object", JsonType()},
      {"json", JsonType()},
  };
  if (const auto found = kTypes.find(name); found != kTypes.end()) return found->second;
  if (auto timestamp = TimestampFromName(name)) return timestamp;
  return Status::Invalid("option 'dtype' of the json format: column '", column, "' cannot have type '", name,
                         "'; known are bool, int8 to int64, uint8 to uint64, float32, float64, string, json, "
                         "datetime64[unit] and datetime64[unit, zone]");
}

Result<ReadOptions> ReadOptions::Parse(const Json& options) {
  ReadOptions out;
  OptionReader in(options);
  ARROW_RETURN_NOT_OK(ParseLayout(&in, &out.layout));
  ARROW_RETURN_NOT_OK(in.Bytes("blocksize", &out.blocksize));
  ARROW_RETURN_NOT_OK(in.Bytes("sample", &out.sample));
  ARROW_RETURN_NOT_OK(in.Text("compression", &out.compression));
  if (const Json* dtype = in.Take("dtype")) ARROW_RETURN_NOT_OK(ParseDtype(*dtype, &out));
  if (const Json* dates = in.Take("convert_dates")) ARROW_RETURN_NOT_OK(ParseDates(*dates, &out));
  bool keep_default_dates = true;
  ARROW_RETURN_NOT_OK(in.Bool("keep_default_dates", &keep_default_dates));
  out.convert_default_dates &= keep_default_dates;
  size_t unit = UnitNames().size();
  ARROW_RETURN_NOT_OK(in.Choice("date_unit", UnitNames(), &unit));
  if (unit < UnitNames().size()) out.date_unit = kUnitNanoseconds[unit];
  size_t encoding = 0;
  ARROW_RETURN_NOT_OK(in.Choice("encoding", {"utf-8", "utf8", "utf-8-sig", "UTF-8", "ascii"}, &encoding));
  if (const Json* columns = in.Take("columns")) {
    ARROW_RETURN_NOT_OK(ParseStrings("columns", *columns, &out.columns.emplace()));
  }
  size_t unexpected = 0;
  ARROW_RETURN_NOT_OK(in.Choice("unexpected_field_behavior", {"error", "ignore"}, &unexpected));
  out.ignore_unexpected = unexpected == 1;
  if (const Json* units = in.Take("epoch_units")) ARROW_RETURN_NOT_OK(ParseUnits(*units, &out));
  ARROW_RETURN_NOT_OK(in.Finish());
  return out;
}

DecodeState ReadOptions::MakeState(const ReadRequest& request, const TaskContext& context) const {
  DecodeState state;
  state.context = context;
  const auto record = arrow::struct_(request.schema->fields());
  const auto whole_record = request.whole && !ignore_unexpected ? arrow::struct_(request.whole->fields()) : nullptr;
  FindPartial(*record, whole_record.get(), &state.partial);
  state.partial_record = state.partial.erase(record.get()) > 0 || columns.has_value() || request.chosen;
  state.epoch_units = epoch_units;
  for (const auto& [column, type] : dtypes) {
    if (type->id() == arrow::Type::STRING) state.text_columns.insert(column);
  }
  return state;
}

Result<WriteOptions> WriteOptions::Parse(const Json& options) {
  WriteOptions out;
  OptionReader in(options);
  ARROW_RETURN_NOT_OK(ParseLayout(&in, &out.layout));
  size_t format = 0;
  size_t unit = 1;
  ARROW_RETURN_NOT_OK(in.Choice("date_format", {"epoch", "iso"}, &format));
  ARROW_RETURN_NOT_OK(in.Choice("date_unit", UnitNames(), &unit));
  out.iso_dates = format == 1;
  out.date_unit = kUnitNanoseconds[unit];
  ARROW_RETURN_NOT_OK(in.Finish());
  return out;
}

}  // namespace millstream::json_format
