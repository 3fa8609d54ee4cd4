// Decodes values of a writer's type into columns of a reader's type (specification, "Schema Resolution").
#pragma once

#include <memory>

#include "millstream/format/avro/column_builder.h"

namespace millstream::avro {

class ValueDecoder {
 public:
  virtual ~ValueDecoder() = default;
  /// Appends one value to its column and returns the place behind it; nullptr where that failed, the state then has why.
  virtual const uint8_t* Decode(const uint8_t* at, const uint8_t* end) = 0;
};

/// A decoder of `writer` values into `column`, which MakeColumnBuilder made for `reader`. TypeError where the types cannot be
/// resolved. Beyond the specification, names of records, enums and fixed types need not agree, and enums, which are text
/// columns here, resolve to strings and to each other.
Result<std::unique_ptr<ValueDecoder>> MakeValueDecoder(const TypePtr& writer, const TypePtr& reader, ColumnBuilder* column);

/// One column of the records to decode: the builder of it belongs to the caller.
struct WantedField {
  const Field* field;
  ColumnBuilder* column;
};

/// A decoder of whole records that appends to the columns of `wanted`; writer fields that nobody wants are passed over, and
/// wanted ones that the writer has not get their default.
Result<std::unique_ptr<ValueDecoder>> MakeFieldsDecoder(const Type& writer, const std::vector<WantedField>& wanted,
                                                        DecodeState* state);

}  // namespace millstream::avro
