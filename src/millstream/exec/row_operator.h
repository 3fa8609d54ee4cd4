// Row-wise operators: batch in, batch out, no state between batches.
#pragma once

#include <memory>

#include <arrow/record_batch.h>

#include "millstream/exec/source.h"
#include "millstream/scheduler/metrics.h"

namespace millstream {

class RowOperator {
 public:
  virtual ~RowOperator() = default;
  /// Thread-safe. A batch without rows is dropped by the caller.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Process(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;
};

/// `source` with `op` applied to every batch; counts into `metrics`.
PartitionSource ApplyOperator(PartitionSource source, std::shared_ptr<RowOperator> op, OperatorMetrics* metrics);

/// Bytes of the buffers that a batch refers to.
int64_t BatchBytes(const arrow::RecordBatch& batch);

}  // namespace millstream
