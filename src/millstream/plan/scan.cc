#include <algorithm>

#include "millstream/expr/scalar_json.h"
#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

constexpr size_t kFilesShown = 2;

nlohmann::json SplitToJson(const Split& split) {
  return {{"uri", split.file.uri},  {"size", split.file.size}, {"version", split.file.version},   {"offset", split.offset},
          {"length", split.length}, {"detail", split.detail},  {"values", split.partition_values}};
}

Split SplitFromJson(const nlohmann::json& json) {
  Split split;
  split.file = {json.at("uri").get<std::string>(), json.at("size").get<int64_t>(), json.at("version").get<std::string>()};
  split.offset = json.at("offset").get<int64_t>();
  split.length = json.at("length").get<int64_t>();
  split.detail = json.at("detail");
  split.partition_values = json.at("values");
  return split;
}

}  // namespace

Result<PlanPtr> ScanNode::Make(Arguments arguments) {
  ARROW_RETURN_NOT_OK(FindFormat(arguments.format).status());
  const Inspection& inspection = arguments.inspection;
  if (!arguments.read) arguments.read = inspection.schema;
  ARROW_RETURN_NOT_OK(ExpectDistinct(arguments.read->field_names()));
  for (const auto& field : arguments.read->fields()) ARROW_RETURN_NOT_OK(ExpectColumn(*inspection.schema, field->name()));
  for (const auto* names : {&arguments.encoded, &arguments.counted}) {
    for (const std::string& name : *names) ARROW_RETURN_NOT_OK(ExpectColumn(*arguments.read, name));
  }
  if (arguments.filter) ARROW_RETURN_NOT_OK(BoundExpression::Bind(arguments.filter, *inspection.schema).status());
  auto node = std::make_shared<ScanNode>();
  node->schema_ = arguments.read;
  node->npartitions_ = static_cast<int>(inspection.splits.size());
  node->arguments_ = std::move(arguments);
  return node;
}

std::string ScanNode::Describe() const {
  std::string text = arguments_.format + " ";
  std::vector<std::string> files;
  for (const Split& split : arguments_.inspection.splits) {
    if (files.empty() || files.back() != split.file.uri) files.push_back(split.file.uri);
  }
  for (size_t i = 0; i < std::min(files.size(), kFilesShown); ++i) text += (i > 0 ? ", " : "") + fs::DisplayUri(files[i]);
  if (files.size() > kFilesShown) text += ", ... (" + std::to_string(files.size()) + " files)";
  text += " [";
  const int all = arguments_.inspection.schema->num_fields();
  text += schema_->num_fields() == all ? JoinNames(schema_->field_names())
                                       : JoinNames(schema_->field_names()) + "; " + std::to_string(schema_->num_fields()) +
                                             " of " + std::to_string(all) + " columns";
  text += "] " + std::to_string(npartitions_) + (npartitions_ == 1 ? " partition" : " partitions");
  if (arguments_.filter) text += ", filter " + arguments_.filter->ToString();
  if (arguments_.limit) text += ", limit " + std::to_string(*arguments_.limit);
  if (!arguments_.encoded.empty()) text += ", encoded [" + JoinNames(arguments_.encoded) + "]";
  if (!arguments_.counted.empty()) text += ", counted [" + JoinNames(arguments_.counted) + "]";
  if (arguments_.chosen) text += ", chosen columns";
  return text;
}

nlohmann::json ScanNode::ArgumentsToJson() const {
  nlohmann::json splits = nlohmann::json::array();
  for (const Split& split : arguments_.inspection.splits) splits.push_back(SplitToJson(split));
  nlohmann::json json = {{"format", arguments_.format},
                         {"storage_options", arguments_.storage},
                         {"schema", SchemaToJson(*arguments_.inspection.schema)},
                         {"splits", std::move(splits)},
                         {"options", arguments_.inspection.options},
                         {"read", SchemaToJson(*arguments_.read)}};
  if (arguments_.filter) json["filter"] = arguments_.filter->ToJson();
  if (arguments_.limit) json["limit"] = *arguments_.limit;
  if (!arguments_.encoded.empty()) json["encoded"] = arguments_.encoded;
  if (!arguments_.counted.empty()) json["counted"] = arguments_.counted;
  if (arguments_.chosen) json["chosen"] = true;
  return json;
}

