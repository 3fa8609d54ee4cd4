// The beginning of a CSV file: lines to skip, the header, and where the records start.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/format/csv/options.h"

namespace millstream::csv {

/// Reads a stream from its start into memory, as far as asked.
class FileHead {
 public:
  FileHead(std::shared_ptr<arrow::io::InputStream> stream, const TaskContext& context)
      : stream_(std::move(stream)), context_(context) {}

  /// Reads on until `bytes` are there or the file ends.
  Status ExtendTo(int64_t bytes);
  std::string_view text() const;
  bool at_end() const { return at_end_; }
  const std::shared_ptr<arrow::io::InputStream>& stream() const { return stream_; }

 private:
  std::shared_ptr<arrow::io::InputStream> stream_;
  const TaskContext context_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  int64_t size_ = 0;
  bool at_end_ = false;
};

struct Header {
  std::vector<std::string> names;  ///< as in the file, made unique as pandas does; empty where there is no header
  int64_t records_begin = 0;       ///< offset in the file
};

/// Finds the header, reading on as far as needed. Invalid for a file without one, naming `file`.
Result<Header> ReadHeader(const ReadOptions& options, const std::string& file, FileHead* head);

/// Invalid where the header's names are not those of options.columns.
Status CheckHeader(const ReadOptions& options, const std::string& file, const Header& header);

/// `file` as messages name it.
std::string FileName(const fs::FileEntry& file);

}  // namespace millstream::csv
