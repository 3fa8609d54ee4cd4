// A group-by works on dictionary codes as well as on values, and faster: a scan may leave its text columns as they lie in the
// file where all that is between the two passes them through.
#include <set>
#include <string>

#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

bool IsText(const arrow::DataType& type) { return arrow::is_base_binary_like(type.id()); }

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

/// `plan` with its scan told that `wanted` columns may come encoded, as far as they get here untouched.
Result<PlanPtr> Encode(const PlanPtr& plan, std::set<std::string> wanted) {
  if (wanted.empty()) return plan;
  if (const auto* scan = dynamic_cast<const ScanNode*>(plan.get())) {
    ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(scan->arguments().format));
    if (!format->KeepsDictionaries()) return plan;
    std::vector<std::string> encoded;
    for (const auto& field : scan->schema()->fields()) {
      if (wanted.contains(field->name()) && IsText(*field->type())) encoded.push_back(field->name());
    }
    return encoded == scan->arguments().encoded ? plan : scan->WithEncoded(std::move(encoded));
  }
  if (const auto* project = dynamic_cast<const ProjectNode*>(plan.get())) {
    wanted = PassedThrough(*project, wanted);
  } else if (dynamic_cast<const FilterNode*>(plan.get())) {
    for (const ExpressionPtr& condition : plan->Conditions()) RemoveColumnsOf(condition, &wanted);
  } else {
    return plan;
  }
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Encode(plan->child(), std::move(wanted)));
  return child == plan->child() ? plan : plan->WithChildren({std::move(child)});
}

}  // namespace

Result<PlanPtr> KeepDictionaries(const PlanPtr& plan) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* aggregate = dynamic_cast<const AggregateNode*>(node.get());
    if (!aggregate) return node;
    // Everything that reaches an aggregation is a key or a value of it, and it takes both encoded.
    const auto names = aggregate->child()->schema()->field_names();
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Encode(aggregate->child(), {names.begin(), names.end()}));
    return child == aggregate->child() ? node : aggregate->WithChildren({std::move(child)});
  });
}

}  // namespace millstream
