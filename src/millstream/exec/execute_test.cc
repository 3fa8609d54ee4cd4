// Small plans over tables in memory, from stages to results.
#include "millstream/exec/execute.h"

#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "millstream/exec/stage.h"
#include "millstream/exec/user_function.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

std::shared_ptr<arrow::Table> Numbers(const std::string& json) {
  auto type = arrow::struct_({arrow::field("k", arrow::utf8()), arrow::field("v", arrow::int64())});
  auto rows = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  return arrow::Table::FromRecordBatches({arrow::RecordBatch::FromStructArray(rows).ValueOrDie()}).ValueOrDie();
}

PlanPtr TwoPartitions() {
  return TableNode::Make({Numbers(R"([{"k":"a","v":1},{"k":"b","v":2},{"k":"a","v":3}])"),
                          Numbers(R"([{"k":"c","v":4},{"k":null,"v":5}])")})
      .ValueOrDie();
}

ExpressionPtr Column(const char* name) { return Expression::Column(name); }
ExpressionPtr Number(int64_t value) { return Expression::Literal(arrow::MakeScalar(value)); }

/// Runs at several thread counts and batch sizes; all must agree. Gives one table a partition.
std::vector<std::shared_ptr<arrow::Table>> RunPlan(const PlanPtr& plan) {
  std::vector<std::shared_ptr<arrow::Table>> first;
  for (int threads : {1, 2, 4}) {
    for (int64_t batch_rows : {2, 1000}) {
      TaskContext context = UnlimitedContext();
      context.threads = threads;
      context.batch_rows = batch_rows;
      RunMetrics metrics;
      auto outcome = ExecutePlans({plan}, context, &metrics);
      EXPECT_TRUE(outcome.ok()) << outcome.status();
      if (!outcome.ok()) return {};
      auto tables = outcome->tables[0];
      if (first.empty()) first = tables;
      EXPECT_EQ(tables.size(), first.size());
      for (size_t i = 0; i < tables.size(); ++i) EXPECT_TRUE(tables[i]->Equals(*first[i])) << tables[i]->ToString();
    }
  }
  return first;
}

std::vector<int64_t> Values(const arrow::Table& table, const std::string& column) {
  std::vector<int64_t> values;
  for (const auto& chunk : table.GetColumnByName(column)->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) {
      values.push_back(chunk->IsNull(i) ? -1 : static_cast<const arrow::Int64Array&>(*chunk).Value(i));
    }
  }
  return values;
}

TEST(Execute, FiltersAndProjectsKeepingPartitionsAndOrder) {
  auto filtered = FilterNode::Make(TwoPartitions(), Expression::Call("gt", {Column("v"), Number(1)})).ValueOrDie();
  auto plan = ProjectNode::Make(filtered, {"w"}, {Expression::Call("multiply", {Column("v"), Number(10)})}).ValueOrDie();
  auto tables = RunPlan(plan);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(Values(*tables[0], "w"), (std::vector<int64_t>{20, 30}));
  EXPECT_EQ(Values(*tables[1], "w"), (std::vector<int64_t>{40, 50}));
}

