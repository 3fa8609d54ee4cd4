// MapPartitions: gathers a partition, calls the user's function once, hands on what it returns.
#include <arrow/table.h>

#include "millstream/exec/lower.h"
#include "millstream/exec/user_function.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PartitionSources> LowerMapPartitions(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources inputs, Lower(node.child(), context));
  const auto& arguments = static_cast<const MapPartitionsNode&>(node).arguments();
  ARROW_ASSIGN_OR_RAISE(UserFunction function, LoadUserFunction(arguments.runtime, arguments.payload));
  OperatorMetrics* metrics = context.MetricsFor(node);
  PartitionSources sources;
  for (size_t i = 0; i < inputs.size(); ++i) {
    sources.push_back(SourceFromFunction([=, input = inputs[i], name = arguments.name, task = context.task,
                                          in = node.child()->schema(), out = node.schema()](const EmitBatch& emit) -> Status {
      arrow::RecordBatchVector batches;
      ARROW_RETURN_NOT_OK(Drain(input, task, [&](std::shared_ptr<arrow::RecordBatch> batch) {
        batches.push_back(std::move(batch));
        return Status::OK();
      }));
      ARROW_ASSIGN_OR_RAISE(auto partition, TableFromBatches(in, std::move(batches)));
      metrics->rows_in.fetch_add(partition->num_rows(), std::memory_order_relaxed);
      std::shared_ptr<arrow::Table> made;
      {
        ScopedTimer timer(&metrics->nanoseconds);
        auto result = function(partition, static_cast<int64_t>(i), out);
        if (!result.ok()) return WithPlace(result.status(), name + " on partition " + std::to_string(i));
        made = std::move(*result);
      }
      partition.reset();
      if (!made->schema()->Equals(*out, /*check_metadata=*/false)) {
        return Status::TypeError(name, " on partition ", i, " returned\n", made->schema()->ToString(), "\nbut its meta says\n",
                                 out->ToString());
      }
      metrics->rows_out.fetch_add(made->num_rows(), std::memory_order_relaxed);
      return EmitTable(*made, task.batch_rows, emit);
    }));
  }
  return sources;
}

}  // namespace millstream
