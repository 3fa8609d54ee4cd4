#include "millstream/fs/glob.h"

#include <cstdint>

namespace millstream::fs {
namespace {

/// Takes one UTF-8 character off the front of `text`; a byte that is not UTF-8 stands for itself.
std::string_view TakeChar(std::string_view* text) {
  const auto lead = static_cast<uint8_t>(text->front());
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length > text->size()) length = 1;
  const std::string_view one = text->substr(0, length);
  text->remove_prefix(length);
  return one;
}

/// The end of the set that starts at pattern[0] == '[' (one past its ']'), or npos if it has none. A ']' right after the
/// opening is a member.
size_t SetEnd(std::string_view pattern) {
  size_t at = 1;
  if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) ++at;
  const size_t close = pattern.find(']', at + 1);
  return close == std::string_view::npos ? close : close + 1;
}

bool InSet(std::string_view set, std::string_view c) {
  set = set.substr(1, set.size() - 2);
  const bool negated = set.front() == '!' || set.front() == '^';
  if (negated) set.remove_prefix(1);
  bool found = false;
  while (!set.empty()) {
    const std::string_view low = TakeChar(&set);
    std::string_view high = low;
    if (set.size() > 1 && set.front() == '-') {
      set.remove_prefix(1);
      high = TakeChar(&set);
    }
    found = found || (low <= c && c <= high);  // the byte order of UTF-8 is that of code points
  }
  return found != negated;
}

/// Matches one character of the pattern that is not '*'; takes it off both sides.
bool MatchOne(std::string_view* pattern, std::string_view* text) {
  if (text->empty()) return false;
  const char p = pattern->front();
  if (p == '?') {
    pattern->remove_prefix(1);
    TakeChar(text);
    return true;
  }
  if (p == '[') {
    const size_t end = SetEnd(*pattern);
    if (end != std::string_view::npos) {
      const std::string_view set = pattern->substr(0, end);
      pattern->remove_prefix(end);
      return InSet(set, TakeChar(text));
    }
  }
  if (p != text->front()) return false;
  pattern->remove_prefix(1);
  text->remove_prefix(1);
  return true;
}

}  // namespace

bool HasWildcard(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool MatchPart(std::string_view pattern, std::string_view text) {
  if (!text.empty() && text.front() == '.' && (pattern.empty() || pattern.front() != '.')) return false;
  // Only the last '*' ever needs to be tried again, so the time is bounded by the product of the lengths.
  std::string_view star_pattern, star_text;
  bool have_star = false;
  while (!text.empty() || !pattern.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      have_star = true;
      star_pattern = pattern;
      star_text = text;
    } else if (pattern.empty() || !MatchOne(&pattern, &text)) {
      if (!have_star || star_text.empty()) return false;
      TakeChar(&star_text);
      pattern = star_pattern;
      text = star_text;
    }
  }
  return true;
}

bool MatchPath(const std::vector<std::string>& pattern, const std::vector<std::string>& parts) {
  // reached[i]: the first i pattern parts match the path parts seen so far. "**" may match nothing: i also reaches i + 1.
  const auto pass_stars = [&pattern](std::vector<bool>* reached) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      if ((*reached)[i] && pattern[i] == "**") (*reached)[i + 1] = true;
    }
  };
  std::vector<bool> reached(pattern.size() + 1, false);
  reached[0] = true;
  pass_stars(&reached);
  for (const std::string& part : parts) {
    std::vector<bool> next(pattern.size() + 1, false);
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (!reached[i]) continue;
      if (pattern[i] == "**") {
        if (!part.starts_with('.')) next[i] = true;
      } else if (MatchPart(pattern[i], part)) {
        next[i + 1] = true;
      }
    }
    pass_stars(&next);
    reached = std::move(next);
  }
  return reached[pattern.size()];
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (slash != 0) parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

bool IsHidden(std::string_view name) {
  return (name.starts_with('_') || name.starts_with('.')) && name.find('=') == std::string_view::npos;
}

}  // namespace millstream::fs
