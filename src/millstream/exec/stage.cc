#include "millstream/exec/stage.h"

#include <algorithm>
#include <array>

#include "millstream/exec/sinks.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

using MakeSinkFunction = Result<std::unique_ptr<Sink>> (*)(const PlanNode&, const SinkContext&);

struct SinkKind {
  std::string_view kind;
  MakeSinkFunction make;
};

/// The list of node kinds that end a stage: a new one adds its maker here.
constexpr std::array kSinks = {
    SinkKind{"Aggregate", MakeAggregateSink},
    SinkKind{"Limit", MakeLimitSink},
    SinkKind{"Repartition", MakeRepartitionSink},
    SinkKind{"Write", MakeWriteSink},
};

MakeSinkFunction FindSink(const PlanNode& node) {
  // Joining neighbouring partitions needs no meeting of rows; only cutting does.
  if (node.kind() == "Repartition" && node.npartitions() <= node.child()->npartitions()) return nullptr;
  for (const SinkKind& sink : kSinks) {
    if (sink.kind == node.kind()) return sink.make;
  }
  return nullptr;
}

class Cutter {
 public:
  explicit Cutter(StageGraph* graph) : graph_(graph) {}

  /// The stage whose output is `plan`.
  Result<int> StageFor(const PlanPtr& plan) {
    std::vector<int> inputs;
    PlanPtr body;
    if (EndsStage(*plan)) {
      ARROW_ASSIGN_OR_RAISE(PlanPtr child, Inside(plan->child(), &inputs));
      ARROW_ASSIGN_OR_RAISE(body, plan->WithChildren({std::move(child)}));
    } else {
      ARROW_ASSIGN_OR_RAISE(body, Inside(plan, &inputs));
    }
    // A plan without children is cheap to compare; stages that write are never merged, as each of them is asked for.
    for (const Stage& stage : graph_->stages) {
      if (body->kind() != "Write" && PlansEqual(*stage.plan, *body)) return stage.id;
    }
    const int id = static_cast<int>(graph_->stages.size());
    graph_->stages.push_back({id, std::move(body), std::move(inputs)});
    return id;
  }

 private:
  /// `plan` with every node that ends a stage replaced by that stage's output.
  Result<PlanPtr> Inside(const PlanPtr& plan, std::vector<int>* inputs) {
    if (EndsStage(*plan)) {
      ARROW_ASSIGN_OR_RAISE(const int stage, StageFor(plan));
      if (std::find(inputs->begin(), inputs->end(), stage) == inputs->end()) inputs->push_back(stage);
      return StageInputNode::Make(stage, plan->schema(), plan->npartitions());
    }
    std::vector<PlanPtr> children;
    bool changed = false;
    for (const PlanPtr& child : plan->children()) {
      ARROW_ASSIGN_OR_RAISE(PlanPtr fresh, Inside(child, inputs));
      changed |= fresh != child;
      children.push_back(std::move(fresh));
    }
    if (!changed) return plan;
    return plan->WithChildren(std::move(children));
  }

  StageGraph* graph_;
};

}  // namespace

bool EndsStage(const PlanNode& node) { return FindSink(node) != nullptr; }

Result<StageGraph> CutStages(const std::vector<PlanPtr>& plans) {
  StageGraph graph;
  Cutter cutter(&graph);
  for (const PlanPtr& plan : plans) {
    ARROW_ASSIGN_OR_RAISE(const int root, cutter.StageFor(plan));
    graph.roots.push_back(root);
  }
  return graph;
}

Result<std::unique_ptr<Sink>> MakeSink(const PlanNode& root, const SinkContext& context) {
  if (MakeSinkFunction make = FindSink(root)) return make(root, context);
  return std::make_unique<CollectSink>(root.schema(), root.npartitions(), context.task, /*is_result=*/true);
}

nlohmann::json Fragment::ToJson() const {
  return {{"stage", stage}, {"plan", SerializePlan(*plan)}, {"partitions", partitions}};
}

Result<Fragment> Fragment::FromJson(const nlohmann::json& json) {
  try {
    Fragment fragment;
    fragment.stage = json.at("stage").get<int>();
    ARROW_ASSIGN_OR_RAISE(fragment.plan, DeserializePlan(json.at("plan")));
    fragment.partitions = json.at("partitions").get<std::vector<int>>();
    return fragment;
  } catch (const nlohmann::json::exception& error) {
    return Status::Invalid("the serialised fragment is damaged: ", error.what());
  }
}

}  // namespace millstream
