// millstream._core: the engine for Python. python/millstream/_core.pyi describes what it offers.
#include <nanobind/nanobind.h>

#include <arrow/python/pyarrow.h>

#include "millstream/python/bindings.h"
#include "millstream/python/user_functions.h"

NB_MODULE(_core, module) {
  if (arrow::py::import_pyarrow() != 0) throw nanobind::python_error();
  nanobind::set_leak_warnings(false);
  millstream::python::RegisterPythonRuntime();
  millstream::python::BindPlans(module);
  millstream::python::BindEngine(module);
}
