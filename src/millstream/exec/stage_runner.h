// Who runs stages. The local runner uses threads of this process; the work of a stage is stated so that others can take it.
#pragma once

#include <map>
#include <memory>

#include "millstream/exec/sink.h"
#include "millstream/exec/stage.h"

namespace millstream {

struct StageOutcome {
  int stage = 0;
  std::shared_ptr<Sink> sink;  ///< finished: its Output() is the stage's
  double seconds = 0;
};

class StageRunner {
 public:
  virtual ~StageRunner() = default;
  /// How many fragments can run at the same time.
  virtual int workers() const = 0;
  /// Queues a stage whose inputs have completed.
  virtual Status Submit(const Stage& stage, const std::map<int, PartitionSources>& inputs) = 0;
  /// Waits for a queued stage. The first error of any fragment, with its place; all other work of the stage has stopped then.
  virtual Result<StageOutcome> NextCompleted() = 0;
};

/// Runs stages on `context.threads` threads of this process: each takes a partition of its own while there are any, then helps
/// with the morsels of the others'. `node_metrics` collects the metrics of every node that ran.
std::unique_ptr<StageRunner> MakeLocalStageRunner(const TaskContext& context, RunMetrics* metrics,
                                                  std::map<const PlanNode*, OperatorMetrics*>* node_metrics);

}  // namespace millstream
