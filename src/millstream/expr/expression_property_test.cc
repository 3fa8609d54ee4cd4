// Random expressions: they come back from JSON, print the same, and give the same whatever the batches are.
#include <arrow/array/concatenate.h>
#include <arrow/json/from_string.h>
#include <rapidcheck.h>

#include "millstream/expr/expression.h"

namespace millstream {
namespace {

ExpressionPtr Call(const std::string& name, std::vector<ExpressionPtr> arguments, nlohmann::json options = nullptr) {
  return Expression::Call(name, std::move(arguments), std::move(options));
}

std::string OneOf(std::vector<std::string> names) { return *rc::gen::elementOf(names); }

ExpressionPtr Number(int depth);
ExpressionPtr Text(int depth);
ExpressionPtr Truth(int depth);

ExpressionPtr NumberLeaf() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return Expression::Literal(arrow::MakeScalar(*rc::gen::arbitrary<int64_t>()));
    case 1:
      return Expression::Literal(arrow::MakeScalar(*rc::gen::arbitrary<double>()));
    default:
      return Expression::Column(OneOf({"i", "f", "i8", "f32"}));
  }
}

ExpressionPtr Number(int depth) {
  if (depth == 0) return NumberLeaf();
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return Call(OneOf({"add", "subtract", "multiply", "divide", "floor_divide", "mod"}),
                  {Number(depth - 1), Number(depth - 1)});
    case 1:
      return Call(OneOf({"negate", "abs", "sqrt", "floor", "sign"}), {Number(depth - 1)});
    case 2:
      return Call("if_else", {Truth(depth - 1), Number(depth - 1), Number(depth - 1)});
    case 3:
      return Call("str_len", {Text(depth - 1)});
    default:
      return Call("fill_null", {Number(depth - 1), NumberLeaf()});
  }
}

ExpressionPtr Text(int depth) {
  if (depth == 0) {
    if (*rc::gen::arbitrary<bool>()) return Expression::Column(OneOf({"s", "d"}));
    return Expression::Literal(arrow::MakeScalar(*rc::gen::container<std::string>(rc::gen::inRange('\x20', '\x7e'))));
  }
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return Call(OneOf({"str_lower", "str_upper", "str_strip", "str_title"}), {Text(depth - 1)});
    case 1:
      return Call("add", {Text(depth - 1), Text(depth - 1)});
    case 2:
      return Call("str_slice", {Text(depth - 1)}, {{"start", *rc::gen::inRange(-3, 3)}, {"stop", *rc::gen::inRange(-3, 9)}});
    default:
      return Call("cast", {Number(depth - 1)}, {{"to", "str"}});
  }
}

ExpressionPtr Truth(int depth) {
  if (depth == 0) return Expression::Column("t");
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return Call(OneOf({"and", "or", "xor"}), {Truth(depth - 1), Truth(depth - 1)});
    case 1:
      return Call(OneOf({"eq", "ne", "lt", "le", "gt", "ge"}), {Number(depth - 1), Number(depth - 1)});
    case 2:
      return Call(OneOf({"eq", "ne", "lt", "ge"}), {Text(depth - 1), Text(depth - 1)});
    case 3:
      return Call(OneOf({"is_null", "not_null"}), {Number(depth - 1)});
    default:
      return Call("not", {Truth(depth - 1)});
  }
}

ExpressionPtr Any() {
  constexpr int kDepth = 4;
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return Number(kDepth);
    case 1:
      return Text(kDepth);
    default:
      return Truth(kDepth);
  }
}

std::shared_ptr<arrow::RecordBatch> Rows() {
  const auto type =
      arrow::struct_({arrow::field("i", arrow::int64()), arrow::field("f", arrow::float64()), arrow::field("i8", arrow::int8()),
                      arrow::field("f32", arrow::float32()), arrow::field("s", arrow::utf8()),
                      arrow::field("d", arrow::dictionary(arrow::int8(), arrow::utf8())), arrow::field("t", arrow::boolean())});
  auto plain = arrow::struct_({type->field(0), type->field(1), type->field(2), type->field(3), type->field(4),
                               arrow::field("d", arrow::utf8()), type->field(6)});
  auto rows = arrow::json::ArrayFromJSONString(plain, R"([
      [1, 0.5, 1, 2.5, "a", "x", true], [null, null, null, null, null, null, null], [-7, NaN, -128, -0.0, "", "Y y", false],
      [9223372036854775807, Inf, 127, 1e30, "Grüße", "x", true], [0, -1e300, 0, 0, " b ", null, null], [3, 4, 5, 6, "Z", "é", false]])")
                  .ValueOrDie();
  auto batch = arrow::RecordBatch::FromStructArray(rows).ValueOrDie();
  auto encoded = arrow::compute::Cast(*batch->column(5), type->field(5)->type()).ValueOrDie();
  return batch->SetColumn(5, type->field(5), encoded).ValueOrDie();
}

TEST(ExpressionProperty, ComesBackFromJsonAndPrintsTheSame) {
  EXPECT_TRUE(rc::check([] {
    const auto expression = Any();
    const auto back = Expression::FromJson(nlohmann::json::parse(expression->ToJson().dump()));
    RC_ASSERT(back.ok());
    RC_ASSERT((*back)->Equals(*expression));
    RC_ASSERT((*back)->ToString() == expression->ToString());
    RC_ASSERT((*back)->ToJson() == expression->ToJson());
  }));
}

TEST(ExpressionProperty, GivesTheSameInBatchesOfAnySize) {
  const auto rows = Rows();
  EXPECT_TRUE(rc::check([&] {
    const auto expression = Any();
    const auto bound = BoundExpression::Bind(expression, *rows->schema());
    RC_ASSERT(bound.ok());
    arrow::compute::ExecContext context;
    const auto whole = (*bound)->EvaluateArray(*rows, &context);
    RC_ASSERT(whole.ok());
    RC_ASSERT((*whole)->ValidateFull().ok());
    RC_ASSERT((*whole)->type()->Equals((*bound)->type()));
    const int64_t step = *rc::gen::inRange(1, 4);
    arrow::ArrayVector parts = {(*bound)->EvaluateArray(*rows->Slice(0, 0), &context).ValueOrDie()};
    for (int64_t begin = 0; begin < rows->num_rows(); begin += step) {
      parts.push_back((*bound)->EvaluateArray(*rows->Slice(begin, step), &context).ValueOrDie());
    }
    const auto joined = arrow::Concatenate(parts).ValueOrDie();
    RC_ASSERT(joined->Equals(*whole, arrow::EqualOptions::Defaults().nans_equal(true)));
  }));
}

}  // namespace
}  // namespace millstream
