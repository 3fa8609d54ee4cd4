// Options of writing, checked, as libparquet wants them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>
#include <parquet/properties.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/memory/task_context.h"

namespace millstream::parquet_format {

/// `compression`: "snappy" (default), "gzip", "zstd", "lz4", "brotli", "none", or {column: codec} (others: snappy);
/// `compression_level`; `row_group_size` (rows); `data_page_size` (bytes); `version` ("1.0", "2.4", "2.6");
/// `write_statistics`, `use_dictionary` (bool or list of columns); `write_page_index`, `store_schema` (bool);
/// `coerce_timestamps` ("ms", "us"), `allow_truncated_timestamps`; `custom_metadata` ({key: text}).
struct WriteOptions {
  std::shared_ptr<::parquet::WriterProperties> properties;
  std::shared_ptr<::parquet::ArrowWriterProperties> arrow_properties;
  bool store_schema = true;
  bool choose_dictionaries = true;  ///< by what the columns hold; false where `use_dictionary` says
  std::map<std::string, std::string> custom_metadata;
  int64_t row_group_bytes = 0;  ///< of Arrow data, after which a row group ends: what it holds in memory must stay bounded
};

/// Invalid for an unknown option, a wrong value, or a column in an option that `schema` lacks; names it.
Result<WriteOptions> ParseWriteOptions(const nlohmann::json& options, const arrow::Schema& schema, const TaskContext& context);

}  // namespace millstream::parquet_format
