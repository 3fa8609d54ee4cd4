// Plans as JSON: each kind of node, with every argument set, comes back equal from its text.
#include <set>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <gmock/gmock.h>

#include "millstream/plan/plan_testing.h"
#include "millstream/plan/registry.h"

namespace millstream::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

PlanPtr ScanWithEverything() {
  ScanNode::Arguments arguments;
  arguments.format = "csv";
  arguments.storage = {{"key", "k"}, {"config_kwargs", {{"connect_timeout", 1}}}};
  arguments.inspection.schema =
      arrow::schema({arrow::field("a", arrow::int64(), /*nullable=*/false), arrow::field("s", arrow::large_utf8()),
                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Berlin"))},
                    arrow::key_value_metadata({"pandas"}, {"{}"}));
  arguments.inspection.options = {{"sep", ";"}, {"names", {"a", "s", "t"}}};
  auto& splits = arguments.inspection.splits;
  splits.resize(2);
  splits[0].file = {"s3://b/\xC3\xA9 1.csv", 1000, "etag"};
  splits[0].length = 500;
  splits[0].detail = {{"first", 3}};
  splits[0].partition_values = {{"year", "2013"}, {"none", nullptr}};
  splits[1].file = {"http://h/2.csv", -1, ""};
  splits[1].offset = int64_t{1} << 60;
  arguments.read = arrow::schema({arguments.inspection.schema->field(1), arguments.inspection.schema->field(0)});
  arguments.filter = Greater("a", 3);
  arguments.limit = int64_t{1} << 40;
  arguments.encoded = {"s"};
  arguments.counted = {"a"};
  arguments.chosen = true;
  return ScanNode::Make(std::move(arguments)).ValueOrDie();
}

PlanPtr TableWithMissing() {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  EXPECT_TRUE(numbers.AppendValues({1, 2, 3}, {true, false, true}).ok());
  EXPECT_TRUE(texts.AppendValues({"x", "", "\xF0\x9F\x98\x80"}).ok() && texts.AppendNull().ok() && numbers.AppendNull().ok());
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("s", arrow::utf8())}),
                                        {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  return TableNode::Make({table, table->Slice(1, 2), table->Slice(0, 0)}).ValueOrDie();
}

PlanPtr AggregateWithEverything() {
  AggregateNode::Arguments arguments;
  arguments.keys = {"s"};
  arguments.aggregates = {{"rows", "size", "", nullptr}, {"spread", "var", "a", {{"ddof", 0}}}};
  arguments.sort = false;
  arguments.dropna = false;
  arguments.of_records = true;
  return AggregateNode::Make(Scan(), std::move(arguments)).ValueOrDie();
}

PlanPtr MapWithBytes() {
  const std::string every_byte = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  const auto schema = arrow::schema({arrow::field("n", arrow::list(arrow::float32()))});
  return MapPartitionsNode::Make(Scan(), {"f", "python", every_byte, schema}).ValueOrDie();
}

PlanPtr WriteWithEverything() {
  WriteNode::Arguments arguments;
  arguments.format = "csv";
  arguments.path = "s3://bucket/out";
  arguments.format_options = {{"sep", "|"}};
  arguments.storage = {{"anon", true}};
  arguments.partition_on = {"s"};
  arguments.name_pattern = "part-*.csv";
  arguments.mode = "append";
  arguments.replace_directory = false;
  arguments.success_file = true;
  arguments.compression = "gzip";
  const auto columns = Project(Scan(), {"a", "s"}, {Col("a"), Col("s")});
  return WriteNode::Make(columns, std::move(arguments)).ValueOrDie();
}

