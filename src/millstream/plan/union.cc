#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

bool IsNumber(const arrow::DataType& type) { return arrow::is_integer(type.id()) || arrow::is_floating(type.id()); }

Result<std::shared_ptr<arrow::DataType>> CommonType(const arrow::Field& a, const arrow::Field& b) {
  if (a.type()->Equals(b.type()) || b.type()->id() == arrow::Type::NA) return a.type();
  if (a.type()->id() == arrow::Type::NA) return b.type();
  if (IsNumber(*a.type()) && IsNumber(*b.type())) {
    const bool integers = arrow::is_integer(a.type()->id()) && arrow::is_integer(b.type()->id());
    return integers ? arrow::int64() : arrow::float64();
  }
  return Status::TypeError("column '", a.name(), "' is ", a.type()->ToString(), " in one input and ", b.type()->ToString(),
                           " in another; convert one with astype before putting them together");
}

}  // namespace

Result<PlanPtr> UnionNode::Make(std::vector<PlanPtr> children) {
  if (children.empty()) return Status::Invalid("there is nothing to put together: a union needs at least one input");
  arrow::FieldVector fields;
  for (const PlanPtr& child : children) {
    for (const auto& field : child->schema()->fields()) {
      auto same_name = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f->name() == field->name(); });
      if (same_name == fields.end()) {
        fields.push_back(field);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto type, CommonType(**same_name, *field));
      *same_name = (*same_name)->WithType(std::move(type))->WithNullable((*same_name)->nullable() || field->nullable());
    }
  }
  auto node = std::make_shared<UnionNode>();
  node->npartitions_ = 0;
  for (const PlanPtr& child : children) {
    node->npartitions_ += child->npartitions();
    for (auto& field : fields) {
      if (child->schema()->GetFieldIndex(field->name()) < 0) field = field->WithNullable(true);
    }
  }
  node->schema_ = arrow::schema(std::move(fields), children[0]->schema()->metadata());
  node->children_ = std::move(children);
  return node;
}

nlohmann::json UnionNode::ArgumentsToJson() const { return nlohmann::json::object(); }

Result<PlanPtr> UnionFromJson(const nlohmann::json&, std::vector<PlanPtr> children) {
  return UnionNode::Make(std::move(children));
}

Result<PlanPtr> UnionNode::WithChildren(std::vector<PlanPtr> children) const { return Make(std::move(children)); }

std::set<std::string> UnionNode::ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const {
  std::set<std::string> needed;
  for (const auto& field : children_[index]->schema()->fields()) {
    if (wanted.contains(field->name())) needed.insert(field->name());
  }
  return needed;
}

ExpressionPtr UnionNode::FilterForChildren(const ExpressionPtr& filter) const {
  std::set<std::string> columns;
  CollectColumns(*filter, &columns);
  for (const PlanPtr& child : children_) {
    for (const std::string& column : columns) {
      const auto field = child->schema()->GetFieldByName(column);
      if (!field || !field->type()->Equals(*schema_->GetFieldByName(column)->type())) return nullptr;
    }
  }
  return filter;
}

}  // namespace millstream
