// Columns that need no conversion, read straight from their pages into the arrays of a batch.
//
// libparquet's Arrow reader serves every type and nesting; on columns whose values lie in the file as they lie in memory it
// spends as much on records, builders and bitmaps as on decoding. Here its page-level TypedColumnReader decodes into the
// buffers that become the array, and texts that lie as codes of a dictionary share one dictionary for a whole row group.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>
#include <parquet/file_reader.h>

#include "millstream/base/result.h"

namespace millstream::parquet_format {

/// One column chunk, read from its first row on. Besides errors, its functions throw what libparquet throws.
class FlatColumn {
 public:
  virtual ~FlatColumn() = default;
  /// The next `rows` rows; IOError where the chunk has fewer, or is damaged.
  virtual Result<std::shared_ptr<arrow::Array>> Read(int64_t rows) = 0;
};

/// Whether all values of a column chunk are codes of one dictionary, small against the batches that share it.
bool IsDictionaryEncoded(const ::parquet::ColumnChunkMetaData& chunk);

/// Whether values of a column without nesting lie in the file, as `physical`, as they lie in an array of `type`.
bool IsFlatNumber(::parquet::Type::type physical, const arrow::DataType& type);

/// Numbers of a column that IsFlatNumber, as an array of `type`.
Result<std::unique_ptr<FlatColumn>> OpenFlatNumbers(::parquet::RowGroupReader* group, int leaf,
                                                    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);

/// Texts or bytes (Parquet BYTE_ARRAY) without nesting of a chunk that IsDictionaryEncoded, as dictionary<int32, type>.
Result<std::unique_ptr<FlatColumn>> OpenFlatCodes(::parquet::RowGroupReader* group, int leaf,
                                                  const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);

}  // namespace millstream::parquet_format
