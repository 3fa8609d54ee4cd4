// Encodes columns as Avro records. Records interleave the columns, so encoding takes two passes over a run of rows, each a
// tight loop over one column: the first adds up how many bytes every row takes, the second writes each value to its place.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "millstream/format/avro/avro_type.h"

namespace millstream::avro {

class Encoder {
 public:
  virtual ~Encoder() = default;

  /// Takes the array that the next calls encode; of the type MakeEncoder gave.
  virtual Status Bind(const std::shared_ptr<arrow::Array>& array) = 0;

  /// Adds to sizes[i] the bytes of value start + i. Invalid for a value that the Avro type does not hold.
  virtual Status AddSizes(int64_t start, int64_t count, int64_t* sizes) = 0;

  /// Writes value start + i to at[i] and moves at[i] behind it. The values were in an AddSizes call since Bind.
  virtual void Write(int64_t start, int64_t count, uint8_t** at) = 0;
};

struct BuiltEncoder {
  std::unique_ptr<Encoder> encoder;
  std::shared_ptr<arrow::DataType> type;  ///< what columns are cast to before they are bound
};

/// An encoder of columns of `column` as `type`. TypeError where they do not fit.
Result<BuiltEncoder> MakeEncoder(const TypePtr& type, const std::shared_ptr<arrow::DataType>& column, arrow::MemoryPool* pool);

/// An encoder of a field that no column fills: each row gets `bytes`.
std::unique_ptr<Encoder> MakeConstantEncoder(std::string bytes);

}  // namespace millstream::avro
