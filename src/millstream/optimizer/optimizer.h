// Rewrites a plan into one that gives the same rows sooner: an ordered list of small rules.
#pragma once

#include <string>
#include <vector>

#include "millstream/plan/plan.h"

namespace millstream {

/// One rule: plan in, equal plan out. A rule that finds nothing to do returns the plan it was given.
struct Rule {
  const char* name;
  Result<PlanPtr> (*apply)(const PlanPtr& plan);
};

/// All rules, in the order in which they run; the comments in optimizer.cc argue the order.
const std::vector<Rule>& Rules();

struct OptimizeOptions {
  /// Called after each rule that changed the plan, with the rule's name.
  std::function<void(const char* rule, const PlanNode& plan)> on_change;
};

/// Runs every rule once, in order. UnknownError naming the rule if one changes the plan's schema: that is our mistake.
Result<PlanPtr> Optimize(const PlanPtr& plan, const OptimizeOptions& options = {});

}  // namespace millstream
