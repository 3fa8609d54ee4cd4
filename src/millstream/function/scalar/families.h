// The families of scalar functions, one file each; registry.cc calls them in this order.
#pragma once

namespace millstream {

class ScalarFunctionRegistry;

void AddArithmeticFunctions(ScalarFunctionRegistry* registry);
void AddComparisonFunctions(ScalarFunctionRegistry* registry);
void AddBooleanFunctions(ScalarFunctionRegistry* registry);
void AddMissingFunctions(ScalarFunctionRegistry* registry);
void AddCastFunctions(ScalarFunctionRegistry* registry);
void AddToDatetimeFunctions(ScalarFunctionRegistry* registry);
void AddConditionalFunctions(ScalarFunctionRegistry* registry);
void AddMembershipFunctions(ScalarFunctionRegistry* registry);
void AddNestedFunctions(ScalarFunctionRegistry* registry);
void AddMathFunctions(ScalarFunctionRegistry* registry);
void AddStringFunctions(ScalarFunctionRegistry* registry);
void AddStringPatternFunctions(ScalarFunctionRegistry* registry);
void AddDatetimeFunctions(ScalarFunctionRegistry* registry);
void AddDurationFunctions(ScalarFunctionRegistry* registry);

}  // namespace millstream
