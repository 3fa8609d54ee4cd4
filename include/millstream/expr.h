// Expressions over columns, as C++ writes them: col("fare") / col("miles") > 2.5 && col("tip").NotNull().
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

namespace millstream {

class Expression;

/// A value; cheap to copy. Nothing is checked until the expression meets a frame's columns.
class Expr {
 public:
  explicit Expr(std::shared_ptr<const Expression> expression) : expression_(std::move(expression)) {}
  Expr(const char* text);                      // NOLINT: literals are meant to convert
  Expr(const std::string& text);               // NOLINT
  Expr(std::shared_ptr<arrow::Scalar> value);  // NOLINT
  template <std::same_as<bool> T>
  Expr(T value) : Expr(FromBool(value)) {}  // NOLINT
  template <std::integral T>
  requires(!std::same_as<T, bool>) Expr(T value)
      : Expr(std::cmp_less_equal(value, INT64_MAX)  // NOLINT
                 ? FromInt(static_cast<int64_t>(value))
                 : FromUInt(static_cast<uint64_t>(value))) {}
  template <std::floating_point T>
  Expr(T value) : Expr(FromDouble(value)) {}  // NOLINT

  /// Any scalar function by its name; `options` is JSON text or empty. An unknown name is an error once
  /// the expression meets a frame.
  static Expr Call(const std::string& function, const std::vector<Expr>& arguments, const std::string& options = "");

  Expr IsNull() const;
  Expr NotNull() const;
  Expr FillNull(const Expr& value) const;
  /// To a type by its pandas or Arrow name: "int64", "float64", "str", "datetime64[us]".
  Expr Cast(const std::string& type) const;
  /// A member of a struct column.
  Expr Field(const std::string& name) const;
  Expr IsIn(const std::vector<Expr>& values) const;
  /// Both ends included.
  Expr Between(const Expr& low, const Expr& high) const;

  std::string ToString() const;
  const std::shared_ptr<const Expression>& expression() const { return expression_; }

 private:
  static Expr FromBool(bool value);
  static Expr FromInt(int64_t value);
  static Expr FromUInt(uint64_t value);
  static Expr FromDouble(double value);

  std::shared_ptr<const Expression> expression_;
};

/// The column of that name.
Expr col(const std::string& name);

Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);  ///< true division, as in Python
Expr operator%(const Expr& a, const Expr& b);  ///< the sign of the divisor, as in Python
Expr operator==(const Expr& a, const Expr& b);
Expr operator!=(const Expr& a, const Expr& b);
Expr operator<(const Expr& a, const Expr& b);
Expr operator<=(const Expr& a, const Expr& b);
Expr operator>(const Expr& a, const Expr& b);
Expr operator>=(const Expr& a, const Expr& b);
Expr operator&&(const Expr& a, const Expr& b);  ///< evaluates both sides, row by row
Expr operator||(const Expr& a, const Expr& b);
Expr operator!(const Expr& a);

}  // namespace millstream
