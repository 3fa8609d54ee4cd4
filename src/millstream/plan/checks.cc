#include "millstream/plan/checks.h"

#include <algorithm>

namespace millstream {

Status ExpectChildren(const std::vector<PlanPtr>& children, size_t count, std::string_view kind) {
  if (children.size() == count) return Status::OK();
  return Status::Invalid("a ", kind, " node has ", count, " inputs, not ", children.size());
}

Status ExpectColumn(const arrow::Schema& schema, const std::string& column) {
  if (schema.GetFieldIndex(column) >= 0) return Status::OK();
  return Status::KeyError("there is no column '", column, "'; the columns are: ", JoinNames(schema.field_names()));
}

Status ExpectDistinct(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) return Status::Invalid("the column name '", name, "' occurs twice; names must be distinct");
  }
  return Status::OK();
}

std::shared_ptr<arrow::Schema> SelectFields(const arrow::Schema& schema, const std::set<std::string>& wanted) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    if (wanted.contains(field->name())) fields.push_back(field);
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

bool ReadsOnly(const Expression& expression, const std::set<std::string>& names) {
  std::set<std::string> read;
  CollectColumns(expression, &read);
  return std::includes(names.begin(), names.end(), read.begin(), read.end());
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

}  // namespace millstream
