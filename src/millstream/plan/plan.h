// The lazy logical plan: an immutable tree of relational nodes over typed expressions.
//
// A node says of itself what rules and the executor need to know (what it asks of its input, how a filter on its output
// reads on its input, whether a limit may pass), so that a rule asks nodes instead of listing their kinds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/expr/expression.h"

namespace millstream {

class PlanNode;
using PlanPtr = std::shared_ptr<const PlanNode>;

class PlanNode {
 public:
  virtual ~PlanNode() = default;

  /// The node's name in printed and serialised plans: "Filter".
  virtual std::string_view kind() const = 0;
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  const std::vector<PlanPtr>& children() const { return children_; }
  const PlanPtr& child() const { return children_[0]; }
  int npartitions() const { return npartitions_; }

  /// The node's arguments on one line, without its kind: "(fare > 3)".
  virtual std::string Describe() const = 0;
  /// The node's arguments; children are added by SerializePlan.
  virtual nlohmann::json ArgumentsToJson() const = 0;
  /// True where the other node, of the same kind, has equal arguments; children are compared by PlansEqual.
  virtual bool ArgumentsEqual(const PlanNode& other) const { return ArgumentsToJson() == other.ArgumentsToJson(); }
  /// The same node over other children; fails as its maker does where they do not fit.
  virtual Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const = 0;

  // ---- what rules ask

  /// The columns of child `index` that are needed to produce `wanted` columns of this node's output.
  virtual std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const = 0;
  /// The same node made to produce no more than `wanted` columns where it can (its children may have been pruned already, and
  /// are passed in). A node may give more columns than wanted, in their old order.
  virtual Result<PlanPtr> Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const {
    return WithChildren(std::move(children));
  }
  /// Output column `name` as an expression over the child's columns (a column that is passed through: itself); nullptr where it
  /// is none, or where the children must agree on its type.
  virtual ExpressionPtr Definition(const std::string& name) const { return nullptr; }
  /// Expressions over the child's columns that are evaluated whatever columns are wanted: a filter's predicate.
  virtual std::vector<ExpressionPtr> Conditions() const { return {}; }
  /// The same node with each of its expressions replaced by what `rewrite` gives for it. nullptr: it has none.
  virtual Result<PlanPtr> WithExpressions(const std::function<Result<ExpressionPtr>(const ExpressionPtr&)>& rewrite) const {
    return PlanPtr();
  }
  /// `filter` over this node's output, rewritten to hold over the output of its children; nullptr where filtering before this
  /// node would change its result.
  virtual ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const { return nullptr; }
  /// A node that takes the filter in itself, to leave out some of what does not match (a scan); the filter above it must stay.
  /// nullptr: it cannot.
  virtual Result<PlanPtr> WithFilter(const ExpressionPtr& filter) const { return PlanPtr(); }
  /// Whether whole records of the children are wanted, be it with keys that no schema names, where such are wanted of this
  /// node (`records`); else it is the columns of their schemas.
  virtual bool WantsRecords(bool records) const { return records; }
  /// The same node, told that of its records no more is wanted than the columns of its schema. nullptr: it makes no difference.
  virtual Result<PlanPtr> WithChosenColumns() const { return PlanPtr(); }
  /// True where the first n rows of the output come from the first n rows of the input.
  virtual bool PassesLimit() const { return false; }
  /// A node that reads no more than the first `rows` rows of each partition. nullptr: it cannot.
  virtual Result<PlanPtr> WithLimit(int64_t rows) const { return PlanPtr(); }

 protected:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<PlanPtr> children_;
  int npartitions_ = 1;
};

/// The tree, one node a line, children indented below their parent.
std::string PrintPlan(const PlanNode& plan);

/// The same tree with every node replaced by what `visit` gives for it, children first.
Result<PlanPtr> TransformUp(const PlanPtr& plan, const std::function<Result<PlanPtr>(const PlanPtr&)>& visit);

/// Versioned JSON that holds the whole plan: it depends on nothing in this process.
nlohmann::json SerializePlan(const PlanNode& plan);
/// Invalid for another version or an unknown node; every node is validated as if it were made anew.
Result<PlanPtr> DeserializePlan(const nlohmann::json& json);
/// Equality of everything that is serialised.
bool PlansEqual(const PlanNode& a, const PlanNode& b);

}  // namespace millstream
