// Stages: a plan cut where rows must meet (aggregate, limit, write, cutting repartition), and the serialisable work of one.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "millstream/plan/plan.h"

namespace millstream {

/// One stage: everything between its inputs (scans, tables, outputs of earlier stages) and its sink, which is the root node.
struct Stage {
  int id = 0;
  PlanPtr plan;
  std::vector<int> inputs;  ///< stages that must have run
};

/// True for a node that is a stage's sink rather than part of one.
bool EndsStage(const PlanNode& node);

/// Stages of several plans, in an order in which they can run; equal parts of the plans become one stage.
struct StageGraph {
  std::vector<Stage> stages;
  std::vector<int> roots;  ///< by plan: the stage whose output is its result
};
Result<StageGraph> CutStages(const std::vector<PlanPtr>& plans);

/// What a worker is sent: some partitions of a stage. It holds all it needs but the outputs of the stage's inputs.
struct Fragment {
  int stage = 0;
  PlanPtr plan;
  std::vector<int> partitions;

  nlohmann::json ToJson() const;
  static Result<Fragment> FromJson(const nlohmann::json& json);
};

}  // namespace millstream
