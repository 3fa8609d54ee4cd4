// Aggregate: the hash aggregation of exec/group_by.h as the end of a stage.
#include <atomic>
#include <memory>

#include "millstream/exec/group_by.h"
#include "millstream/exec/sinks.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

class AggregateSink final : public Sink {
 public:
  AggregateSink(std::shared_ptr<GroupBy> groups, std::shared_ptr<arrow::Schema> schema, const SinkContext& context)
      : groups_(std::move(groups)),
        schema_(std::move(schema)),
        metrics_(context.metrics),
        batches_of_morsel_(static_cast<size_t>(context.task.threads)) {}

  Status Consume(const BatchTag& tag, std::shared_ptr<arrow::RecordBatch> batch) override {
    ScopedTimer timer(&metrics_->nanoseconds);
    metrics_->rows_in.fetch_add(batch->num_rows(), std::memory_order_relaxed);
    // Rows are ordered by morsel, then batch.
    const int64_t number = batches_of_morsel_[static_cast<size_t>(tag.thread)]++;
    if (number >> kBatchBits != 0)
      return Status::NotImplemented("an aggregation met more than ", number, " batches in one piece of partition ",
                                    tag.partition,
                                    "; batches this small come of MILLSTREAM_BATCH_ROWS: set it higher, or leave it out");
    return groups_->Consume(tag.thread, *batch, tag.partition, (tag.morsel << kBatchBits) + number);
  }
  Status MorselDone(const BatchTag& tag) override {
    batches_of_morsel_[static_cast<size_t>(tag.thread)] = 0;
    return Status::OK();
  }

  Result<PartitionSources> Output() override {
    auto emit_all = [groups = groups_, schema = schema_, metrics = metrics_,
                     emitted = std::make_shared<std::atomic<bool>>(false)](const EmitBatch& emit) -> Status {
      if (emitted->exchange(true))
        return Status::UnknownError("the groups of an aggregation were asked for twice; this is a bug");
      Status status = groups->Finish([&](std::shared_ptr<arrow::RecordBatch> batch) {
        metrics->rows_out.fetch_add(batch->num_rows(), std::memory_order_relaxed);
        return emit(arrow::RecordBatch::Make(schema, batch->num_rows(), batch->columns()));
      });
      metrics->spilled_bytes.store(groups->metrics().spilled_bytes, std::memory_order_relaxed);
      return status;
    };
    return PartitionSources{SourceFromFunction(std::move(emit_all))};
  }

 private:
  static constexpr int kBatchBits = 21;
  std::shared_ptr<GroupBy> groups_;
  std::shared_ptr<arrow::Schema> schema_;
  OperatorMetrics* metrics_;
  std::vector<int64_t> batches_of_morsel_;
};

}  // namespace

Result<std::unique_ptr<Sink>> MakeAggregateSink(const PlanNode& node, const SinkContext& context) {
  const auto& arguments = static_cast<const AggregateNode&>(node).arguments();
  const arrow::Schema& input = *node.child()->schema();
  GroupBy::Options options;
  for (const std::string& key : arguments.keys) options.keys.push_back(input.GetFieldIndex(key));
  for (const auto& a : arguments.aggregates) {
    options.aggregates.push_back({a.function, a.column.empty() ? -1 : input.GetFieldIndex(a.column), a.options, a.name});
  }
  options.sort = arguments.sort;
  options.dropna = arguments.dropna;
  ARROW_ASSIGN_OR_RAISE(auto groups, GroupBy::Make(node.child()->schema(), options, context.task, context.task.threads));
  return std::make_unique<AggregateSink>(std::move(groups), node.schema(), context);
}

}  // namespace millstream
