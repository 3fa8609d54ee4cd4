// For tests of scalar functions: arguments as JSON, and a check that batches of any size give the same.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/exec.h>
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include "millstream/function/scalar_function.h"

namespace millstream::testing {

struct Argument {
  std::shared_ptr<arrow::Array> column;  ///< or
  std::shared_ptr<arrow::Scalar> literal;
};

inline std::shared_ptr<arrow::Array> Array(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}
inline Argument Column(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return {Array(type, json), nullptr};
}
template <typename T>
Argument Literal(T value) {
  return {nullptr, arrow::MakeScalar(std::move(value))};
}
inline Argument Literal(const char* value) { return Literal(std::string(value)); }
inline Argument Null() { return {nullptr, arrow::MakeNullScalar(arrow::null())}; }

inline Result<BoundFunction> BindFunction(const std::string& name, const std::vector<Argument>& arguments,
                                          const nlohmann::json& options) {
  ARROW_ASSIGN_OR_RAISE(const auto* function, ScalarFunctionRegistry::Get().Find(name));
  std::vector<ArgumentInfo> infos;
  for (const auto& argument : arguments) {
    infos.push_back({argument.column ? argument.column->type() : argument.literal->type, argument.literal});
  }
  return function->bind(infos, options);
}

inline Result<std::shared_ptr<arrow::Array>> RunRows(const BoundFunction& bound, const std::vector<Argument>& arguments,
                                                     int64_t begin, int64_t length) {
  arrow::compute::ExecContext context;
  std::vector<arrow::Datum> values;
  for (const auto& argument : arguments) {
    values.push_back(argument.column ? arrow::Datum(argument.column->Slice(begin, length)) : arrow::Datum(argument.literal));
  }
  ARROW_ASSIGN_OR_RAISE(auto result, bound.run(values, &context));
  if (result.is_scalar()) return arrow::MakeArrayFromScalar(*result.scalar(), length);
  ARROW_RETURN_NOT_OK(result.make_array()->ValidateFull());
  return result.make_array();
}

/// The function's answer for all rows at once.
inline Result<std::shared_ptr<arrow::Array>> RunFunction(const std::string& name, const std::vector<Argument>& arguments,
                                                         const nlohmann::json& options = nullptr) {
  ARROW_ASSIGN_OR_RAISE(auto bound, BindFunction(name, arguments, options));
  int64_t length = 1;
  for (const auto& argument : arguments) {
    if (argument.column) length = argument.column->length();
  }
  return RunRows(bound, arguments, 0, length);
}

/// Checks the answer for all rows at once, and for the same rows in batches of 0, 1 and 2.
inline void ExpectFunction(const std::string& name, const std::vector<Argument>& arguments,
                           const std::shared_ptr<arrow::DataType>& type, const std::string& json,
                           const nlohmann::json& options = nullptr) {
  const auto expected = Array(type, json);
  const auto equal = arrow::EqualOptions::Defaults().nans_equal(true);
  const std::string place = name + " " + options.dump();
  auto bound = BindFunction(name, arguments, options);
  ASSERT_TRUE(bound.ok()) << place << ": " << bound.status().ToString();
  EXPECT_TRUE(bound->type->Equals(*type)) << place << " is of type " << bound->type->ToString();
  for (const int64_t step : {expected->length(), int64_t{2}, int64_t{1}}) {
    arrow::ArrayVector parts = {RunRows(*bound, arguments, 0, 0).ValueOrDie()};
    for (int64_t begin = 0; step > 0 && begin < expected->length(); begin += step) {
      auto part = RunRows(*bound, arguments, begin, std::min(step, expected->length() - begin));
      ASSERT_TRUE(part.ok()) << place << ": " << part.status().ToString();
      parts.push_back(*part);
    }
    auto whole = arrow::Concatenate(parts);
    ASSERT_TRUE(whole.ok()) << place << ": " << whole.status().ToString();
    EXPECT_TRUE((*whole)->Equals(expected, equal))
        << place << " in batches of " << step << " gives " << (*whole)->ToString() << "\nnot " << expected->ToString();
  }
}

}  // namespace millstream::testing
