// fare > 2 * 3  ->  fare > 6;  a filter by true is dropped.
#include "millstream/optimizer/cost.h"
#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

Result<ExpressionPtr> Fold(const ExpressionPtr& expression) {
  if (expression->kind() != Expression::Kind::kCall) return expression;
  if (IsConstant(*expression)) {
    static const arrow::Schema no_columns({});
    ARROW_ASSIGN_OR_RAISE(auto bound, BoundExpression::Bind(expression, no_columns));
    arrow::compute::ExecContext context;
    const auto no_rows = arrow::RecordBatch::Make(arrow::schema({}), 0, arrow::ArrayVector{});
    ARROW_ASSIGN_OR_RAISE(auto value, bound->Evaluate(*no_rows, &context));
    return Expression::Literal(value.scalar());
  }
  std::vector<ExpressionPtr> arguments;
  bool changed = false;
  for (const auto& argument : expression->arguments()) {
    ARROW_ASSIGN_OR_RAISE(auto folded, Fold(argument));
    changed |= folded != argument;
    arguments.push_back(std::move(folded));
  }
  return changed ? Expression::Call(expression->name(), std::move(arguments), expression->options()) : expression;
}

bool IsTrue(const Expression& expression) {
  if (expression.kind() != Expression::Kind::kLiteral || expression.value()->type->id() != arrow::Type::BOOL) return false;
  return expression.value()->is_valid && static_cast<const arrow::BooleanScalar&>(*expression.value()).value;
}

// The filter without the parts that are always true; its child where none is left.
Result<PlanPtr> DropTrueParts(const PlanPtr& plan, const FilterNode& filter) {
  std::vector<ExpressionPtr> parts;
  SplitConjunction(filter.predicate(), &parts);
  const size_t before = parts.size();
  std::erase_if(parts, [](const ExpressionPtr& part) { return IsTrue(*part); });
  if (parts.size() == before) return plan;
  return parts.empty() ? filter.child() : FilterNode::Make(filter.child(), JoinConjunction(parts));
}

}  // namespace

Result<PlanPtr> FoldConstants(const PlanPtr& plan) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    bool changed = false;
    auto fold = [&changed](const ExpressionPtr& expression) -> Result<ExpressionPtr> {
      ARROW_ASSIGN_OR_RAISE(auto folded, Fold(expression));
      changed |= folded != expression;
      return folded;
    };
    ARROW_ASSIGN_OR_RAISE(PlanPtr folded, node->WithExpressions(fold));
    const PlanPtr& result = changed ? folded : node;
    const auto* filter = dynamic_cast<const FilterNode*>(result.get());
    return filter ? DropTrueParts(result, *filter) : Result<PlanPtr>(result);
  });
}

}  // namespace millstream
