// Python's regular expressions in RE2's words.
#pragma once

#include <string>

#include "millstream/base/result.h"

namespace millstream::scalar {

/// `pattern` with Python's classes for text, which are Unicode's where RE2's are ASCII's: \d \D \w \W \s \S. Word boundaries
/// (\b) stay those of ASCII. With `tests`, whose answer is only whether and where a match begins, $ is also true before a final
/// line feed, as in Python.
std::string FromPythonPattern(const std::string& pattern, bool tests);

/// A replacement as Python's re.sub reads it: \0 is the character NUL, \1 to \9 are groups. NotImplemented for other escapes.
Result<std::string> FromPythonReplacement(const std::string& replacement);

}  // namespace millstream::scalar
