#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

TEST(LimitPushdown, EntersTheScan) {
  EXPECT_EQ(After(PushDownLimits, Limit(Project(Scan(), {"a"}, {Col("a")}), 5)), R"(
Limit 5
  Project [a]
    Scan parquet f [a, b, s, repo] 1 partition, limit 5
)");
}

TEST(LimitPushdown, StopsAtFilters) {
  const auto plan = Limit(Filter(Scan(), Greater("a", 1)), 5);
  EXPECT_EQ(PushDownLimits(plan).ValueOrDie(), plan);
}

}  // namespace
}  // namespace millstream::testing
