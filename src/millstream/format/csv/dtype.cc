// The names of column types: pandas', numpy's and Arrow's, as they are written in `dtype`.
#include <algorithm>

#include <arrow/type.h>

#include "millstream/format/csv/options.h"

namespace millstream::csv {
namespace {

struct NamedType {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  bool missing_allowed;
};

const std::vector<NamedType>& NamedTypes() {
  // numpy's integers and bool cannot hold a missing value; pandas' own, in capitals, can.
  static const std::vector<NamedType> types = {
      {"int8", arrow::int8(), false},      {"int16", arrow::int16(), false},    {"int32", arrow::int32(), false},
      {"int64", arrow::int64(), false},    {"uint8", arrow::uint8(), false},    {"uint16", arrow::uint16(), false},
      {"uint32", arrow::uint32(), false},  {"uint64", arrow::uint64(), false},  {"int", arrow::int64(), false},
      {"Int8", arrow::int8(), true},       {"Int16", arrow::int16(), true},     {"Int32", arrow::int32(), true},
      {"Int64", arrow::int64(), true},     {"UInt8", arrow::uint8(), true},     {"UInt16", arrow::uint16(), true},
      {"UInt32", arrow::uint32(), true},   {"UInt64", arrow::uint64(), true},   {"float32", arrow::float32(), true},
      {"float64", arrow::float64(), true}, {"Float32", arrow::float32(), true}, {"Float64", arrow::float64(), true},
      {"float", arrow::float64(), true},   {"double", arrow::float64(), true},  {"bool", arrow::boolean(), false},
      {"boolean", arrow::boolean(), true}, {"str", arrow::utf8(), true},        {"string", arrow::utf8(), true},
      {"object", arrow::utf8(), true},     {"category", arrow::utf8(), true},   {"date32[day]", arrow::date32(), true},
      {"date32", arrow::date32(), true},   {"date", arrow::date32(), true}};
  return types;
}

Result<arrow::TimeUnit::type> UnitFromName(const std::string& name) {
  if (name == "s") return arrow::TimeUnit::SECOND;
  if (name == "ms") return arrow::TimeUnit::MILLI;
  if (name == "us") return arrow::TimeUnit::MICRO;
  if (name == "ns") return arrow::TimeUnit::NANO;
  return Status::TypeError("'", name, "' is not a unit of time; known are: s, ms, us, ns");
}

/// "us" or "us, UTC" or "us, tz=UTC".
Result<std::shared_ptr<arrow::DataType>> TimestampFromParameters(const std::string& parameters) {
  const size_t comma = parameters.find(',');
  ARROW_ASSIGN_OR_RAISE(const auto unit, UnitFromName(parameters.substr(0, comma)));
  if (comma == std::string::npos) return arrow::timestamp(unit);
  std::string zone = parameters.substr(std::min(parameters.find_first_not_of(' ', comma + 1), parameters.size()));
  if (zone.rfind("tz=", 0) == 0) zone = zone.substr(3);
  if (zone != "UTC") return Status::TypeError("CSV timestamps can have the time zone UTC or none, not '", zone, "'");
  return arrow::timestamp(unit, zone);
}

}  // namespace

Result<ColumnSpec> SpecFromDtype(const std::string& dtype) {
  std::string name = dtype;
  bool missing_allowed = false;
  for (const std::string suffix : {"[pyarrow]", "[python]"}) {
    if (name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
      name.resize(name.size() - suffix.size());
      missing_allowed = true;
    }
  }
  for (const auto& known : NamedTypes()) {
    if (name == known.name) return ColumnSpec{.type = known.type, .missing_allowed = known.missing_allowed || missing_allowed};
  }
  for (const std::string prefix : {"datetime64[", "timestamp["}) {
    if (name.rfind(prefix, 0) == 0 && name.back() == ']') {
      ARROW_ASSIGN_OR_RAISE(auto type, TimestampFromParameters(name.substr(prefix.size(), name.size() - prefix.size() - 1)));
      return ColumnSpec{.type = std::move(type)};
    }
  }
  std::string names;
  for (const auto& known : NamedTypes()) names += std::string(known.name) + ", ";
  return Status::TypeError("'", dtype, "' is not a type CSV columns can have; known are: ", names, "datetime64[s|ms|us|ns]");
}

nlohmann::json ColumnsToJson(const std::vector<ColumnSpec>& columns) {
  auto json = nlohmann::json::array();
  for (const auto& column : columns) {
    nlohmann::json item = {{"name", column.name}, {"used", column.used}};
    if (column.used) {
      // Arrow calls float32 "float", which is a float64 to pandas.
      item["type"] = column.type->id() == arrow::Type::FLOAT ? "float32" : column.type->ToString();
      item["missing_allowed"] = column.missing_allowed;
      item["inferred"] = column.inferred;
    }
    json.push_back(std::move(item));
  }
  return json;
}

}  // namespace millstream::csv
