// Repartition into more partitions than there are: the rows are gathered, then cut into shares of equal row counts.
#include <arrow/table.h>

#include "millstream/exec/sinks.h"

namespace millstream {
namespace {

class CutSink final : public CollectSink {
 public:
  CutSink(const PlanNode& node, const SinkContext& context)
      : CollectSink(node.schema(), node.child()->npartitions(), context.task),
        schema_(node.schema()),
        task_(context.task),
        pieces_(node.npartitions()) {}

  Result<PartitionSources> Output() override {
    int64_t rows = 0;
    for (const auto& table : tables()) rows += table->num_rows();
    auto all = arrow::Table::Make(schema_, arrow::ChunkedArrayVector{}, rows);
    if (schema_->num_fields() > 0) {
      ARROW_ASSIGN_OR_RAISE(all, arrow::ConcatenateTables(tables()));
    }
    PartitionSources sources;
    for (int64_t i = 0; i < pieces_; ++i) {
      const int64_t begin = all->num_rows() * i / pieces_;
      const int64_t end = all->num_rows() * (i + 1) / pieces_;
      sources.push_back(SourceFromTable(SliceTable(*all, begin, end - begin), task_));
    }
    return sources;
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const TaskContext task_;
  const int64_t pieces_;
};

}  // namespace

Result<std::unique_ptr<Sink>> MakeRepartitionSink(const PlanNode& node, const SinkContext& context) {
  return std::make_unique<CutSink>(node, context);
}

}  // namespace millstream
