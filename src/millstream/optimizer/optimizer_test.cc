#include "millstream/optimizer/optimizer.h"

#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

TEST(Optimizer, RulesWorkTogether) {
  // events[events.a > 2 * 3].assign(name = events.repo.name)[["name"]].head(5)
  const auto filtered = Filter(Scan(), Call("gt", {Col("a"), Call("multiply", {Lit(2), Lit(3)})}));
  const auto assigned = Project(filtered, {"a", "b", "s", "repo", "name"},
                                {Col("a"), Col("b"), Col("s"), Col("repo"), Field(Col("repo"), "name")});
  const auto plan = Limit(Project(assigned, {"name"}, {Col("name")}), 5);
  std::vector<std::string> changes;
  OptimizeOptions options;
  options.on_change = [&](const char* rule, const PlanNode&) { changes.push_back(rule); };
  EXPECT_EQ("\n" + PrintPlan(**Optimize(plan, options)), R"(
Limit 5
  Project [name=struct_field(repo, name="name")]
    Filter (a > 6)
      Scan parquet f [a, repo; 2 of 4 columns] 1 partition, filter (a > 6)
)");
  EXPECT_EQ(changes, (std::vector<std::string>{"constant_folding", "filter_pushdown", "projection_pushdown", "struct_pruning",
                                               "project_fusion"}));
}

TEST(Optimizer, ASecondRunChangesNothing) {
  const auto plan = Project(Filter(Scan(), Greater("a", 1)), {"b"}, {Col("b")});
  const auto once = Optimize(plan).ValueOrDie();
  EXPECT_EQ(PrintPlan(*Optimize(once).ValueOrDie()), PrintPlan(*once));
}

}  // namespace
}  // namespace millstream::testing
