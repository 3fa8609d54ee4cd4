#include "millstream/function/aggregate/aggregate_function.h"

namespace millstream {

void RegisterCount(AggregateRegistry* registry);
void RegisterSum(AggregateRegistry* registry);
void RegisterVariance(AggregateRegistry* registry);
void RegisterMinMax(AggregateRegistry* registry);
void RegisterFirstLast(AggregateRegistry* registry);
void RegisterAnyAll(AggregateRegistry* registry);

const AggregateRegistry& AggregateRegistry::Get() {
  static const AggregateRegistry registry = [] {
    AggregateRegistry all;
    RegisterCount(&all);
    RegisterSum(&all);
    RegisterVariance(&all);
    RegisterMinMax(&all);
    RegisterFirstLast(&all);
    RegisterAnyAll(&all);
    return all;
  }();
  return registry;
}

Result<const AggregateFunction*> AggregateRegistry::Find(const std::string& name) const {
  std::string known;
  for (const auto& function : functions_) {
    if (function.name == name) return &function;
    known += known.empty() ? function.name : ", " + function.name;
  }
  return Status::KeyError("there is no aggregate function '", name, "'; there are ", known);
}

std::vector<std::string> AggregateRegistry::Names() const {
  std::vector<std::string> names;
  for (const auto& function : functions_) names.push_back(function.name);
  return names;
}

}  // namespace millstream
