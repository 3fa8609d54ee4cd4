// Filter: keeps the rows for which the predicate holds.
#include <bit>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/bitmap_reader.h>

#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

/// The numbers of the `kept` rows for which `mask` is true, in order.
Result<std::shared_ptr<arrow::Array>> SelectedRows(const arrow::BooleanArray& mask, int64_t kept, arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Buffer> bits = mask.values();
  int64_t offset = mask.offset();
  if (mask.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(bits, arrow::internal::BitmapAnd(pool, bits->data(), offset, mask.null_bitmap_data(), offset,
                                                           mask.length(), /*out_offset=*/0));
    offset = 0;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> rows,
                        arrow::AllocateBuffer(kept * static_cast<int64_t>(sizeof(uint32_t)), pool));
  auto* next = reinterpret_cast<uint32_t*>(rows->mutable_data());
  arrow::internal::BitmapUInt64Reader words(bits->data(), offset, mask.length());
  for (int64_t start = 0; start < mask.length(); start += 64) {
    for (uint64_t word = words.NextWord(); word != 0; word &= word - 1) {
      *next++ = static_cast<uint32_t>(start + std::countr_zero(word));
    }
  }
  return std::make_shared<arrow::UInt32Array>(kept, std::move(rows));
}

class FilterOperator final : public RowOperator {
 public:
  FilterOperator(BoundExpressionPtr predicate, arrow::MemoryPool* pool) : predicate_(std::move(predicate)), pool_(pool) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Process(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    arrow::compute::ExecContext exec(pool_);
    exec.set_use_threads(false);
    ARROW_ASSIGN_OR_RAISE(arrow::Datum mask, predicate_->Evaluate(*batch, &exec));
    if (mask.is_scalar()) {
      const auto& scalar = *mask.scalar();
      const bool keep =
          scalar.is_valid && scalar.type->id() == arrow::Type::BOOL && static_cast<const arrow::BooleanScalar&>(scalar).value;
      return keep ? batch : batch->Slice(0, 0);
    }
    const std::shared_ptr<arrow::Array> mask_array = mask.make_array();
    const auto& selected = static_cast<const arrow::BooleanArray&>(*mask_array);
    const int64_t kept = selected.true_count();
    if (kept == batch->num_rows()) return batch;
    if (kept == 0) return batch->Slice(0, 0);
    if (batch->num_columns() == 0) return arrow::RecordBatch::Make(batch->schema(), kept, arrow::ArrayVector{});
    ARROW_ASSIGN_OR_RAISE(const auto rows, SelectedRows(selected, kept, pool_));
    arrow::ArrayVector columns;
    for (const auto& column : batch->columns()) {
      ARROW_ASSIGN_OR_RAISE(auto taken,
                            arrow::compute::Take(*column, *rows, arrow::compute::TakeOptions::NoBoundsCheck(), &exec));
      columns.push_back(std::move(taken));
    }
    return arrow::RecordBatch::Make(batch->schema(), kept, std::move(columns));
  }

 private:
  BoundExpressionPtr predicate_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Result<PartitionSources> LowerFilter(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(node.child(), context));
  const auto& filter = static_cast<const FilterNode&>(node);
  ARROW_ASSIGN_OR_RAISE(auto bound, BoundExpression::Bind(filter.predicate(), *node.child()->schema()));
  auto op = std::make_shared<FilterOperator>(std::move(bound), context.task.pool);
  OperatorMetrics* metrics = context.MetricsFor(node);
  for (PartitionSource& source : sources) source = ApplyOperator(std::move(source), op, metrics);
  return sources;
}

}  // namespace millstream
