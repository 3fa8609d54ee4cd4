#include "millstream/exec/lower.h"

namespace millstream {

OperatorMetrics* LowerContext::MetricsFor(const PlanNode& node) const {
  OperatorMetrics* made = metrics->Add(std::string(node.kind()), node.Describe(), stage);
  if (node_metrics) (*node_metrics)[&node] = made;
  return made;
}

Result<PartitionSources> Lower(const PlanPtr& plan, const LowerContext& context) {
  LowerFunction lower = FindLowering(plan->kind());
  if (!lower) return Status::UnknownError("a ", plan->kind(), " node ends a stage and cannot be inside one");
  return lower(*plan, context);
}

}  // namespace millstream
