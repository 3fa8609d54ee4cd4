#include "millstream/optimizer/cost.h"

#include <algorithm>

namespace millstream {

bool IsCheap(const Expression& expression) {
  if (expression.kind() == Expression::Kind::kCall) {
    const auto function = ScalarFunctionRegistry::Get().Find(expression.name());
    if (!function.ok() || !(*function)->cheap) return false;
  }
  const auto& arguments = expression.arguments();
  return std::all_of(arguments.begin(), arguments.end(), [](const ExpressionPtr& argument) { return IsCheap(*argument); });
}

int CountCalls(const Expression& expression) {
  int count = expression.kind() == Expression::Kind::kCall ? 1 : 0;
  for (const auto& argument : expression.arguments()) count += CountCalls(*argument);
  return count;
}

bool IsConstant(const Expression& expression) {
  if (expression.kind() == Expression::Kind::kColumn) return false;
  const auto& arguments = expression.arguments();
  return std::all_of(arguments.begin(), arguments.end(), [](const ExpressionPtr& argument) { return IsConstant(*argument); });
}

int CountReads(const Expression& expression, const std::string& name) {
  int count = expression.kind() == Expression::Kind::kColumn && expression.name() == name ? 1 : 0;
  for (const auto& argument : expression.arguments()) count += CountReads(*argument, name);
  return count;
}

}  // namespace millstream
