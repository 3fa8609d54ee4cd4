#include "millstream/api/engine.h"

#include <sys/stat.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

#include <arrow/compute/initialize.h>

#include "millstream/base/bytes.h"
#include "millstream/fs/job_id.h"
#include "millstream/optimizer/optimizer.h"

namespace millstream {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kFolderPrefix = "millstream-";
constexpr auto kPollInterval = std::chrono::milliseconds(50);
constexpr int64_t kThreadBytes = 24 << 20;  ///< of the budget that a thread needs for what it decodes, about

/// What the limit must also hold besides the budget: small structures outside any pool, and however little the work is, thread
/// stacks and code pages.
int64_t Overhead(int64_t limit) { return std::min<int64_t>(limit / 5 + std::min<int64_t>(limit / 10, 12 << 20), 256 << 20); }

/// Spill folders carry the name of a job of their owner; those of processes that are gone are removed.
void RemoveLeftovers(const stdfs::path& temp_dir) {
  std::error_code ignored;
  for (const auto& entry : stdfs::directory_iterator(temp_dir, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kFolderPrefix)) continue;
    if (fs::IsDeadJob(name.substr(std::string_view(kFolderPrefix).size()))) stdfs::remove_all(entry.path(), ignored);
  }
}

Result<std::string> MakeSpillFolder(const std::string& temp_dir) {
  std::error_code error;
  stdfs::create_directories(temp_dir, error);
  if (error) return Status::IOError("cannot create temp_dir ", temp_dir, ": ", error.message());
  RemoveLeftovers(temp_dir);
  std::string path = temp_dir + "/" + kFolderPrefix + fs::NewJobId();
  if (mkdir(path.c_str(), S_IRWXU) != 0) {
    return Status::IOError("cannot create a folder for spill files in temp_dir ", temp_dir, ": ", std::strerror(errno),
                           "; set temp_dir or MILLSTREAM_TEMP_DIR to a folder that can be written");
  }
  return path;
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::Make(const SettingsOverrides& overrides) {
  ARROW_ASSIGN_OR_RAISE(Settings settings, ResolveSettings(overrides));
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  ARROW_ASSIGN_OR_RAISE(std::string folder, MakeSpillFolder(settings.temp_dir));
  return std::shared_ptr<Engine>(new Engine(std::move(settings), std::move(folder)));
}

Engine::Engine(Settings settings, std::string temp_dir) : settings_(std::move(settings)), temp_dir_(std::move(temp_dir)) {
  const int64_t limit = settings_.memory_limit - Overhead(settings_.memory_limit);
  budget_ = std::make_shared<MemoryBudget>(limit);
  pool_ = new BudgetPool(budget_, std::min<int64_t>(limit / 2, 256 << 20));
}

Engine::~Engine() {
  pool_->ReleaseUnused();
  std::error_code ignored;
  stdfs::remove_all(temp_dir_, ignored);
}

TaskContext Engine::Context(const CancelToken* cancel) const {
  TaskContext context;
  context.pool = pool_;
  context.budget = budget_.get();
  context.cancel = cancel;
  context.batch_rows = settings_.batch_rows;
  context.force_spill = settings_.force_spill;
  const int64_t fitting = std::max<int64_t>(1, budget_->limit() / kThreadBytes);
  context.threads = static_cast<int>(std::min<int64_t>(settings_.threads, fitting));
  context.temp_dir = temp_dir_;
  return context;
}

Result<RunOutcome> Engine::Run(const std::vector<PlanPtr>& plans, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(RunOutcome outcome, RunOptimized(plans, options));
  outcome.report["memory_limit"] = settings_.memory_limit;  // the user's figure: the budget is a part of it
  return outcome;
}

Result<RunOutcome> Engine::RunOptimized(const std::vector<PlanPtr>& plans, const RunOptions& options) {
  std::vector<PlanPtr> optimized;
  for (const PlanPtr& plan : plans) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr better, OptimizePlan(plan));
    optimized.push_back(std::move(better));
  }
  RunMetrics metrics;
  if (!options.poll) return ExecutePlans(optimized, Context(options.cancel), &metrics);

  CancelToken cancel;
  std::mutex mutex;
  std::condition_variable finished;
  std::optional<Result<RunOutcome>> outcome;
  std::thread runner;
  try {
    runner = std::thread([&] {
      auto result = ExecutePlans(optimized, Context(&cancel), &metrics);
      std::lock_guard lock(mutex);
      outcome = std::move(result);
      finished.notify_one();
    });
  } catch (const std::system_error& error) {
    return Status::IOError("the system gives no thread to run in: ", error.what());
  }
  Status polled;
  {
    std::unique_lock lock(mutex);
    while (!finished.wait_for(lock, kPollInterval, [&] { return outcome.has_value(); })) {
      lock.unlock();
      const auto total = static_cast<double>(std::max<int64_t>(1, metrics.steps_total));
      if (polled.ok()) polled = options.poll(static_cast<double>(metrics.steps_done) / total);
      if (!polled.ok() || (options.cancel && options.cancel->cancelled())) cancel.Cancel();
      lock.lock();
    }
  }
  runner.join();
  // What is committed is committed, even if someone interrupted it meanwhile.
  if (!outcome->ok()) ARROW_RETURN_NOT_OK(polled);
  return std::move(*outcome);
}

Result<PlanPtr> OptimizePlan(const PlanPtr& plan) { return Optimize(plan, OptimizeOptions{}); }

}  // namespace millstream
