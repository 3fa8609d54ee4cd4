// Runs optimised plans: stages in order, their outputs handed on, everything counted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/memory/task_context.h"
#include "millstream/plan/plan.h"
#include "millstream/scheduler/metrics.h"

namespace millstream {

/// What a run of several plans gave.
struct RunOutcome {
  /// By plan: one table a partition. Their memory is the caller's, outside the budget.
  std::vector<std::vector<std::shared_ptr<arrow::Table>>> tables;
  nlohmann::json report;  ///< see RunReport in the public header
  std::string analyzed;   ///< the stages' plans with what was measured behind each node
};

/// Plans that share work (equal sub-plans below a stage's end) do it once. `metrics` may be watched from another thread.
Result<RunOutcome> ExecutePlans(const std::vector<PlanPtr>& plans, const TaskContext& context, RunMetrics* metrics);

}  // namespace millstream
