// Writes record batches as JSON records.
#pragma once

#include <memory>

#include "millstream/format/format.h"
#include "millstream/format/json/options.h"

namespace millstream::json_format {

/// As pandas' to_json(orient="records"), except that floating point numbers have all their digits and text stays UTF-8: NaN and
/// the infinities are null, times are numbers since 1970 or ISO 8601, JSON columns stand as they are. TypeError for a column
/// type that JSON has no form for.
Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                               const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options,
                                               const TaskContext& context);

}  // namespace millstream::json_format
