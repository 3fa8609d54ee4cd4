#include "millstream/format/parquet/read_options.h"

#include "millstream/base/bytes.h"

namespace millstream::parquet_format {
namespace {

Status ParseSplitRowGroups(const nlohmann::json& value, ReadOptions* parsed) {
  using Cut = ReadOptions::Cut;
  if (value.is_boolean()) {
    parsed->cut = value.get<bool>() ? Cut::kRowGroups : Cut::kFile;
    return Status::OK();
  }
  if (value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() <= INT32_MAX) {
    parsed->cut = Cut::kRowGroups;
    parsed->row_groups = value.get<int>();
    return Status::OK();
  }
  if (value == "infer" || value == "adaptive") {
    parsed->cut = value == "infer" ? Cut::kInfer : Cut::kAdaptive;
    return Status::OK();
  }
  return Status::Invalid("split_row_groups must be true, false, a positive integer, \"infer\" or \"adaptive\", not ",
                         value.dump());
}

Status ParseBlocksize(const nlohmann::json& value, ReadOptions* parsed) {
  if (value.is_null() || value == "default") return Status::OK();
  if (value.is_string()) {
    ARROW_ASSIGN_OR_RAISE(parsed->blocksize, ParseBytes(value.get<std::string>()));
  } else if (value.is_number_integer()) {
    parsed->blocksize = value.get<int64_t>();
  } else {
    parsed->blocksize = 0;
  }
  if (parsed->blocksize > 0) return Status::OK();
  return Status::Invalid("blocksize must be a positive number of bytes or text such as \"256MiB\", not ", value.dump());
}

}  // namespace

Result<ReadOptions> ParseReadOptions(const nlohmann::json& options) {
  ReadOptions parsed;
  if (options.is_null()) return parsed;
  if (!options.is_object()) return Status::Invalid("options for reading Parquet must be an object, not ", options.dump());
  for (const auto& [name, value] : options.items()) {
    if (name == "split_row_groups") {
      ARROW_RETURN_NOT_OK(ParseSplitRowGroups(value, &parsed));
    } else if (name == "blocksize") {
      ARROW_RETURN_NOT_OK(ParseBlocksize(value, &parsed));
    } else if (name == "partitioning") {
      if (!value.is_null() && value != "hive") {
        return Status::Invalid("partitioning must be \"hive\" or null, not ", value.dump());
      }
      parsed.hive = !value.is_null();
    } else if (name == "partitioning_types") {
      parsed.partitioning_types = value;
    } else if (name == "categories") {
      parsed.categories = value;
    } else {
      return Status::Invalid("'", name, "' is not an option for reading Parquet; known are: split_row_groups, blocksize, ",
                             "partitioning, partitioning_types");
    }
  }
  return parsed;
}

}  // namespace millstream::parquet_format
