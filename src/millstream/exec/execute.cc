#include "millstream/exec/execute.h"

#include <chrono>
#include <map>
#include <typeinfo>

#include <arrow/table.h>

#include "millstream/base/bytes.h"
#include "millstream/exec/row_operator.h"
#include "millstream/exec/stage_runner.h"
#include "millstream/memory/disown.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

using NodeMetrics = std::map<const PlanNode*, OperatorMetrics*>;

void PrintAnalyzed(const PlanNode& node, const NodeMetrics& metrics, int depth, std::string* out) {
  out->append(static_cast<size_t>(depth) * 2, ' ');
  out->append(node.kind());
  if (const std::string arguments = node.Describe(); !arguments.empty()) out->append(" ").append(arguments);
  if (const auto found = metrics.find(&node); found != metrics.end()) {
    const OperatorMetrics& m = *found->second;
    char text[160];
    std::snprintf(text, sizeof text, "  (rows %lld, %.3f s", static_cast<long long>(m.rows_out.load()),
                  static_cast<double>(m.nanoseconds.load()) * 1e-9);
    out->append(text);
    if (m.bytes_read > 0) out->append(", read " + FormatBytes(m.bytes_read));
    if (m.bytes_out > 0) out->append(", gave " + FormatBytes(m.bytes_out));
    if (m.spilled_bytes > 0) out->append(", spilled " + FormatBytes(m.spilled_bytes));
    out->append(")");
  }
  out->append("\n");
  for (const PlanPtr& child : node.children()) PrintAnalyzed(*child, metrics, depth + 1, out);
}

nlohmann::json OperatorsToJson(const RunMetrics& metrics, int stage) {
  nlohmann::json operators = nlohmann::json::array();
  for (const OperatorMetrics& m : metrics.operators()) {
    if (m.stage != stage) continue;
    operators.push_back({{"name", m.name},
                         {"arguments", m.arguments},
                         {"rows_in", m.rows_in.load()},
                         {"rows_out", m.rows_out.load()},
                         {"bytes_read", m.bytes_read.load()},
                         {"bytes_out", m.bytes_out.load()},
                         {"seconds", static_cast<double>(m.nanoseconds.load()) * 1e-9},
                         {"spilled_bytes", m.spilled_bytes.load()}});
  }
  return operators;
}

/// How often a plan reads the output of each stage: a stage may read one more than once (concat([g, g[g.n > 1]])).
void CountInputs(const PlanNode& plan, std::map<int, int>* times) {
  if (const auto* input = dynamic_cast<const StageInputNode*>(&plan)) ++(*times)[input->stage()];
  for (const PlanPtr& child : plan.children()) CountInputs(*child, times);
}

/// The output of a stage as tables, one a partition. A collecting sink has them already.
Result<std::vector<std::shared_ptr<arrow::Table>>> Materialize(Sink* sink, const std::shared_ptr<arrow::Schema>& schema,
                                                               const TaskContext& context, bool is_result) {
  if (auto* collect = dynamic_cast<CollectSink*>(sink); collect && typeid(*collect) == typeid(CollectSink)) {
    return collect->tables();
  }
  ARROW_ASSIGN_OR_RAISE(PartitionSources sources, sink->Output());
  std::vector<std::shared_ptr<arrow::Table>> tables;
  for (const PartitionSource& source : sources) {
    arrow::RecordBatchVector batches;
    ARROW_RETURN_NOT_OK(Drain(source, context, [&](std::shared_ptr<arrow::RecordBatch> batch) {
      if (is_result) DisownBatch(*batch, context.pool);
      batches.push_back(std::move(batch));
      return Status::OK();
    }));
    ARROW_ASSIGN_OR_RAISE(auto table, TableFromBatches(schema, std::move(batches)));
    tables.push_back(std::move(table));
  }
  return tables;
}

/// One execution: knows which stage outputs are still wanted, and by how many.
class Execution {
 public:
  Execution(const TaskContext& context, RunMetrics* metrics) : context_(context), metrics_(metrics) {}

