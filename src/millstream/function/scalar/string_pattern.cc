// str_* functions of patterns: contains, match, replace, count, split, extract; regular expressions are RE2's.
#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/array/array_nested.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/type.h>

#include "millstream/function/missing.h"
#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar/regex.h"
#include "millstream/function/scalar/string_support.h"
#include "millstream/function/scalar/support.h"
#include "millstream/function/scalar/text.h"

namespace millstream {
namespace scalar {
namespace {

using arrow::Type;
namespace pc = arrow::compute;

bool IsLiteralPattern(const std::string& pattern) { return pattern.find_first_of("\\^$.|?*+()[]{}") == std::string::npos; }

// Ties what is wrong with a pattern to the pattern: Python's look-around and back references are not RE2's.
Result<BoundFunction> BindPattern(const std::string& pattern, const DataTypePtr& type, TextRun run) {
  auto bound = BindText(type, std::move(run));
  if (bound.ok()) return bound;
  return Status::Invalid("pattern '", pattern, "': ", bound.status().message(),
                         " (patterns are RE2's: no look-around, no back references)");
}

/// contains, match, fullmatch: `wrap` says how the pattern is anchored ("%": the pattern).
ScalarFunction MatchFunction(const std::string& name, const std::string& before, const std::string& after) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {"pat", "case", "regex", "na"}));
    ARROW_RETURN_NOT_OK(CheckText(name, arguments));
    ARROW_ASSIGN_OR_RAISE(const std::string pattern, RequiredText(options, "pat"));
    ARROW_ASSIGN_OR_RAISE(const bool case_sensitive, BoolOption(options, "case", true));
    ARROW_ASSIGN_OR_RAISE(const bool regex, BoolOption(options, "regex", true));
    ARROW_ASSIGN_OR_RAISE(const bool na, BoolOption(options, "na", false));
    const bool plain = before.empty() && after.empty() && (!regex || IsLiteralPattern(pattern));
    std::string translated = pattern;
    if (!plain) {
      ARROW_ASSIGN_OR_RAISE(translated, FromPythonPattern(pattern, after.empty() ? Match::kBegin : Match::kWhole));
    }
    const std::string wrapped = before.empty() && after.empty() ? translated : before + "(?:" + translated + ")" + after;
    const pc::MatchSubstringOptions match(wrapped, !case_sensitive);
    ARROW_ASSIGN_OR_RAISE(
        auto bound, BindPattern(pattern, arrow::boolean(), Kernel(plain ? "match_substring" : "match_substring_regex", match)));
    auto run = [inner = std::move(bound.run), na](const std::vector<Datum>& values, ExecContext* context) -> Result<Datum> {
      ARROW_ASSIGN_OR_RAISE(Datum found, inner(values, context));
      return ReplaceMissing(found, na, context);
    };
    return BoundFunction{arrow::boolean(), std::move(run)};
  };
  return {name, 1, 1, bind};
}

// Every text holds the empty pattern before each character and at its end.
TextRun ReplaceEmpty(const std::string& replacement, int64_t count) {
  const int64_t most = count < 0 ? std::numeric_limits<int64_t>::max() : count;
  return [replacement, most](const Datum& value, ExecContext* context) {
    const arrow::StringArray text(value.array());
    auto length = [&](int64_t row) {
      const std::string_view view = text.GetView(row);
      const int64_t replaced = std::min(most, CountCharacters(view) + 1);
      return static_cast<int64_t>(view.size()) + replaced * static_cast<int64_t>(replacement.size());
    };
    return WriteSizedText(text, context, length, [&](int64_t row, auto append) {
      std::string_view rest = text.GetView(row);
      for (int64_t i = 0; i < most; ++i) {
        append(replacement);
        if (rest.empty()) break;
        size_t character = 1;
        while (character < rest.size() && (static_cast<unsigned char>(rest[character]) & 0xC0) == 0x80) ++character;
        append(rest.substr(0, character));
        rest.remove_prefix(character);
      }
      append(rest);
    });
  };
}

Result<BoundFunction> BindReplace(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"pat", "repl", "n", "case", "regex"}));
  ARROW_RETURN_NOT_OK(CheckText("str_replace", arguments));
  ARROW_ASSIGN_OR_RAISE(std::string pattern, RequiredText(options, "pat"));
  ARROW_ASSIGN_OR_RAISE(std::string replacement, RequiredText(options, "repl"));
  ARROW_ASSIGN_OR_RAISE(const int64_t count, IntOption(options, "n", -1));
  ARROW_ASSIGN_OR_RAISE(const bool case_sensitive, BoolOption(options, "case", true));
  ARROW_ASSIGN_OR_RAISE(const bool regex, BoolOption(options, "regex", false));
  const bool plain = !regex && case_sensitive;
  const std::string given = pattern;
  if (!regex && pattern.empty()) return BindText(arrow::utf8(), ReplaceEmpty(replacement, count));  // Arrow's kernel never ends
  if (regex) {
    ARROW_ASSIGN_OR_RAISE(pattern, FromPythonPattern(pattern, Match::kSpan));
    ARROW_ASSIGN_OR_RAISE(replacement, FromPythonReplacement(replacement));
  }
  if (!regex && !case_sensitive) pattern = "\\Q" + pattern + "\\E";
  if (!case_sensitive) pattern = "(?i)" + pattern;
  const pc::ReplaceSubstringOptions replace(pattern, replacement, count);
  return BindPattern(given, arrow::utf8(), Kernel(plain ? "replace_substring" : "replace_substring_regex", replace));
}

