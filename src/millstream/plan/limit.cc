#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> LimitNode::Make(PlanPtr child, int64_t rows) {
  if (rows < 0) return Status::Invalid("a limit cannot be negative: ", rows);
  auto node = std::make_shared<LimitNode>();
  node->schema_ = child->schema();
  node->rows_ = rows;
  node->children_ = {std::move(child)};
  return node;
}

nlohmann::json LimitNode::ArgumentsToJson() const { return {{"rows", rows_}}; }

Result<PlanPtr> LimitFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Limit"));
  return LimitNode::Make(children[0], arguments.at("rows").get<int64_t>());
}

Result<PlanPtr> LimitNode::WithChildren(std::vector<PlanPtr> children) const { return Make(std::move(children[0]), rows_); }

}  // namespace millstream
