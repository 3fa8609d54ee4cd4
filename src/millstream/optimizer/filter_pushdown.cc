// Filters are split into their parts, and each part goes as far down as its nodes let it; next to a scan it goes into the scan
// too, which may then skip what cannot match. A part that is not cheap never goes below another filter: it would be computed
// for rows that the other one drops, and could fail on them.
#include <algorithm>

#include "millstream/optimizer/cost.h"
#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

using Parts = std::vector<ExpressionPtr>;

// More functions than this are not computed twice, once for the filter and once for the column.
constexpr int kMostCallsRepeated = 2;

Result<PlanPtr> Push(const PlanPtr& plan, const Parts& parts);

// Filters `plan` by the parts, cheap ones first.
Result<PlanPtr> FilterBy(PlanPtr plan, const Parts& parts) {
  Parts cheap, costly;
  for (const auto& part : parts) (IsCheap(*part) ? cheap : costly).push_back(part);
  for (const Parts& group : {cheap, costly}) {
    if (group.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(plan, FilterNode::Make(std::move(plan), JoinConjunction(group)));
  }
  return plan;
}

// A filter may pass the definition of a column it reads if computing that twice costs little. A constant stays a column: as a
// literal it would have no width of its own (see PromoteNumbers), and the types of what it meets could change.
bool MayRepeat(const PlanNode& node, const Expression& part) {
  std::set<std::string> columns;
  CollectColumns(part, &columns);
  return std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
    const ExpressionPtr definition = node.Definition(column);
    if (!definition) return true;
    return IsCheap(*definition) && CountCalls(*definition) <= kMostCallsRepeated && !IsConstant(*definition);
  });
}

// Filters `node` by the parts, and lets it know of those that it may use to skip rows.
Result<PlanPtr> FilterHere(PlanPtr node, const Parts& parts) {
  for (const auto& part : parts) {
    if (!IsCheap(*part)) continue;
    ARROW_ASSIGN_OR_RAISE(PlanPtr filtered, node->WithFilter(part));
    if (filtered) node = std::move(filtered);
  }
  return FilterBy(std::move(node), parts);
}

Result<PlanPtr> PushPastFilter(const FilterNode& filter, const Parts& parts) {
  Parts below, above;
  for (const auto& part : parts) (IsCheap(*part) ? below : above).push_back(part);
  SplitConjunction(filter.predicate(), &below);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Push(filter.child(), below));
  return FilterBy(std::move(child), above);
}

Result<PlanPtr> Push(const PlanPtr& plan, const Parts& parts) {
  if (const auto* filter = dynamic_cast<const FilterNode*>(plan.get())) return PushPastFilter(*filter, parts);
  if (plan->children().empty()) return FilterHere(plan, parts);
  Parts below, above;
  for (const auto& part : parts) {
    const ExpressionPtr rewritten = MayRepeat(*plan, *part) ? plan->FilterForChildren(part) : nullptr;
    if (rewritten) {
      below.push_back(rewritten);
    } else {
      above.push_back(part);
    }
  }
  std::vector<PlanPtr> children;
  for (const PlanPtr& child : plan->children()) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr pushed, Push(child, below));
    children.push_back(std::move(pushed));
  }
  PlanPtr rebuilt = plan;
  if (children != plan->children()) {
    ARROW_ASSIGN_OR_RAISE(rebuilt, plan->WithChildren(std::move(children)));
  }
  return FilterHere(std::move(rebuilt), above);
}

}  // namespace

Result<PlanPtr> PushDownFilters(const PlanPtr& plan) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr pushed, Push(plan, {}));
  return PrintPlan(*pushed) == PrintPlan(*plan) ? plan : pushed;  // filters were made anew where they were
}

}  // namespace millstream
