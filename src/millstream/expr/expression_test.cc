#include "millstream/expr/expression.h"

#include <cmath>
#include <limits>

#include <arrow/array/concatenate.h>
#include <arrow/json/from_string.h>

#include "millstream/expr/scalar_json.h"

namespace millstream {
namespace {

using ::testing::HasSubstr;

ExpressionPtr Col(const std::string& name) { return Expression::Column(name); }
ExpressionPtr Lit(int64_t value) { return Expression::Literal(arrow::MakeScalar(value)); }
ExpressionPtr Lit(const char* value) { return Expression::Literal(arrow::MakeScalar(std::string(value))); }

std::shared_ptr<arrow::RecordBatch> Batch(const std::shared_ptr<arrow::Schema>& schema, const std::string& json) {
  auto rows = *arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
  return *arrow::RecordBatch::FromStructArray(rows);
}

const auto kTrips = arrow::schema({arrow::field("fare", arrow::float64()), arrow::field("n", arrow::int64()),
                                   arrow::field("tip amount", arrow::float64()), arrow::field("s", arrow::utf8())});

TEST(Expression, PrintsOperatorsInfixAndTheRestAsCalls) {
  auto expression = Expression::Call(
      "and", {Expression::Call("gt", {Col("fare"), Lit(3)}), Expression::Call("is_null", {Col("tip amount")})});
  EXPECT_EQ(expression->ToString(), "((fare > 3) & is_null(`tip amount`))");
  EXPECT_EQ(Expression::Call("round", {Col("fare")}, {{"decimals", 2}})->ToString(), "round(fare, decimals=2)");
  EXPECT_EQ(Expression::Call("not", {Expression::Call("eq", {Col("s"), Lit("it's")})})->ToString(), R"(~(s == 'it\'s'))");
}

TEST(Expression, FindsAndReplacesColumns) {
  auto expression = Expression::Call("add", {Col("a"), Expression::Call("negate", {Col("b")})});
  std::set<std::string> names;
  CollectColumns(*expression, &names);
  EXPECT_EQ(names, (std::set<std::string>{"a", "b"}));
  auto replaced = ReplaceColumns(expression, [](const std::string& name) { return name == "b" ? Col("c") : nullptr; });
  EXPECT_EQ(replaced->ToString(), "(a + -c)");
  EXPECT_EQ(ReplaceColumns(expression, [](const std::string&) { return nullptr; }), expression);
}

TEST(Expression, SplitsAndJoinsConjunctions) {
  auto expression = Expression::Call("and", {Expression::Call("and", {Col("a"), Col("b")}), Col("c")});
  std::vector<ExpressionPtr> parts;
  SplitConjunction(expression, &parts);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_TRUE(JoinConjunction(parts)->Equals(*expression));
  EXPECT_EQ(JoinConjunction({}), nullptr);
}

TEST(Expression, ComesBackFromJson) {
  auto expression = Expression::Call("fill_null", {Col("fare"), Expression::Literal(arrow::MakeScalar(0.1))}, {{"x", {1, 2}}});
  const auto json = nlohmann::json::parse(expression->ToJson().dump());
  EXPECT_TRUE((*Expression::FromJson(json))->Equals(*expression));
}

TEST(Expression, RefusesBrokenJson) {
  for (const char* text : {"1", "{}", R"({"column":1})", R"({"call":1})", R"({"call":"add","arguments":3})",
                           R"({"literal":{"type":"int8","value":300}})", R"({"literal":{"type":"nonsense","value":1}})",
                           R"({"literal":{"ipc":"AAAA"}})", R"({"literal":{"ipc":"?"}})", R"({"literal":5})"}) {
    EXPECT_FALSE(Expression::FromJson(nlohmann::json::parse(text)).ok()) << text;
  }
  nlohmann::json deep = {{"column", "a"}};
  for (int i = 0; i < 2000; ++i) {
    nlohmann::json call = {{"call", "negate"}, {"arguments", nlohmann::json::array()}};
    call["arguments"].push_back(std::move(deep));
    deep = std::move(call);
  }
  EXPECT_THAT(Expression::FromJson(deep).status().message(), HasSubstr("nested"));
}

TEST(Bind, NamesWhatIsMissing) {
  const auto missing_column = BoundExpression::Bind(Col("fair"), *kTrips).status();
  EXPECT_TRUE(missing_column.IsKeyError());
  EXPECT_THAT(missing_column.message(), HasSubstr("there is no column 'fair'; the columns are: fare, n, tip amount, s"));
  const auto missing_function = BoundExpression::Bind(Expression::Call("is_nul", {Col("n")}), *kTrips).status();
  EXPECT_TRUE(missing_function.IsKeyError());
  EXPECT_THAT(missing_function.message(), HasSubstr("is_null"));
  const auto wrong_types = BoundExpression::Bind(Expression::Call("add", {Col("n"), Col("s")}), *kTrips).status();
  EXPECT_TRUE(wrong_types.IsTypeError());
  EXPECT_THAT(wrong_types.message(), HasSubstr("in (n + s): add does not take (int64, string)"));
  const auto wrong_count = BoundExpression::Bind(Expression::Call("add", {Col("n")}), *kTrips).status();
  EXPECT_THAT(wrong_count.message(), HasSubstr("add takes 2 arguments, 1 given"));
  const auto twice = arrow::schema({arrow::field("a", arrow::int8()), arrow::field("a", arrow::int8())});
  EXPECT_THAT(BoundExpression::Bind(Col("a"), *twice).status().message(), HasSubstr("2 times"));
}

TEST(Bind, EvaluatesAndFoldsConstants) {
  auto batch = Batch(kTrips, R"([{"fare":2.5,"n":1,"tip amount":null,"s":"x"},{"fare":7.0,"n":null,"tip amount":1,"s":null}])");
  arrow::compute::ExecContext context;
  auto sum = Expression::Call("add", {Col("n"), Expression::Call("add", {Lit(2), Lit(3)})});
  auto bound = *BoundExpression::Bind(sum, *kTrips);
  EXPECT_EQ((*bound->EvaluateArray(*batch, &context))->ToString(),
            (*arrow::json::ArrayFromJSONString(arrow::int64(), "[6, null]"))->ToString());
  auto constant = *BoundExpression::Bind(Expression::Call("multiply", {Lit(2), Lit(3)}), *kTrips);
  ASSERT_TRUE(constant->Evaluate(*batch, &context)->is_scalar());
  EXPECT_EQ((*constant->EvaluateArray(*batch, &context))->length(), 2);
}

TEST(ScalarJson, PlainValuesAreReadable) {
  EXPECT_EQ(ScalarToJson(arrow::Int64Scalar(5)).dump(), R"({"type":"int64","value":5})");
  EXPECT_EQ(ScalarToJson(arrow::StringScalar("é")).dump(), R"({"type":"string","value":"é"})");
  EXPECT_EQ(ScalarToJson(*arrow::MakeNullScalar(arrow::date32())).dump(), R"({"type":"date32","value":null})");
  EXPECT_EQ(ScalarToJson(arrow::DoubleScalar(NAN)).dump(), R"({"type":"float64","value":"nan"})");
}

TEST(ScalarJson, EveryKindComesBackEqual) {
  auto parse = [](const std::shared_ptr<arrow::DataType>& type, const char* json) {
    return *(*arrow::json::ArrayFromJSONString(type, json))->GetScalar(0);
  };
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<std::shared_ptr<arrow::Scalar>> values = {
      arrow::MakeScalar(true),
      arrow::MakeScalar(std::numeric_limits<int64_t>::min()),
      arrow::MakeScalar(std::numeric_limits<uint64_t>::max()),
      arrow::MakeScalar(int8_t{-128}),
      arrow::MakeScalar(0.1f),
      arrow::MakeScalar(-0.0),
      arrow::MakeScalar(5e-324),
      arrow::MakeScalar(double{NAN}),
      arrow::MakeScalar(-infinity),
      arrow::MakeScalar(std::string("a\0\"b", 4)),
      std::make_shared<arrow::StringScalar>(std::string("\xff")),
      std::make_shared<arrow::BinaryScalar>(std::string("\xff\0", 2)),
      parse(arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin"), "[1700000000000000]"),
      parse(arrow::timestamp(arrow::TimeUnit::NANO), "[-1]"),
      parse(arrow::duration(arrow::TimeUnit::SECOND), "[7]"),
      parse(arrow::date32(), "[19000]"),
      parse(arrow::time64(arrow::TimeUnit::NANO), "[1]"),
      parse(arrow::decimal128(10, 2), R"(["-123.40"])"),
      parse(arrow::decimal256(50, 3), R"(["123456789012345678901234567890.125"])"),
      parse(arrow::list(arrow::int32()), "[[1, null, 3]]"),
      parse(arrow::list(arrow::utf8()), "[null]"),
      parse(arrow::struct_({arrow::field("a", arrow::float64()), arrow::field("b", arrow::utf8())}), R"([{"a":1,"b":null}])"),
      parse(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x"])"),
      parse(arrow::null(), "[null]"),
      arrow::MakeNullScalar(arrow::float64()),
      arrow::MakeNullScalar(arrow::decimal128(5, 1)),
      parse(arrow::float16(), "[1.5]")};
  for (const auto& value : values) {
    const std::string text = ScalarToJson(*value).dump();
    auto back = ScalarFromJson(nlohmann::json::parse(text));
    ASSERT_TRUE(back.ok()) << text << back.status().ToString();
    EXPECT_TRUE(Expression::Literal(value)->Equals(*Expression::Literal(*back)))
        << text << " came back as " << (*back)->ToString();
  }
}

TEST(ScalarJson, SchemasComeBackEqual) {
  const auto plain = arrow::schema({arrow::field("a", arrow::int64(), false),
                                    arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                                    arrow::field("l", arrow::list(arrow::utf8()))});
  const auto tagged = plain->WithMetadata(arrow::key_value_metadata({{"k", "v"}}));
  const auto field_tagged = arrow::schema({arrow::field("x", arrow::utf8(), true, arrow::key_value_metadata({{"k", "v"}}))});
  for (const auto& schema : {plain, tagged, field_tagged, arrow::schema({})}) {
    const std::string text = SchemaToJson(*schema).dump();
    auto back = SchemaFromJson(nlohmann::json::parse(text));
    ASSERT_TRUE(back.ok()) << text << back.status().ToString();
    EXPECT_TRUE((*back)->Equals(*schema, /*check_metadata=*/true)) << text;
  }
  EXPECT_FALSE(SchemaFromJson(nlohmann::json::parse(R"([{"name":"a"}])")).ok());
  EXPECT_FALSE(SchemaFromJson(nlohmann::json::parse("[3]")).ok());
  EXPECT_FALSE(TypeFromJson("decimal128(10)").ok());
  EXPECT_FALSE(TypeFromJson("decimal128(100, 2)").ok());
}

}  // namespace
}  // namespace millstream
