// Scan: opens a split when its turn comes, counts what is read and decoded, and looks in the end whether it was one file.
#include <atomic>
#include <functional>
#include <utility>

#include "millstream/exec/lower.h"
#include "millstream/exec/row_operator.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

/// Looks once all of a split has been read and decoded, by whichever threads, whether its file is still the same.
class VersionCheck {
 public:
  explicit VersionCheck(std::function<Status()> check) : check_(std::move(check)) {}

  void Begin() { parts_.fetch_add(1, std::memory_order_relaxed); }
  /// Where reading stops before all parts are done.
  Status EndEarly() const { return check_(); }
  Status End() { return parts_.fetch_sub(1, std::memory_order_acq_rel) == 1 ? check_() : Status::OK(); }

 private:
  const std::function<Status()> check_;
  std::atomic<int64_t> parts_{1};  ///< the reader and the morsels that are not done
};

class ScanMorsel final : public Morsel {
 public:
  ScanMorsel(std::unique_ptr<Morsel> input, std::shared_ptr<VersionCheck> check, OperatorMetrics* metrics)
      : input_(std::move(input)), check_(std::move(check)), metrics_(metrics) {
    check_->Begin();
  }

  int64_t first_row() const override { return input_->first_row(); }

  Status Decode(const EmitBatch& emit) override {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    Clock::duration downstream{};
    Status status = input_->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
      metrics_->rows_in.fetch_add(batch->num_rows(), std::memory_order_relaxed);
      metrics_->rows_out.fetch_add(batch->num_rows(), std::memory_order_relaxed);
      metrics_->bytes_out.fetch_add(BatchBytes(*batch), std::memory_order_relaxed);
      const auto handed_over = Clock::now();
      Status consumed = emit(std::move(batch));
      downstream += Clock::now() - handed_over;
      return consumed;
    });
    metrics_->nanoseconds.fetch_add((Clock::now() - start - downstream).count(), std::memory_order_relaxed);
    metrics_->rows_in.fetch_add(input_->rows_dropped(), std::memory_order_relaxed);
    return status.ok() ? check_->End() : status;
  }

 private:
  std::unique_ptr<Morsel> input_;
  const std::shared_ptr<VersionCheck> check_;
  OperatorMetrics* metrics_;
};

class ScanReader final : public SplitReader {
 public:
  ScanReader(std::unique_ptr<SplitReader> input, std::function<Status()> check, OperatorMetrics* metrics)
      : input_(std::move(input)), check_(std::make_shared<VersionCheck>(std::move(check))), metrics_(metrics) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    ScopedTimer timer(&metrics_->nanoseconds);
    ARROW_ASSIGN_OR_RAISE(auto morsel, input_->Next());
    const int64_t now = input_->bytes_read();
    metrics_->bytes_read.fetch_add(now - counted_, std::memory_order_relaxed);
    counted_ = now;
    if (!morsel) {
      if (!std::exchange(ended_, true)) ARROW_RETURN_NOT_OK(check_->End());
      return std::unique_ptr<Morsel>();
    }
    return std::make_unique<ScanMorsel>(std::move(morsel), check_, metrics_);
  }
  Status EndEarly() override { return ended_ ? Status::OK() : check_->EndEarly(); }
  int64_t bytes_read() const override { return input_->bytes_read(); }

 private:
  std::unique_ptr<SplitReader> input_;
  const std::shared_ptr<VersionCheck> check_;
  OperatorMetrics* metrics_;
  int64_t counted_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<PartitionSources> LowerScan(const PlanNode& node, const LowerContext& context) {
  // Kept whole: the sources outlive the plan node they were made from.
  auto arguments = std::make_shared<const ScanNode::Arguments>(static_cast<const ScanNode&>(node).arguments());
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(arguments->format));
  OperatorMetrics* metrics = context.MetricsFor(node);
  PartitionSources sources;
  for (size_t i = 0; i < arguments->inspection.splits.size(); ++i) {
    auto open = [=, task = context.task]() -> Result<std::unique_ptr<SplitReader>> {
      const ReadRequest request{arguments->read,    arguments->filter,  arguments->limit,
                                arguments->encoded, arguments->counted, arguments->inspection.schema,
                                arguments->chosen};
      ARROW_ASSIGN_OR_RAISE(auto reader, format->OpenSplit(arguments->inspection.splits[i], request, arguments->storage,
                                                           arguments->inspection.options, task));
      auto check = [=] { return fs::CheckVersion(arguments->inspection.splits[i].file, arguments->storage, task); };
      return std::make_unique<ScanReader>(std::move(reader), std::move(check), metrics);
    };
    sources.push_back({std::move(open), /*serial=*/false, format->NumbersRows()});
  }
  return sources;
}

Result<PartitionSources> LowerTable(const PlanNode& node, const LowerContext& context) {
  PartitionSources sources;
  for (const auto& table : static_cast<const TableNode&>(node).partitions()) {
    sources.push_back(SourceFromTable(table, context.task));
  }
  return sources;
}

}  // namespace millstream
