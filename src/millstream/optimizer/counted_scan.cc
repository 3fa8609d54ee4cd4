// A count needs to know of a column only where values are missing, which the statistics of a file often tell: a scan may leave
// the values of a column that is only counted undecoded.
#include "millstream/optimizer/rules.h"
#include "millstream/optimizer/untouched.h"

namespace millstream {
namespace {

/// Columns of the child that the aggregation counts, and uses for nothing else.
std::set<std::string> OnlyCounted(const AggregateNode& aggregate) {
  std::set<std::string> counted;
  std::set<std::string> used(aggregate.arguments().keys.begin(), aggregate.arguments().keys.end());
  for (const auto& each : aggregate.arguments().aggregates) {
    (each.function == "count" ? counted : used).insert(each.column);
  }
  std::erase_if(counted, [&](const std::string& name) { return used.contains(name); });
  return counted;
}

/// nullptr where it stays as it is.
Result<PlanPtr> ReadCounted(const ScanNode& scan, const std::set<std::string>& columns) {
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(scan.arguments().format));
  std::vector<std::string> counted(columns.begin(), columns.end());
  if (!format->CountsWithoutValues() || counted == scan.arguments().counted) return nullptr;
  return scan.WithCounted(std::move(counted));
}

}  // namespace

Result<PlanPtr> CountWithoutValues(const PlanPtr& plan) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* aggregate = dynamic_cast<const AggregateNode*>(node.get());
    if (!aggregate) return node;
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, ChangeScanBelow(aggregate->child(), OnlyCounted(*aggregate), ReadCounted));
    return child == aggregate->child() ? node : aggregate->WithChildren({std::move(child)});
  });
}

}  // namespace millstream
