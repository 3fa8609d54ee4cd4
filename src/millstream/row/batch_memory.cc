#include "millstream/row/batch_memory.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

namespace millstream {
namespace {

Result<int64_t> ColumnBytes(const arrow::Array& column) {
  if (column.type_id() != arrow::Type::DICTIONARY) return arrow::util::ReferencedBufferSize(column);
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(column);
  ARROW_ASSIGN_OR_RAISE(const int64_t codes, arrow::util::ReferencedBufferSize(*encoded.indices()));
  const int64_t values = encoded.dictionary()->length();
  if (values == 0) return codes;
  ARROW_ASSIGN_OR_RAISE(const int64_t all, arrow::util::ReferencedBufferSize(*encoded.dictionary()));
  const double share = static_cast<double>(std::min(values, column.length())) / static_cast<double>(values);
  return codes + static_cast<int64_t>(static_cast<double>(all) * share);
}

}  // namespace

Result<int64_t> RowBytes(const arrow::RecordBatch& batch) {
  int64_t bytes = 0;
  for (const auto& column : batch.columns()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t more, ColumnBytes(*column));
    bytes += more;
  }
  return bytes;
}

Result<std::shared_ptr<arrow::RecordBatch>> Detached(std::shared_ptr<arrow::RecordBatch> batch, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*batch));
  if (arrow::util::TotalBufferSize(*batch) <= 2 * bytes) return batch;
  return arrow::ConcatenateRecordBatches({std::move(batch)}, pool);
}

}  // namespace millstream
