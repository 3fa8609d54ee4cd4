// For tests of rules: plans in few words, compared as text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include "millstream/plan/nodes.h"

namespace millstream::testing {

inline ExpressionPtr Col(const std::string& name) { return Expression::Column(name); }
inline ExpressionPtr Lit(int64_t value) { return Expression::Literal(arrow::MakeScalar(value)); }
inline ExpressionPtr Lit(const char* value) { return Expression::Literal(arrow::MakeScalar(std::string(value))); }
inline ExpressionPtr Call(const std::string& function, std::vector<ExpressionPtr> arguments, nlohmann::json options = nullptr) {
  return Expression::Call(function, std::move(arguments), std::move(options));
}
inline ExpressionPtr Greater(const std::string& column, int64_t value) { return Call("gt", {Col(column), Lit(value)}); }
inline ExpressionPtr Field(ExpressionPtr parent, const std::string& name) {
  return Call("struct_field", {std::move(parent)}, {{"name", name}});
}

/// A scan of a Parquet file "f" that need not exist: int64 a, b; string s; struct repo<id, owner<login, url>, name>.
inline PlanPtr Scan() {
  const auto owner = arrow::struct_({arrow::field("login", arrow::utf8()), arrow::field("url", arrow::utf8())});
  const auto repo =
      arrow::struct_({arrow::field("id", arrow::int64()), arrow::field("owner", owner), arrow::field("name", arrow::utf8())});
  ScanNode::Arguments arguments;
  arguments.format = "parquet";
  arguments.inspection.schema = arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64()),
                                               arrow::field("s", arrow::utf8()), arrow::field("repo", repo)});
  arguments.inspection.splits.resize(1);
  arguments.inspection.splits[0].file.uri = "f";
  return ScanNode::Make(std::move(arguments)).ValueOrDie();
}

inline PlanPtr Filter(PlanPtr child, ExpressionPtr predicate) {
  return FilterNode::Make(std::move(child), std::move(predicate)).ValueOrDie();
}
inline PlanPtr Project(PlanPtr child, std::vector<std::string> names, std::vector<ExpressionPtr> expressions) {
  return ProjectNode::Make(std::move(child), std::move(names), std::move(expressions)).ValueOrDie();
}
inline PlanPtr Limit(PlanPtr child, int64_t rows) { return LimitNode::Make(std::move(child), rows).ValueOrDie(); }

/// The plan after `rule`, which must leave the schema alone.
inline std::string After(Result<PlanPtr> (*rule)(const PlanPtr&), const PlanPtr& plan) {
  auto changed = rule(plan);
  if (!changed.ok()) return changed.status().ToString();
  EXPECT_TRUE((*changed)->schema()->Equals(*plan->schema())) << PrintPlan(**changed);
  return "\n" + PrintPlan(**changed);
}

}  // namespace millstream::testing
