// From the root down, each node is told which of its columns are wanted, and says which it needs of its children. A scan of
// records that may hold more columns than were seen is told whether the query names those it wants.
#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

/// Whether the projection gives its child's records, be they renamed, replaced in or added to, rather than some columns.
bool PassesRecords(const ProjectNode& project) {
  return project.schema()->num_fields() >= project.child()->schema()->num_fields();
}

/// Whether what comes of `node` stands for whole records of its children, given whether its own do.
bool WantsRecords(const PlanNode& node, bool records) {
  if (node.kind() == "Aggregate") return false;
  if (node.kind() == "MapPartitions") return true;
  const auto* project = dynamic_cast<const ProjectNode*>(&node);
  return records && (!project || PassesRecords(*project));
}

Result<PlanPtr> MarkChosen(const ScanNode& scan) {
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(scan.arguments().format));
  if (scan.arguments().chosen || !format->HasOpenRecords()) return nullptr;
  return scan.WithChosenColumns();
}

/// `records`: whether whole records of `plan` are wanted, rather than columns that were named.
Result<PlanPtr> Prune(const PlanPtr& plan, const std::set<std::string>& wanted, bool records) {
  std::vector<PlanPtr> children;
  for (size_t i = 0; i < plan->children().size(); ++i) {
    const bool of_child = WantsRecords(*plan, records);
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Prune(plan->children()[i], plan->ColumnsNeeded(wanted, i), of_child));
    children.push_back(std::move(child));
  }
  const bool all_wanted = wanted.size() == static_cast<size_t>(plan->schema()->num_fields());
  if (!all_wanted || children != plan->children()) return plan->Pruned(wanted, std::move(children));
  if (const auto* scan = dynamic_cast<const ScanNode*>(plan.get()); scan && !records) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr chosen, MarkChosen(*scan));
    if (chosen) return chosen;
  }
  return plan;
}

}  // namespace

Result<PlanPtr> PushDownProjections(const PlanPtr& plan) {
  const auto names = plan->schema()->field_names();
  return Prune(plan, {names.begin(), names.end()}, /*records=*/true);
}

}  // namespace millstream
