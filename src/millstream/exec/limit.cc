// Limit: the first rows of the frame. Partitions come one after the other, and reading stops with the last row needed.
#include <arrow/table.h>

#include "millstream/exec/sinks.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

class LimitSink final : public CollectSink {
 public:
  LimitSink(std::shared_ptr<arrow::Schema> schema, int64_t rows, const SinkContext& context)
      : CollectSink(std::move(schema), 1, context.task), missing_(rows), metrics_(context.metrics) {}

  Status Consume(const BatchTag& tag, std::shared_ptr<arrow::RecordBatch> batch) override {
    if (missing_ == 0) return Status::OK();
    metrics_->rows_in.fetch_add(batch->num_rows(), std::memory_order_relaxed);
    if (batch->num_rows() > missing_) batch = batch->Slice(0, missing_);
    missing_ -= batch->num_rows();
    metrics_->rows_out.fetch_add(batch->num_rows(), std::memory_order_relaxed);
    return CollectSink::Consume({tag.thread, 0, taken_++}, std::move(batch));
  }
  bool satisfied() const override { return missing_ == 0; }
  bool in_order() const override { return true; }

 private:
  int64_t missing_;
  int64_t taken_ = 0;
  OperatorMetrics* metrics_;
};

}  // namespace

Result<std::unique_ptr<Sink>> MakeLimitSink(const PlanNode& node, const SinkContext& context) {
  return std::make_unique<LimitSink>(node.schema(), static_cast<const LimitNode&>(node).rows(), context);
}

}  // namespace millstream
