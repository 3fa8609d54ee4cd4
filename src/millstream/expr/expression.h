// Typed expressions over the columns of a batch: what filters, projections and aggregate inputs are written in.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/function/scalar_function.h"

namespace millstream {

class Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

/// An immutable tree of columns, literals and calls of scalar functions.
class Expression {
 public:
  enum class Kind { kColumn, kLiteral, kCall };

  static ExpressionPtr Column(std::string name);
  static ExpressionPtr Literal(std::shared_ptr<arrow::Scalar> value);
  /// `function` is a name in ScalarFunctionRegistry; whether it exists and fits is checked by Bind.
  static ExpressionPtr Call(std::string function, std::vector<ExpressionPtr> arguments, nlohmann::json options = nullptr);

  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }  ///< of the column or the function
  const std::shared_ptr<arrow::Scalar>& value() const { return value_; }
  const std::vector<ExpressionPtr>& arguments() const { return arguments_; }
  const nlohmann::json& options() const { return options_; }

  bool IsCall(std::string_view function) const { return kind_ == Kind::kCall && name_ == function; }

  /// Infix for operators, name(arg, ...) else: `((fare > 3.5) & is_null(tip))`.
  std::string ToString() const;
  nlohmann::json ToJson() const;
  static Result<ExpressionPtr> FromJson(const nlohmann::json& json);
  bool Equals(const Expression& other) const;

 private:
  Expression() = default;
  Kind kind_ = Kind::kLiteral;
  std::string name_;
  std::shared_ptr<arrow::Scalar> value_;
  std::vector<ExpressionPtr> arguments_;
  nlohmann::json options_;
};

/// Adds the names of all columns that `expression` reads.
void CollectColumns(const Expression& expression, std::set<std::string>* names);

/// The same tree with each column replaced by what `replace` gives for it (nullptr: kept).
ExpressionPtr ReplaceColumns(const ExpressionPtr& expression, const std::function<ExpressionPtr(const std::string&)>& replace);

/// Splits a & b & c into its parts.
void SplitConjunction(const ExpressionPtr& expression, std::vector<ExpressionPtr>* parts);
/// nullptr for no parts.
ExpressionPtr JoinConjunction(const std::vector<ExpressionPtr>& parts);

/// An expression tied to a schema: ready to run, thread-safe.
class BoundExpression {
 public:
  /// KeyError for a column that is not there, TypeError where a function does not take its arguments; both name the place.
  static Result<std::shared_ptr<const BoundExpression>> Bind(const ExpressionPtr& expression, const arrow::Schema& schema);
  virtual ~BoundExpression() = default;

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  /// Gives an array as long as the batch, or a scalar where the expression reads no column.
  virtual Result<arrow::Datum> Evaluate(const arrow::RecordBatch& batch, arrow::compute::ExecContext* context) const = 0;
  /// Evaluate, with a scalar repeated to the batch's length.
  Result<std::shared_ptr<arrow::Array>> EvaluateArray(const arrow::RecordBatch& batch,
                                                      arrow::compute::ExecContext* context) const;

 protected:
  std::shared_ptr<arrow::DataType> type_;
};
using BoundExpressionPtr = std::shared_ptr<const BoundExpression>;

}  // namespace millstream
