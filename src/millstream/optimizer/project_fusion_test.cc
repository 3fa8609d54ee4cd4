#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

TEST(ProjectFusion, MergesChains) {
  const auto one = Project(Scan(), {"a", "b"}, {Col("a"), Call("add", {Col("b"), Lit(1)})});
  const auto two = Project(one, {"a", "c"}, {Col("a"), Call("multiply", {Col("b"), Col("a")})});
  EXPECT_EQ(After(FuseProjections, Project(two, {"c"}, {Col("c")})), R"(
Project [c=((b + 1) * a)]
  Scan parquet f [a, b, s, repo] 1 partition
)");
}

TEST(ProjectFusion, ComputesNothingTwice) {
  const auto inner = Project(Scan(), {"n"}, {Call("str_len", {Col("s")})});
  const auto plan = Project(inner, {"x"}, {Call("multiply", {Col("n"), Col("n")})});
  EXPECT_EQ(FuseProjections(plan).ValueOrDie(), plan);
}

TEST(ProjectFusion, KeepsTheTypeOfConstants) {
  // As a column the 1 is an int64; as a literal it would take the width of the int8 beside it.
  const auto inner = Project(Scan(), {"n", "one"}, {Call("cast", {Col("a")}, {{"to", "int8"}}), Lit(1)});
  const auto plan = Project(inner, {"x"}, {Call("add", {Col("n"), Col("one")})});
  EXPECT_EQ(FuseProjections(plan).ValueOrDie(), plan);
  EXPECT_EQ(After(FuseProjections, Project(inner, {"one"}, {Col("one")})), R"(
Project [one=1]
  Scan parquet f [a, b, s, repo] 1 partition
)");
}

TEST(ProjectFusion, DropsWhatChangesNothing) {
  const auto scan = Scan();
  EXPECT_EQ(
      FuseProjections(Project(scan, scan->schema()->field_names(), {Col("a"), Col("b"), Col("s"), Col("repo")})).ValueOrDie(),
      scan);
}

}  // namespace
}  // namespace millstream::testing
