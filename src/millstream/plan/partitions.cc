#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> PartitionsNode::Make(PlanPtr child, std::vector<int> indices) {
  for (int& index : indices) {
    const int given = index;
    if (index < 0) index += child->npartitions();
    if (index < 0 || index >= child->npartitions()) {
      return Status::IndexError("there is no partition ", given, "; the frame has ", child->npartitions());
    }
  }
  auto node = std::make_shared<PartitionsNode>();
  node->schema_ = child->schema();
  node->npartitions_ = static_cast<int>(indices.size());
  node->indices_ = std::move(indices);
  node->children_ = {std::move(child)};
  return node;
}

std::string PartitionsNode::Describe() const { return nlohmann::json(indices_).dump(); }

nlohmann::json PartitionsNode::ArgumentsToJson() const { return {{"indices", indices_}}; }

Result<PlanPtr> PartitionsFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Partitions"));
  return PartitionsNode::Make(children[0], arguments.at("indices").get<std::vector<int>>());
}

Result<PlanPtr> PartitionsNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), indices_);
}

}  // namespace millstream
