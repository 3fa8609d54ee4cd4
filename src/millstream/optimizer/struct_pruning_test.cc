#include "millstream/optimizer/rules.h"
#include "millstream/plan/plan_testing.h"

namespace millstream::testing {
namespace {

// The type that the scan at the bottom of the plan reads column `repo` as.
std::string RepoType(const PlanPtr& plan) {
  PlanPtr node = PruneStructs(plan).ValueOrDie();
  EXPECT_TRUE(node->schema()->Equals(*plan->schema()));
  while (!node->children().empty()) node = node->child();
  return node->schema()->GetFieldByName("repo")->type()->ToString();
}

TEST(StructPruning, ReadsOnlyFieldsThatAreUsed) {
  EXPECT_EQ(RepoType(Project(Scan(), {"n"}, {Field(Col("repo"), "name")})), "struct<name: string>");
  EXPECT_EQ(RepoType(Project(Scan(), {"u"}, {Field(Field(Col("repo"), "owner"), "url")})),
            "struct<owner: struct<url: string>>");
}

TEST(StructPruning, LooksThroughRenamesAndFilters) {
  const auto renamed = Project(Filter(Scan(), Call("gt", {Field(Col("repo"), "id"), Lit(5)})), {"r"}, {Col("repo")});
  EXPECT_EQ(RepoType(Project(renamed, {"n"}, {Field(Col("r"), "name")})), "struct<id: int64, name: string>");
  const auto owner = Project(Scan(), {"o"}, {Field(Col("repo"), "owner")});
  EXPECT_EQ(RepoType(Project(owner, {"l"}, {Field(Col("o"), "login")})), "struct<owner: struct<login: string>>");
}

TEST(StructPruning, KeepsWhatIsUsedWhole) {
  const auto whole = Scan()->schema()->GetFieldByName("repo")->type()->ToString();
  EXPECT_EQ(RepoType(Filter(Scan(), Greater("a", 1))), whole);
  EXPECT_EQ(RepoType(Project(Scan(), {"n", "repo"}, {Field(Col("repo"), "name"), Col("repo")})), whole);
  EXPECT_EQ(RepoType(Project(Scan(), {"n"}, {Call("is_null", {Col("repo")})})), whole);
  const auto both = UnionNode::Make({Scan(), Scan()}).ValueOrDie();
  EXPECT_EQ(RepoType(Project(both, {"n"}, {Field(Col("repo"), "name")})), whole);
}

TEST(StructPruning, LeavesFormatsAloneThatReadStructsWhole) {
  auto arguments = static_cast<const ScanNode&>(*Scan()).arguments();
  arguments.format = "avro";
  const auto scan = ScanNode::Make(std::move(arguments)).ValueOrDie();
  EXPECT_EQ(RepoType(Project(scan, {"n"}, {Field(Col("repo"), "name")})),
            scan->schema()->GetFieldByName("repo")->type()->ToString());
}

}  // namespace
}  // namespace millstream::testing