Result<BoundFunction> BindCount(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"pat"}));
  ARROW_RETURN_NOT_OK(CheckText("str_count", arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string pattern, RequiredText(options, "pat"));
  std::string translated = pattern;
  if (!IsLiteralPattern(pattern)) {
    ARROW_ASSIGN_OR_RAISE(translated, FromPythonPattern(pattern, Match::kSpan));
  }
  const pc::MatchSubstringOptions match(translated);
  const std::string kernel = IsLiteralPattern(pattern) && !pattern.empty() ? "count_substring" : "count_substring_regex";
  auto run = [kernel, match](const Datum& text, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum found, pc::CallFunction(kernel, {text}, &match, context));
    return CastUnchecked(found, arrow::int64(), context);
  };
  return BindPattern(pattern, arrow::int64(), std::move(run));
}

/// split and rsplit: by white space where no pattern is given.
ScalarFunction SplitFunction(const std::string& name, bool reverse) {
  auto bind = [=](const Arguments& arguments, const nlohmann::json& options) -> Result<BoundFunction> {
    ARROW_RETURN_NOT_OK(CheckOptions(options, {"pat", "n", "regex"}));
    ARROW_RETURN_NOT_OK(CheckText(name, arguments));
    ARROW_ASSIGN_OR_RAISE(const std::string pattern, TextOption(options, "pat", ""));
    ARROW_ASSIGN_OR_RAISE(int64_t count, IntOption(options, "n", -1));
    // As in pandas, a pattern of one character is always literal.
    ARROW_ASSIGN_OR_RAISE(const bool regex, BoolOption(options, "regex", pattern.size() > 1 && !IsLiteralPattern(pattern)));
    if (count == 0) count = -1;
    const auto type = arrow::list(arrow::utf8());
    if (pattern.empty()) {
      return BindText(type, [count, reverse](const Datum& text, ExecContext* context) -> Result<Datum> {
        const pc::SplitOptions split(count, reverse);
        ARROW_ASSIGN_OR_RAISE(Datum trimmed, pc::CallFunction("utf8_trim_whitespace", {text}, context));
        return pc::CallFunction("utf8_split_whitespace", {trimmed}, &split, context);
      });
    }
    if (regex && reverse) return Status::Invalid(name, " takes no regular expression; use str_split");
    std::string translated = pattern;
    if (regex) {
      ARROW_ASSIGN_OR_RAISE(translated, FromPythonPattern(pattern, Match::kSpan));
    }
    return BindPattern(
        pattern, type,
        Kernel(regex ? "split_pattern_regex" : "split_pattern", pc::SplitPatternOptions(translated, count, reverse)));
  };
  return {name, 1, 1, bind};
}

// The pattern with every group named g1, g2, ...: Arrow extracts named groups only.
std::string NameGroups(const std::string& pattern, int* count) {
  std::string named;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    named += c;
    if (c == '\\' && i + 1 < pattern.size()) {
      named += pattern[++i];
    } else if (c == '[') {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    } else if (c == '(' && !in_class) {
      const bool python_name = pattern.compare(i + 1, 3, "?P<") == 0;
      if (!python_name && pattern.compare(i + 1, 1, "?") == 0) continue;
      if (python_name) {
        const size_t end = pattern.find('>', i);
        if (end == std::string::npos) continue;
        i = end;
      }
      named += "?P<g" + std::to_string(++*count) + ">";
    }
  }
  return named;
}

// str_extract(x, pat=, group=): what group number `group` (from 1) matched first; missing where nothing does.
Result<BoundFunction> BindExtract(const Arguments& arguments, const nlohmann::json& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options, {"pat", "group", "case"}));
  ARROW_RETURN_NOT_OK(CheckText("str_extract", arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string pattern, RequiredText(options, "pat"));
  ARROW_ASSIGN_OR_RAISE(const int64_t group, IntOption(options, "group", 1));
  ARROW_ASSIGN_OR_RAISE(const bool case_sensitive, BoolOption(options, "case", true));
  int groups = 0;
  ARROW_ASSIGN_OR_RAISE(const std::string named, FromPythonPattern(NameGroups(pattern, &groups), Match::kGroups));
  if (group < 1 || group > groups) {
    return Status::Invalid("pattern '", pattern, "' has ", groups, " groups; there is no group ", group);
  }
  const pc::ExtractRegexOptions extract((case_sensitive ? "" : "(?i)") + named);
  auto run = [extract, group](const Datum& text, ExecContext* context) -> Result<Datum> {
    ARROW_ASSIGN_OR_RAISE(Datum matches, pc::CallFunction("extract_regex", {text}, &extract, context));
    const arrow::StructArray fields(matches.array());
    ARROW_ASSIGN_OR_RAISE(auto field, fields.GetFlattenedField(static_cast<int>(group - 1), context->memory_pool()));
    return Datum(std::move(field));
  };
  return BindPattern(pattern, arrow::utf8(), std::move(run));
}

}  // namespace
}  // namespace scalar

void AddStringPatternFunctions(ScalarFunctionRegistry* registry) {
  using namespace scalar;  // NOLINT(google-build-using-namespace)
  registry->Add(MatchFunction("str_contains", "", ""));
  registry->Add(MatchFunction("str_match", "\\A", ""));
  registry->Add(MatchFunction("str_fullmatch", "\\A", "\\z"));
  registry->Add({"str_replace", 1, 1, BindReplace});
  registry->Add({"str_count", 1, 1, BindCount});
  registry->Add(SplitFunction("str_split", false));
  registry->Add(SplitFunction("str_rsplit", true));
  registry->Add({"str_extract", 1, 1, BindExtract});
}

}  // namespace millstream
