#include "millstream/format/parquet/hive_partitions.h"

#include <charconv>
#include <map>
#include <set>

#include <arrow/compute/api.h>

#include "millstream/fs/output_job.h"

namespace millstream::parquet_format {
namespace {

bool IsInteger(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Result<std::shared_ptr<arrow::DataType>> NamedType(const std::string& name) {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> types = {
      {"int8", arrow::int8()},       {"int16", arrow::int16()},
      {"int32", arrow::int32()},     {"int64", arrow::int64()},
      {"uint8", arrow::uint8()},     {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},   {"uint64", arrow::uint64()},
      {"float32", arrow::float32()}, {"float64", arrow::float64()},
      {"bool", arrow::boolean()},    {"string", arrow::utf8()},
      {"date32", arrow::date32()},   {"timestamp", arrow::timestamp(arrow::TimeUnit::NANO)}};
  const auto found = types.find(name);
  if (found != types.end()) return found->second;
  std::string known = "category";
  for (const auto& [known_name, type] : types) known += ", " + known_name;
  return Status::Invalid("partitioning_types: '", name, "' is not a type for partition columns; known are: ", known);
}

/// The type asked for `column`: a name, or "" where none was.
Result<std::string> AskedType(const nlohmann::json& types, const std::string& column) {
  if (types.is_null()) return "";
  const nlohmann::json& asked = types.is_object() ? (types.contains(column) ? types[column] : nlohmann::json("")) : types;
  if (!asked.is_string()) {
    return Status::Invalid("partitioning_types must be \"category\" or an object {column: type name}, not ", types.dump());
  }
  return asked.get<std::string>();
}

std::shared_ptr<arrow::DataType> InferType(const std::set<std::string>& texts) {
  for (const std::string& text : texts) {
    if (!IsInteger(text)) return arrow::utf8();
  }
  return texts.empty() ? arrow::utf8() : arrow::int64();
}

Status CheckSameColumns(const std::vector<fs::FileEntry>& files, const std::vector<nlohmann::ordered_json>& parsed) {
  const auto names = [](const nlohmann::ordered_json& values) {
    std::string text;
    for (const auto& [name, value] : values.items()) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? std::string("none") : text;
  };
  for (size_t i = 1; i < files.size(); ++i) {
    bool same = parsed[i].size() == parsed[0].size();
    for (const auto& [name, value] : parsed[0].items()) same = same && parsed[i].contains(name);
    if (!same) {
      return Status::Invalid("the directories of ", fs::DisplayUri(files[i].uri), " have the partition columns ",
                             names(parsed[i]), ", but those of ", fs::DisplayUri(files[0].uri), " have ", names(parsed[0]),
                             "; read them one by one, or with partitioning=None");
    }
  }
  return Status::OK();
}

}  // namespace

nlohmann::ordered_json ParseHivePath(const std::string& uri) {
  nlohmann::ordered_json values = nlohmann::ordered_json::object();
  const size_t scheme = uri.find("://");
  const bool is_http = uri.starts_with("http://") || uri.starts_with("https://");
  const std::string path = is_http ? uri.substr(0, uri.find_first_of("?#")) : uri;
  size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  for (size_t slash = path.find('/', begin); slash != std::string::npos; slash = path.find('/', begin)) {
    const std::string_view part(path.data() + begin, slash - begin);
    begin = slash + 1;
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const auto [text, is_null] = fs::DecodePartitionValue(part.substr(equals + 1));
    values[fs::DecodePartitionValue(part.substr(0, equals)).first] =
        is_null ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
  }
  return values;
}

Result<HivePartitions> FindHivePartitions(const std::vector<fs::FileEntry>& files, const nlohmann::json& types) {
  HivePartitions partitions;
  std::vector<nlohmann::ordered_json> parsed;
  parsed.reserve(files.size());
  for (const fs::FileEntry& file : files) parsed.push_back(ParseHivePath(file.uri));
  ARROW_RETURN_NOT_OK(CheckSameColumns(files, parsed));
  if (parsed.empty() || parsed[0].empty()) return partitions;

  for (const auto& [name, first] : parsed[0].items()) {
    std::set<std::string> texts;
    for (const auto& values : parsed) {
      if (!values[name].is_null()) texts.insert(values[name].get<std::string>());
    }
    ARROW_ASSIGN_OR_RAISE(std::string asked, AskedType(types, name));
    std::shared_ptr<arrow::DataType> type = InferType(texts);
    if (asked == "category") {
      type = arrow::dictionary(arrow::int32(), type);
      partitions.categories[name] = texts;
    } else if (!asked.empty()) {
      ARROW_ASSIGN_OR_RAISE(type, NamedType(asked));
    }
    for (const std::string& text : texts) {
      const auto scalar = PartitionScalar(text, *type);
      if (!scalar.ok()) return WithPlace(scalar.status(), "partition column '" + name + "'");
    }
    partitions.fields.push_back(arrow::field(name, type));
  }
  for (const auto& values : parsed) partitions.values.emplace_back(values);
  return partitions;
}

Result<std::shared_ptr<arrow::Scalar>> PartitionScalar(const nlohmann::json& value, const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return PartitionScalar(value, *static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  const auto target = type.GetSharedPtr();
  if (value.is_null()) return arrow::MakeNullScalar(target);
  const auto text = std::make_shared<arrow::StringScalar>(value.get<std::string>());
  if (type.id() == arrow::Type::STRING) return text;
  ARROW_ASSIGN_OR_RAISE(arrow::Datum cast, arrow::compute::Cast(arrow::Datum(text), target));
  return cast.scalar();
}

Result<std::shared_ptr<arrow::Array>> PartitionColumn(const nlohmann::json& value, const nlohmann::json& categories,
                                                      const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                                      arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Scalar> scalar, PartitionScalar(value, *type));
  if (type->id() != arrow::Type::DICTIONARY) return arrow::MakeArrayFromScalar(*scalar, length, pool);

  std::unique_ptr<arrow::ArrayBuilder> values;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool, scalar->type, &values));
  std::shared_ptr<arrow::Scalar> code = arrow::MakeNullScalar(arrow::int32());
  for (size_t i = 0; i < categories.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto category, PartitionScalar(categories[i], *type));
    ARROW_RETURN_NOT_OK(values->AppendScalar(*category));
    if (categories[i] == value) code = std::make_shared<arrow::Int32Scalar>(static_cast<int32_t>(i));
  }
  ARROW_ASSIGN_OR_RAISE(auto dictionary, values->Finish());
  ARROW_ASSIGN_OR_RAISE(auto codes, arrow::MakeArrayFromScalar(*code, length, pool));
  return arrow::DictionaryArray::FromArrays(type, codes, dictionary);
}

}  // namespace millstream::parquet_format
