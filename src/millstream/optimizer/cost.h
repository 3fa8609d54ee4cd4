// What rules ask of expressions.
#pragma once

#include "millstream/expr/expression.h"

namespace millstream {

/// True where every function in it is cheap: it may be computed twice, or on rows that a filter drops.
bool IsCheap(const Expression& expression);
/// How many functions it calls.
int CountCalls(const Expression& expression);
/// True where it reads no column.
bool IsConstant(const Expression& expression);
/// How often it reads column `name`.
int CountReads(const Expression& expression, const std::string& name);

}  // namespace millstream
