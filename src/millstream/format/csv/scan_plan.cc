#include "millstream/format/csv/scan_plan.h"

#include <algorithm>
#include <set>

#include "millstream/format/csv/line_count.h"

namespace millstream::csv {
namespace {

Result<ReadColumn> FindColumn(const ReadOptions& options, const arrow::Field& field) {
  for (size_t i = 0; i < options.columns.size(); ++i) {
    const ColumnSpec& spec = options.columns[i];
    if (!spec.used || spec.name != field.name()) continue;
    if (!spec.type->Equals(*field.type())) {
      return Status::TypeError("column '", spec.name, "' of the CSV file is read as ", spec.type->ToString(), ", not as ",
                               field.type()->ToString());
    }
    return ReadColumn(spec, i, options);
  }
  return Status::KeyError("the CSV file has no column '", field.name(), "'");
}

/// Takes the parts of the filter that read columns of the file and nothing else.
Status SetFilter(const ExpressionPtr& filter, ScanPlan* plan) {
  if (filter == nullptr) return Status::OK();
  std::vector<ExpressionPtr> parts;
  std::vector<ExpressionPtr> taken;
  std::set<std::string> names;
  const auto is_ours = [&](const std::string& name) {
    return std::any_of(plan->options.columns.begin(), plan->options.columns.end(),
                       [&](const ColumnSpec& spec) { return spec.used && spec.name == name; });
  };
  SplitConjunction(filter, &parts);
  for (const auto& part : parts) {
    std::set<std::string> read;
    CollectColumns(*part, &read);
    if (read.empty() || !std::all_of(read.begin(), read.end(), is_ours)) continue;
    taken.push_back(part);
    names.merge(read);
  }
  if (taken.empty()) return Status::OK();
  arrow::FieldVector fields;
  for (size_t i = 0; i < plan->options.columns.size(); ++i) {
    const ColumnSpec& spec = plan->options.columns[i];
    if (names.count(spec.name) == 0) continue;
    fields.push_back(arrow::field(spec.name, spec.type));
    plan->filter_columns.emplace_back(spec, i, plan->options);
  }
  plan->filter_schema = arrow::schema(std::move(fields));
  ARROW_ASSIGN_OR_RAISE(plan->filter, BoundExpression::Bind(JoinConjunction(taken), *plan->filter_schema));
  return Status::OK();
}

}  // namespace

std::string ScanPlan::PlaceOf(int64_t offset) const { return PlaceInFile(file, storage, compression, offset, context); }

Result<std::shared_ptr<const ScanPlan>> ScanPlan::Make(const Split& split, const ReadRequest& request,
                                                       const fs::StorageOptions& storage, const nlohmann::json& options,
                                                       const TaskContext& context) {
  auto plan = std::make_shared<ScanPlan>();
  ARROW_ASSIGN_OR_RAISE(plan->options, ReadOptions::FromJson(options));
  if (plan->options.columns.empty()) return Status::Invalid("the options of a CSV scan must be those that Inspect gave");
  ARROW_ASSIGN_OR_RAISE(plan->compression, fs::ParseCompression(plan->options.compression, split.file.uri));
  plan->file = split.file;
  plan->storage = storage;
  plan->context = context;
  plan->schema = request.schema;
  for (const auto& field : request.schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto column, FindColumn(plan->options, *field));
    plan->columns.push_back(std::move(column));
  }
  ARROW_RETURN_NOT_OK(SetFilter(request.filter, plan.get()));
  // With a filter the rows that count are known to the engine alone.
  if (request.filter == nullptr) plan->limit = request.limit;
  return plan;
}

}  // namespace millstream::csv
