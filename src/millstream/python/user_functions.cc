#include "millstream/python/user_functions.h"

#include <map>

#include <arrow/python/common.h>
#include <arrow/table.h>

#include "millstream/exec/user_function.h"
#include "millstream/python/arrow_objects.h"

namespace nb = nanobind;

namespace millstream::python {
namespace {

constexpr std::string_view kTokenPrefix = "in-process:";

/// Functions of this process by payload; guarded by the interpreter lock. Never freed: plans may outlive the interpreter's end.
std::map<std::string, PyObject*>& LiveFunctions() {
  static auto* functions = new std::map<std::string, PyObject*>;
  return *functions;
}

/// Holds the interpreter lock while any of its copies is used or destroyed.
std::shared_ptr<PyObject> Keep(PyObject* object) {
  Py_INCREF(object);
  return {object, [](PyObject* held) {
            if (!Py_IsInitialized()) return;
            nb::gil_scoped_acquire lock;
            Py_DECREF(held);
          }};
}

Result<std::shared_ptr<arrow::Table>> CallFunction(PyObject* function, const std::shared_ptr<arrow::Table>& partition,
                                                   int64_t number) {
  nb::gil_scoped_acquire lock;
  PyObject* argument = arrow::py::wrap_table(partition);
  if (!argument) return arrow::py::ConvertPyError();
  PyObject* returned = PyObject_CallFunction(function, "NL", argument, static_cast<long long>(number));
  if (!returned) return arrow::py::ConvertPyError();
  auto table = arrow::py::unwrap_table(returned);
  const std::string type = Py_TYPE(returned)->tp_name;
  Py_DECREF(returned);
  if (!table.ok()) return Status::TypeError("a partition function must return a pyarrow.Table, not ", type);
  return table;
}

Result<UserFunction> LoadPython(const std::string& payload) {
  nb::gil_scoped_acquire lock;
  PyObject* function = nullptr;
  if (const auto live = LiveFunctions().find(payload); live != LiveFunctions().end()) {
    function = live->second;
    Py_INCREF(function);
  } else if (payload.starts_with(kTokenPrefix)) {
    return Status::Invalid("the plan calls a function that could not be pickled, and that belongs to another process");
  } else {
    PyObject* pickle = PyImport_ImportModule("pickle");
    if (!pickle) return arrow::py::ConvertPyError();
    function = PyObject_CallMethod(pickle, "loads", "y#", payload.data(), static_cast<Py_ssize_t>(payload.size()));
    Py_DECREF(pickle);
    if (!function) return arrow::py::ConvertPyError();
  }
  auto kept = Keep(function);
  Py_DECREF(function);
  return UserFunction([kept](const std::shared_ptr<arrow::Table>& partition, int64_t number,
                             const std::shared_ptr<arrow::Schema>&) { return CallFunction(kept.get(), partition, number); });
}

}  // namespace

std::string PayloadOf(nb::handle function) {
  std::string payload;
  try {
    nb::object pickled = nb::module_::import_("cloudpickle").attr("dumps")(function);
    payload.assign(PyBytes_AS_STRING(pickled.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(pickled.ptr())));
  } catch (const nb::python_error&) {
    payload = std::string(kTokenPrefix) + std::to_string(reinterpret_cast<uintptr_t>(function.ptr()));
  }
  if (LiveFunctions().emplace(payload, function.ptr()).second) Py_INCREF(function.ptr());
  return payload;
}

void RegisterPythonRuntime() { RegisterUserFunctionRuntime(kPythonRuntime, LoadPython); }

}  // namespace millstream::python
