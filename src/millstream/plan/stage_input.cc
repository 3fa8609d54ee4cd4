#include "millstream/expr/scalar_json.h"
#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> StageInputNode::Make(int stage, std::shared_ptr<arrow::Schema> schema, int npartitions) {
  auto node = std::make_shared<StageInputNode>();
  node->schema_ = std::move(schema);
  node->npartitions_ = npartitions;
  node->stage_ = stage;
  return node;
}

nlohmann::json StageInputNode::ArgumentsToJson() const {
  return {{"stage", stage_}, {"schema", SchemaToJson(*schema_)}, {"npartitions", npartitions_}};
}

Result<PlanPtr> StageInputFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 0, "StageInput"));
  ARROW_ASSIGN_OR_RAISE(auto schema, SchemaFromJson(arguments.at("schema")));
  return StageInputNode::Make(arguments.at("stage").get<int>(), std::move(schema), arguments.at("npartitions").get<int>());
}

Result<PlanPtr> StageInputNode::WithChildren(std::vector<PlanPtr>) const { return Make(stage_, schema_, npartitions_); }

}  // namespace millstream
