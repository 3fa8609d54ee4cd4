#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> RepartitionNode::Make(PlanPtr child, int npartitions) {
  if (npartitions < 1) return Status::Invalid("npartitions must be at least 1, not ", npartitions);
  auto node = std::make_shared<RepartitionNode>();
  node->schema_ = child->schema();
  node->npartitions_ = npartitions;
  node->children_ = {std::move(child)};
  return node;
}

nlohmann::json RepartitionNode::ArgumentsToJson() const { return {{"npartitions", npartitions_}}; }

Result<PlanPtr> RepartitionFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Repartition"));
  return RepartitionNode::Make(children[0], arguments.at("npartitions").get<int>());
}

Result<PlanPtr> RepartitionNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), npartitions_);
}

ExpressionPtr RepartitionNode::FilterForChildren(const ExpressionPtr& filter) const {
  // Joining neighbours keeps which rows go where; cutting does not, as the cuts are by row count.
  return npartitions_ <= child()->npartitions() ? filter : nullptr;
}

}  // namespace millstream
