// Wildcards in paths.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millstream::fs {

/// Whether `text` holds one of * ? [.
bool HasWildcard(std::string_view text);

/// Whether one path part matches: * is any text, ? any UTF-8 character, [abc] [a-z] [!abc] one of a set; "[[]", "[*]", "[?]"
/// stand for the characters themselves. A '[' without its ']' is a plain character. As in shells, a leading '.' must be
/// matched by a '.'.
bool MatchPart(std::string_view pattern, std::string_view text);

/// Whether a path of parts matches, where a pattern part "**" stands for any number of parts.
bool MatchPath(const std::vector<std::string>& pattern, const std::vector<std::string>& parts);

/// "a//b/" -> {"a", "b"}.
std::vector<std::string> SplitPath(std::string_view path);

/// Names that readers of a folder skip: "_SUCCESS", ".crc"; not directories of a column that is named so: "_key=1".
bool IsHidden(std::string_view name);

}  // namespace millstream::fs
