// The list of scalar functions: a new family adds its file, its declaration in families.h and one line here.
#include <algorithm>
#include <utility>

#include "millstream/function/scalar/families.h"
#include "millstream/function/scalar_function.h"

namespace millstream {
namespace {

ScalarFunctionRegistry MakeRegistry() {
  ScalarFunctionRegistry registry;
  AddArithmeticFunctions(&registry);
  AddComparisonFunctions(&registry);
  AddBooleanFunctions(&registry);
  AddMissingFunctions(&registry);
  AddCastFunctions(&registry);
  AddToDatetimeFunctions(&registry);
  AddConditionalFunctions(&registry);
  AddMembershipFunctions(&registry);
  AddNestedFunctions(&registry);
  AddMathFunctions(&registry);
  AddStringFunctions(&registry);
  AddStringPatternFunctions(&registry);
  AddDatetimeFunctions(&registry);
  AddDurationFunctions(&registry);
  return registry;
}

// Levenshtein distance.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substitute}));
    }
  }
  return row[b.size()];
}

}  // namespace

const ScalarFunctionRegistry& ScalarFunctionRegistry::Get() {
  static const ScalarFunctionRegistry registry = MakeRegistry();
  return registry;
}

Result<const ScalarFunction*> ScalarFunctionRegistry::Find(const std::string& name) const {
  for (const auto& function : functions_) {
    if (function.name == name) return &function;
  }
  constexpr size_t kLongestName = 64;
  std::string close;
  for (const auto& function : functions_) {
    const bool near = name.size() <= kLongestName && EditDistance(name, function.name) <= 1 + name.size() / 4;
    const bool part = name.size() >= 3 && function.name.find(name) != std::string::npos;
    if (near || part) close += (close.empty() ? "" : ", ") + function.name;
  }
  return Status::KeyError("there is no function '", name, "'", close.empty() ? "" : "; close to it: ", close);
}

std::vector<std::string> ScalarFunctionRegistry::Names() const {
  std::vector<std::string> names;
  for (const auto& function : functions_) names.push_back(function.name);
  std::sort(names.begin(), names.end());
  return names;
}

void ScalarFunctionRegistry::Add(ScalarFunction function) { functions_.push_back(std::move(function)); }

}  // namespace millstream
