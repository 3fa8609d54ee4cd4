#include "millstream/plan/plan.h"

#include "millstream/plan/registry.h"

namespace millstream {
namespace {

constexpr int kPlanVersion = 1;

void Print(const PlanNode& node, int depth, std::string* out) {
  out->append(static_cast<size_t>(depth) * 2, ' ');
  out->append(node.kind());
  if (const std::string arguments = node.Describe(); !arguments.empty()) out->append(" ").append(arguments);
  out->append("\n");
  for (const PlanPtr& child : node.children()) Print(*child, depth + 1, out);
}

nlohmann::json NodeToJson(const PlanNode& node) {
  nlohmann::json children = nlohmann::json::array();
  for (const PlanPtr& child : node.children()) children.push_back(NodeToJson(*child));
  return {{"node", node.kind()}, {"arguments", node.ArgumentsToJson()}, {"children", std::move(children)}};
}

Result<PlanPtr> NodeFromJson(const nlohmann::json& json) {
  std::vector<PlanPtr> children;
  for (const nlohmann::json& child : json.at("children")) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr made, NodeFromJson(child));
    children.push_back(std::move(made));
  }
  const std::string kind = json.at("node").get<std::string>();
  ARROW_ASSIGN_OR_RAISE(const NodeFromJsonFunction make, FindNodeKind(kind));
  return make(json.at("arguments"), std::move(children));
}

}  // namespace

std::string PrintPlan(const PlanNode& plan) {
  std::string out;
  Print(plan, 0, &out);
  return out;
}

Result<PlanPtr> TransformUp(const PlanPtr& plan, const std::function<Result<PlanPtr>(const PlanPtr&)>& visit) {
  std::vector<PlanPtr> children;
  bool changed = false;
  for (const PlanPtr& child : plan->children()) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr fresh, TransformUp(child, visit));
    changed |= fresh != child;
    children.push_back(std::move(fresh));
  }
  if (!changed) return visit(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr rebuilt, plan->WithChildren(std::move(children)));
  return visit(rebuilt);
}

nlohmann::json SerializePlan(const PlanNode& plan) { return {{"millstream_plan", kPlanVersion}, {"root", NodeToJson(plan)}}; }

Result<PlanPtr> DeserializePlan(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("millstream_plan") || !json.contains("root")) {
    return Status::Invalid("not a serialised Millstream plan: it must be an object with 'millstream_plan' and 'root'");
  }
  if (json["millstream_plan"] != kPlanVersion) {
    return Status::Invalid("the plan has version ", json["millstream_plan"].dump(), ", this build reads version ",
                           kPlanVersion);
  }
  try {
    return NodeFromJson(json["root"]);
  } catch (const nlohmann::json::exception& error) {
    return Status::Invalid("the serialised plan is damaged: ", error.what());
  }
}

bool PlansEqual(const PlanNode& a, const PlanNode& b) {
  if (&a == &b) return true;
  if (a.kind() != b.kind() || a.children().size() != b.children().size() || !a.ArgumentsEqual(b)) return false;
  for (size_t i = 0; i < a.children().size(); ++i) {
    if (!PlansEqual(*a.children()[i], *b.children()[i])) return false;
  }
  return true;
}

}  // namespace millstream
