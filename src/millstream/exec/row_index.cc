// RowIndex: numbers the rows of each partition. Positions depend on all rows before, so the partition is decoded in order.
#include <numeric>

#include <arrow/buffer.h>

#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

class RowIndexOperator final : public RowOperator {
 public:
  RowIndexOperator(std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool) : schema_(std::move(schema)), pool_(pool) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Process(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    const int64_t rows = batch->num_rows();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, arrow::AllocateBuffer(rows * 8, pool_));
    auto* positions = reinterpret_cast<int64_t*>(values->mutable_data());
    std::iota(positions, positions + rows, next_);
    next_ += rows;
    arrow::ArrayVector columns = batch->columns();
    columns.push_back(std::make_shared<arrow::Int64Array>(rows, std::move(values)));
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* pool_;
  int64_t next_ = 0;  // this operator is of one partition, whose morsels come in order
};

}  // namespace

Result<PartitionSources> LowerRowIndex(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(node.child(), context));
  OperatorMetrics* metrics = context.MetricsFor(node);
  for (PartitionSource& source : sources) {
    source.open = [child = source, schema = node.schema(), pool = context.task.pool,
                   metrics]() -> Result<std::unique_ptr<SplitReader>> {
      return ApplyOperator(child, std::make_shared<RowIndexOperator>(schema, pool), metrics).open();
    };
    source.serial = true;
  }
  return sources;
}

}  // namespace millstream
