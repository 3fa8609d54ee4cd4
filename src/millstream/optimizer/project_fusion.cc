// Projections that follow each other become one; one that gives its child's columns as they are goes away.
#include <algorithm>

#include "millstream/optimizer/cost.h"
#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

// What is read more than once is not computed more than once, unless it is a column or a field of one. A constant goes only
// where it stands alone: as a literal within an expression it would have no width of its own, and types could change.
bool MayInline(const ProjectNode& outer, const std::string& column, const Expression& definition) {
  if (definition.kind() == Expression::Kind::kColumn) return true;
  int reads = 0;
  bool alone = true;
  for (const auto& expression : outer.expressions()) {
    const int here = CountReads(*expression, column);
    reads += here;
    alone &= here == 0 || expression->kind() == Expression::Kind::kColumn;
  }
  if (IsConstant(definition)) return alone;
  return reads <= 1 || definition.IsCall("struct_field");
}

Result<PlanPtr> Fuse(const PlanPtr& plan) {
  const auto* outer = dynamic_cast<const ProjectNode*>(plan.get());
  if (!outer) return plan;
  const auto& names = outer->names();
  const bool same_names = names == outer->child()->schema()->field_names();
  const bool identity =
      same_names && std::equal(names.begin(), names.end(), outer->expressions().begin(),
                               [](const std::string& name, const ExpressionPtr& expression) {
                                 return expression->kind() == Expression::Kind::kColumn && expression->name() == name;
                               });
  if (identity) return outer->child();
  const auto* inner = dynamic_cast<const ProjectNode*>(outer->child().get());
  if (!inner) return plan;
  for (size_t i = 0; i < inner->names().size(); ++i) {
    if (!MayInline(*outer, inner->names()[i], *inner->expressions()[i])) return plan;
  }
  std::vector<ExpressionPtr> expressions;
  for (const auto& expression : outer->expressions()) {
    expressions.push_back(ReplaceColumns(expression, [&](const std::string& name) { return inner->Definition(name); }));
  }
  return ProjectNode::Make(inner->child(), names, std::move(expressions));
}

}  // namespace

Result<PlanPtr> FuseProjections(const PlanPtr& plan) { return TransformUp(plan, Fuse); }

}  // namespace millstream
