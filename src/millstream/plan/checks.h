// Validation that the makers of several nodes share.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "millstream/plan/plan.h"

namespace millstream {

/// Invalid where the number of children a serialised node came with is not `count`.
Status ExpectChildren(const std::vector<PlanPtr>& children, size_t count, std::string_view kind);
/// KeyError naming the column and the columns there are.
Status ExpectColumn(const arrow::Schema& schema, const std::string& column);
/// Invalid naming the first name that occurs twice.
Status ExpectDistinct(const std::vector<std::string>& names);
/// The columns of `schema` among `wanted`, in schema order.
std::shared_ptr<arrow::Schema> SelectFields(const arrow::Schema& schema, const std::set<std::string>& wanted);
/// True where `expression` reads no column outside `names`.
bool ReadsOnly(const Expression& expression, const std::set<std::string>& names);
/// "a, b, c"
std::string JoinNames(const std::vector<std::string>& names);

}  // namespace millstream
