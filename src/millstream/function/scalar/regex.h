// Python's regular expressions in RE2's words.
#pragma once

#include <string>

#include "millstream/base/result.h"

namespace millstream::scalar {

/// What a match is wanted for. Python's $ is also true before a final line feed, which RE2 can only say by taking that into the
/// match.
enum class Match {
  kBegin,   ///< whether there is one, and where it begins: the line feed may belong to it
  kGroups,  ///< its groups: NotImplemented for patterns with $ in parentheses
  kWhole,   ///< all of the text: $ is its end
  kSpan,    ///< what lies in it, or how many there are: NotImplemented for patterns with $
};

/// `pattern` with Python's classes for text, which are Unicode's where RE2's are ASCII's: \d \D \w \W \s \S. Word boundaries
/// (\b) stay those of ASCII. NotImplemented for a $ that RE2 does not know: see Match, with the flag m, and where the pattern
/// goes on behind it.
Result<std::string> FromPythonPattern(const std::string& pattern, Match match);

/// A replacement as Python's re.sub reads it: \0 is the character NUL, \1 to \9 are groups. NotImplemented for other escapes.
Result<std::string> FromPythonReplacement(const std::string& replacement);

}  // namespace millstream::scalar
