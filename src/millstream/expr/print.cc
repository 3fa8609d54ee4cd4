// Expressions as text, for explain() and error messages.
#include <array>
#include <cctype>
#include <utility>

#include "millstream/expr/expression.h"

namespace millstream {
namespace {

struct Operator {
  std::string_view function;
  std::string_view sign;
};

constexpr std::array<Operator, 16> kBinaryOperators = {{{"add", "+"},
                                                        {"subtract", "-"},
                                                        {"multiply", "*"},
                                                        {"divide", "/"},
                                                        {"floor_divide", "//"},
                                                        {"mod", "%"},
                                                        {"power", "**"},
                                                        {"eq", "=="},
                                                        {"ne", "!="},
                                                        {"lt", "<"},
                                                        {"le", "<="},
                                                        {"gt", ">"},
                                                        {"ge", ">="},
                                                        {"and", "&"},
                                                        {"or", "|"},
                                                        {"xor", "^"}}};

std::string_view BinarySign(const Expression& call) {
  if (call.arguments().size() != 2 || !call.options().empty()) return {};
  for (const auto& [function, sign] : kBinaryOperators) {
    if (function == call.name()) return sign;
  }
  return {};
}

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (char c : text) {
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == quote || c == '\\') {
      quoted += {'\\', c};
    } else {
      quoted += c;
    }
  }
  return quoted + quote;
}

bool IsPlainName(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.') return false;
  }
  return true;
}

std::string PrintLiteral(const arrow::Scalar& value) {
  if (!value.is_valid) return "null";
  switch (value.type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return Quoted(static_cast<const arrow::BaseBinaryScalar&>(value).view(), '\'');
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanScalar&>(value).value ? "true" : "false";
    default:
      return value.ToString();
  }
}

std::string PrintCall(const Expression& call) {
  if (std::string_view sign = BinarySign(call); !sign.empty()) {
    return "(" + call.arguments()[0]->ToString() + " " + std::string(sign) + " " + call.arguments()[1]->ToString() + ")";
  }
  if (call.arguments().size() == 1 && call.options().empty()) {
    if (call.name() == "not") return "~" + call.arguments()[0]->ToString();
    if (call.name() == "negate") return "-" + call.arguments()[0]->ToString();
  }
  std::string text = call.name() + "(";
  bool first = true;
  for (const auto& argument : call.arguments()) {
    text += (std::exchange(first, false) ? "" : ", ") + argument->ToString();
  }
  const nlohmann::json& options = call.options();
  if (options.is_object()) {
    for (const auto& [key, value] : options.items()) {
      text += (std::exchange(first, false) ? "" : ", ") + key + "=" +
              value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  }
  return text + ")";
}

}  // namespace

std::string Expression::ToString() const {
  switch (kind_) {
    case Kind::kColumn:
      return IsPlainName(name_) ? name_ : Quoted(name_, '`');
    case Kind::kLiteral:
      return PrintLiteral(*value_);
    case Kind::kCall:
      return PrintCall(*this);
  }
  return {};
}

}  // namespace millstream
