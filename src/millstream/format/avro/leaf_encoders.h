// Encoders of values without children. They are given values that are not null; NullableEncoder sees to that.
#pragma once

#include <memory>

#include "millstream/format/avro/encoder.h"

namespace millstream::avro {

/// `wire` is one of the Arrow types that LeafWireType gives for `type`.
Result<std::unique_ptr<Encoder>> MakeLeafEncoder(const Type& type, const arrow::DataType& wire, arrow::MemoryPool* pool);

/// The Arrow type in which columns of `column` are encoded as the leaf type `type`; TypeError where they do not fit.
Result<std::shared_ptr<arrow::DataType>> LeafWireType(const Type& type, const std::shared_ptr<arrow::DataType>& column);

}  // namespace millstream::avro
