// Reading one split of a Parquet file, row group by row group.
#pragma once

#include <memory>

#include "millstream/format/format.h"
#include "millstream/format/parquet/read_options.h"

namespace millstream::parquet_format {

/// The arguments of Format::OpenSplit, its options parsed. `split.detail` is null for all row groups of the file, or
/// {"first": row group, "count": row groups}.
Result<std::unique_ptr<SplitReader>> OpenSplitReader(const Split& split, const ReadRequest& request,
                                                     const fs::StorageOptions& storage, const ReadOptions& options,
                                                     const TaskContext& context);

}  // namespace millstream::parquet_format
