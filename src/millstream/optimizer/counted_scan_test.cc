#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

PlanPtr Aggregate(PlanPtr child, std::vector<std::string> keys, std::vector<AggregateNode::Aggregate> aggregates) {
  AggregateNode::Arguments arguments;
  arguments.keys = std::move(keys);
  arguments.aggregates = std::move(aggregates);
  return AggregateNode::Make(std::move(child), std::move(arguments)).ValueOrDie();
}

TEST(CountedScan, LeavesOutWhatIsOnlyCounted) {
  const auto rows = Project(Filter(Scan(), Greater("a", 1)), {"key", "n", "m"}, {Col("s"), Col("b"), Col("repo")});
  const auto plan =
      Aggregate(rows, {"key"}, {{"x", "count", "n", nullptr}, {"y", "size", "", nullptr}, {"z", "count", "m", nullptr}});
  EXPECT_EQ(After(CountWithoutValues, plan), R"(
Aggregate by [key]: [x=count(n), y=size(), z=count(m)]
  Project [key=s, n=b, m=repo]
    Filter (a > 1)
      Scan parquet f [a, b, s, repo] 1 partition, counted [b, repo]
)");
}

TEST(CountedScan, ReadsWhatIsUsedOtherwise) {
  const std::vector<AggregateNode::Aggregate> count_b = {{"n", "count", "b", nullptr}};
  for (const auto& plan : {Aggregate(Scan(), {"b"}, count_b), Aggregate(Filter(Scan(), Greater("b", 1)), {"s"}, count_b),
                           Aggregate(Scan(), {"s"}, {count_b[0], {"m", "sum", "b", nullptr}}),
                           Aggregate(Project(Scan(), {"s", "b"}, {Col("s"), Call("add", {Col("b"), Lit(1)})}), {"s"}, count_b),
                           Aggregate(Project(Scan(), {"s", "b", "c"}, {Col("s"), Col("b"), Col("b")}), {"s"},
                                     {count_b[0], {"m", "sum", "c", nullptr}}),
                           Aggregate(Limit(Scan(), 3), {"s"}, count_b)}) {
    EXPECT_EQ(CountWithoutValues(plan).ValueOrDie(), plan) << PrintPlan(*plan);
  }
}

}  // namespace
}  // namespace millstream::testing
