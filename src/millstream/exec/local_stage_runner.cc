#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "millstream/exec/lower.h"
#include "millstream/exec/stage_runner.h"
#include "millstream/scheduler/parallel.h"

namespace millstream {
namespace {

/// Lets threads begin morsels one after the other while memory is scarce, as what several need at once may not fit.
class MorselGate {
 public:
  explicit MorselGate(const MemoryBudget& budget) : budget_(budget) {}

  /// Returns once there is memory, no other thread has a morsel, or `need_not_wait()`; and now and then, one thread after the
  /// other, in any case: no morsel may depend on how long another one takes. A Leave follows each Enter.
  template <typename NeedNotWait>
  void Enter(const NeedNotWait& need_not_wait) {
    std::unique_lock lock(mutex_);
    const auto came = Clock::now();
    while (inside_ > 0 && budget_.IsScarce() && !need_not_wait()) {
      const auto now = Clock::now();
      if (now - std::max(came, last_exception_) >= kPatience) {
        last_exception_ = now;
        break;
      }
      changed_.wait_for(lock, kLookAgain);
    }
    ++inside_;
  }
  void Leave() {
    std::lock_guard lock(mutex_);
    --inside_;
    changed_.notify_one();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kLookAgain{2};  ///< memory comes back in the middle of morsels, too
  static constexpr std::chrono::milliseconds kPatience{200};

  const MemoryBudget& budget_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  Clock::time_point last_exception_;
};

/// One run over the partitions of a stage.
class StageRun {
 public:
  StageRun(const PartitionSources& sources, Sink* sink, const TaskContext& context, RunMetrics* metrics)
      : sink_(sink), context_(context), metrics_(metrics), gate_(*context.budget), partitions_(sources.size()) {
    for (size_t i = 0; i < sources.size(); ++i) partitions_[i].source = &sources[i];
    metrics_->steps_total.fetch_add(static_cast<int64_t>(sources.size()) + 1, std::memory_order_relaxed);
  }

  Status Run() {
    Status status = RunOnThreads(
        sink_->in_order() ? 1 : context_.threads, [this](int thread) { return Work(thread); },
        [this] {
          stop_.store(true, std::memory_order_relaxed);
          sink_->Stop();
        });
    if (status.ok()) status = EndReadersEarly();
    if (status.ok()) status = sink_->Finish();
    metrics_->steps_done.fetch_add(1, std::memory_order_relaxed);
    if (status.ok()) return status;
    Status undone = sink_->Abort();
    return undone.ok() ? status : status.WithMessage(status.message(), "; and cleaning up failed: ", undone.message());
  }

 private:
  struct Partition {
    const PartitionSource* source = nullptr;
    std::mutex mutex;  // guards what follows; held while a morsel is read
    std::unique_ptr<SplitReader> reader;
    int64_t morsels = 0;
    int in_flight = 0;
    std::atomic<bool> exhausted{false};
  };

  /// Of partitions that the sink did not need to the end.
  Status EndReadersEarly() {
    for (Partition& partition : partitions_) {
      if (partition.reader) ARROW_RETURN_NOT_OK(partition.reader->EndEarly());
    }
    return Status::OK();
  }

  /// No more work is wanted: another thread failed, or the sink has all it needs.
  bool Stopped() const { return stop_.load(std::memory_order_relaxed) || sink_->satisfied(); }

  /// The thread's own partition while it lasts, then one nobody has begun, then one of another thread's.
  Partition* Choose(Partition* own) {
    if (own && !own->exhausted) return own;
    const size_t next = next_partition_.fetch_add(1, std::memory_order_relaxed);
    if (next < partitions_.size()) return &partitions_[next];
    for (Partition& other : partitions_) {
      if (!other.exhausted && !other.source->serial) return &other;
    }
    return nullptr;
  }

  Status Work(int thread) {
    Partition* partition = nullptr;
    while (!Stopped() && (partition = Choose(partition)) != nullptr) {
      ARROW_RETURN_NOT_OK(context_.CheckCancelled());
      const int64_t index = partition - partitions_.data();
      gate_.Enter([this, index] { return Stopped() || sink_->awaited_partition() == index; });
      const Status status = Step(thread, partition);
      gate_.Leave();
      ARROW_RETURN_NOT_OK(status);
    }
    return Status::OK();
  }

