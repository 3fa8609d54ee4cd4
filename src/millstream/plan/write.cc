#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> WriteNode::Make(PlanPtr child, Arguments arguments) {
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(arguments.format));
  const std::string& named = arguments.single_file ? arguments.path : arguments.name_pattern;
  if (format->CompressesWithin() && named.ends_with(".gz")) {
    return Status::Invalid(fs::DisplayUri(named), ": ", arguments.format,
                           " files are compressed within: leave out .gz, and name ",
                           "another codec (compression) if the default will not do");
  }
  for (const std::string& column : arguments.partition_on) ARROW_RETURN_NOT_OK(ExpectColumn(*child->schema(), column));
  ARROW_RETURN_NOT_OK(ExpectDistinct(arguments.partition_on));
  if (arguments.partition_on.size() == static_cast<size_t>(child->schema()->num_fields())) {
    return Status::Invalid("partition_on names every column, so that none is left to write");
  }
  if (arguments.single_file && !arguments.partition_on.empty()) {
    return Status::Invalid("single_file=True and partition_on exclude each other");
  }
  if (arguments.mode != "overwrite" && arguments.mode != "append" && arguments.mode != "error") {
    return Status::Invalid("a write's mode is 'overwrite', 'append' or 'error', not '", arguments.mode, "'");
  }
  auto node = std::make_shared<WriteNode>();
  node->schema_ = arrow::schema(
      {arrow::field("path", arrow::utf8()), arrow::field("rows", arrow::int64()), arrow::field("bytes", arrow::int64())});
  node->arguments_ = std::move(arguments);
  node->children_ = {std::move(child)};
  return node;
}

std::string WriteNode::Describe() const {
  std::string text = arguments_.format + " " + fs::DisplayUri(arguments_.path);
  if (!arguments_.partition_on.empty()) text += " by [" + JoinNames(arguments_.partition_on) + "]";
  return text;
}

nlohmann::json WriteNode::ArgumentsToJson() const {
  return {{"format", arguments_.format},
          {"path", arguments_.path},
          {"format_options", arguments_.format_options},
          {"storage_options", arguments_.storage},
          {"partition_on", arguments_.partition_on},
          {"name_pattern", arguments_.name_pattern},
          {"single_file", arguments_.single_file},
          {"mode", arguments_.mode},
          {"replace_directory", arguments_.replace_directory},
          {"success_file", arguments_.success_file},
          {"compression", arguments_.compression}};
}

Result<PlanPtr> WriteFromJson(const nlohmann::json& json, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Write"));
  WriteNode::Arguments made;
  made.format = json.at("format").get<std::string>();
  made.path = json.at("path").get<std::string>();
  made.format_options = json.at("format_options");
  made.storage = json.at("storage_options");
  made.partition_on = json.at("partition_on").get<std::vector<std::string>>();
  made.name_pattern = json.at("name_pattern").get<std::string>();
  made.single_file = json.at("single_file").get<bool>();
  made.mode = json.at("mode").get<std::string>();
  made.replace_directory = json.at("replace_directory").get<bool>();
  made.success_file = json.at("success_file").get<bool>();
  made.compression = json.at("compression").get<std::string>();
  return WriteNode::Make(children[0], std::move(made));
}

Result<PlanPtr> WriteNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), arguments_);
}

std::set<std::string> WriteNode::ColumnsNeeded(const std::set<std::string>&, size_t) const {
  const auto names = child()->schema()->field_names();
  return {names.begin(), names.end()};
}

}  // namespace millstream
