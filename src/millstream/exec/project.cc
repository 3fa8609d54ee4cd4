// Project: computes each output column from the input batch.
#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

class ProjectOperator final : public RowOperator {
 public:
  ProjectOperator(std::shared_ptr<arrow::Schema> schema, std::vector<BoundExpressionPtr> expressions, arrow::MemoryPool* pool)
      : schema_(std::move(schema)), expressions_(std::move(expressions)), pool_(pool) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Process(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    arrow::compute::ExecContext exec(pool_);
    exec.set_use_threads(false);
    arrow::ArrayVector columns;
    columns.reserve(expressions_.size());
    auto schema = schema_;
    for (const BoundExpressionPtr& expression : expressions_) {
      ARROW_ASSIGN_OR_RAISE(auto column, expression->EvaluateArray(*batch, &exec));
      const auto& field = schema_->field(static_cast<int>(columns.size()));
      if (column->type_id() == arrow::Type::DICTIONARY && !column->type()->Equals(*field->type())) {
        // A column that the scan left encoded, passed on.
        ARROW_ASSIGN_OR_RAISE(schema, schema->SetField(static_cast<int>(columns.size()), field->WithType(column->type())));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(std::move(schema), batch->num_rows(), std::move(columns));
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<BoundExpressionPtr> expressions_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Result<PartitionSources> LowerProject(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(node.child(), context));
  std::vector<BoundExpressionPtr> bound;
  for (const ExpressionPtr& expression : static_cast<const ProjectNode&>(node).expressions()) {
    ARROW_ASSIGN_OR_RAISE(auto one, BoundExpression::Bind(expression, *node.child()->schema()));
    bound.push_back(std::move(one));
  }
  auto op = std::make_shared<ProjectOperator>(node.schema(), std::move(bound), context.task.pool);
  OperatorMetrics* metrics = context.MetricsFor(node);
  for (PartitionSource& source : sources) source = ApplyOperator(std::move(source), op, metrics);
  return sources;
}

}  // namespace millstream
