#include "millstream/row/large_dictionaries.h"

#include <algorithm>
#include <cstdint>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/byte_size.h>

#include "millstream/base/result.h"

namespace millstream {
namespace {

constexpr int64_t kLargeDictionaryBytes = 64 << 10;

/// `codes` with the numbers that their values have among those in use, which go to `*used`, ascending. `Code`: the unsigned
/// integer as wide as the codes, none of which is negative.
template <typename Code>
Result<std::shared_ptr<arrow::ArrayData>> Renumbered(const arrow::ArrayData& codes, std::vector<int64_t>* used,
                                                     arrow::MemoryPool* pool) {
  const auto* old = codes.GetValues<Code>(1);
  for (int64_t i = 0; i < codes.length; ++i) {
    if (codes.IsValid(i)) used->push_back(static_cast<int64_t>(old[i]));
  }
  std::sort(used->begin(), used->end());
  used->erase(std::unique(used->begin(), used->end()), used->end());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(codes.length * int64_t{sizeof(Code)}, pool));
  auto* renumbered = reinterpret_cast<Code*>(buffer->mutable_data());
  for (int64_t i = 0; i < codes.length; ++i) {
    const auto place =
        codes.IsValid(i) ? std::lower_bound(used->begin(), used->end(), static_cast<int64_t>(old[i])) : used->begin();
    renumbered[i] = static_cast<Code>(place - used->begin());
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (codes.GetNullCount() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, codes.buffers[0]->data(), codes.offset, codes.length));
  }
  return arrow::ArrayData::Make(codes.type, codes.length, {std::move(validity), std::move(buffer)}, codes.GetNullCount());
}

/// In time that depends on the rows alone: DictionaryArray::Compact looks at each value of the dictionary.
Result<std::shared_ptr<arrow::Array>> WithUsedValues(const arrow::DictionaryArray& column, arrow::MemoryPool* pool) {
  const arrow::ArrayData& codes = *column.indices()->data();
  std::vector<int64_t> used;
  used.reserve(static_cast<size_t>(codes.length));
  const int width = codes.type->byte_width();
  const auto renumber = width == 1   ? Renumbered<uint8_t>
                        : width == 2 ? Renumbered<uint16_t>
                        : width == 4 ? Renumbered<uint32_t>
                                     : Renumbered<uint64_t>;
  ARROW_ASSIGN_OR_RAISE(const auto renumbered, renumber(codes, &used, pool));
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  const arrow::Int64Array places(static_cast<int64_t>(used.size()), arrow::Buffer::Wrap(used));
  ARROW_ASSIGN_OR_RAISE(const auto values, arrow::compute::Take(*column.dictionary(), places,
                                                                arrow::compute::TakeOptions::BoundsCheck(), &context));
  return std::make_shared<arrow::DictionaryArray>(column.type(), arrow::MakeArray(renumbered), values);
}

}  // namespace

bool LargeDictionaries::IsLarge(int column, const arrow::Array& values) {
  std::atomic<bool>& is_large = is_large_[static_cast<size_t>(column)];
  if (is_large.load(std::memory_order_relaxed)) return true;
  if (arrow::util::TotalBufferSize(values) <= kLargeDictionaryBytes) return false;
  is_large.store(true, std::memory_order_relaxed);
  return true;
}

Result<std::shared_ptr<arrow::RecordBatch>> LargeDictionaries::WithoutUnusedValues(std::shared_ptr<arrow::RecordBatch> batch,
                                                                                   arrow::MemoryPool* pool) {
  for (int i = 0; i < batch->num_columns(); ++i) {
    if (batch->column_data(i)->type->id() != arrow::Type::DICTIONARY) continue;
    const auto column = std::static_pointer_cast<arrow::DictionaryArray>(batch->column(i));
    const bool is_ordered = static_cast<const arrow::DictionaryType&>(*column->type()).ordered();
    if (is_ordered || !IsLarge(i, *column->dictionary())) continue;
    if (column->dictionary()->length() <= column->length()) continue;
    auto compact = WithUsedValues(*column, pool);
    ARROW_RETURN_NOT_OK(WithPlace(compact.status(), "column '" + batch->column_name(i) + "'"));
    ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, batch->schema()->field(i), *compact));
  }
  return batch;
}

}  // namespace millstream
