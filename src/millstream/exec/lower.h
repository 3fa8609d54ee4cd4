// From plan nodes to partition sources. One file a node kind beside this one; exec/registry.cc lists them.
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "millstream/exec/source.h"
#include "millstream/plan/plan.h"
#include "millstream/scheduler/metrics.h"

namespace millstream {

/// What lowering needs besides the plan.
struct LowerContext {
  TaskContext task;
  RunMetrics* metrics = nullptr;
  int stage = 0;
  /// Outputs of the stages that ran before, by stage number.
  const std::map<int, PartitionSources>* stage_outputs = nullptr;
  /// Metrics of the nodes lowered so far, for explain(analyze).
  std::map<const PlanNode*, OperatorMetrics*>* node_metrics = nullptr;

  OperatorMetrics* MetricsFor(const PlanNode& node) const;
};

/// One source for each of the plan's partitions. The plan holds no node that ends a stage (see exec/stage.h).
Result<PartitionSources> Lower(const PlanPtr& plan, const LowerContext& context);

using LowerFunction = Result<PartitionSources> (*)(const PlanNode& node, const LowerContext& context);
/// nullptr for a kind that is a sink.
LowerFunction FindLowering(std::string_view kind);

}  // namespace millstream
