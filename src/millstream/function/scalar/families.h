// The families of scalar functions, one file each; registry.cc calls them in this order.
#pragma once

namespace millstream {

class ScalarFunctionRegistry;

void AddArithmeticFunctions(ScalarFunctionRegistry* registry);
void AddComparisonFunctions(ScalarFunctionRegistry* registry);
void AddBooleanFunctions(ScalarFunctionRegistry* registry);
void AddMissingFunctions(ScalarFunctionRegistry* registry);

}  // namespace millstream
