#include "millstream/dataframe.h"

#include <algorithm>

#include <arrow/table.h>

#include "millstream/api/engine.h"
#include "millstream/plan/nodes.h"
#include "millstream/plan/write_options.h"

namespace millstream {
namespace {

RunReport ToReport(const nlohmann::json& json) {
  RunReport report;
  report.seconds = json.at("seconds").get<double>();
  report.rows_in = json.at("rows_in").get<int64_t>();
  report.bytes_read = json.at("bytes_read").get<int64_t>();
  report.rows_written = json.at("rows_written").get<int64_t>();
  report.bytes_written = json.at("bytes_written").get<int64_t>();
  report.peak_memory = json.at("peak_memory").get<int64_t>();
  report.spilled_bytes = json.at("spilled_bytes").get<int64_t>();
  report.json = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // file names may be any bytes
  return report;
}

}  // namespace

DataFrame::DataFrame(std::shared_ptr<Engine> engine, arrow::Result<std::shared_ptr<const PlanNode>> plan)
    : engine_(std::move(engine)), plan_(std::move(plan)) {}

DataFrame DataFrame::With(arrow::Result<std::shared_ptr<const PlanNode>> plan) const {
  return plan_.ok() ? DataFrame(engine_, std::move(plan)) : *this;
}

DataFrame DataFrame::Filter(const Expr& predicate) const {
  if (!plan_.ok()) return *this;
  return With(FilterNode::Make(*plan_, predicate.expression()));
}

DataFrame DataFrame::Select(const std::vector<std::string>& columns) const {
  std::vector<std::pair<std::string, Expr>> named;
  for (const std::string& column : columns) named.emplace_back(column, col(column));
  return Project(named);
}

DataFrame DataFrame::Project(const std::vector<std::pair<std::string, Expr>>& columns) const {
  if (!plan_.ok()) return *this;
  std::vector<std::string> names;
  std::vector<ExpressionPtr> expressions;
  for (const auto& [name, value] : columns) {
    names.push_back(name);
    expressions.push_back(value.expression());
  }
  return With(ProjectNode::Make(*plan_, std::move(names), std::move(expressions)));
}

DataFrame DataFrame::Assign(const std::string& name, const Expr& value) const {
  if (!plan_.ok()) return *this;
  std::vector<std::pair<std::string, Expr>> columns;
  for (const std::string& existing : (*plan_)->schema()->field_names()) {
    columns.emplace_back(existing, existing == name ? value : col(existing));
  }
  if ((*plan_)->schema()->GetFieldIndex(name) < 0) columns.emplace_back(name, value);
  return Project(columns);
}

DataFrame DataFrame::Limit(int64_t rows) const { return plan_.ok() ? With(LimitNode::Make(*plan_, rows)) : *this; }

DataFrame DataFrame::Repartition(int npartitions) const {
  return plan_.ok() ? With(RepartitionNode::Make(*plan_, npartitions)) : *this;
}

DataFrame DataFrame::Concat(const std::vector<DataFrame>& others) const {
  if (!plan_.ok()) return *this;
  std::vector<PlanPtr> all = {*plan_};
  for (const DataFrame& other : others) {
    if (!other.plan_.ok()) return other;
    all.push_back(*other.plan_);
  }
  return With(UnionNode::Make(std::move(all)));
}

GroupedFrame DataFrame::GroupBy(const std::vector<std::string>& keys) const {
  return GroupedFrame(std::make_shared<const DataFrame>(*this), keys);
}

DataFrame GroupedFrame::Aggregate(const std::vector<Agg>& aggregates) const { return frame_->AggregateBy(keys_, aggregates); }

DataFrame DataFrame::Aggregate(const std::vector<Agg>& aggregates) const { return AggregateBy({}, aggregates); }

DataFrame DataFrame::AggregateBy(const std::vector<std::string>& keys, const std::vector<Agg>& aggregates) const {
  if (!plan_.ok()) return *this;
  AggregateNode::Arguments arguments;
  arguments.keys = keys;
  for (const Agg& a : aggregates) arguments.aggregates.push_back({a.name, a.function, a.column, nullptr});
  return With(AggregateNode::Make(*plan_, std::move(arguments)));
}

arrow::Result<std::shared_ptr<arrow::Schema>> DataFrame::schema() const {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, plan_);
  return plan->schema();
}

arrow::Result<int> DataFrame::npartitions() const {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, plan_);
  return plan->npartitions();
}

arrow::Result<std::string> DataFrame::Explain(bool optimized) const {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, plan_);
  if (optimized) {
    ARROW_ASSIGN_OR_RAISE(plan, OptimizePlan(plan));
  }
  return PrintPlan(*plan);
}

arrow::Result<std::shared_ptr<arrow::Table>> DataFrame::Collect() const {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, plan_);
  ARROW_ASSIGN_OR_RAISE(RunOutcome outcome, engine_->Run({plan}, {}));
  const auto& tables = outcome.tables[0];
  if (plan->schema()->num_fields() > 0) return arrow::ConcatenateTables(tables);
  int64_t rows = 0;  // which Arrow forgets where there are no columns
  for (const auto& table : tables) rows += table->num_rows();
  return arrow::Table::Make(plan->schema(), arrow::ChunkedArrayVector(), rows);
}

arrow::Result<std::shared_ptr<arrow::Table>> DataFrame::Head(int64_t rows) const { return Limit(rows).Collect(); }

arrow::Result<int64_t> DataFrame::Count() const {
  ARROW_ASSIGN_OR_RAISE(auto table, Aggregate({{"rows", "size", ""}}).Collect());
  ARROW_ASSIGN_OR_RAISE(auto count, table->column(0)->GetScalar(0));
  return static_cast<const arrow::Int64Scalar&>(*count).value;
}

arrow::Result<RunReport> DataFrame::Write(const std::string& format, const std::string& directory,
                                          const Options& options) const {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, plan_);
  nlohmann::json parsed = nlohmann::json::parse(options.ToJson(), nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return Status::Invalid("the options are not valid JSON");
  ARROW_ASSIGN_OR_RAISE(auto arguments, ParseWriteOptions(format, directory, std::move(parsed)));
  ARROW_ASSIGN_OR_RAISE(PlanPtr write, WriteNode::Make(std::move(plan), std::move(arguments)));
  ARROW_ASSIGN_OR_RAISE(RunOutcome outcome, engine_->Run({write}, {}));
  return ToReport(outcome.report);
}

arrow::Result<RunReport> DataFrame::WriteParquet(const std::string& directory, const Options& options) const {
  return Write("parquet", directory, options);
}
arrow::Result<RunReport> DataFrame::WriteCsv(const std::string& directory, const Options& options) const {
  return Write("csv", directory, options);
}
arrow::Result<RunReport> DataFrame::WriteJson(const std::string& directory, const Options& options) const {
  return Write("json", directory, options);
}
arrow::Result<RunReport> DataFrame::WriteAvro(const std::string& directory, const Options& options) const {
  return Write("avro", directory, options);
}

}  // namespace millstream
