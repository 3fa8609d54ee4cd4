#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> RowIndexNode::Make(PlanPtr child, std::string name, std::vector<int64_t> first_rows) {
  if (child->schema()->GetFieldIndex(name) >= 0) return Status::Invalid("there is a column '", name, "' already");
  if (!first_rows.empty() && first_rows.size() != static_cast<size_t>(child->npartitions())) {
    return Status::Invalid("a row index has ", first_rows.size(), " first rows, but there are ", child->npartitions(),
                           " partitions");
  }
  auto node = std::make_shared<RowIndexNode>();
  ARROW_ASSIGN_OR_RAISE(node->schema_, child->schema()->AddField(child->schema()->num_fields(),
                                                                 arrow::field(name, arrow::int64(), /*nullable=*/false)));
  node->npartitions_ = child->npartitions();
  node->name_ = std::move(name);
  node->first_rows_ = std::move(first_rows);
  node->children_ = {std::move(child)};
  return node;
}

nlohmann::json RowIndexNode::ArgumentsToJson() const { return {{"name", name_}, {"first_rows", first_rows_}}; }

Result<PlanPtr> RowIndexFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "RowIndex"));
  return RowIndexNode::Make(children[0], arguments.at("name").get<std::string>(),
                            arguments.at("first_rows").get<std::vector<int64_t>>());
}

Result<PlanPtr> RowIndexNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), name_, first_rows_);
}

Result<PlanPtr> RowIndexNode::WithFilter(const ExpressionPtr& filter) const {
  std::set<std::string> columns;
  CollectColumns(*filter, &columns);
  const auto* scan = dynamic_cast<const ScanNode*>(child().get());
  if (!scan || columns.contains(name_)) return PlanPtr();
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(scan->arguments().format));
  if (!format->NumbersRows()) return PlanPtr();
  ARROW_ASSIGN_OR_RAISE(PlanPtr filtered, scan->WithFilter(filter));
  return filtered ? WithChildren({std::move(filtered)}) : PlanPtr();
}

std::set<std::string> RowIndexNode::ColumnsNeeded(const std::set<std::string>& wanted, size_t) const {
  std::set<std::string> needed = wanted;
  needed.erase(name_);
  return needed;
}

Result<PlanPtr> RowIndexNode::Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const {
  if (!wanted.contains(name_)) return std::move(children[0]);
  return WithChildren(std::move(children));
}

}  // namespace millstream