  /// The partition's next morsel; its mutex is held. A failure stops the stage here already, so that no thread that waits for
  /// the mutex asks the reader again.
  Result<std::unique_ptr<Morsel>> Read(Partition* partition) {
    Status opened;
    if (!partition->reader) opened = partition->source->open().Value(&partition->reader);
    Result<std::unique_ptr<Morsel>> morsel = opened.ok() ? partition->reader->Next() : opened;
    if (!morsel.ok()) stop_.store(true, std::memory_order_relaxed);
    return morsel;
  }

  Status Step(int thread, Partition* partition) {
    std::unique_lock lock(partition->mutex);
    if (partition->exhausted || Stopped()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Morsel> morsel, Read(partition));
    BatchTag tag{thread, partition - partitions_.data(), partition->morsels};
    if (!morsel) {
      partition->exhausted = true;
      partition->reader.reset();
    } else {
      ++partition->morsels;
      ++partition->in_flight;
      if (!partition->source->serial) lock.unlock();
      ARROW_RETURN_NOT_OK(Decode(tag, morsel.get()));
      morsel.reset();
      if (!lock.owns_lock()) lock.lock();
      --partition->in_flight;
    }
    if (!partition->exhausted || partition->in_flight > 0) return Status::OK();
    tag.morsel = partition->morsels;
    lock.unlock();
    metrics_->steps_done.fetch_add(1, std::memory_order_relaxed);
    return sink_->PartitionDone(tag);
  }

  Status Decode(const BatchTag& tag, Morsel* morsel) {
    bool ended_early = false;
    Status status = morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) -> Status {
      ARROW_RETURN_NOT_OK(context_.CheckCancelled());
      if (Stopped()) {
        ended_early = true;
        return Status::Cancelled("the stage has ended");
      }
      return sink_->Consume(tag, std::move(batch));
    });
    if (ended_early) return Status::OK();  // whoever stopped the stage knows why
    ARROW_RETURN_NOT_OK(status);
    return sink_->MorselDone(tag);
  }

  Sink* sink_;
  const TaskContext& context_;
  RunMetrics* metrics_;
  MorselGate gate_;
  std::vector<Partition> partitions_;
  std::atomic<size_t> next_partition_{0};
  std::atomic<bool> stop_{false};
};

class LocalStageRunner final : public StageRunner {
 public:
  LocalStageRunner(const TaskContext& context, RunMetrics* metrics, std::map<const PlanNode*, OperatorMetrics*>* node_metrics)
      : context_(context), metrics_(metrics), node_metrics_(node_metrics) {}

  int workers() const override { return context_.threads; }

  Status Submit(const Stage& stage, const std::map<int, PartitionSources>& inputs) override {
    queue_.push_back({stage, inputs});
    return Status::OK();
  }

  Result<StageOutcome> NextCompleted() override {
    if (queue_.empty()) return Status::UnknownError("no stage was submitted");
    const Queued work = std::move(queue_.front());
    queue_.pop_front();
    const auto start = std::chrono::steady_clock::now();
    const PlanPtr& root = work.stage.plan;
    const LowerContext lower{context_, metrics_, work.stage.id, &work.inputs, node_metrics_};
    ARROW_ASSIGN_OR_RAISE(PartitionSources sources, Lower(EndsStage(*root) ? root->child() : root, lower));
    OperatorMetrics* sink_metrics = EndsStage(*root) ? lower.MetricsFor(*root) : nullptr;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Sink> sink, MakeSink(*root, {context_, sink_metrics}));
    ARROW_RETURN_NOT_OK(StageRun(sources, sink.get(), context_, metrics_).Run());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return StageOutcome{work.stage.id, std::move(sink), took.count()};
  }

 private:
  struct Queued {
    Stage stage;
    std::map<int, PartitionSources> inputs;
  };
  const TaskContext context_;
  RunMetrics* metrics_;
  std::map<const PlanNode*, OperatorMetrics*>* node_metrics_;
  std::deque<Queued> queue_;
};

}  // namespace

std::unique_ptr<StageRunner> MakeLocalStageRunner(const TaskContext& context, RunMetrics* metrics,
                                                  std::map<const PlanNode*, OperatorMetrics*>* node_metrics) {
  return std::make_unique<LocalStageRunner>(context, metrics, node_metrics);
}

}  // namespace millstream
