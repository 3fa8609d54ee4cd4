// Apache Parquet, read and written through Arrow's libparquet.
#pragma once

#include "millstream/format/format.h"

namespace millstream {

/// Options for reading: `split_row_groups` (bool, rows groups a partition, "infer" (default), "adaptive"), `blocksize` (bytes
/// or "256MiB": files or groups of row groups larger than this are cut by "infer" and "adaptive"), `partitioning` ("hive"
/// (default) or null), `partitioning_types` ("category", or {column: type name}). For writing: see write_options.h.
const Format* ParquetFormat();

}  // namespace millstream
