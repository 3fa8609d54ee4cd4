#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> FilterNode::Make(PlanPtr child, ExpressionPtr predicate) {
  ARROW_ASSIGN_OR_RAISE(auto bound, BoundExpression::Bind(predicate, *child->schema()));
  if (bound->type()->id() != arrow::Type::BOOL && bound->type()->id() != arrow::Type::NA) {
    return Status::TypeError("a filter must be boolean, but ", predicate->ToString(), " is ", bound->type()->ToString());
  }
  auto node = std::make_shared<FilterNode>();
  node->schema_ = child->schema();
  node->npartitions_ = child->npartitions();
  node->predicate_ = std::move(predicate);
  node->children_ = {std::move(child)};
  return node;
}

nlohmann::json FilterNode::ArgumentsToJson() const { return {{"predicate", predicate_->ToJson()}}; }

Result<PlanPtr> FilterFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Filter"));
  ARROW_ASSIGN_OR_RAISE(ExpressionPtr predicate, Expression::FromJson(arguments.at("predicate")));
  return FilterNode::Make(children[0], std::move(predicate));
}

Result<PlanPtr> FilterNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), predicate_);
}

std::set<std::string> FilterNode::ColumnsNeeded(const std::set<std::string>& wanted, size_t) const {
  std::set<std::string> needed = wanted;
  CollectColumns(*predicate_, &needed);
  return needed;
}

Result<PlanPtr> FilterNode::WithExpressions(const std::function<Result<ExpressionPtr>(const ExpressionPtr&)>& rewrite) const {
  ARROW_ASSIGN_OR_RAISE(ExpressionPtr predicate, rewrite(predicate_));
  return Make(child(), std::move(predicate));
}

}  // namespace millstream
