// Python callables as user functions of the engine.
#pragma once

#include <nanobind/nanobind.h>

#include <string>

namespace millstream::python {

inline constexpr const char* kPythonRuntime = "python";

/// The payload of a plan node that calls `function`: its cloudpickle, or for what cannot be pickled a token that only this
/// process understands. This process calls the object itself, whatever the payload.
std::string PayloadOf(nanobind::handle function);

/// Makes the runtime "python" known to the engine.
void RegisterPythonRuntime();

}  // namespace millstream::python
