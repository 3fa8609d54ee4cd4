// pyarrow objects to and from Arrow's C++ ones, without copying data.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include <arrow/python/pyarrow.h>

#include "millstream/python/errors.h"

namespace millstream::python {

inline std::shared_ptr<arrow::Table> ToTable(nanobind::handle object) {
  return ValueOrThrow(arrow::py::unwrap_table(object.ptr()));
}
inline std::shared_ptr<arrow::Schema> ToSchema(nanobind::handle object) {
  return ValueOrThrow(arrow::py::unwrap_schema(object.ptr()));
}
inline std::shared_ptr<arrow::Scalar> ToScalar(nanobind::handle object) {
  return ValueOrThrow(arrow::py::unwrap_scalar(object.ptr()));
}
inline nanobind::object FromTable(const std::shared_ptr<arrow::Table>& table) {
  return nanobind::steal(arrow::py::wrap_table(table));
}
inline nanobind::object FromSchema(const std::shared_ptr<arrow::Schema>& schema) {
  return nanobind::steal(arrow::py::wrap_schema(schema));
}
inline nanobind::object FromType(const std::shared_ptr<arrow::DataType>& type) {
  return nanobind::steal(arrow::py::wrap_data_type(type));
}

}  // namespace millstream::python
