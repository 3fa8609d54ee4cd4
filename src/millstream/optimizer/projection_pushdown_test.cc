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

TEST(ProjectionPushdown, ReturnsWhatItWasGivenWhereAllIsUsed) {
  const auto plan = Limit(Filter(Scan(), Greater("a", 1)), 3);
  EXPECT_EQ(PushDownProjections(plan).ValueOrDie(), plan);
}

}  // namespace
}  // namespace millstream::testing
