#include <algorithm>

#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> ProjectNode::Make(PlanPtr child, std::vector<std::string> names, std::vector<ExpressionPtr> expressions) {
  if (names.size() != expressions.size()) {
    return Status::Invalid("a projection has ", names.size(), " names but ", expressions.size(), " expressions");
  }
  ARROW_RETURN_NOT_OK(ExpectDistinct(names));
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i) {
    const Expression& expression = *expressions[i];
    if (expression.kind() == Expression::Kind::kColumn) {
      // A plain column keeps its field's nullability and metadata.
      ARROW_RETURN_NOT_OK(ExpectColumn(*child->schema(), expression.name()));
      fields.push_back(child->schema()->GetFieldByName(expression.name())->WithName(names[i]));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto bound, BoundExpression::Bind(expressions[i], *child->schema()));
    fields.push_back(arrow::field(names[i], bound->type()));
  }
  auto node = std::make_shared<ProjectNode>();
  node->schema_ = arrow::schema(std::move(fields), child->schema()->metadata());
  node->npartitions_ = child->npartitions();
  node->names_ = std::move(names);
  node->expressions_ = std::move(expressions);
  node->children_ = {std::move(child)};
  return node;
}

std::string ProjectNode::Describe() const {
  std::string text;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (i > 0) text += ", ";
    const std::string expression = expressions_[i]->ToString();
    text += expression == names_[i] ? names_[i] : names_[i] + "=" + expression;
  }
  return "[" + text + "]";
}

nlohmann::json ProjectNode::ArgumentsToJson() const {
  nlohmann::json columns = nlohmann::json::array();
  for (size_t i = 0; i < names_.size(); ++i) columns.push_back({{"name", names_[i]}, {"value", expressions_[i]->ToJson()}});
  return {{"columns", std::move(columns)}};
}

Result<PlanPtr> ProjectFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Project"));
  std::vector<std::string> names;
  std::vector<ExpressionPtr> expressions;
  for (const nlohmann::json& column : arguments.at("columns")) {
    names.push_back(column.at("name").get<std::string>());
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr expression, Expression::FromJson(column.at("value")));
    expressions.push_back(std::move(expression));
  }
  return ProjectNode::Make(children[0], std::move(names), std::move(expressions));
}

Result<PlanPtr> ProjectNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), names_, expressions_);
}

std::set<std::string> ProjectNode::ColumnsNeeded(const std::set<std::string>& wanted, size_t) const {
  std::set<std::string> needed;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (wanted.contains(names_[i])) CollectColumns(*expressions_[i], &needed);
  }
  return needed;
}

Result<PlanPtr> ProjectNode::Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const {
  std::vector<std::string> names;
  std::vector<ExpressionPtr> expressions;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!wanted.contains(names_[i])) continue;
    names.push_back(names_[i]);
    expressions.push_back(expressions_[i]);
  }
  return Make(std::move(children[0]), std::move(names), std::move(expressions));
}

ExpressionPtr ProjectNode::FilterForChildren(const ExpressionPtr& filter) const {
  return ReplaceColumns(filter, [this](const std::string& name) { return Definition(name); });
}

ExpressionPtr ProjectNode::Definition(const std::string& name) const {
  const auto it = std::find(names_.begin(), names_.end(), name);
  return it == names_.end() ? nullptr : expressions_[static_cast<size_t>(it - names_.begin())];
}

Result<PlanPtr> ProjectNode::WithExpressions(const std::function<Result<ExpressionPtr>(const ExpressionPtr&)>& rewrite) const {
  std::vector<ExpressionPtr> rewritten;
  for (const ExpressionPtr& expression : expressions_) {
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr changed, rewrite(expression));
    rewritten.push_back(std::move(changed));
  }
  return Make(child(), names_, std::move(rewritten));
}

}  // namespace millstream