TEST(Execute, NumbersRowsBeforeFiltering) {
  auto indexed = RowIndexNode::Make(TwoPartitions(), "i").ValueOrDie();
  auto plan = FilterNode::Make(indexed, Expression::Call("ne", {Column("v"), Number(2)})).ValueOrDie();
  auto tables = RunPlan(plan);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(Values(*tables[0], "i"), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(Values(*tables[1], "i"), (std::vector<int64_t>{0, 1}));
}

TEST(Execute, NumbersRowsFromTheFirstOfEachPartition) {
  auto indexed = RowIndexNode::Make(TwoPartitions(), "i", {10, 13}).ValueOrDie();
  auto plan = FilterNode::Make(indexed, Expression::Call("ne", {Column("v"), Number(2)})).ValueOrDie();
  auto tables = RunPlan(plan);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(Values(*tables[0], "i"), (std::vector<int64_t>{10, 12}));
  EXPECT_EQ(Values(*tables[1], "i"), (std::vector<int64_t>{13, 14}));
}

TEST(Execute, RowsWithoutColumnsAreCounted) {
  auto none = ProjectNode::Make(TwoPartitions(), {}, {}).ValueOrDie();
  for (const PlanPtr& plan : {none, RepartitionNode::Make(none, 1).ValueOrDie(), RepartitionNode::Make(none, 4).ValueOrDie(),
                              LimitNode::Make(none, 5).ValueOrDie()}) {
    int64_t rows = 0;
    for (const auto& table : RunPlan(plan)) rows += table->num_rows();
    EXPECT_EQ(rows, 5) << PrintPlan(*plan);
  }
}

TEST(Execute, LimitTakesTheFirstRowsOfTheFrame) {
  for (int64_t rows : {0, 2, 4, 100}) {
    auto tables = RunPlan(LimitNode::Make(TwoPartitions(), rows).ValueOrDie());
    ASSERT_EQ(tables.size(), 1u);
    std::vector<int64_t> expected = {1, 2, 3, 4, 5};
    expected.resize(static_cast<size_t>(std::min<int64_t>(rows, 5)));
    EXPECT_EQ(Values(*tables[0], "v"), expected);
  }
}

TEST(Execute, UnionFillsMissingColumnsAndPromotesNumbers) {
  auto renamed = ProjectNode::Make(TwoPartitions(), {"v"}, {Column("v")}).ValueOrDie();
  auto plan = UnionNode::Make({TwoPartitions(), renamed}).ValueOrDie();
  EXPECT_EQ(plan->npartitions(), 4);
  auto tables = RunPlan(plan);
  ASSERT_EQ(tables.size(), 4u);
  EXPECT_EQ(tables[2]->GetColumnByName("k")->null_count(), 3);
  EXPECT_EQ(Values(*tables[3], "v"), (std::vector<int64_t>{4, 5}));
}

TEST(Execute, RepartitionsBothWays) {
  auto one = RunPlan(RepartitionNode::Make(TwoPartitions(), 1).ValueOrDie());
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(Values(*one[0], "v"), (std::vector<int64_t>{1, 2, 3, 4, 5}));
  auto five = RunPlan(RepartitionNode::Make(TwoPartitions(), 5).ValueOrDie());
  ASSERT_EQ(five.size(), 5u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(Values(*five[i], "v"), std::vector<int64_t>{static_cast<int64_t>(i) + 1});
}

TEST(Execute, MapPartitionsSeesWholePartitions) {
  RegisterNativeFunction("count_rows",
                         [](const std::shared_ptr<arrow::Table>& partition, int64_t,
                            const std::shared_ptr<arrow::Schema>& schema) -> Result<std::shared_ptr<arrow::Table>> {
                           arrow::Int64Builder builder;
                           ARROW_RETURN_NOT_OK(builder.Append(partition->num_rows()));
                           ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
                           return arrow::Table::Make(schema, {array});
                         });
  auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  auto tables = RunPlan(MapPartitionsNode::Make(TwoPartitions(), {"count", "native", "count_rows", schema}).ValueOrDie());
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(Values(*tables[0], "n"), std::vector<int64_t>{3});
  EXPECT_EQ(Values(*tables[1], "n"), std::vector<int64_t>{2});
}

TEST(Execute, NamesThePlaceWhereAFunctionFailed) {
  RegisterNativeFunction("fails", [](const auto&, int64_t, const auto&) -> Result<std::shared_ptr<arrow::Table>> {
    return Status::Invalid("no luck");
  });
  auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  auto plan = MapPartitionsNode::Make(TwoPartitions(), {"unlucky", "native", "fails", schema}).ValueOrDie();
  TaskContext context = UnlimitedContext();
  RunMetrics metrics;
  Status status = ExecutePlans({plan}, context, &metrics).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_EQ(status.message(), "unlucky on partition 0: no luck");
}

TEST(Execute, CancelledRunsSaySo) {
  CancelToken cancel;
  cancel.Cancel();
  TaskContext context = UnlimitedContext();
  context.cancel = &cancel;
  RunMetrics metrics;
  EXPECT_TRUE(ExecutePlans({TwoPartitions()}, context, &metrics).status().IsCancelled());
}

TEST(CutStages, SharesEqualPartsOfSeveralPlans) {
  auto base = LimitNode::Make(TwoPartitions(), 3).ValueOrDie();
  auto a = FilterNode::Make(base, Expression::Call("gt", {Column("v"), Number(1)})).ValueOrDie();
  auto b = ProjectNode::Make(LimitNode::Make(TwoPartitions(), 3).ValueOrDie(), {"v"}, {Column("v")}).ValueOrDie();
  auto graph = CutStages({a, b}).ValueOrDie();
  EXPECT_EQ(graph.stages.size(), 3u);
  EXPECT_EQ(graph.roots, (std::vector<int>{1, 2}));
  EXPECT_EQ(graph.stages[1].inputs, std::vector<int>{0});
  EXPECT_EQ(graph.stages[2].inputs, std::vector<int>{0});
}

TEST(Fragment, ComesBackEqual) {
  auto graph = CutStages({LimitNode::Make(TwoPartitions(), 3).ValueOrDie()}).ValueOrDie();
  Fragment fragment{0, graph.stages[0].plan, {0, 1}};
  auto again = Fragment::FromJson(nlohmann::json::parse(fragment.ToJson().dump())).ValueOrDie();
  EXPECT_TRUE(PlansEqual(*again.plan, *fragment.plan));
  EXPECT_EQ(again.partitions, fragment.partitions);
  EXPECT_TRUE(Fragment::FromJson(nlohmann::json::parse("{}")).status().IsInvalid());
}

}  // namespace
}  // namespace millstream
