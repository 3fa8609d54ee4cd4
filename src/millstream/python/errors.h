// Errors of the engine as Python exceptions.
#pragma once

#include "millstream/base/result.h"

namespace millstream::python {

/// Throws the Python exception that fits `status`: ValueError, TypeError, KeyError, IndexError, OSError (FileNotFoundError,
/// FileExistsError), MemoryError, NotImplementedError, KeyboardInterrupt, RuntimeError. An exception raised inside a user's
/// function comes back as itself, with its traceback and a note that says where it ran.
void ThrowIfError(const Status& status);

template <typename T>
T ValueOrThrow(Result<T> result) {
  ThrowIfError(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace millstream::python
