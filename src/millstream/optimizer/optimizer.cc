#include "millstream/optimizer/optimizer.h"

#include "millstream/optimizer/rules.h"

namespace millstream {

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      {"constant_folding", FoldConstants},
      // Filters before columns: a filter that moved into the scan brings the columns it reads along.
      {"filter_pushdown", PushDownFilters},
      {"projection_pushdown", PushDownProjections},
      // After columns: only those that are left are looked into.
      {"struct_pruning", PruneStructs},
      // After pruning, which leaves projections that give what their child has.
      {"project_fusion", FuseProjections},
      // After everything that moves expressions: only columns that nothing computes with may stay encoded,
      // or come without their values.
      {"dictionary_scan", KeepDictionaries},
      {"counted_scan", CountWithoutValues},
      // Last: a limit may enter only a scan that no filter entered.
      {"limit_pushdown", PushDownLimits},
  };
  return rules;
}

Result<PlanPtr> Optimize(const PlanPtr& plan, const OptimizeOptions& options) {
  PlanPtr current = plan;
  for (const Rule& rule : Rules()) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr next, rule.apply(current));
    if (next == current) continue;
    if (!next->schema()->Equals(*plan->schema()) || next->npartitions() != plan->npartitions()) {
      return Status::UnknownError("the optimiser's rule ", rule.name, " changed what the plan gives; this is a bug. Before:\n",
                                  PrintPlan(*current), "After:\n", PrintPlan(*next));
    }
    current = std::move(next);
    if (options.on_change) options.on_change(rule.name, *current);
  }
  return current;
}

}  // namespace millstream
