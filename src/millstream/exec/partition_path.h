// The directories of rows: the values of some columns as `name=value/...`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream {

/// True where values of `type` can name directories.
bool HasPartitionText(const arrow::DataType& type);

/// The text of each of `values`, as Python's str() of a pandas value gives it: "1", "1.0", "True", "2020-01-31 12:00:00"
/// (zoned times in UTC, with "+00:00"). Null and NaN are missing, and one key.
struct PartitionText {
  std::string text;
  bool is_missing = false;
};
Result<std::vector<PartitionText>> PartitionTexts(const arrow::Array& values, arrow::MemoryPool* pool);

/// The rows of a batch put together by key: rows [offsets[k], offsets[k + 1]) of `batch` have the directory `paths[k]`. Rows of
/// one key keep their order. `batch` lacks the key columns.
struct GroupedRows {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::vector<std::string> paths;  ///< "type=PushEvent/repo=a%2Fb/", distinct
  std::vector<int64_t> offsets;
};
/// `keys`: column indexes, in the order of the directories. `rest`: the schema without them.
Result<GroupedRows> GroupByPath(const arrow::RecordBatch& batch, const std::vector<int>& keys,
                                const std::shared_ptr<arrow::Schema>& rest, arrow::MemoryPool* pool);

}  // namespace millstream
