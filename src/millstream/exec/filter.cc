// Filter: keeps the rows for which the predicate holds.
#include <arrow/compute/api_vector.h>

#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

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
    const auto& selected = static_cast<const arrow::BooleanArray&>(*mask.make_array());
    const int64_t kept = selected.true_count();
    if (kept == batch->num_rows()) return batch;
    if (kept == 0) return batch->Slice(0, 0);
    if (batch->num_columns() == 0) return arrow::RecordBatch::Make(batch->schema(), kept, arrow::ArrayVector{});
    ARROW_ASSIGN_OR_RAISE(arrow::Datum filtered,
                          arrow::compute::Filter(batch, mask, arrow::compute::FilterOptions::Defaults(), &exec));
    return filtered.record_batch();
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
