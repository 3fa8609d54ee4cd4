// Users' functions over whole partitions. A runtime ("python", "native") makes a callable from a plan node's payload.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream {

/// Partition in, partition out; the result has `expected` as its schema. Called by several threads at once.
using UserFunction = std::function<Result<std::shared_ptr<arrow::Table>>(
    const std::shared_ptr<arrow::Table>& partition, int64_t number, const std::shared_ptr<arrow::Schema>& expected)>;

using UserFunctionLoader = std::function<Result<UserFunction>(const std::string& payload)>;

/// Makes `runtime` known to this process; replaces an earlier loader of the same name.
void RegisterUserFunctionRuntime(const std::string& runtime, UserFunctionLoader loader);

/// For runtime "native": makes `function` known under `name`, which is then the payload.
void RegisterNativeFunction(const std::string& name, UserFunction function);

/// Invalid where the runtime is not known to this process, or its loader refuses the payload.
Result<UserFunction> LoadUserFunction(const std::string& runtime, const std::string& payload);

}  // namespace millstream
