#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

TEST(ConstantFolding, ComputesWhatReadsNoColumn) {
  const auto plan = Filter(Project(Scan(), {"a"}, {Call("add", {Col("a"), Call("multiply", {Lit(2), Lit(3)})})}),
                           Call("gt", {Col("a"), Call("add", {Lit(1), Lit(1)})}));
  EXPECT_EQ(After(FoldConstants, plan), R"(
Filter (a > 2)
  Project [a=(a + 6)]
    Scan parquet f [a, b, s, repo] 1 partition
)");
}

TEST(ConstantFolding, DropsWhatIsTrue) {
  const auto always = Call("eq", {Lit(1), Lit(1)});
  EXPECT_EQ(After(FoldConstants, Filter(Filter(Scan(), always), Call("and", {Greater("a", 1), always}))), R"(
Filter (a > 1)
  Scan parquet f [a, b, s, repo] 1 partition
)");
}

TEST(ConstantFolding, ReturnsWhatItWasGivenWhereThereIsNothingToDo) {
  const auto plan = Filter(Scan(), Greater("a", 1));
  EXPECT_EQ(FoldConstants(plan).ValueOrDie(), plan);
}

}  // namespace
}  // namespace millstream::testing
