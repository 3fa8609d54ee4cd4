#include "millstream/exec/row_operator.h"

#include <arrow/util/byte_size.h>

namespace millstream {
namespace {

class OperatorMorsel final : public Morsel {
 public:
  OperatorMorsel(std::unique_ptr<Morsel> input, std::shared_ptr<RowOperator> op, OperatorMetrics* metrics)
      : input_(std::move(input)), op_(std::move(op)), metrics_(metrics) {}

  Status Decode(const EmitBatch& emit) override {
    return input_->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
      std::shared_ptr<arrow::RecordBatch> out;
      {
        ScopedTimer timer(&metrics_->nanoseconds);
        metrics_->rows_in.fetch_add(batch->num_rows(), std::memory_order_relaxed);
        ARROW_ASSIGN_OR_RAISE(out, op_->Process(batch));
        batch.reset();
      }
      if (out->num_rows() == 0) return Status::OK();
      metrics_->rows_out.fetch_add(out->num_rows(), std::memory_order_relaxed);
      metrics_->bytes_out.fetch_add(BatchBytes(*out), std::memory_order_relaxed);
      return emit(std::move(out));
    });
  }

 private:
  std::unique_ptr<Morsel> input_;
  std::shared_ptr<RowOperator> op_;
  OperatorMetrics* metrics_;
};

class OperatorReader final : public SplitReader {
 public:
  OperatorReader(std::unique_ptr<SplitReader> input, std::shared_ptr<RowOperator> op, OperatorMetrics* metrics)
      : input_(std::move(input)), op_(std::move(op)), metrics_(metrics) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto morsel, input_->Next());
    if (!morsel) return std::unique_ptr<Morsel>();
    return std::make_unique<OperatorMorsel>(std::move(morsel), op_, metrics_);
  }
  Status EndEarly() override { return input_->EndEarly(); }
  int64_t bytes_read() const override { return input_->bytes_read(); }

 private:
  std::unique_ptr<SplitReader> input_;
  std::shared_ptr<RowOperator> op_;
  OperatorMetrics* metrics_;
};

}  // namespace

PartitionSource ApplyOperator(PartitionSource source, std::shared_ptr<RowOperator> op, OperatorMetrics* metrics) {
  const bool serial = source.serial;
  return {[open = std::move(source.open), op = std::move(op), metrics]() -> Result<std::unique_ptr<SplitReader>> {
            ARROW_ASSIGN_OR_RAISE(auto reader, open());
            return std::make_unique<OperatorReader>(std::move(reader), op, metrics);
          },
          serial};
}

int64_t BatchBytes(const arrow::RecordBatch& batch) {
  return arrow::util::ReferencedBufferSize(batch).ValueOr(arrow::util::TotalBufferSize(batch));
}

}  // namespace millstream
