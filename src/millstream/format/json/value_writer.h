// Writes the values of one column as JSON.
#pragma once

#include <memory>
#include <string>

#include <arrow/array/array_base.h>

#include "millstream/format/json/options.h"
#include "millstream/format/json/text_buffer.h"

namespace millstream::json_format {

class ValueWriter {
 public:
  virtual ~ValueWriter() = default;
  /// The array that Write's rows are of.
  virtual Status SetArray(const std::shared_ptr<arrow::Array>& array) = 0;
  virtual Status Write(int64_t row, TextBuffer* out) = 0;
};
using ValueWriterPtr = std::unique_ptr<ValueWriter>;

/// TypeError, naming the column, where JSON has no form for the type.
Result<ValueWriterPtr> MakeValueWriter(const std::shared_ptr<arrow::DataType>& type, const std::string& path,
                                       const WriteOptions& options, const TaskContext& context);

/// '{"name":' for the first key of an object, ',"name":' for others.
Result<std::string> QuoteKey(const std::string& name, bool first);

}  // namespace millstream::json_format
