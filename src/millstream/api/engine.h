// The engine behind a session: settings, the memory budget and pool, the folder for spill files, and runs.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "millstream/api/settings.h"
#include "millstream/exec/execute.h"
#include "millstream/memory/budget_pool.h"
#include "millstream/plan/plan.h"

namespace millstream {

struct RunOptions {
  const CancelToken* cancel = nullptr;
  /// Called from the calling thread every 50 ms with the share of partitions done. An error cancels the run, which then gives
  /// it.
  std::function<Status(double fraction)> poll;
};

/// Thread-safe; runs of one engine share its limits.
class Engine {
 public:
  static Result<std::shared_ptr<Engine>> Make(const SettingsOverrides& overrides);
  ~Engine();

  const Settings& settings() const { return settings_; }
  MemoryBudget* budget() const { return budget_.get(); }
  /// A context for inspecting files; runs have their own.
  TaskContext Context(const CancelToken* cancel = nullptr) const;

  /// Optimises and runs. With `poll`, the run is on threads of its own and the calling thread polls every 50 ms.
  Result<RunOutcome> Run(const std::vector<PlanPtr>& plans, const RunOptions& options);

 private:
  Engine(Settings settings, std::string temp_dir);
  Result<RunOutcome> RunOptimized(const std::vector<PlanPtr>& plans, const RunOptions& options);

  const Settings settings_;
  const std::string temp_dir_;
  std::shared_ptr<MemoryBudget> budget_;
  BudgetPool* pool_;  // immortal: results of any age hold buffers of it
};

/// The optimised form of a plan.
Result<PlanPtr> OptimizePlan(const PlanPtr& plan);

}  // namespace millstream
