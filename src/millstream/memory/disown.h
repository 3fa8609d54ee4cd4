// Results leave the budget: their memory is the caller's.
#pragma once

#include <arrow/type_fwd.h>

namespace millstream {

/// Takes every buffer of `batch` that `pool`, where it is a BudgetPool, allocated out of its budget. Buffers of other pools are
/// not touched. Call it only for batches that nobody but the caller will hold.
void DisownBatch(const arrow::RecordBatch& batch, arrow::MemoryPool* pool);

}  // namespace millstream
