// Union, Partitions and Repartition: nodes that say which partitions there are and touch no rows, or only their column order.
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>

#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

/// Brings batches to the schema of a union: columns by name, absent ones missing, numbers cast.
class ConformOperator final : public RowOperator {
 public:
  ConformOperator(std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool) : schema_(std::move(schema)), pool_(pool) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Process(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    arrow::compute::ExecContext exec(pool_);
    exec.set_use_threads(false);
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      auto column = batch->GetColumnByName(field->name());
      if (!column) {
        ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), batch->num_rows(), pool_));
      } else if (!column->type()->Equals(*field->type())) {
        ARROW_ASSIGN_OR_RAISE(auto cast,
                              arrow::compute::Cast(column, field->type(), arrow::compute::CastOptions::Safe(), &exec));
        column = cast.make_array();
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(columns));
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Result<PartitionSources> LowerUnion(const PlanNode& node, const LowerContext& context) {
  OperatorMetrics* metrics = context.MetricsFor(node);
  auto conform = std::make_shared<ConformOperator>(node.schema(), context.task.pool);
  PartitionSources all;
  for (const PlanPtr& child : node.children()) {
    ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(child, context));
    for (PartitionSource& source : sources) {
      if (!child->schema()->Equals(*node.schema(), /*check_metadata=*/false)) {
        source = ApplyOperator(std::move(source), conform, metrics);
      }
      all.push_back(std::move(source));
    }
  }
  return all;
}

Result<PartitionSources> LowerPartitions(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(node.child(), context));
  PartitionSources chosen;
  for (int index : static_cast<const PartitionsNode&>(node).indices()) chosen.push_back(sources[static_cast<size_t>(index)]);
  return chosen;
}

/// Joins neighbours so that each new partition gets an equal share of the old ones. More partitions than before end a stage.
Result<PartitionSources> LowerRepartition(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(node.child(), context));
  const auto old_count = sources.size();
  const auto new_count = static_cast<size_t>(node.npartitions());
  PartitionSources joined;
  for (size_t i = 0; i < new_count; ++i) {
    const size_t begin = i * old_count / new_count;
    const size_t end = (i + 1) * old_count / new_count;
    joined.push_back(ConcatenateSources(PartitionSources(sources.begin() + static_cast<std::ptrdiff_t>(begin),
                                                         sources.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return joined;
}

Result<PartitionSources> LowerStageInput(const PlanNode& node, const LowerContext& context) {
  const int stage = static_cast<const StageInputNode&>(node).stage();
  const auto found =
      context.stage_outputs ? context.stage_outputs->find(stage) : std::map<int, PartitionSources>::const_iterator{};
  if (!context.stage_outputs || found == context.stage_outputs->end()) {
    return Status::UnknownError("stage ", stage, " has not run, but its output is asked for");
  }
  return found->second;
}

}  // namespace millstream
