#include "millstream/function/scalar/regex.h"

namespace millstream::scalar {
namespace {

struct CharacterClass {
  char name;
  const char* members;
};

// What str.isdecimal, str.isalnum (and _) and str.isspace hold for.
constexpr CharacterClass kClasses[] = {{'d', R"(\p{Nd})"}, {'w', R"(\p{L}\p{N}_)"}, {'s', R"(\t-\r\x1c-\x1f\x{85}\p{Z})"}};

/// What stands for \d and its like; nullptr where the escape means the same in RE2, or has no form there.
std::string ClassText(char escape, bool in_brackets) {
  for (const auto& known : kClasses) {
    const bool negated = escape == known.name - 'a' + 'A';
    if (escape != known.name && !negated) continue;
    if (!in_brackets) return std::string(negated ? "[^" : "[") + known.members + "]";
    if (!negated) return known.members;
    if (escape == 'D') return R"(\P{Nd})";
  }
  return std::string("\\") + escape;
}

/// Whether `pattern` holds flags, such as (?im) or (?m:, under which $ is true at the end of each line.
bool HasFlagM(const std::string& pattern) {
  for (size_t at = pattern.find("(?"); at != std::string::npos; at = pattern.find("(?", at + 2)) {
    const size_t end = pattern.find_first_not_of("aiLmsux", at + 2);
    if (pattern.substr(at, end - at).find('m') != std::string::npos) return true;
  }
  return false;
}

/// Behind the bracket that begins a class at `at`: the bracket that ends it, or the pattern's end.
size_t EndOfClass(const std::string& pattern, size_t at) {
  if (at + 1 < pattern.size() && pattern[at + 1] == '^') ++at;
  if (at + 1 < pattern.size() && pattern[at + 1] == ']') ++at;  // first in brackets, it is a member
  for (++at; at < pattern.size() && pattern[at] != ']'; ++at) at += pattern[at] == '\\';
  return at;
}

/// Whether nothing is left to match from `at` on: only groups end there, or other alternatives stand.
bool EndsAt(const std::string& pattern, size_t at) {
  bool in_alternative = false;
  int depth = 0;  // of groups inside that
  for (; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (!in_alternative) {
      if (c != ')' && c != '|') return false;
      in_alternative = c == '|';
    } else if (c == '\\') {
      ++at;
    } else if (c == '[') {
      at = EndOfClass(pattern, at);
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      in_alternative = depth-- > 0;
      if (!in_alternative) depth = 0;
    }
  }
  return true;
}

}  // namespace

Result<std::string> FromPythonPattern(const std::string& pattern, Match match) {
  std::string result;
  bool in_brackets = false;
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      result += ClassText(pattern[++i], in_brackets);
      continue;
    }
    if (c == '[' && !in_brackets) {
      in_brackets = true;
      result += c;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') result += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') result += pattern[++i];  // first in brackets, it is a member
      continue;
    }
    if (c == ']') in_brackets = false;
    depth += !in_brackets && c == '(' ? 1 : 0;
    depth -= !in_brackets && c == ')' ? 1 : 0;
    if (c == '$' && !in_brackets) {
      const bool has_groups = match == Match::kGroups && depth > 0;
      if (match == Match::kSpan || has_groups || !EndsAt(pattern, i + 1) || (match != Match::kWhole && HasFlagM(pattern))) {
        return Status::NotImplemented("the pattern '", pattern, "' has a $, which in Python also stands before a final line ",
                                      "feed: write \\z for the end of the text");
      }
      result += match == Match::kWhole ? "$" : R"((?:\n?\z))";
      continue;
    }
    result += c;
  }
  return result;
}

Result<std::string> FromPythonReplacement(const std::string& replacement) {
  std::string result;
  const auto is_digit = [&](size_t i) { return i < replacement.size() && replacement[i] >= '0' && replacement[i] <= '9'; };
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') {
      result += replacement[i];
      continue;
    }
    const bool backslash = i + 1 < replacement.size() && replacement[i + 1] == '\\';
    if (!backslash && (!is_digit(i + 1) || is_digit(i + 2))) {
      return Status::NotImplemented(
          "the replacement '", replacement,
          "' has an escape beyond \\0 to \\9 and \\\\: write the character itself, and a backslash as \\\\");
    }
    if (replacement[i + 1] == '0') {
      result += '\0';
    } else {
      result.append(replacement, i, 2);
    }
    ++i;
  }
  return result;
}

}  // namespace millstream::scalar
