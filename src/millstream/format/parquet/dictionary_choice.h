// Which columns are worth a dictionary, told from the first rows of a file.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>
#include <parquet/properties.h>

namespace millstream::parquet_format {

/// Rows that tell enough; more are not looked at.
constexpr int64_t kSampleRows = 4096;

/// `base` with dictionaries switched off for top-level columns most of whose values in `sample` are distinct. libparquet itself
/// gives up on such a column only after it has hashed some 100,000 values, with a table of several MB.
std::shared_ptr<::parquet::WriterProperties> ChooseDictionaries(const std::shared_ptr<::parquet::WriterProperties>& base,
                                                                const arrow::RecordBatchVector& sample);

}  // namespace millstream::parquet_format
