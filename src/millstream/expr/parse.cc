#include "millstream/expr/parse.h"

#include <cctype>
#include <charconv>

#include <arrow/scalar.h>

namespace millstream {
namespace {

constexpr int kMaximumDepth = 200;

enum class TokenKind { kEnd, kName, kQuotedName, kNumber, kText, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< names and symbols as written, text unescaped
  size_t position = 0;
};

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool IsNamePart(char c) { return IsNameStart(c) || std::isdigit(static_cast<unsigned char>(c)); }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> Next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    Token token;
    token.position = at_;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') return Quoted(c);
    if (IsNameStart(c)) {
      token.kind = TokenKind::kName;
      while (at_ < text_.size() && IsNamePart(text_[at_])) token.text += text_[at_++];
      return token;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) ||
        (c == '.' && at_ + 1 < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_ + 1]))))
      return Number();
    token.kind = TokenKind::kSymbol;
    for (const char* two : {"==", "!=", "<>", "<=", ">=", "&&", "||"}) {
      if (text_.substr(at_, 2) == two) token.text = two;
    }
    if (token.text.empty()) token.text = std::string(1, c);
    at_ += token.text.size();
    return token;
  }

 private:
  Result<Token> Quoted(char quote) {
    Token token{quote == '`' ? TokenKind::kQuotedName : TokenKind::kText, "", at_++};
    while (at_ < text_.size()) {
      if (text_[at_] == quote) {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != quote) {
          ++at_;
          return token;
        }
        ++at_;  // a doubled quote stands for one
      }
      token.text += text_[at_++];
    }
    return Status::Invalid("the quote ", std::string(1, quote), " at position ", token.position + 1, " is not closed");
  }

  Result<Token> Number() {
    Token token{TokenKind::kNumber, "", at_};
    double value = 0;
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error == std::errc::invalid_argument) return Status::Invalid("a number is expected at position ", at_ + 1);
    token.text = std::string(text_.data() + at_, end);
    at_ = static_cast<size_t>(end - text_.data());
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// Recursive descent, one method a level of precedence.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<ExpressionPtr> Parse() {
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_ASSIGN_OR_RAISE(auto parsed, Or());
    if (token_.kind != TokenKind::kEnd) return Unexpected("the end, or an operator,");
    return parsed;
  }

 private:
  using Parts = std::vector<ExpressionPtr>;

  Status Advance() {
    ARROW_ASSIGN_OR_RAISE(token_, lexer_.Next());
    return Status::OK();
  }

  Status Unexpected(const std::string& wanted) const {
    const std::string found = token_.kind == TokenKind::kEnd ? "the text ends" : "there is '" + token_.text + "'";
    return Status::Invalid(wanted, " is expected at position ", token_.position + 1, ", but ", found);
  }

  bool IsWord(std::string_view word) const {
    if (token_.kind != TokenKind::kName || token_.text.size() != word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if (std::tolower(static_cast<unsigned char>(token_.text[i])) != word[i]) return false;
    }
    return true;
  }
  bool IsSymbol(std::string_view symbol) const { return token_.kind == TokenKind::kSymbol && token_.text == symbol; }

  Result<bool> TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    ARROW_RETURN_NOT_OK(Advance());
    return true;
  }
  Result<bool> TakeSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ARROW_RETURN_NOT_OK(Advance());
    return true;
  }
  Status ExpectSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return Unexpected("'" + std::string(symbol) + "'");
    return Advance();
  }

  Result<ExpressionPtr> Or() {
    if (++depth_ > kMaximumDepth) return Status::Invalid("the expression is nested too deeply; the most is ", kMaximumDepth);
    ARROW_ASSIGN_OR_RAISE(auto left, And());
    while (IsWord("or") || IsSymbol("|") || IsSymbol("||")) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(auto right, And());
      left = Expression::Call("or", {left, right});
    }
    --depth_;
    return left;
  }

  Result<ExpressionPtr> And() {
    ARROW_ASSIGN_OR_RAISE(auto left, Not());
    while (IsWord("and") || IsSymbol("&") || IsSymbol("&&")) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(auto right, Not());
      left = Expression::Call("and", {left, right});
    }
    return left;
  }

  Result<ExpressionPtr> Not() {
    bool negated = false;
    while (IsWord("not") || IsSymbol("!") || IsSymbol("~")) {
      ARROW_RETURN_NOT_OK(Advance());
      negated = !negated;
    }
    ARROW_ASSIGN_OR_RAISE(auto operand, Comparison());
    return negated ? Expression::Call("not", {operand}) : operand;
  }

  Result<ExpressionPtr> Comparison() {
    ARROW_ASSIGN_OR_RAISE(auto left, Sum());
    static constexpr std::pair<const char*, const char*> kOperators[] = {{"=", "eq"}, {"==", "eq"}, {"!=", "ne"}, {"<>", "ne"},
                                                                         {"<", "lt"}, {"<=", "le"}, {">", "gt"},  {">=", "ge"}};
    for (const auto& [symbol, function] : kOperators) {
      ARROW_ASSIGN_OR_RAISE(const bool taken, TakeSymbol(symbol));
      if (!taken) continue;
      ARROW_ASSIGN_OR_RAISE(auto right, Sum());
      return Expression::Call(function, {left, right});
    }
    ARROW_ASSIGN_OR_RAISE(const bool is, TakeWord("is"));
    if (is) {
      ARROW_ASSIGN_OR_RAISE(const bool is_not, TakeWord("not"));
      ARROW_ASSIGN_OR_RAISE(const bool null, TakeWord("null"));
      if (!null) return Unexpected("'null'");
      return Expression::Call(is_not ? "not_null" : "is_null", {left});
    }
    ARROW_ASSIGN_OR_RAISE(const bool negated, TakeWord("not"));
    ARROW_ASSIGN_OR_RAISE(const bool in, TakeWord("in"));
    if (in) return Negate(negated, Membership(left));
    ARROW_ASSIGN_OR_RAISE(const bool between, TakeWord("between"));
    if (between) return Negate(negated, Range(left));
    if (negated) return Unexpected("'in' or 'between'");
    return left;
  }

  static Result<ExpressionPtr> Negate(bool negated, Result<ExpressionPtr> operand) {
    if (!operand.ok() || !negated) return operand;
    return Expression::Call("not", {*operand});
  }

  Result<ExpressionPtr> Membership(ExpressionPtr left) {
    ARROW_RETURN_NOT_OK(ExpectSymbol("("));
    ARROW_ASSIGN_OR_RAISE(Parts values, List());
    values.insert(values.begin(), std::move(left));
    return Expression::Call("is_in", std::move(values));
  }

  Result<ExpressionPtr> Range(const ExpressionPtr& left) {
    ARROW_ASSIGN_OR_RAISE(auto low, Sum());
    ARROW_ASSIGN_OR_RAISE(const bool taken, TakeWord("and"));
    if (!taken) return Unexpected("'and'");
    ARROW_ASSIGN_OR_RAISE(auto high, Sum());
    return Expression::Call("between", {left, low, high});
  }

  Result<ExpressionPtr> Sum() {
    ARROW_ASSIGN_OR_RAISE(auto left, Product());
    while (IsSymbol("+") || IsSymbol("-")) {
      const char* function = IsSymbol("+") ? "add" : "subtract";
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(auto right, Product());
      left = Expression::Call(function, {left, right});
    }
    return left;
  }

  Result<ExpressionPtr> Product() {
    ARROW_ASSIGN_OR_RAISE(auto left, Unary());
    while (IsSymbol("*") || IsSymbol("/") || IsSymbol("%")) {
      const char* function = IsSymbol("*") ? "multiply" : IsSymbol("/") ? "divide" : "mod";
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(auto right, Unary());
      left = Expression::Call(function, {left, right});
    }
    return left;
  }

  Result<ExpressionPtr> Unary() {
    bool negative = false;
    while (IsSymbol("-")) {
      ARROW_RETURN_NOT_OK(Advance());
      negative = !negative;
    }
    ARROW_ASSIGN_OR_RAISE(auto operand, Primary());
    return negative ? Expression::Call("negate", {operand}) : operand;
  }

  Result<ExpressionPtr> Primary() {
    ARROW_ASSIGN_OR_RAISE(const bool parenthesis, TakeSymbol("("));
    ExpressionPtr value;
    if (parenthesis) {
      ARROW_ASSIGN_OR_RAISE(value, Or());
      ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    } else {
      ARROW_ASSIGN_OR_RAISE(value, Atom());
    }
    while (IsSymbol(".")) {
      ARROW_RETURN_NOT_OK(Advance());
      if (token_.kind != TokenKind::kName && token_.kind != TokenKind::kQuotedName) return Unexpected("a member's name");
      value = Expression::Call("struct_field", {value}, {{"name", token_.text}});
      ARROW_RETURN_NOT_OK(Advance());
    }
    return value;
  }

  Result<ExpressionPtr> Atom() {
    const Token token = token_;
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kSymbol) return Unexpected("a column or a value");
    ARROW_RETURN_NOT_OK(Advance());
    if (token.kind == TokenKind::kText) return Expression::Literal(arrow::MakeScalar(token.text));
    if (token.kind == TokenKind::kNumber) return NumberLiteral(token);
    if (token.kind == TokenKind::kQuotedName) return Expression::Column(token.text);
    std::string lower = token.text;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "true" || lower == "false") return Expression::Literal(arrow::MakeScalar(lower == "true"));
    if (lower == "null" || lower == "none") return Expression::Literal(std::make_shared<arrow::NullScalar>());
    ARROW_ASSIGN_OR_RAISE(const bool call, TakeSymbol("("));
    if (!call) return Expression::Column(token.text);
    ARROW_ASSIGN_OR_RAISE(Parts arguments, List());
    return Expression::Call(token.text, std::move(arguments));
  }

  static Result<ExpressionPtr> NumberLiteral(const Token& token) {
    int64_t whole = 0;
    const char* end = token.text.data() + token.text.size();
    if (auto [stop, error] = std::from_chars(token.text.data(), end, whole); error == std::errc() && stop == end) {
      return Expression::Literal(arrow::MakeScalar(whole));
    }
    double value = 0;
    auto [stop, error] = std::from_chars(token.text.data(), end, value);
    if (error != std::errc() || stop != end) return Status::Invalid("'", token.text, "' is not a number that fits");
    return Expression::Literal(arrow::MakeScalar(value));
  }

  /// Expressions up to the closing parenthesis, which is taken too.
  Result<Parts> List() {
    Parts parts;
    if (IsSymbol(")")) return Advance().ok() ? Result<Parts>(parts) : Unexpected("')'");
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto part, Or());
      parts.push_back(std::move(part));
      ARROW_ASSIGN_OR_RAISE(const bool more, TakeSymbol(","));
      if (!more) break;
    }
    ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    return parts;
  }

  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

}  // namespace

Result<ExpressionPtr> ParseExpression(std::string_view text) {
  auto parsed = Parser(text).Parse();
  if (parsed.ok()) return parsed;
  return WithPlace(parsed.status(), "cannot read the expression '" + std::string(text) + "'");
}

}  // namespace millstream