  Result<RunOutcome> Run(const std::vector<PlanPtr>& plans) {
    const auto start = std::chrono::steady_clock::now();
    ARROW_ASSIGN_OR_RAISE(StageGraph graph, CutStages(plans));
    std::map<int, int> consumers;
    for (const Stage& stage : graph.stages) CountInputs(*stage.plan, &consumers);
    for (int root : graph.roots) ++consumers[root];
    auto runner = MakeLocalStageRunner(context_, metrics_, &node_metrics_);
    for (const Stage& stage : graph.stages) {
      ARROW_RETURN_NOT_OK(runner->Submit(stage, outputs_));
      ARROW_ASSIGN_OR_RAISE(StageOutcome outcome, runner->NextCompleted());
      const bool is_root = std::find(graph.roots.begin(), graph.roots.end(), stage.id) != graph.roots.end();
      ARROW_RETURN_NOT_OK(Keep(stage, outcome, is_root, consumers[stage.id]));
      std::map<int, int> used;
      CountInputs(*stage.plan, &used);
      for (const auto& [input, times] : used) {
        if ((consumers[input] -= times) == 0) outputs_.erase(input);
      }
      Describe(stage, outcome.seconds);
    }
    RunOutcome outcome;
    for (int root : graph.roots) outcome.tables.push_back(tables_[root]);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    outcome.report = Report(took.count());
    outcome.analyzed = std::move(analyzed_);
    return outcome;
  }

 private:
  Status Keep(const Stage& stage, const StageOutcome& outcome, bool is_root, int consumers) {
    if (is_root || consumers > 1) {
      ARROW_ASSIGN_OR_RAISE(auto tables, Materialize(outcome.sink.get(), stage.plan->schema(), context_, is_root));
      for (const auto& table : tables) outputs_[stage.id].push_back(SourceFromTable(table, context_));
      if (is_root) tables_[stage.id] = std::move(tables);
      return Status::OK();
    }
    // The sink lives on in the sources that it gave.
    ARROW_ASSIGN_OR_RAISE(outputs_[stage.id], outcome.sink->Output());
    return Status::OK();
  }

  void Describe(const Stage& stage, double seconds) {
    char head[64];
    std::snprintf(head, sizeof head, "stage %d: %.3f s\n", stage.id, seconds);
    analyzed_ += head;
    PrintAnalyzed(*stage.plan, node_metrics_, 1, &analyzed_);
    stages_.push_back({{"id", stage.id}, {"seconds", seconds}, {"inputs", stage.inputs}});
  }

  nlohmann::json Report(double seconds) {
    int64_t rows_in = 0, bytes_read = 0, spilled = 0, rows_written = 0, bytes_written = 0;
    for (const OperatorMetrics& m : metrics_->operators()) {
      bytes_read += m.bytes_read;
      spilled += m.spilled_bytes;
      if (m.name == "Scan") rows_in += m.rows_in;
      if (m.name == "Write") {
        rows_written += m.rows_in;
        bytes_written += m.bytes_out;
      }
    }
    for (nlohmann::json& stage : stages_) stage["operators"] = OperatorsToJson(*metrics_, stage["id"].get<int>());
    return {{"version", 1},
            {"status", "ok"},
            {"seconds", seconds},
            {"threads", context_.threads},
            {"memory_limit", context_.budget->limit()},
            {"peak_memory", context_.budget->peak()},
            {"spilled_bytes", spilled},
            {"rows_in", rows_in},
            {"bytes_read", bytes_read},
            {"rows_written", rows_written},
            {"bytes_written", bytes_written},
            {"stages", std::move(stages_)}};
  }

  const TaskContext context_;
  RunMetrics* metrics_;
  NodeMetrics node_metrics_;
  std::map<int, PartitionSources> outputs_;
  std::map<int, std::vector<std::shared_ptr<arrow::Table>>> tables_;
  nlohmann::json stages_ = nlohmann::json::array();
  std::string analyzed_;
};

}  // namespace

Result<RunOutcome> ExecutePlans(const std::vector<PlanPtr>& plans, const TaskContext& context, RunMetrics* metrics) {
  context.budget->ResetPeak();
  return Execution(context, metrics).Run(plans);
}

}  // namespace millstream
