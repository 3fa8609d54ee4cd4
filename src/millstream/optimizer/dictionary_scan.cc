// A group-by works on dictionary codes as well as on values, and faster: a scan may leave its text columns as they lie in the
// file where all that is between the two passes them through.
#include "millstream/optimizer/rules.h"
#include "millstream/optimizer/untouched.h"

namespace millstream {
namespace {

bool IsText(const arrow::DataType& type) { return arrow::is_base_binary_like(type.id()); }

/// nullptr where it stays as it is.
Result<PlanPtr> Encode(const ScanNode& scan, const std::set<std::string>& columns) {
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(scan.arguments().format));
  if (!format->KeepsDictionaries()) return nullptr;
  std::vector<std::string> encoded;
  for (const auto& field : scan.schema()->fields()) {
    if (columns.contains(field->name()) && IsText(*field->type())) encoded.push_back(field->name());
  }
  return encoded == scan.arguments().encoded ? nullptr : scan.WithEncoded(std::move(encoded));
}

}  // namespace

Result<PlanPtr> KeepDictionaries(const PlanPtr& plan) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* aggregate = dynamic_cast<const AggregateNode*>(node.get());
    if (!aggregate) return node;
    // Everything that reaches an aggregation is a key or a value of it, and it takes both encoded.
    const auto names = aggregate->child()->schema()->field_names();
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, ChangeScanBelow(aggregate->child(), {names.begin(), names.end()}, Encode));
    return child == aggregate->child() ? node : aggregate->WithChildren({std::move(child)});
  });
}

}  // namespace millstream
