// Binding: names become column numbers, calls become kernels with types, and what reads no column is computed once.
#include <utility>

#include <arrow/array/util.h>

#include "millstream/expr/expression.h"

namespace millstream {
namespace {

// Deeper trees than people or rules make would only serve to exhaust the stack.
constexpr int kMaxDepth = 1000;

class BoundColumn final : public BoundExpression {
 public:
  BoundColumn(int index, std::shared_ptr<arrow::DataType> type) : index_(index) { type_ = std::move(type); }
  Result<arrow::Datum> Evaluate(const arrow::RecordBatch& batch, arrow::compute::ExecContext*) const override {
    return arrow::Datum(batch.column_data(index_));
  }

 private:
  int index_;
};

class BoundLiteral final : public BoundExpression {
 public:
  explicit BoundLiteral(std::shared_ptr<arrow::Scalar> value) : value_(std::move(value)) { type_ = value_->type; }
  Result<arrow::Datum> Evaluate(const arrow::RecordBatch&, arrow::compute::ExecContext*) const override {
    return arrow::Datum(value_);
  }
  const std::shared_ptr<arrow::Scalar>& value() const { return value_; }

 private:
  std::shared_ptr<arrow::Scalar> value_;
};

class BoundCall final : public BoundExpression {
 public:
  BoundCall(BoundFunction function, std::vector<BoundExpressionPtr> arguments)
      : function_(std::move(function)), arguments_(std::move(arguments)) {
    type_ = function_.type;
  }

  Result<arrow::Datum> Evaluate(const arrow::RecordBatch& batch, arrow::compute::ExecContext* context) const override {
    std::vector<arrow::Datum> values;
    values.reserve(arguments_.size());
    for (const auto& argument : arguments_) {
      ARROW_ASSIGN_OR_RAISE(auto value, argument->Evaluate(batch, context));
      values.push_back(std::move(value));
    }
    return function_.run(values, context);
  }

 private:
  BoundFunction function_;
  std::vector<BoundExpressionPtr> arguments_;
};

class Binder {
 public:
  explicit Binder(const arrow::Schema& schema) : schema_(schema) {}

  Result<BoundExpressionPtr> Bind(const Expression& expression, int depth) {
    if (depth > kMaxDepth) {
      return Status::Invalid("an expression is nested more than ", kMaxDepth, " levels deep; compute a part of it first");
    }
    switch (expression.kind()) {
      case Expression::Kind::kColumn:
        return BindColumn(expression.name());
      case Expression::Kind::kLiteral:
        return std::make_shared<BoundLiteral>(expression.value());
      case Expression::Kind::kCall:
        return BindCall(expression, depth);
    }
    return Status::UnknownError("unknown kind of expression");
  }

 private:
  Result<BoundExpressionPtr> BindColumn(const std::string& name) {
    const std::vector<int> found = schema_.GetAllFieldIndices(name);
    if (found.size() == 1) return std::make_shared<BoundColumn>(found[0], schema_.field(found[0])->type());
    if (found.size() > 1) {
      return Status::KeyError("column '", name, "' is there ", found.size(), " times; rename one of them first");
    }
    constexpr int kShown = 30;
    std::string known;
    for (int i = 0; i < schema_.num_fields(); ++i) {
      if (i == kShown) {
        known += ", ... (" + std::to_string(schema_.num_fields()) + " in all)";
        break;
      }
      known += (i == 0 ? "" : ", ") + schema_.field(i)->name();
    }
    return Status::KeyError("there is no column '", name, "'; the columns are: ", known);
  }

  Result<BoundExpressionPtr> BindCall(const Expression& call, int depth) {
    ARROW_ASSIGN_OR_RAISE(const ScalarFunction* function, ScalarFunctionRegistry::Get().Find(call.name()));
    const int count = static_cast<int>(call.arguments().size());
    if (count < function->min_arguments || (function->max_arguments >= 0 && count > function->max_arguments)) {
      std::string takes = std::to_string(function->min_arguments);
      if (function->max_arguments < 0) takes += " or more";
      if (function->max_arguments > function->min_arguments) takes += " to " + std::to_string(function->max_arguments);
      return Status::TypeError(call.ToString(), ": ", call.name(), " takes ", takes, " arguments, ", count, " given");
    }
    std::vector<BoundExpressionPtr> arguments;
    std::vector<ArgumentInfo> infos;
    bool constant = true;
    for (const auto& argument : call.arguments()) {
      ARROW_ASSIGN_OR_RAISE(auto bound, Bind(*argument, depth + 1));
      const auto* literal = dynamic_cast<const BoundLiteral*>(bound.get());
      constant &= literal != nullptr;
      infos.push_back({bound->type(), literal ? literal->value() : nullptr});
      arguments.push_back(std::move(bound));
    }
    auto bound = function->bind(infos, call.options());
    if (!bound.ok()) return WithPlace(bound.status(), "in " + call.ToString());
    auto bound_call = std::make_shared<BoundCall>(bound.MoveValueUnsafe(), std::move(arguments));
    if (!constant || count == 0) return bound_call;
    return Fold(call, *bound_call);
  }

  Result<BoundExpressionPtr> Fold(const Expression& call, const BoundCall& bound) {
    arrow::compute::ExecContext context;
    const auto no_rows = arrow::RecordBatch::Make(arrow::schema({}), 0, arrow::ArrayVector{});
    auto value = bound.Evaluate(*no_rows, &context);
    if (!value.ok()) return WithPlace(value.status(), "in " + call.ToString());
    return std::make_shared<BoundLiteral>(value->scalar());
  }

  const arrow::Schema& schema_;
};

}  // namespace

Result<BoundExpressionPtr> BoundExpression::Bind(const ExpressionPtr& expression, const arrow::Schema& schema) {
  return Binder(schema).Bind(*expression, 0);
}

Result<std::shared_ptr<arrow::Array>> BoundExpression::EvaluateArray(const arrow::RecordBatch& batch,
                                                                     arrow::compute::ExecContext* context) const {
  ARROW_ASSIGN_OR_RAISE(auto value, Evaluate(batch, context));
  if (value.is_scalar()) return arrow::MakeArrayFromScalar(*value.scalar(), batch.num_rows(), context->memory_pool());
  return value.make_array();
}

}  // namespace millstream
