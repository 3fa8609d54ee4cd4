#include "millstream/expr/expression.h"

#include <utility>

namespace millstream {

ExpressionPtr Expression::Column(std::string name) {
  auto expression = std::shared_ptr<Expression>(new Expression());
  expression->kind_ = Kind::kColumn;
  expression->name_ = std::move(name);
  return expression;
}

ExpressionPtr Expression::Literal(std::shared_ptr<arrow::Scalar> value) {
  auto expression = std::shared_ptr<Expression>(new Expression());
  expression->kind_ = Kind::kLiteral;
  expression->value_ = std::move(value);
  return expression;
}

ExpressionPtr Expression::Call(std::string function, std::vector<ExpressionPtr> arguments, nlohmann::json options) {
  auto expression = std::shared_ptr<Expression>(new Expression());
  expression->kind_ = Kind::kCall;
  expression->name_ = std::move(function);
  expression->arguments_ = std::move(arguments);
  expression->options_ = std::move(options);
  return expression;
}

bool Expression::Equals(const Expression& other) const {
  if (this == &other) return true;
  if (kind_ != other.kind_ || name_ != other.name_ || arguments_.size() != other.arguments_.size()) return false;
  if (kind_ == Kind::kLiteral) {
    // The same expression, not equal values: NaN is itself, and 0.0 is not -0.0.
    const auto exact = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
    return value_->type->Equals(*other.value_->type) && value_->Equals(*other.value_, exact);
  }
  if (options_ != other.options_) return false;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (!arguments_[i]->Equals(*other.arguments_[i])) return false;
  }
  return true;
}

void CollectColumns(const Expression& expression, std::set<std::string>* names) {
  if (expression.kind() == Expression::Kind::kColumn) names->insert(expression.name());
  for (const auto& argument : expression.arguments()) CollectColumns(*argument, names);
}

ExpressionPtr ReplaceColumns(const ExpressionPtr& expression, const std::function<ExpressionPtr(const std::string&)>& replace) {
  if (expression->kind() == Expression::Kind::kColumn) {
    ExpressionPtr replacement = replace(expression->name());
    return replacement ? replacement : expression;
  }
  bool changed = false;
  std::vector<ExpressionPtr> arguments;
  arguments.reserve(expression->arguments().size());
  for (const auto& argument : expression->arguments()) {
    arguments.push_back(ReplaceColumns(argument, replace));
    changed |= arguments.back() != argument;
  }
  return changed ? Expression::Call(expression->name(), std::move(arguments), expression->options()) : expression;
}

void SplitConjunction(const ExpressionPtr& expression, std::vector<ExpressionPtr>* parts) {
  if (!expression->IsCall("and")) {
    parts->push_back(expression);
    return;
  }
  for (const auto& argument : expression->arguments()) SplitConjunction(argument, parts);
}

ExpressionPtr JoinConjunction(const std::vector<ExpressionPtr>& parts) {
  ExpressionPtr joined;
  for (const auto& part : parts) joined = joined ? Expression::Call("and", {joined, part}) : part;
  return joined;
}

}  // namespace millstream
