// Cuts a split into chunks of whole lines.
#pragma once

#include <memory>
#include <optional>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include "millstream/format/format.h"

namespace millstream::json_format {

/// Whole lines of text; the last byte is '\n' and kPadding bytes may be read behind it.
struct Chunk {
  std::shared_ptr<arrow::Buffer> buffer;
  int64_t begin = 0;  ///< of the text in the buffer
  int64_t size = 0;
  int64_t lines = -1;  ///< lines of the file before the text; -1 where the split does not start at the file's start
  int64_t offset = 0;  ///< (inflated) bytes of the file before the text

  const uint8_t* text() const { return buffer->data() + begin; }
};

/// Reads the lines that start inside a split; what is before the first line end of a split that starts inside a file belongs to
/// the split before. A byte order mark is passed over. Not thread-safe.
class LineChunker {
 public:
  /// `whole`: all of the split in one chunk. A split with a byte range must not be compressed.
  static Result<std::unique_ptr<LineChunker>> Open(const Split& split, const fs::StorageOptions& storage,
                                                   fs::Compression compression, const TaskContext& context, int64_t chunk_bytes,
                                                   bool whole);

  /// Empty at the end. Invalid for a line longer than kMaxTextBytes; OutOfMemory for one the budget cannot hold.
  Result<std::optional<Chunk>> Next();
  void set_chunk_bytes(int64_t bytes) { chunk_bytes_ = bytes; }
  /// Bytes of the file that were read; compressed ones, where it is compressed.
  int64_t bytes_read() const { return stream_ ? fs::BytesTaken(*stream_) : ranges_read_; }

 private:
  LineChunker(std::string uri, arrow::MemoryPool* pool) : uri_(std::move(uri)), pool_(pool) {}

  /// Reads until the buffer has `wanted` bytes of text or the file ends.
  Status Fill(int64_t wanted);
  Status Grow(int64_t capacity);
  /// Drops what is before the first line of the split; false where no line starts inside it.
  Result<bool> FindFirstLine();
  /// Reads on until a line ends in the chunk; its size, 0 where there is no more text.
  Result<int64_t> FindLastLine();
  void DropText(int64_t bytes);

  const std::string uri_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;  // one of these two
  int64_t chunk_bytes_ = 0;
  bool whole_ = false;
  int64_t stop_ = -1;     // position of the byte whose line is the last; -1: the file's end
  int64_t position_ = 0;  // of the next byte to read
  int64_t ranges_read_ = 0;
  int64_t lines_ = 0;
  bool started_ = false;
  bool at_end_ = false;  // of the file
  bool done_ = false;
  bool skip_first_ = false;
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
  int64_t begin_ = 0;  // of the text in the buffer that no chunk has yet
  int64_t end_ = 0;
  int64_t first_ = 0;  // position in the file of the byte at begin_
};

}  // namespace millstream::json_format
