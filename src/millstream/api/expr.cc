#include "millstream/expr.h"

#include <arrow/scalar.h>

#include "millstream/expr/expression.h"

namespace millstream {
namespace {

Expr Binary(const char* function, const Expr& a, const Expr& b) { return Expr::Call(function, {a, b}); }

template <typename T>
std::shared_ptr<const Expression> Literal(T value) {
  return Expression::Literal(arrow::MakeScalar(std::move(value)));
}

}  // namespace

Expr::Expr(const char* text) : Expr(Literal(std::string(text))) {}
Expr::Expr(const std::string& text) : Expr(Literal(text)) {}
Expr::Expr(std::shared_ptr<arrow::Scalar> value)
    : Expr(Expression::Literal(value ? std::move(value) : arrow::MakeNullScalar(arrow::null()))) {}
Expr Expr::FromBool(bool value) { return Expr(Literal(value)); }
Expr Expr::FromInt(int64_t value) { return Expr(Literal(value)); }
Expr Expr::FromUInt(uint64_t value) { return Expr(Literal(value)); }
Expr Expr::FromDouble(double value) { return Expr(Literal(value)); }

Expr Expr::Call(const std::string& function, const std::vector<Expr>& arguments, const std::string& options) {
  std::vector<ExpressionPtr> inner;
  for (const Expr& argument : arguments) inner.push_back(argument.expression_);
  nlohmann::json parsed;
  if (!options.empty()) {
    parsed = nlohmann::json::parse(options, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_discarded()) parsed = options;  // a text where an object should be: refused when the expression is bound
  }
  return Expr(Expression::Call(function, std::move(inner), std::move(parsed)));
}

Expr Expr::IsNull() const { return Call("is_null", {*this}); }
Expr Expr::NotNull() const { return Call("not_null", {*this}); }
Expr Expr::FillNull(const Expr& value) const { return Call("fill_null", {*this, value}); }
Expr Expr::Cast(const std::string& type) const { return Call("cast", {*this}, nlohmann::json{{"to", type}}.dump()); }
Expr Expr::Field(const std::string& name) const { return Call("struct_field", {*this}, nlohmann::json{{"name", name}}.dump()); }
Expr Expr::Between(const Expr& low, const Expr& high) const { return Call("between", {*this, low, high}); }

Expr Expr::IsIn(const std::vector<Expr>& values) const {
  std::vector<Expr> arguments = {*this};
  arguments.insert(arguments.end(), values.begin(), values.end());
  return Call("is_in", arguments);
}

std::string Expr::ToString() const { return expression_->ToString(); }

Expr col(const std::string& name) { return Expr(Expression::Column(name)); }

Expr operator+(const Expr& a, const Expr& b) { return Binary("add", a, b); }
Expr operator-(const Expr& a, const Expr& b) { return Binary("subtract", a, b); }
Expr operator*(const Expr& a, const Expr& b) { return Binary("multiply", a, b); }
Expr operator/(const Expr& a, const Expr& b) { return Binary("divide", a, b); }
Expr operator%(const Expr& a, const Expr& b) { return Binary("mod", a, b); }
Expr operator==(const Expr& a, const Expr& b) { return Binary("eq", a, b); }
Expr operator!=(const Expr& a, const Expr& b) { return Binary("ne", a, b); }
Expr operator<(const Expr& a, const Expr& b) { return Binary("lt", a, b); }
Expr operator<=(const Expr& a, const Expr& b) { return Binary("le", a, b); }
Expr operator>(const Expr& a, const Expr& b) { return Binary("gt", a, b); }
Expr operator>=(const Expr& a, const Expr& b) { return Binary("ge", a, b); }
Expr operator&&(const Expr& a, const Expr& b) { return Binary("and", a, b); }
Expr operator||(const Expr& a, const Expr& b) { return Binary("or", a, b); }
Expr operator!(const Expr& a) { return Expr::Call("not", {a}); }

}  // namespace millstream
