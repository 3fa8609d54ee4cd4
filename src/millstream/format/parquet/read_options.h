// Options of reading, checked.
#pragma once

#include <nlohmann/json.hpp>

#include "millstream/base/result.h"

namespace millstream::parquet_format {

struct ReadOptions {
  enum class Cut { kFile, kRowGroups, kAdaptive, kInfer };
  Cut cut = Cut::kInfer;
  int row_groups = 1;  ///< a partition, for kRowGroups
  int64_t blocksize = int64_t{256} << 20;
  bool hive = true;
  nlohmann::json partitioning_types;  ///< see FindHivePartitions
  nlohmann::json categories;          ///< set by Inspect
};

/// Invalid for an unknown option or a wrong value; names it.
Result<ReadOptions> ParseReadOptions(const nlohmann::json& options);

}  // namespace millstream::parquet_format