std::vector<PlanPtr> EveryKind() {
  const auto schema = arrow::schema({arrow::field("a", arrow::decimal128(20, 2))});
  return {ScanWithEverything(),
          TableWithMissing(),
          Filter(Scan(), Call("and", {Greater("a", 1), Call("eq", {Field(Field(Col("repo"), "owner"), "login"), Lit("x")})})),
          Project(Scan(), {"x", "a"}, {Call("add", {Col("a"), Lit(1)}), Col("a")}),
          RowIndexNode::Make(TableWithMissing(), "index", {0, 3, int64_t{1} << 40}).ValueOrDie(),
          Limit(Scan(), int64_t{1} << 40),
          UnionNode::Make({Scan(), Limit(Scan(), 1)}).ValueOrDie(),
          PartitionsNode::Make(TableWithMissing(), {2, 0, -1}).ValueOrDie(),
          RepartitionNode::Make(TableWithMissing(), 7).ValueOrDie(),
          AggregateWithEverything(),
          MapWithBytes(),
          WriteWithEverything(),
          StageInputNode::Make(3, schema, 5).ValueOrDie()};
}

TEST(Plan, EveryNodeComesBackEqualFromItsText) {
  std::vector<std::string> kinds;
  for (const PlanPtr& plan : EveryKind()) {
    SCOPED_TRACE(PrintPlan(*plan));
    kinds.emplace_back(plan->kind());
    const std::string text = SerializePlan(*plan).dump();
    const auto again = DeserializePlan(nlohmann::json::parse(text));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(PlansEqual(*plan, **again));
    EXPECT_TRUE((*again)->schema()->Equals(*plan->schema(), /*check_metadata=*/true));
    EXPECT_EQ((*again)->npartitions(), plan->npartitions());
    EXPECT_EQ(PrintPlan(**again), PrintPlan(*plan));
    EXPECT_EQ(SerializePlan(**again).dump(), text);
  }
  EXPECT_THAT(kinds, UnorderedElementsAreArray(NodeKinds()));
}

TEST(Plan, RowIndexesHaveAFirstRowForEachPartition) {
  const Status status = RowIndexNode::Make(TableWithMissing(), "index", {0, 3}).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_NE(status.message().find("2 first rows, but there are 3 partitions"), std::string::npos) << status;
}

TEST(Plan, NodesThatDifferAreNotEqual) {
  const auto plans = EveryKind();
  for (size_t i = 0; i < plans.size(); ++i) {
    for (size_t j = 0; j < plans.size(); ++j) EXPECT_EQ(PlansEqual(*plans[i], *plans[j]), i == j);
  }
  const auto scan = std::static_pointer_cast<const ScanNode>(ScanWithEverything());
  EXPECT_FALSE(PlansEqual(*scan, *scan->WithEncoded({}).ValueOrDie()));
  EXPECT_FALSE(PlansEqual(*scan, *scan->WithCounted({}).ValueOrDie()));
  EXPECT_FALSE(PlansEqual(*scan, *scan->WithFilter(Greater("a", 4)).ValueOrDie()));
  EXPECT_FALSE(PlansEqual(*TableWithMissing(), *TableNode::Make({}).ValueOr(Scan())));
}

TEST(Plan, BrokenTextIsAnError) {
  const nlohmann::json good = SerializePlan(*Filter(Scan(), Greater("a", 1)));
  EXPECT_THAT(DeserializePlan(nlohmann::json::parse("[]")).status().message(), HasSubstr("plan"));
  std::function<void(const nlohmann::json&, nlohmann::json::json_pointer)> remove_each = [&](const nlohmann::json& at,
                                                                                             const auto& path) {
    if (!at.is_object()) return;
    for (const auto& [key, value] : at.items()) {
      nlohmann::json broken = good;
      broken.at(path).erase(key);
      const auto plan = DeserializePlan(broken);  // an error, or a plan with a default in its place; never a crash
      if (!plan.ok()) EXPECT_FALSE(plan.status().message().empty()) << (path / key).to_string();
      remove_each(value, path / key);
      broken = good;
      broken.at(path)[key] = nlohmann::json::array({-1, "x", nullptr});
      if (const auto odd = DeserializePlan(broken); !odd.ok()) EXPECT_FALSE(odd.status().message().empty());
    }
  };
  remove_each(good, nlohmann::json::json_pointer());
}

}  // namespace
}  // namespace millstream::testing