Result<PlanPtr> ScanFromJson(const nlohmann::json& json, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 0, "Scan"));
  ScanNode::Arguments arguments;
  arguments.format = json.at("format").get<std::string>();
  arguments.storage = json.at("storage_options");
  ARROW_ASSIGN_OR_RAISE(arguments.inspection.schema, SchemaFromJson(json.at("schema")));
  for (const nlohmann::json& split : json.at("splits")) arguments.inspection.splits.push_back(SplitFromJson(split));
  arguments.inspection.options = json.at("options");
  ARROW_ASSIGN_OR_RAISE(arguments.read, SchemaFromJson(json.at("read")));
  if (json.contains("filter")) {
    ARROW_ASSIGN_OR_RAISE(arguments.filter, Expression::FromJson(json["filter"]));
  }
  if (json.contains("limit")) arguments.limit = json["limit"].get<int64_t>();
  if (json.contains("encoded")) arguments.encoded = json["encoded"].get<std::vector<std::string>>();
  if (json.contains("counted")) arguments.counted = json["counted"].get<std::vector<std::string>>();
  arguments.chosen = json.value("chosen", false);
  return ScanNode::Make(std::move(arguments));
}

Result<PlanPtr> ScanNode::WithChildren(std::vector<PlanPtr>) const { return Make(arguments_); }

Result<PlanPtr> ScanNode::WithReadSchema(std::shared_ptr<arrow::Schema> read) const {
  Arguments changed = arguments_;
  changed.read = std::move(read);
  for (auto* names : {&changed.encoded, &changed.counted}) {
    std::erase_if(*names, [&](const std::string& name) { return changed.read->GetFieldIndex(name) < 0; });
  }
  return Make(std::move(changed));
}

Result<PlanPtr> ScanNode::WithEncoded(std::vector<std::string> columns) const {
  Arguments changed = arguments_;
  changed.encoded = std::move(columns);
  return Make(std::move(changed));
}

Result<PlanPtr> ScanNode::WithCounted(std::vector<std::string> columns) const {
  Arguments changed = arguments_;
  changed.counted = std::move(columns);
  return Make(std::move(changed));
}

Result<PlanPtr> ScanNode::WithChosenColumns() const {
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(arguments_.format));
  if (arguments_.chosen || !format->HasOpenRecords()) return PlanPtr();
  Arguments changed = arguments_;
  changed.chosen = true;
  return Make(std::move(changed));
}

Result<PlanPtr> ScanNode::Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr>) const {
  return WithReadSchema(SelectFields(*arguments_.read, wanted));
}

Result<PlanPtr> ScanNode::WithFilter(const ExpressionPtr& filter) const {
  Arguments changed = arguments_;
  std::vector<ExpressionPtr> parts;
  if (changed.filter) SplitConjunction(changed.filter, &parts);
  std::vector<ExpressionPtr> added;
  SplitConjunction(filter, &added);
  for (const ExpressionPtr& part : added) {
    if (std::none_of(parts.begin(), parts.end(), [&](const ExpressionPtr& p) { return p->Equals(*part); }))
      parts.push_back(part);
  }
  changed.filter = JoinConjunction(parts);
  return Make(std::move(changed));
}

Result<PlanPtr> ScanNode::WithLimit(int64_t rows) const {
  // A reader that skips by the filter counts other rows than the engine does, so a limit goes only into an unfiltered scan.
  if (arguments_.filter) return PlanPtr();
  Arguments changed = arguments_;
  changed.limit = std::min(rows, changed.limit.value_or(rows));
  return Make(std::move(changed));
}

Result<PlanPtr> MakeScan(const std::string& format, const std::vector<std::string>& paths, const nlohmann::json& options,
                         const fs::StorageOptions& storage, const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(const Format* found, FindFormat(format));
  ARROW_ASSIGN_OR_RAISE(auto files, fs::Expand(paths, storage, found->FileExtensions()));
  ScanNode::Arguments arguments;
  ARROW_ASSIGN_OR_RAISE(arguments.inspection, found->Inspect(files, storage, options, context));
  arguments.format = format;
  arguments.storage = storage;
  return ScanNode::Make(std::move(arguments));
}

}  // namespace millstream
