// Where all that is used of a struct column is some of its fields, the scan reads only those: struct_field(repo, name="name")
// leaves repo: struct<name>. For JSON and Parquet that is most of the work saved.
#include <map>

#include "millstream/optimizer/rules.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

// What is used of one column: all of it, or fields, of which again all or some.
struct Use {
  bool whole = false;
  std::map<std::string, Use> fields;

  void Add(const Use& other) {
    whole |= other.whole;
    for (const auto& [name, use] : other.fields) fields[name].Add(use);
  }
};
using Uses = std::map<std::string, Use>;

const Use kWhole = {true, {}};

// Adds what `expression` uses of its columns, given that `use` is used of its value.
void AddUses(const Expression& expression, const Use& use, Uses* uses) {
  if (expression.kind() == Expression::Kind::kColumn) {
    (*uses)[expression.name()].Add(use);
    return;
  }
  if (expression.IsCall("struct_field") && expression.options().is_object() && expression.options().contains("name")) {
    Use field;
    field.fields[expression.options()["name"].get<std::string>()] = use;
    AddUses(*expression.arguments()[0], field, uses);
    return;
  }
  for (const auto& argument : expression.arguments()) AddUses(*argument, kWhole, uses);
}

Uses UsesOfChild(const PlanNode& node, const Uses& wanted, size_t index) {
  Uses uses;
  for (const auto& [name, use] : wanted) {
    if (const ExpressionPtr definition = node.Definition(name)) {
      AddUses(*definition, use, &uses);
      continue;
    }
    for (const auto& column : node.ColumnsNeeded({name}, index)) uses[column].whole = true;
  }
  // What is needed whatever is wanted: conditions, keys.
  const auto conditions = node.Conditions();
  for (const auto& condition : conditions) AddUses(*condition, kWhole, &uses);
  if (conditions.empty()) {
    for (const auto& column : node.ColumnsNeeded({}, index)) uses[column].whole = true;
  }
  return uses;
}

std::shared_ptr<arrow::DataType> Narrow(const std::shared_ptr<arrow::DataType>& type, const Use& use) {
  if (use.whole || type->id() != arrow::Type::STRUCT) return type;
  arrow::FieldVector fields;
  for (const auto& field : type->fields()) {
    const auto found = use.fields.find(field->name());
    if (found != use.fields.end()) fields.push_back(field->WithType(Narrow(field->type(), found->second)));
  }
  // A struct that is used in no way keeps its fields: column pruning is another rule's work.
  return fields.empty() ? type : arrow::struct_(std::move(fields));
}

Result<PlanPtr> NarrowScan(const PlanPtr& plan, const Uses& wanted) {
  const auto* scan = dynamic_cast<const ScanNode*>(plan.get());
  if (!scan) return plan;
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(scan->arguments().format));
  if (!format->ReadsPartsOfStructs()) return plan;
  arrow::FieldVector fields;
  bool changed = false;
  for (const auto& field : scan->schema()->fields()) {
    const auto use = wanted.find(field->name());
    auto type = use == wanted.end() ? field->type() : Narrow(field->type(), use->second);
    changed |= !type->Equals(*field->type());
    fields.push_back(field->WithType(std::move(type)));
  }
  return changed ? scan->WithReadSchema(arrow::schema(std::move(fields), scan->schema()->metadata())) : plan;
}

Result<PlanPtr> Prune(const PlanPtr& plan, const Uses& wanted) {
  if (plan->children().empty()) return NarrowScan(plan, wanted);
  std::vector<PlanPtr> children;
  for (size_t i = 0; i < plan->children().size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Prune(plan->children()[i], UsesOfChild(*plan, wanted, i)));
    children.push_back(std::move(child));
  }
  return children == plan->children() ? plan : plan->WithChildren(std::move(children));
}

}  // namespace

Result<PlanPtr> PruneStructs(const PlanPtr& plan) {
  Uses wanted;
  for (const auto& name : plan->schema()->field_names()) wanted[name].whole = true;
  return Prune(plan, wanted);
}

}  // namespace millstream
