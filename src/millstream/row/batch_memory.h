// What the rows of a batch take in memory, and what they keep alive beyond that: the rest of a batch that they are a slice of.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream {

/// Bytes that the rows of `batch` take, or would once copied: of its dictionaries, the share of as many values as it has rows.
Result<int64_t> RowBytes(const arrow::RecordBatch& batch);

/// `batch`; copied from `pool` where it keeps more than twice what its rows take alive, as a slice does. Dictionaries stay as
/// they are: LargeDictionaries is for those.
Result<std::shared_ptr<arrow::RecordBatch>> Detached(std::shared_ptr<arrow::RecordBatch> batch, arrow::MemoryPool* pool);

}  // namespace millstream
