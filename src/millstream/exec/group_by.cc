#include "millstream/exec/group_by.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "millstream/exec/group_by_merge.h"
#include "millstream/exec/group_by_sink.h"

namespace millstream {
namespace {

using arrow::Schema;
using Fields = std::vector<std::shared_ptr<arrow::Field>>;

struct BoundSpec {
  const AggregateFunction* function;
  std::unique_ptr<Aggregator> aggregator;
};

Result<BoundSpec> BindSpec(const Schema& input, const AggregateSpec& spec) {
  BoundSpec bound;
  ARROW_ASSIGN_OR_RAISE(bound.function, AggregateRegistry::Get().Find(spec.function));
  if (spec.input >= input.num_fields()) {
    return Status::IndexError("aggregate '", spec.output_name, "' reads column ", spec.input, " of ", input.num_fields());
  }
  const AggregateArgument argument{spec.input < 0 ? nullptr : input.field(spec.input)->type(), spec.options};
  auto aggregator = bound.function->bind(argument);
  if (!aggregator.ok()) {
    const std::string column = spec.input < 0 ? spec.output_name : input.field(spec.input)->name();
    return WithPlace(aggregator.status(), spec.function + " of column '" + column + "'");
  }
  bound.aggregator = std::move(*aggregator);
  return bound;
}

Result<std::vector<BoundSpec>> BindAll(const Schema& input, const GroupBy::Options& options) {
  std::vector<BoundSpec> bound;
  for (const AggregateSpec& spec : options.aggregates) {
    ARROW_ASSIGN_OR_RAISE(auto one, BindSpec(input, spec));
    bound.push_back(std::move(one));
  }
  return bound;
}

Result<KeyLayout> BindKeys(const Schema& input, const std::vector<int>& keys) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (int key : keys) {
    if (key < 0 || key >= input.num_fields()) {
      return Status::IndexError("group key ", key, " is not one of the ", input.num_fields(), " columns");
    }
    types.push_back(input.field(key)->type());
    const auto kind = ValueKindOf(types.back());
    if (!kind.ok()) return WithPlace(kind.status(), "group key '" + input.field(key)->name() + "'");
  }
  return KeyLayout::Make(types);
}

std::shared_ptr<Schema> MakeOutputSchema(const Schema& input, const GroupBy::Options& options,
                                         const std::vector<BoundSpec>& bound) {
  Fields fields;
  for (int key : options.keys) fields.push_back(input.field(key)->WithType(KeyOutputType(input.field(key)->type())));
  for (size_t i = 0; i < bound.size(); ++i) {
    fields.push_back(arrow::field(options.aggregates[i].output_name, bound[i].aggregator->output_type()));
  }
  return arrow::schema(fields);
}

/// A lock that a thread may also try while it holds it itself.
class BusyFlag {
 public:
  void lock() {
    while (!try_lock()) busy_.wait(true, std::memory_order_relaxed);
  }
  bool try_lock() { return !busy_.exchange(true, std::memory_order_acquire); }
  void unlock() {
    busy_.store(false, std::memory_order_release);
    busy_.notify_one();
  }

 private:
  std::atomic<bool> busy_{false};
};

/// Turns final rows into batches, in halves where one batch is too large.
class RowEmitter {
 public:
  RowEmitter(const GroupLayout* layout, std::shared_ptr<Schema> schema, const TaskContext* context, const GroupBy::Emit* emit,
             int64_t* groups)
      : layout_(layout), schema_(std::move(schema)), context_(context), emit_(emit), groups_(groups) {}

  Status operator()(const uint8_t* const* rows, int64_t n) const {
    auto batch = MakeBatch(rows, n);
    const bool too_large = batch.status().IsOutOfMemory() || batch.status().IsCapacityError();
    if (too_large && n > 1) {
      ARROW_RETURN_NOT_OK((*this)(rows, n / 2));
      return (*this)(rows + n / 2, n - n / 2);
    }
    ARROW_RETURN_NOT_OK(batch.status());
    *groups_ += n;
    return (*emit_)(std::move(*batch));
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> MakeBatch(const uint8_t* const* rows, int64_t n) const {
    arrow::ArrayVector columns;
    for (size_t i = 0; i < layout_->keys.fields().size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, layout_->keys.Decode(i, rows, n, context_->pool));
      columns.push_back(std::move(column));
    }
    auto* states = const_cast<uint8_t* const*>(rows);
    for (size_t a = 0; a < layout_->aggregates.size(); ++a) {
      const RowStates at{states, layout_->state_offsets[a]};
      ARROW_ASSIGN_OR_RAISE(auto column, layout_->aggregates[a]->Finish(at, n, context_->pool));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, n, std::move(columns));
  }

