#include "millstream/python/errors.h"

#include <nanobind/nanobind.h>

#include <cerrno>

#include <arrow/python/common.h>
#include <arrow/util/io_util.h>

#include "millstream/base/error_text.h"

namespace nb = nanobind;

namespace millstream::python {
namespace {

PyObject* ExceptionType(const Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
      return PyExc_ValueError;
    case arrow::StatusCode::TypeError:
      return PyExc_TypeError;
    case arrow::StatusCode::KeyError:
      return PyExc_KeyError;
    case arrow::StatusCode::IndexError:
      return PyExc_IndexError;
    case arrow::StatusCode::IOError:
      switch (arrow::internal::ErrnoFromStatus(status)) {
        case ENOENT:
          return PyExc_FileNotFoundError;
        case EACCES:
        case EPERM:
          return PyExc_PermissionError;
        default:
          return PyExc_OSError;
      }
    case arrow::StatusCode::AlreadyExists:
      return PyExc_FileExistsError;
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return PyExc_MemoryError;
    case arrow::StatusCode::NotImplemented:
      return PyExc_NotImplementedError;
    case arrow::StatusCode::Cancelled:
      return PyExc_KeyboardInterrupt;
    default:
      return PyExc_RuntimeError;
  }
}

}  // namespace

void ThrowIfError(const Status& status) {
  if (status.ok()) return;
  if (PyErr_Occurred()) throw nb::python_error();  // a signal handler's own exception
  if (arrow::py::IsPyError(status)) {
    arrow::py::RestorePyError(status);
    nb::python_error error;
    error.value().attr("add_note")(nb::str(("in " + status.message()).c_str()));
    throw error;
  }
  PyErr_SetString(ExceptionType(status), ErrorText(status).c_str());
  throw nb::python_error();
}

}  // namespace millstream::python
