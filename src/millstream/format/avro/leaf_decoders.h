// Decoders of values without children.
#pragma once

#include <memory>

#include "millstream/format/avro/value_decoder.h"

namespace millstream::avro {

/// Appends nulls; takes no bytes.
std::unique_ptr<ValueDecoder> MakeNullDecoder(ColumnBuilder* column);

/// Neither type is a union, an array, a map or a record of the same kind. TypeError where they do not resolve.
Result<std::unique_ptr<ValueDecoder>> MakeLeafDecoder(const Type& writer, const Type& reader, ColumnBuilder* column);

/// The same of a union of null, which is branch `null_branch` (0 or 1), and `writer`; nullptr where they do not resolve.
std::unique_ptr<ValueDecoder> MakeOptionalLeafDecoder(const Type& writer, const Type& reader, int null_branch,
                                                      ColumnBuilder* column);

}  // namespace millstream::avro
