// From lines of JSON, one record a line, to record batches of the wanted columns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "millstream/format/format.h"
#include "millstream/format/json/column_decoder.h"
#include "millstream/format/json/walk.h"

namespace millstream::json_format {

/// Where a piece of text stands in its file, for messages.
struct Place {
  std::string uri;
  int64_t lines = 0;   ///< lines before the text; -1 where that is not known
  int64_t offset = 0;  ///< bytes before the text

  /// "<uri>: line 17", or "<uri>: the record at byte 4711" where lines are not known, for the byte `position` of `text`.
  std::string Describe(const uint8_t* text, int64_t position) const;
};

enum class Layout {
  kLines,  ///< one object a line, blank lines between them
  kArray,  ///< one array of objects, with white space anywhere
};

/// Decodes one piece after the other with memory that it keeps. Not thread-safe.
class RecordDecoder {
 public:
  /// `state` holds what the options say of columns. TypeError for columns that JSON cannot be read as.
  static Result<std::unique_ptr<RecordDecoder>> Make(const std::shared_ptr<arrow::Schema>& schema, Layout layout,
                                                     const DecodeState& state);

  /// Decodes text that ends with '\n' and has kPadding readable bytes behind; emits batches of context.batch_rows rows. A value
  /// that does not fit, or text that is not JSON, is Invalid and names file, line and column.
  Status Decode(const uint8_t* text, int64_t size, const Place& place, const EmitBatch& emit);
  /// Emits the rows that do not fill a batch.
  Status Flush(const EmitBatch& emit);

 private:
  RecordDecoder(std::shared_ptr<arrow::Schema> schema, Layout layout, const DecodeState& state);

  Status DecodeBlock(const Block& block, int64_t lines, const Place& place, const EmitBatch& emit);
  Status AppendRows(const Block& block, uint32_t rows);
  /// Finds the line that is wrong and says how; `fallback` where each line is right alone.
  Status Blame(const uint8_t* text, int64_t size, const Place& place, Status fallback);

  const std::shared_ptr<arrow::Schema> schema_;
  const Layout layout_;
  DecodeState state_;
  StructuralIndexer indexer_;
  KeyTable keys_;
  const OtherKeys other_keys_;
  std::vector<std::unique_ptr<ColumnDecoder>> columns_;
  std::vector<uint32_t> ordinals_;  // of the values, `columns_.size()` a row
  int64_t rows_ = 0;                // of the batch that is being filled
};

/// Number of bytes '\n'.
int64_t CountLines(const uint8_t* text, int64_t size);

}  // namespace millstream::json_format
