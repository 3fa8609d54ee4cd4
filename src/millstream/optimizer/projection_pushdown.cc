// From the root down, each node is told which of its columns are wanted, and says which it needs of its children.
#include "millstream/optimizer/rules.h"

namespace millstream {
namespace {

Result<PlanPtr> Prune(const PlanPtr& plan, const std::set<std::string>& wanted) {
  std::vector<PlanPtr> children;
  for (size_t i = 0; i < plan->children().size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Prune(plan->children()[i], plan->ColumnsNeeded(wanted, i)));
    children.push_back(std::move(child));
  }
  const bool all_wanted = wanted.size() == static_cast<size_t>(plan->schema()->num_fields());
  if (all_wanted && children == plan->children()) return plan;
  return plan->Pruned(wanted, std::move(children));
}

}  // namespace

Result<PlanPtr> PushDownProjections(const PlanPtr& plan) {
  const auto names = plan->schema()->field_names();
  return Prune(plan, {names.begin(), names.end()});
}

}  // namespace millstream
