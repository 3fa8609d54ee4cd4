// From the root down, each node is told which of its columns are wanted, and says which it needs of its children. A scan of
// records that may hold more columns than were seen is told whether the query names those it wants.
#include "millstream/optimizer/rules.h"

namespace millstream {
namespace {

/// `records`: whether whole records of `plan` are wanted, rather than columns that were named.
Result<PlanPtr> Prune(const PlanPtr& plan, const std::set<std::string>& wanted, bool records) {
  std::vector<PlanPtr> children;
  for (size_t i = 0; i < plan->children().size(); ++i) {
    const bool of_child = plan->WantsRecords(records);
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Prune(plan->children()[i], plan->ColumnsNeeded(wanted, i), of_child));
    children.push_back(std::move(child));
  }
  const bool all_wanted = wanted.size() == static_cast<size_t>(plan->schema()->num_fields());
  if (!all_wanted || children != plan->children()) return plan->Pruned(wanted, std::move(children));
  if (records) return plan;
  ARROW_ASSIGN_OR_RAISE(PlanPtr chosen, plan->WithChosenColumns());
  return chosen ? chosen : plan;
}

}  // namespace

Result<PlanPtr> PushDownProjections(const PlanPtr& plan) {
  const auto names = plan->schema()->field_names();
  return Prune(plan, {names.begin(), names.end()}, /*records=*/true);
}

}  // namespace millstream
