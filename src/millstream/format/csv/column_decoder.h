// Second pass over CSV text: fields of one column into an Arrow array.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/format/csv/field_text.h"
#include "millstream/format/csv/options.h"

namespace millstream::csv {

/// What is known of a column before any of it is read. Immutable and shared by all morsels of a split.
struct ReadColumn {
  ReadColumn(ColumnSpec spec_in, size_t position_in, const ReadOptions& options)
      : spec(std::move(spec_in)), position(position_in), na_values(options.NaValuesOf(spec.name)) {}
  ColumnSpec spec;
  size_t position;  ///< in the file
  NaValues na_values;
};

/// Says where text at an offset of the table's text is: "trips.csv, line 17".
using Locate = std::function<std::string(uint32_t text_offset)>;

/// Collects values of one column. Not thread-safe; used again after Finish.
class ColumnDecoder {
 public:
  virtual ~ColumnDecoder() = default;

  /// Adds the column's fields of rows [first, first + rows). Invalid for a value that does not fit, naming file, line,
  /// column, value and the fix.
  virtual Status Append(const FieldTable& table, int64_t first, int64_t rows) = 0;
  /// The array of all values since the last Finish.
  virtual Result<std::shared_ptr<arrow::Array>> Finish() = 0;
};

/// `expected_rows` sizes the first allocation. TypeError for a type CSV cannot give.
Result<std::unique_ptr<ColumnDecoder>> MakeColumnDecoder(const ReadColumn& column, const ReadOptions& options,
                                                         int64_t expected_rows, Locate locate, arrow::MemoryPool* pool);

/// Whether `text` is one of pandas' or the user's texts for true or false.
bool ParseBool(const ReadOptions& options, std::string_view text, bool* value);

}  // namespace millstream::csv
