// Reads a split of JSON records: chunks of whole lines, cut by one thread, decoded by many.
#pragma once

#include <memory>

#include "millstream/format/json/options.h"

namespace millstream::json_format {

/// `chunk_bytes`: how much inflated text one morsel has (the line that crosses its end belongs to the next).
Result<std::unique_ptr<SplitReader>> OpenReader(const Split& split, const ReadRequest& request,
                                                const fs::StorageOptions& storage, const ReadOptions& options,
                                                const TaskContext& context, int64_t chunk_bytes);

/// The chunk size that suits a budget.
int64_t DefaultChunkBytes(const TaskContext& context);

}  // namespace millstream::json_format
