// Scalar functions: name -> how to type it and run it. One file a family in function/scalar/, one line in its registry.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"

namespace millstream {

/// A function bound to argument types: the type it gives and the kernel that gives it.
struct BoundFunction {
  std::shared_ptr<arrow::DataType> type;
  /// Arguments are arrays of one length or scalars; the result is an array of that length, or a scalar where all are.
  /// Thread-safe: it holds no state that changes.
  std::function<Result<arrow::Datum>(const std::vector<arrow::Datum>&, arrow::compute::ExecContext*)> run;
};

/// What a function learns of an argument when it is bound: its type, and its value where it is a literal (else nullptr).
struct ArgumentInfo {
  std::shared_ptr<arrow::DataType> type;
  std::shared_ptr<arrow::Scalar> literal;
};

struct ScalarFunction {
  std::string name;
  int min_arguments = 1;
  int max_arguments = 1;  ///< -1: any number
  /// TypeError where the types do not fit, Invalid where the options do not; both say what would.
  std::function<Result<BoundFunction>(const std::vector<ArgumentInfo>&, const nlohmann::json& options)> bind;
  /// About as fast as an addition, and no value makes it fail: rules may compute it twice, or on rows that a filter drops.
  bool cheap = false;
};

class ScalarFunctionRegistry {
 public:
  /// All built-in functions; made once, then read-only.
  static const ScalarFunctionRegistry& Get();

  /// KeyError listing close names where there is none.
  Result<const ScalarFunction*> Find(const std::string& name) const;
  std::vector<std::string> Names() const;
  void Add(ScalarFunction function);

 private:
  std::vector<ScalarFunction> functions_;
};

}  // namespace millstream