  const GroupLayout* layout_;
  std::shared_ptr<Schema> schema_;
  const TaskContext* context_;
  const GroupBy::Emit* emit_;
  int64_t* groups_;
};

/// Aggregates of distinct values (nunique) have a sink of their own, grouped by the keys and the value, whose result is fed to
/// the main sink once all rows are in: exact, and spilled like everything else.
struct DistinctSink {
  int column;                      ///< of the input: the value
  std::vector<size_t> aggregates;  ///< fed from this sink
  std::shared_ptr<Schema> schema;  ///< of what it emits: keys, value
  std::unique_ptr<GroupSink> sink;
};

class GroupByImpl final : public GroupBy {
 public:
  GroupByImpl(std::shared_ptr<Schema> input, Options options, const TaskContext& context, int threads)
      : input_(std::move(input)), options_(std::move(options)), context_(context), threads_(threads), per_thread_(threads) {}

  ~GroupByImpl() override { StopReclaiming(); }

  Status Init();
  Status Consume(int thread, const arrow::RecordBatch& batch, int64_t partition, int64_t sequence) override;
  Status Finish(const Emit& emit) override;
  Metrics metrics() const override;

 private:
  struct PerThread {
    BusyFlag busy;  ///< held while the thread works, and by others that spill its tables meanwhile
    int64_t rows = 0;
    std::vector<GroupSource> sources;  ///< of the main sink, then of the distinct sinks
  };

  Status AddDistinctSink(size_t aggregate);
  Status MakeSources();
  Result<bool> MakeRoom(int thread);
  int64_t Reclaim(int64_t wanted);
  Result<int64_t> SpillTables(int thread, int64_t at_least);
  void StopReclaiming();
  Status FeedDistinct(const DistinctSink& distinct);
  Status RunMerger(GroupSink* sink, bool sort, const EmitRows& emit);

