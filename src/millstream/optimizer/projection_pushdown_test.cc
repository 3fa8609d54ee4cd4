#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

TEST(ProjectionPushdown, ReadsOnlyWhatIsUsed) {
  const auto inner = Project(Scan(), {"x", "y"}, {Col("a"), Call("str_len", {Col("s")})});
  EXPECT_EQ(After(PushDownProjections, Project(Filter(inner, Greater("x", 1)), {"x"}, {Col("x")})), R"(
Project [x]
  Filter (x > 1)
    Project [x=a]
      Scan parquet f [a; 1 of 4 columns] 1 partition
)");
}

TEST(ProjectionPushdown, DropsRowIndexesThatNobodyReads) {
  const auto numbered = RowIndexNode::Make(Scan(), "row").ValueOrDie();
  EXPECT_EQ(After(PushDownProjections, Project(numbered, {"a"}, {Col("a")})), R"(
Project [a]
  Scan parquet f [a; 1 of 4 columns] 1 partition
)");
}

TEST(ProjectionPushdown, KeepsWhatTheFilterReads) {
  EXPECT_EQ(After(PushDownProjections, Project(Filter(Scan(), Greater("b", 1)), {"a"}, {Col("a")})), R"(
Project [a]
  Filter (b > 1)
    Scan parquet f [a, b; 2 of 4 columns] 1 partition
)");
}

/// Of a JSON file, whose records may have more than the columns a and b.
PlanPtr OpenRecords() {
  ScanNode::Arguments arguments;
  arguments.format = "json";
  arguments.inspection.schema = arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())});
  arguments.inspection.splits.resize(1);
  return ScanNode::Make(std::move(arguments)).ValueOrDie();
}

TEST(ProjectionPushdown, TellsScansOfOpenRecordsWhereColumnsAreNamed) {
  const auto is_chosen = [](const PlanPtr& plan) {
    PlanPtr node = PushDownProjections(plan).ValueOrDie();
    while (node->kind() != "Scan") node = node->child();
    return static_cast<const ScanNode&>(*node).arguments().chosen;
  };
  EXPECT_FALSE(is_chosen(OpenRecords()));
  EXPECT_FALSE(is_chosen(Limit(Filter(OpenRecords(), Greater("a", 1)), 3)));
  EXPECT_FALSE(is_chosen(Project(OpenRecords(), {"a", "b"}, {Call("add", {Col("a"), Col("b")}), Col("b")})));  // replaces
  EXPECT_FALSE(is_chosen(Project(OpenRecords(), {"x", "b"}, {Col("a"), Col("b")})));                           // renames
  EXPECT_FALSE(is_chosen(Project(OpenRecords(), {"b", "a"}, {Col("b"), Col("a")})));  // as a write of all columns does
  EXPECT_TRUE(is_chosen(Project(OpenRecords(), {"x"}, {Call("add", {Col("a"), Col("b")})})));
  AggregateNode::Arguments sum;
  sum.keys = {"a"};
  sum.aggregates = {{"total", "sum", "b", nullptr}};
  EXPECT_TRUE(is_chosen(AggregateNode::Make(OpenRecords(), sum).ValueOrDie()));
  sum.of_records = true;  // of all columns
  EXPECT_FALSE(is_chosen(AggregateNode::Make(OpenRecords(), sum).ValueOrDie()));
}

TEST(ProjectionPushdown, ReturnsWhatItWasGivenWhereAllIsUsed) {
  const auto plan = Limit(Filter(Scan(), Greater("a", 1)), 3);
  EXPECT_EQ(PushDownProjections(plan).ValueOrDie(), plan);
}

}  // namespace
}  // namespace millstream::testing
