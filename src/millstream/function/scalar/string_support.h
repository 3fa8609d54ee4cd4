// What the string families share.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/compute/exec.h>

#include "millstream/function/scalar/support.h"

namespace millstream::scalar {

/// What a function does to a text array (utf8) of any length.
using TextRun = std::function<Result<Datum>(const Datum&, ExecContext*)>;

/// A function of one text argument. Dictionary columns are worked on value by value of their dictionary, not row by row.
Result<BoundFunction> BindText(const DataTypePtr& type, TextRun run);

bool HasOption(const nlohmann::json& options, const char* key);
/// TypeError where the first argument is not text.
Status CheckText(const std::string& name, const Arguments& arguments);

/// One of Arrow's kernels with its options.
template <typename Options>
TextRun Kernel(std::string kernel, Options options) {
  return [kernel = std::move(kernel), options](const Datum& text, ExecContext* context) {
    return arrow::compute::CallFunction(kernel, {text}, &options, context);
  };
}

/// A string, or a list of at least one.
Result<std::vector<std::string>> TextsOption(const nlohmann::json& options, const char* key);
/// Invalid where the option is not given.
Result<std::string> RequiredText(const nlohmann::json& options, const char* key);

}  // namespace millstream::scalar
