#include "millstream/function/aggregate/aggregate_function.h"
#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {

Result<PlanPtr> AggregateNode::Make(PlanPtr child, Arguments arguments) {
  const arrow::Schema& input = *child->schema();
  arrow::FieldVector fields;
  std::vector<std::string> names;
  for (const std::string& key : arguments.keys) {
    ARROW_RETURN_NOT_OK(ExpectColumn(input, key));
    fields.push_back(input.GetFieldByName(key));
    names.push_back(key);
  }
  for (const Aggregate& aggregate : arguments.aggregates) {
    std::shared_ptr<arrow::DataType> type;
    if (!aggregate.column.empty()) {
      ARROW_RETURN_NOT_OK(ExpectColumn(input, aggregate.column));
      type = input.GetFieldByName(aggregate.column)->type();
    }
    ARROW_ASSIGN_OR_RAISE(const AggregateFunction* function, AggregateRegistry::Get().Find(aggregate.function));
    auto bound = function->bind({type, aggregate.options});
    if (!bound.ok()) return WithPlace(bound.status(), aggregate.function + " of '" + aggregate.column + "'");
    fields.push_back(arrow::field(aggregate.name, (*bound)->output_type()));
    names.push_back(aggregate.name);
  }
  ARROW_RETURN_NOT_OK(ExpectDistinct(names));
  auto node = std::make_shared<AggregateNode>();
  node->schema_ = arrow::schema(std::move(fields));
  node->arguments_ = std::move(arguments);
  node->children_ = {std::move(child)};
  return node;
}

std::string AggregateNode::Describe() const {
  std::string text = "by [" + JoinNames(arguments_.keys) + "]: [";
  for (size_t i = 0; i < arguments_.aggregates.size(); ++i) {
    const Aggregate& a = arguments_.aggregates[i];
    text += (i > 0 ? ", " : "") + a.name + "=" + a.function + "(" + a.column + ")";
  }
  return text + "]";
}

nlohmann::json AggregateNode::ArgumentsToJson() const {
  nlohmann::json aggregates = nlohmann::json::array();
  for (const Aggregate& a : arguments_.aggregates) {
    aggregates.push_back({{"name", a.name}, {"function", a.function}, {"column", a.column}, {"options", a.options}});
  }
  return {{"keys", arguments_.keys},
          {"aggregates", aggregates},
          {"sort", arguments_.sort},
          {"dropna", arguments_.dropna},
          {"of_records", arguments_.of_records}};
}

Result<PlanPtr> AggregateFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 1, "Aggregate"));
  AggregateNode::Arguments made;
  made.keys = arguments.at("keys").get<std::vector<std::string>>();
  made.sort = arguments.at("sort").get<bool>();
  made.dropna = arguments.at("dropna").get<bool>();
  made.of_records = arguments.at("of_records").get<bool>();
  for (const nlohmann::json& a : arguments.at("aggregates")) {
    made.aggregates.push_back({a.at("name").get<std::string>(), a.at("function").get<std::string>(),
                               a.at("column").get<std::string>(), a.at("options")});
  }
  return AggregateNode::Make(children[0], std::move(made));
}

Result<PlanPtr> AggregateNode::WithChildren(std::vector<PlanPtr> children) const {
  return Make(std::move(children[0]), arguments_);
}

std::set<std::string> AggregateNode::ColumnsNeeded(const std::set<std::string>& wanted, size_t) const {
  std::set<std::string> needed(arguments_.keys.begin(), arguments_.keys.end());
  for (const Aggregate& a : arguments_.aggregates) {
    if (!a.column.empty() && wanted.contains(a.name)) needed.insert(a.column);
  }
  return needed;
}

Result<PlanPtr> AggregateNode::Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const {
  Arguments kept = arguments_;
  std::erase_if(kept.aggregates, [&](const Aggregate& a) { return !wanted.contains(a.name); });
  return Make(std::move(children[0]), std::move(kept));
}

ExpressionPtr AggregateNode::FilterForChildren(const ExpressionPtr& filter) const {
  // A filter on the keys alone drops whole groups, so it may drop their rows beforehand. Without keys there is always a row.
  if (arguments_.keys.empty()) return nullptr;
  return ReadsOnly(*filter, {arguments_.keys.begin(), arguments_.keys.end()}) ? filter : nullptr;
}

}  // namespace millstream
