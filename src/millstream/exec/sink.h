// The end of a stage: what all threads hand their batches to.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "millstream/exec/source.h"
#include "millstream/plan/plan.h"
#include "millstream/scheduler/metrics.h"

namespace millstream {

/// Where a batch belongs: batches of a partition are ordered by (morsel, the order of calls for that morsel).
struct BatchTag {
  int thread = 0;
  int64_t partition = 0;
  int64_t morsel = 0;
};

/// Thread-safe for distinct `thread` numbers. A morsel is consumed by one thread, its batches in order.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status Consume(const BatchTag& tag, std::shared_ptr<arrow::RecordBatch> batch) = 0;
  /// After the last batch of a morsel, also of one without batches.
  virtual Status MorselDone(const BatchTag& tag) { return Status::OK(); }
  /// Once all morsels of a partition are done. `tag.morsel` is their number.
  virtual Status PartitionDone(const BatchTag& tag) { return Status::OK(); }
  /// Once, on one thread, after everything else went well.
  virtual Status Finish() { return Status::OK(); }
  /// Where something failed or the run was cancelled: wakes threads that wait inside Consume. May come from any thread.
  virtual void Stop() {}
  /// Once, after Stop, when no thread is inside any more, and instead of Finish or after a failed one: undoes what was done.
  virtual Status Abort() { return Status::OK(); }
  /// True once no further batch can change the result: the stage ends early.
  virtual bool satisfied() const { return false; }
  /// The partition whose rows a thread waits for inside Consume, -1 where none does: its next morsel must not be held back.
  virtual int64_t awaited_partition() const { return -1; }
  /// True where partitions must come in order on one thread (a limit).
  virtual bool in_order() const { return false; }
  /// The stage's output, after Finish. May be drained once.
  virtual Result<PartitionSources> Output() = 0;
};

struct SinkContext {
  TaskContext task;
  OperatorMetrics* metrics = nullptr;
};

/// The sink for the node at the root of a stage: Aggregate, Limit, Write and cutting Repartition have their own; any other node
/// is lowered into the stage and its rows are collected.
Result<std::unique_ptr<Sink>> MakeSink(const PlanNode& root, const SinkContext& context);

/// Keeps all batches, by partition: `tables()` after Finish are one a partition.
class CollectSink : public Sink {
 public:
  /// `is_result`: the rows are the caller's, so that their memory leaves the budget as they come.
  CollectSink(std::shared_ptr<arrow::Schema> schema, int npartitions, const TaskContext& context, bool is_result = false);
  Status Consume(const BatchTag& tag, std::shared_ptr<arrow::RecordBatch> batch) override;
  Status Finish() override;
  Result<PartitionSources> Output() override;
  const std::vector<std::shared_ptr<arrow::Table>>& tables() const { return tables_; }

 private:
  struct Piece {
    int64_t morsel;
    std::shared_ptr<arrow::RecordBatch> batch;
  };
  struct Partition {
    std::mutex mutex;
    std::vector<Piece> pieces;
  };
  const std::shared_ptr<arrow::Schema> schema_;
  const TaskContext context_;
  const bool is_result_;
  std::vector<Partition> partitions_;
  std::vector<std::shared_ptr<arrow::Table>> tables_;
};

}  // namespace millstream