  const std::shared_ptr<Schema> input_;
  const Options options_;
  const TaskContext context_;
  const int threads_;
  std::shared_ptr<Schema> output_;
  std::vector<GroupSource::Input> main_inputs_;
  std::unique_ptr<GroupSink> main_;
  std::vector<DistinctSink> distinct_;
  std::vector<PerThread> per_thread_;
  std::optional<int64_t> reclaimer_;  ///< until rows are no longer taken
  bool finishing_ = false;
  Metrics metrics_;
};

Status GroupByImpl::Init() {
  ARROW_ASSIGN_OR_RAISE(auto keys, BindKeys(*input_, options_.keys));
  ARROW_ASSIGN_OR_RAISE(auto bound, BindAll(*input_, options_));
  output_ = MakeOutputSchema(*input_, options_, bound);
  std::vector<std::unique_ptr<Aggregator>> aggregators;
  for (size_t i = 0; i < bound.size(); ++i) {
    if (bound[i].function->distinct) {
      ARROW_RETURN_NOT_OK(AddDistinctSink(i));
    } else {
      main_inputs_.push_back({i, options_.aggregates[i].input});
    }
    aggregators.push_back(std::move(bound[i].aggregator));
  }
  main_ = std::make_unique<GroupSink>(GroupLayout::Make(std::move(keys), std::move(aggregators)), context_, threads_,
                                      options_.dropna, [this](int thread) { return MakeRoom(thread); });
  ARROW_RETURN_NOT_OK(MakeSources());
  reclaimer_ = context_.budget->AddReclaimer([this](int64_t wanted) { return Reclaim(wanted); });
  return Status::OK();
}

Status GroupByImpl::AddDistinctSink(size_t aggregate) {
  const int column = options_.aggregates[aggregate].input;
  for (DistinctSink& known : distinct_) {
    if (known.column != column) continue;
    known.aggregates.push_back(aggregate);
    return Status::OK();
  }
  DistinctSink distinct;
  distinct.column = column;
  distinct.aggregates = {aggregate};
  std::vector<int> keys = options_.keys;
  keys.push_back(column);
  Fields fields;
  for (int key : keys) fields.push_back(input_->field(key)->WithType(KeyOutputType(input_->field(key)->type())));
  distinct.schema = arrow::schema(fields);
  ARROW_ASSIGN_OR_RAISE(auto layout, BindKeys(*input_, keys));
  distinct.sink = std::make_unique<GroupSink>(GroupLayout::Make(std::move(layout), {}), context_, threads_, /*dropna=*/false,
                                              [this](int thread) { return MakeRoom(thread); });
  distinct_.push_back(std::move(distinct));
  return Status::OK();
}

Status GroupByImpl::MakeSources() {
  for (PerThread& state : per_thread_) {
    ARROW_ASSIGN_OR_RAISE(auto source,
                          GroupSource::Make(&main_->layout(), *input_, options_.keys, main_inputs_, context_.pool));
    state.sources.push_back(std::move(source));
    for (const DistinctSink& distinct : distinct_) {
      std::vector<int> keys = options_.keys;
      keys.push_back(distinct.column);
      ARROW_ASSIGN_OR_RAISE(auto inner, GroupSource::Make(&distinct.sink->layout(), *input_, keys, {}, context_.pool));
      state.sources.push_back(std::move(inner));
    }
  }
  return Status::OK();
}

Result<bool> GroupByImpl::MakeRoom(int thread) {
  bool freed = false;
  const auto spill = [&](int of) -> Status {
    ARROW_ASSIGN_OR_RAISE(const bool main_freed, main_->Spill(of));
    freed |= main_freed;
    for (const DistinctSink& distinct : distinct_) {
      if (finishing_) break;  // it is being read
      ARROW_ASSIGN_OR_RAISE(const bool distinct_freed, distinct.sink->Spill(of));
      freed |= distinct_freed;
    }
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(spill(thread));
  for (int other = 0; other < threads_ && !freed; ++other) {
    std::unique_lock lock(per_thread_[other].busy, std::defer_lock);
    if (other != thread && lock.try_lock()) ARROW_RETURN_NOT_OK(spill(other));
  }
  // Memory that others hold comes free when they reach the end of their batch.
  if (!freed) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return freed;
}

/// For others, readers for one, that are short of memory: tables fill what there is, and any that no thread is at can wait on
/// disk.
int64_t GroupByImpl::Reclaim(int64_t wanted) {
  const int64_t worth_spilling = context_.budget->limit() / 32 / threads_;
  int64_t freed = 0;
  for (const int64_t at_least : {worth_spilling, int64_t{1}}) {
    for (int thread = 0; thread < threads_ && freed < wanted; ++thread) {
      std::unique_lock lock(per_thread_[thread].busy, std::try_to_lock);
      if (!lock.owns_lock()) continue;
      const Result<int64_t> bytes = SpillTables(thread, at_least);
      if (!bytes.ok()) return freed;  // a table that cannot be used any more says so to who uses it next
      freed += *bytes;
    }
  }
  return freed;
}

/// Those with `at_least` bytes; returns how many became free.
Result<int64_t> GroupByImpl::SpillTables(int thread, int64_t at_least) {
  std::vector<GroupSink*> sinks = {main_.get()};
  for (const DistinctSink& distinct : distinct_) sinks.push_back(distinct.sink.get());
  int64_t freed = 0;
  for (GroupSink* sink : sinks) {
    const int64_t before = sink->bytes(thread);
    if (before < at_least) continue;
    ARROW_RETURN_NOT_OK(sink->Spill(thread));
    freed += before - sink->bytes(thread);
  }
  return freed;
}

void GroupByImpl::StopReclaiming() {
  if (reclaimer_) context_.budget->RemoveReclaimer(*reclaimer_);
  reclaimer_.reset();
}

Status GroupByImpl::Consume(int thread, const arrow::RecordBatch& batch, int64_t partition, int64_t sequence) {
  ARROW_RETURN_NOT_OK(context_.CheckCancelled());
  PerThread& state = per_thread_[thread];
  std::lock_guard lock(state.busy);
  state.rows += batch.num_rows();
  if (batch.num_rows() > kMaxBatchRows || sequence > kMaxSequence) {
    return Status::NotImplemented("an aggregation cannot number the rows of partition ", partition, ": batch ", sequence,
                                  " of ", batch.num_rows(), " rows is beyond batch ", kMaxSequence, " or ", kMaxBatchRows,
                                  " rows; read it in more, smaller partitions (blocksize)");
  }
  const uint64_t position = static_cast<uint64_t>(sequence) * kMaxBatchRows;
  ARROW_RETURN_NOT_OK(main_->Consume(thread, &state.sources[0], batch, partition, position));
  for (size_t i = 0; i < distinct_.size(); ++i) {
    ARROW_RETURN_NOT_OK(distinct_[i].sink->Consume(thread, &state.sources[i + 1], batch, partition, position));
  }
  return Status::OK();
}

Status GroupByImpl::RunMerger(GroupSink* sink, bool sort, const EmitRows& emit) {
  for (const auto& table : *sink->tables()) ARROW_RETURN_NOT_OK(table->status());
  GroupMerger merger(&sink->layout(), &context_, threads_, sort, emit);
  const Status status = merger.Run(sink->tables());
  metrics_.spilled_bytes += merger.metrics().spilled_bytes;
  metrics_.spilled_partitions += merger.metrics().spilled_partitions;
  return status;
}

/// Counts what a distinct sink found, in the main sink.
Status GroupByImpl::FeedDistinct(const DistinctSink& distinct) {
  std::vector<int> keys;
  for (size_t i = 0; i < options_.keys.size(); ++i) keys.push_back(static_cast<int>(i));
  std::vector<GroupSource::Input> inputs;
  for (size_t aggregate : distinct.aggregates) inputs.push_back({aggregate, static_cast<int>(keys.size())});
  ARROW_ASSIGN_OR_RAISE(auto source, GroupSource::Make(&main_->layout(), *distinct.schema, keys, inputs, context_.pool));
  const Emit consume = [&](const std::shared_ptr<arrow::RecordBatch>& batch) {
    return main_->Consume(0, &source, *batch, 0, 0);
  };
  int64_t pairs = 0;
  return RunMerger(distinct.sink.get(), false,
                   RowEmitter(&distinct.sink->layout(), distinct.schema, &context_, &consume, &pairs));
}

Status GroupByImpl::Finish(const Emit& emit) {
  StopReclaiming();
  finishing_ = true;
  for (PerThread& state : per_thread_) metrics_.rows_in += state.rows;
  if (options_.keys.empty()) ARROW_RETURN_NOT_OK(main_->AddTheGroup());
  for (DistinctSink& distinct : distinct_) {
    ARROW_RETURN_NOT_OK(FeedDistinct(distinct));
    distinct.sink.reset();
  }
  return RunMerger(main_.get(), options_.sort, RowEmitter(&main_->layout(), output_, &context_, &emit, &metrics_.groups));
}

GroupBy::Metrics GroupByImpl::metrics() const { return metrics_; }

}  // namespace

Result<std::shared_ptr<Schema>> GroupBy::OutputSchema(const Schema& input, const Options& options) {
  ARROW_RETURN_NOT_OK(BindKeys(input, options.keys).status());
  ARROW_ASSIGN_OR_RAISE(auto bound, BindAll(input, options));
  return MakeOutputSchema(input, options, bound);
}

Result<std::unique_ptr<GroupBy>> GroupBy::Make(std::shared_ptr<Schema> input, Options options, const TaskContext& context,
                                               int threads) {
  auto group_by = std::make_unique<GroupByImpl>(std::move(input), std::move(options), context, std::max(1, threads));
  ARROW_RETURN_NOT_OK(group_by->Init());
  return group_by;
}

}  // namespace millstream
