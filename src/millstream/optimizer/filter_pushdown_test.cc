#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

TEST(FilterPushdown, MergesAndEntersTheScan) {
  EXPECT_EQ(After(PushDownFilters, Filter(Filter(Scan(), Greater("a", 1)), Greater("b", 2))), R"(
Filter ((b > 2) & (a > 1))
  Scan parquet f [a, b, s, repo] 1 partition, filter ((b > 2) & (a > 1))
)");
}

TEST(FilterPushdown, PassesProjections) {
  const auto plan = Filter(Project(Scan(), {"x", "y"}, {Col("a"), Call("add", {Col("b"), Lit(1)})}),
                           Call("and", {Greater("x", 1), Greater("y", 2)}));
  EXPECT_EQ(After(PushDownFilters, plan), R"(
Project [x=a, y=(b + 1)]
  Filter ((a > 1) & ((b + 1) > 2))
    Scan parquet f [a, b, s, repo] 1 partition, filter ((a > 1) & ((b + 1) > 2))
)");
}

TEST(FilterPushdown, DoesNotComputeCostlyColumnsTwice) {
  const auto plan = Filter(Project(Scan(), {"n"}, {Call("str_len", {Col("s")})}), Greater("n", 1));
  EXPECT_EQ(PushDownFilters(plan).ValueOrDie(), plan);
}

TEST(FilterPushdown, KeepsFunctionsThatMayFailAboveOtherFilters) {
  // The cast holds only for rows that the first filter leaves.
  const auto number = Call("gt", {Call("cast", {Col("s")}, {{"to", "int64"}}), Lit(3)});
  EXPECT_EQ(After(PushDownFilters, Filter(Filter(Scan(), Greater("a", 1)), number)), R"(
Filter (cast(s, to="int64") > 3)
  Filter (a > 1)
    Scan parquet f [a, b, s, repo] 1 partition, filter (a > 1)
)");
  EXPECT_EQ(After(PushDownFilters, Filter(Filter(Scan(), number), Greater("a", 1))), R"(
Filter (cast(s, to="int64") > 3)
  Filter (a > 1)
    Scan parquet f [a, b, s, repo] 1 partition, filter (a > 1)
)");
}

TEST(FilterPushdown, StopsWhereTheRowsWouldChange) {
  const auto limited = Filter(Limit(Scan(), 5), Greater("a", 1));
  EXPECT_EQ(PushDownFilters(limited).ValueOrDie(), limited);
  const auto numbered = RowIndexNode::Make(Limit(Scan(), 5), "row").ValueOrDie();
  EXPECT_EQ(PushDownFilters(Filter(numbered, Greater("a", 1))).ValueOrDie()->child(), numbered);
}

TEST(FilterPushdown, TellsAScanThatNumbersItsRowsWhatItMaySkip) {
  const auto numbered = RowIndexNode::Make(Scan(), "row").ValueOrDie();
  EXPECT_EQ(After(PushDownFilters, Filter(numbered, Greater("a", 1))), R"(
Filter (a > 1)
  RowIndex row
    Scan parquet f [a, b, s, repo] 1 partition, filter (a > 1)
)");
  EXPECT_EQ(PushDownFilters(Filter(numbered, Greater("row", 1))).ValueOrDie()->child(), numbered);
}

TEST(FilterPushdown, LeavesConstantColumnsAlone) {
  const auto plan = Filter(Project(Scan(), {"one", "a"}, {Lit(1), Col("a")}), Call("gt", {Col("a"), Col("one")}));
  EXPECT_EQ(PushDownFilters(plan).ValueOrDie(), plan);
}

TEST(FilterPushdown, PassesUnionsOfEqualColumns) {
  const auto both = UnionNode::Make({Scan(), Scan()}).ValueOrDie();
  EXPECT_EQ(After(PushDownFilters, Filter(both, Greater("a", 1))), R"(
Union 2 inputs
  Filter (a > 1)
    Scan parquet f [a, b, s, repo] 1 partition, filter (a > 1)
  Filter (a > 1)
    Scan parquet f [a, b, s, repo] 1 partition, filter (a > 1)
)");
  const auto some = Filter(UnionNode::Make({Scan(), Project(Scan(), {"b"}, {Col("b")})}).ValueOrDie(), Greater("a", 1));
  EXPECT_EQ(PushDownFilters(some).ValueOrDie(), some);
}

}  // namespace
}  // namespace millstream::testing
