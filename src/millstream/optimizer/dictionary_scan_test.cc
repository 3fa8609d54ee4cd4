#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

PlanPtr CountBy(PlanPtr child, std::vector<std::string> keys) {
  AggregateNode::Arguments arguments;
  arguments.keys = std::move(keys);
  arguments.aggregates.push_back({"rows", "size", "", nullptr});
  return AggregateNode::Make(std::move(child), std::move(arguments)).ValueOrDie();
}

TEST(DictionaryScan, KeepsTextThatIsOnlyPassedOn) {
  const auto rows = Filter(Scan(), Greater("a", 1));
  EXPECT_EQ(After(KeepDictionaries, CountBy(Project(rows, {"key", "b"}, {Col("s"), Col("b")}), {"key"})), R"(
Aggregate by [key]: [rows=size()]
  Project [key=s, b]
    Filter (a > 1)
      Scan parquet f [a, b, s, repo] 1 partition, encoded [s]
)");
}

TEST(DictionaryScan, DecodesWhatAFilterReads) {
  const auto plan = CountBy(Filter(Scan(), Call("eq", {Col("s"), Lit("x")})), {"s"});
  EXPECT_EQ(KeepDictionaries(plan).ValueOrDie(), plan);
}

TEST(DictionaryScan, DecodesWhatAProjectionComputesWith) {
  const auto plan = CountBy(Project(Scan(), {"s", "n"}, {Col("s"), Call("str_len", {Col("s")})}), {"s"});
  EXPECT_EQ(KeepDictionaries(plan).ValueOrDie(), plan);
}

TEST(DictionaryScan, DecodesForOtherNodes) {
  const auto plan = CountBy(Limit(Scan(), 5), {"s"});
  EXPECT_EQ(KeepDictionaries(plan).ValueOrDie(), plan);
  EXPECT_EQ(KeepDictionaries(Scan()).ValueOrDie()->Describe(), Scan()->Describe());
}

}  // namespace
}  // namespace millstream::testing
