// Expressions as text, as the command line takes them.
#pragma once

#include <string_view>

#include "millstream/expr/expression.h"

namespace millstream {

/// Reads `passenger_count > 3 and vendor in ('CMT', 'VTS') and tip is not null`.
///
///   or, and, not; = == != <> < <= > >=; [not] in (...); [not] between a and b; is [not] null; + - * / %; calls of scalar
///   functions: str_lower(name); members of structs: repo.name; names as they are or in `backticks`; 'text' or "text" with the
///   quote doubled inside; 12, 1.5, 1e3, true, false, null. Keywords in any case.
/// Invalid with the position of what was not understood.
Result<ExpressionPtr> ParseExpression(std::string_view text);

}  // namespace millstream
