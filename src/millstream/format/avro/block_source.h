// Finds the blocks of an Avro file, or of a byte range of it, and reads them as they are.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <arrow/io/interfaces.h>

#include "millstream/format/avro/container.h"
#include "millstream/memory/task_context.h"

namespace millstream::avro {

/// A block inside a buffer of several.
struct RawBlock {
  int64_t file_offset = 0;  ///< where the block starts
  int64_t rows = 0;
  std::string_view data;  ///< still compressed
};

struct RawBlocks {
  std::shared_ptr<arrow::Buffer> buffer;  ///< what the blocks' data points into
  std::vector<RawBlock> blocks;
};

/// Which blocks of a file to read: those whose preceding sync marker starts at `begin` or later, and before `end`. So each
/// block belongs to exactly one of the ranges that a file is cut into.
struct BlockRange {
  int64_t begin = 0;
  int64_t end = INT64_MAX;
};

class BlockSource {
 public:
  /// `stream` is at `position` of the file, and `rest` was read from there on already. Where `synced`, that is the start of
  /// a block; else the first sync marker from there on is looked for.
  BlockSource(std::shared_ptr<arrow::io::InputStream> stream, int64_t position, std::string rest, bool synced,
              const SyncMarker& sync, const BlockRange& range, const TaskContext& context)
      : stream_(std::move(stream)),
        position_(position),
        rest_(std::move(rest)),
        synced_(synced),
        sync_(sync),
        range_(range),
        context_(context) {}

  /// The next blocks, some `wanted` bytes of them, at least one; nothing at the end. Invalid with the offset where the file
  /// is damaged or ends within a block.
  Result<std::optional<RawBlocks>> Next(int64_t wanted);

  int64_t bytes_read() const { return bytes_read_; }

 private:
  enum class Found { kBlock, kNeedMore, kEnd };

  Result<std::shared_ptr<arrow::ResizableBuffer>> Fill(int64_t wanted);
  Status ReadMore(arrow::ResizableBuffer* buffer, int64_t more);
  bool Seek(std::string_view window, int64_t* at);
  Result<Found> ParseBlock(std::string_view window, int64_t* at, RawBlock* block) const;
  Status Damaged(int64_t offset, const char* what) const;

  std::shared_ptr<arrow::io::InputStream> stream_;
  int64_t position_;  ///< in the file, of the first byte of rest_
  std::string rest_;  ///< read, but not part of a block that was given out
  bool synced_;
  SyncMarker sync_;
  BlockRange range_;
  TaskContext context_;
  bool at_end_ = false;  ///< of the file
  bool finished_ = false;
  int64_t bytes_read_ = 0;
};

}  // namespace millstream::avro
