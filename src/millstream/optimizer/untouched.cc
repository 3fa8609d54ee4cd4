#include "millstream/optimizer/untouched.h"

namespace millstream {
namespace {

void RemoveColumnsOf(const ExpressionPtr& expression, std::set<std::string>* names) {
  std::set<std::string> used;
  CollectColumns(*expression, &used);
  for (const std::string& name : used) names->erase(name);
}

/// Which of `wanted` output columns of a projection are columns of its input that nothing computes with, by their names there.
std::set<std::string> PassedThrough(const ProjectNode& project, const std::set<std::string>& wanted) {
  std::set<std::string> passed;
  for (const std::string& name : wanted) {
    const ExpressionPtr definition = project.Definition(name);
    if (definition && definition->kind() == Expression::Kind::kColumn) passed.insert(definition->name());
  }
  for (const std::string& name : project.schema()->field_names()) {
    const ExpressionPtr definition = project.Definition(name);
    const bool passes = definition && definition->kind() == Expression::Kind::kColumn && wanted.contains(name);
    if (definition && !passes) RemoveColumnsOf(definition, &passed);
  }
  return passed;
}

}  // namespace

Result<PlanPtr> ChangeScanBelow(const PlanPtr& plan, std::set<std::string> wanted, const ChangeScan& change) {
  if (wanted.empty()) return plan;
  if (const auto* scan = dynamic_cast<const ScanNode*>(plan.get())) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr changed, change(*scan, wanted));
    return changed ? changed : plan;
  }
  if (const auto* project = dynamic_cast<const ProjectNode*>(plan.get())) {
    wanted = PassedThrough(*project, wanted);
  } else if (dynamic_cast<const FilterNode*>(plan.get())) {
    for (const ExpressionPtr& condition : plan->Conditions()) RemoveColumnsOf(condition, &wanted);
  } else {
    return plan;
  }
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ChangeScanBelow(plan->child(), std::move(wanted), change));
  return child == plan->child() ? plan : plan->WithChildren({std::move(child)});
}

}  // namespace millstream
