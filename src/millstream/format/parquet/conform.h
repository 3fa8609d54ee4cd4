// Bringing a column as one file has it to the type the frame has it in.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream::parquet_format {

/// The type a frame has for a column of type `type` in its first file: extension types are their storage, views are plain.
std::shared_ptr<arrow::DataType> FrameType(const std::shared_ptr<arrow::DataType>& type);

/// Whether columns of type `from` read as `to` without loss (equal, wider, the other string encoding; a struct may have more
/// and otherwise ordered children). Integers read as float64 only up to 2^53, which Conform checks.
bool Conforms(const arrow::DataType& from, const arrow::DataType& to);

/// `array` as type `to`; Invalid where a value does not convert. Requires Conforms.
Result<std::shared_ptr<arrow::Array>> Conform(const std::shared_ptr<arrow::Array>& array,
                                              const std::shared_ptr<arrow::DataType>& to, arrow::MemoryPool* pool);

/// Whether StandIn makes columns of this type.
bool HasStandIn(const arrow::DataType& type);
/// `rows` values of any kind, none of them null: for a column of which only matters that none is missing.
Result<std::shared_ptr<arrow::Array>> StandIn(const std::shared_ptr<arrow::DataType>& type, int64_t rows,
                                              arrow::MemoryPool* pool);

}  // namespace millstream::parquet_format
