// Limit n over nodes that keep rows in their places: the scan below need read no more than n rows of each partition.
#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

Result<PlanPtr> Push(const PlanPtr& plan, int64_t rows) {
  if (plan->children().empty()) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr limited, plan->WithLimit(rows));
    return limited ? limited : plan;
  }
  if (!plan->PassesLimit()) return plan;
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Push(plan->child(), rows));
  return child == plan->child() ? plan : plan->WithChildren({std::move(child)});
}

}  // namespace

Result<PlanPtr> PushDownLimits(const PlanPtr& plan) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* limit = dynamic_cast<const LimitNode*>(node.get());
    if (!limit) return node;
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Push(limit->child(), limit->rows()));
    return child == limit->child() ? node : limit->WithChildren({std::move(child)});
  });
}

}  // namespace millstream
