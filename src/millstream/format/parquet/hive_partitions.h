// Hive directories: the `key=value` parts of a file's path are columns of its rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/format/format.h"

namespace millstream::parquet_format {

/// The values in the directories of `uri`, decoded, in path order: {"year": "2020", "city": null}.
nlohmann::ordered_json ParseHivePath(const std::string& uri);

/// Finds the partition columns of `files` and their types. A column whose values are all integers is int64, else utf8;
/// `types` overrides that: "category" for all columns, or {column: "category" or the name of an Arrow type}.
/// Invalid where files differ in their partition columns, a type is not known, or a value does not convert to it.
struct HivePartitions {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<nlohmann::json> values;  ///< one object a file, {column: text or null}; empty where there are no columns
  nlohmann::json categories;           ///< {column: [texts]} of dictionary columns
};
Result<HivePartitions> FindHivePartitions(const std::vector<fs::FileEntry>& files, const nlohmann::json& types);

/// A directory's value as a scalar of type `type` (for a dictionary: of its value type); a null where `value` is null.
Result<std::shared_ptr<arrow::Scalar>> PartitionScalar(const nlohmann::json& value, const arrow::DataType& type);

/// `length` times the directory's value. Dictionary arrays have all of `categories` (a list of texts) as their dictionary.
Result<std::shared_ptr<arrow::Array>> PartitionColumn(const nlohmann::json& value, const nlohmann::json& categories,
                                                      const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                                      arrow::MemoryPool* pool);

}  // namespace millstream::parquet_format
