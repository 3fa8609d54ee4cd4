// RowIndex: numbers the rows of each partition. Where the format does not know at which row a morsel starts, the numbers depend
// on all rows before, so the partition is decoded in order.
#include <numeric>

#include <arrow/buffer.h>

#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

struct RowIndexPlan {
  std::shared_ptr<arrow::Schema> schema;
  arrow::MemoryPool* pool;
  OperatorMetrics* metrics;

  /// `batch` with the numbers of its rows, the first of which is `first`.
  Result<std::shared_ptr<arrow::RecordBatch>> Number(const arrow::RecordBatch& batch, int64_t first) const {
    ScopedTimer timer(&metrics->nanoseconds);
    const int64_t rows = batch.num_rows();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, arrow::AllocateBuffer(rows * 8, pool));
    auto* numbers = reinterpret_cast<int64_t*>(values->mutable_data());
    std::iota(numbers, numbers + rows, first);
    arrow::ArrayVector columns = batch.columns();
    columns.push_back(std::make_shared<arrow::Int64Array>(rows, std::move(values)));
    auto numbered = arrow::RecordBatch::Make(schema, rows, std::move(columns));
    metrics->rows_in.fetch_add(rows, std::memory_order_relaxed);
    metrics->rows_out.fetch_add(rows, std::memory_order_relaxed);
    metrics->bytes_out.fetch_add(BatchBytes(*numbered), std::memory_order_relaxed);
    return numbered;
  }
};

class RowIndexMorsel final : public Morsel {
 public:
  /// `first_row`: the number of the partition's. `next`: that of its next row, where morsels are decoded in order; else
  /// nullptr.
  RowIndexMorsel(std::unique_ptr<Morsel> input, const RowIndexPlan& plan, int64_t first_row, std::shared_ptr<int64_t> next)
      : input_(std::move(input)), plan_(plan), first_row_(first_row), next_(std::move(next)) {}

  Status Decode(const EmitBatch& emit) override {
    int64_t own = first_row_ + input_->first_row();
    int64_t* next = next_ ? next_.get() : &own;
    return input_->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) -> Status {
      ARROW_ASSIGN_OR_RAISE(auto numbered, plan_.Number(*batch, *next));
      *next += batch->num_rows();
      batch.reset();
      return emit(std::move(numbered));
    });
  }

 private:
  std::unique_ptr<Morsel> input_;
  const RowIndexPlan plan_;
  const int64_t first_row_;
  const std::shared_ptr<int64_t> next_;
};

class RowIndexReader final : public SplitReader {
 public:
  RowIndexReader(std::unique_ptr<SplitReader> input, RowIndexPlan plan, int64_t first_row, bool in_order)
      : input_(std::move(input)),
        plan_(std::move(plan)),
        first_row_(first_row),
        next_(in_order ? std::make_shared<int64_t>(first_row) : nullptr) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto morsel, input_->Next());
    if (!morsel) return std::unique_ptr<Morsel>();
    return std::make_unique<RowIndexMorsel>(std::move(morsel), plan_, first_row_, next_);
  }
  Status EndEarly() override { return input_->EndEarly(); }
  int64_t bytes_read() const override { return input_->bytes_read(); }

 private:
  std::unique_ptr<SplitReader> input_;
  const RowIndexPlan plan_;
  const int64_t first_row_;
  const std::shared_ptr<int64_t> next_;
};

}  // namespace

Result<PartitionSources> LowerRowIndex(const PlanNode& node, const LowerContext& context) {
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(node.child(), context));
  const RowIndexPlan plan{node.schema(), context.task.pool, context.MetricsFor(node)};
  const auto& first_rows = static_cast<const RowIndexNode&>(node).first_rows();
  for (size_t i = 0; i < sources.size(); ++i) {
    PartitionSource& source = sources[i];
    const int64_t first_row = first_rows.empty() ? 0 : first_rows[i];
    const bool in_order = !source.numbers_rows;
    auto open = [child = std::move(source.open), plan, first_row, in_order]() -> Result<std::unique_ptr<SplitReader>> {
      ARROW_ASSIGN_OR_RAISE(auto reader, child());
      return std::make_unique<RowIndexReader>(std::move(reader), plan, first_row, in_order);
    };
    source = {std::move(open), in_order || source.serial};
  }
  return sources;
}

}  // namespace millstream
