// Node kinds by name, for reading serialised plans.
#pragma once

#include <string>
#include <vector>

#include "millstream/plan/plan.h"

namespace millstream {

/// Makes a node from what its ArgumentsToJson gave. May throw nlohmann::json::exception for missing keys.
using NodeFromJsonFunction = Result<PlanPtr> (*)(const nlohmann::json& arguments, std::vector<PlanPtr> children);

/// The names of all kinds.
std::vector<std::string> NodeKinds();
/// Invalid, listing the kinds, for a name that is none.
Result<NodeFromJsonFunction> FindNodeKind(const std::string& kind);

}  // namespace millstream
