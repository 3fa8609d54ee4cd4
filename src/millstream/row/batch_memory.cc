#include "millstream/row/batch_memory.h"

#include <algorithm>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

namespace millstream {
namespace {

using arrow::Datum;

constexpr int64_t kLargeDictionaryBytes = 64 << 10;

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

bool HasUnusedValues(const arrow::Array& column) {
  if (column.type_id() != arrow::Type::DICTIONARY) return false;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(column);
  if (encoded.dictionary()->length() <= column.length()) return false;
  if (static_cast<const arrow::DictionaryType&>(*column.type()).ordered()) return false;
  return arrow::util::TotalBufferSize(*encoded.dictionary()) > kLargeDictionaryBytes;
}

/// In time that depends on the rows alone: DictionaryArray::Compact looks at each value of the dictionary.
Result<std::shared_ptr<arrow::Array>> WithUsedValues(const arrow::DictionaryArray& column,
                                                     arrow::compute::ExecContext* context) {
  const auto& type = static_cast<const arrow::DictionaryType&>(*column.type());
  ARROW_ASSIGN_OR_RAISE(const Datum wide, arrow::compute::Cast(Datum(column.indices()), arrow::int64(), {}, context));
  const auto codes = wide.array_as<arrow::Int64Array>();
  std::vector<int64_t> used;
  used.reserve(static_cast<size_t>(codes->length()));
  for (int64_t i = 0; i < codes->length(); ++i) {
    if (codes->IsValid(i)) used.push_back(codes->Value(i));
  }
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  arrow::Int64Builder renumbered(context->memory_pool());
  ARROW_RETURN_NOT_OK(renumbered.Reserve(codes->length()));
  for (int64_t i = 0; i < codes->length(); ++i) {
    if (codes->IsValid(i)) {
      renumbered.UnsafeAppend(std::lower_bound(used.begin(), used.end(), codes->Value(i)) - used.begin());
    } else {
      renumbered.UnsafeAppendNull();
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto numbers, renumbered.Finish());
  ARROW_ASSIGN_OR_RAISE(const Datum narrow, arrow::compute::Cast(Datum(std::move(numbers)), type.index_type(), {}, context));
  const arrow::Int64Array places(static_cast<int64_t>(used.size()), arrow::Buffer::Wrap(used));
  ARROW_ASSIGN_OR_RAISE(const auto values, arrow::compute::Take(*column.dictionary(), places, {}, context));
  return arrow::DictionaryArray::FromArrays(column.type(), narrow.make_array(), values);
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

Result<std::shared_ptr<arrow::RecordBatch>> WithoutUnusedValues(std::shared_ptr<arrow::RecordBatch> batch,
                                                                arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  for (int i = 0; i < batch->num_columns(); ++i) {
    const auto column = batch->column(i);
    if (!HasUnusedValues(*column)) continue;
    ARROW_ASSIGN_OR_RAISE(const auto compact, WithUsedValues(static_cast<const arrow::DictionaryArray&>(*column), &context));
    ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, batch->schema()->field(i), compact));
  }
  return batch;
}

}  // namespace millstream
