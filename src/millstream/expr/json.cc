// Expressions as JSON: {"column": name}, {"literal": scalar} or {"call": name, "arguments": [...], "options": {...}}.
#include <utility>

#include "millstream/expr/expression.h"
#include "millstream/expr/scalar_json.h"

namespace millstream {
namespace {

// Deeper trees than people or rules make would only serve to exhaust the stack.
constexpr int kMaxDepth = 1000;

Result<ExpressionPtr> Parse(const nlohmann::json& json, int depth);

Result<ExpressionPtr> ParseCall(const nlohmann::json& json, int depth) {
  if (!json["call"].is_string()) return Status::Invalid("'call' in an expression must be the name of a function");
  std::vector<ExpressionPtr> arguments;
  if (auto list = json.find("arguments"); list != json.end()) {
    if (!list->is_array()) return Status::Invalid("'arguments' of '", json["call"].get<std::string>(), "' must be a list");
    for (const auto& item : *list) {
      ARROW_ASSIGN_OR_RAISE(auto argument, Parse(item, depth + 1));
      arguments.push_back(std::move(argument));
    }
  }
  auto options = json.find("options");
  return Expression::Call(json["call"].get<std::string>(), std::move(arguments),
                          options == json.end() ? nlohmann::json(nullptr) : *options);
}

Result<ExpressionPtr> Parse(const nlohmann::json& json, int depth) {
  if (depth > kMaxDepth) return Status::Invalid("an expression is nested more than ", kMaxDepth, " levels deep");
  if (!json.is_object()) return Status::Invalid("an expression must be a JSON object, not ", json.type_name());
  if (json.contains("call")) return ParseCall(json, depth);
  if (auto column = json.find("column"); column != json.end()) {
    if (!column->is_string()) return Status::Invalid("'column' in an expression must be a string");
    return Expression::Column(column->get<std::string>());
  }
  if (auto literal = json.find("literal"); literal != json.end()) {
    ARROW_ASSIGN_OR_RAISE(auto value, ScalarFromJson(*literal));
    return Expression::Literal(std::move(value));
  }
  return Status::Invalid("an expression needs one of 'column', 'literal' or 'call'");
}

}  // namespace

nlohmann::json Expression::ToJson() const {
  switch (kind_) {
    case Kind::kColumn:
      return {{"column", name_}};
    case Kind::kLiteral:
      return {{"literal", ScalarToJson(*value_)}};
    case Kind::kCall:
      break;
  }
  nlohmann::json arguments = nlohmann::json::array();
  for (const auto& argument : arguments_) arguments.push_back(argument->ToJson());
  nlohmann::json json = {{"call", name_}, {"arguments", std::move(arguments)}};
  if (!options_.is_null()) json["options"] = options_;
  return json;
}

Result<ExpressionPtr> Expression::FromJson(const nlohmann::json& json) { return Parse(json, 0); }

}  // namespace millstream
