// The columns that get from a scan to the node that takes its rows without anything having computed with them.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "millstream/plan/nodes.h"

namespace millstream {

/// `columns` are some of what the scan gives.
using ChangeScan = std::function<Result<PlanPtr>(const ScanNode& scan, const std::set<std::string>& columns)>;

/// Follows the columns `wanted` of what `plan` gives down through filters that do not read them and projections that only pass
/// them on, and puts what `change` makes of the scan there, called with their names in it, in its place. `plan` itself where
/// another kind of node is in the way, where no column is left, or where `change` returns nullptr.
Result<PlanPtr> ChangeScanBelow(const PlanPtr& plan, std::set<std::string> wanted, const ChangeScan& change);

}  // namespace millstream
