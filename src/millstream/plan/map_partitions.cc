#include <arrow/util/base64.h>

#include "millstream/expr/scalar_json.h"
#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> MapPartitionsNode::Make(PlanPtr child, Arguments arguments) {
  ARROW_RETURN_NOT_OK(ExpectDistinct(arguments.schema->field_names()));
  auto node = std::make_shared<MapPartitionsNode>();
  node->schema_ = arguments.schema;
  node->npartitions_ = child->npartitions();
  node->arguments_ = std::move(arguments);
  node->children_ = {std::move(child)};
  return node;
}

nlohmann::json MapPartitionsNode::ArgumentsToJson() const {
  return {{"name", arguments_.name},
          {"runtime", arguments_.runtime},
          {"payload", arrow::util::base64_encode(arguments_.payload)},
          {"schema", SchemaToJson(*arguments_.schema)}};
}

Result<PlanPtr> MapPartitionsFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "MapPartitions"));
  ARROW_ASSIGN_OR_RAISE(auto schema, SchemaFromJson(arguments.at("schema")));
  ARROW_ASSIGN_OR_RAISE(std::string payload, arrow::util::base64_decode(arguments.at("payload").get<std::string>()));
  return MapPartitionsNode::Make(children[0], {arguments.at("name").get<std::string>(),
                                               arguments.at("runtime").get<std::string>(), payload, std::move(schema)});
}

Result<PlanPtr> MapPartitionsNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), arguments_);
}

std::set<std::string> MapPartitionsNode::ColumnsNeeded(const std::set<std::string>&, size_t) const {
  const auto names = child()->schema()->field_names();  // the function may look at any of them
  return {names.begin(), names.end()};
}

}  // namespace millstream
