#include "millstream/format/avro/block_source.h"

#include <algorithm>
#include <cstring>

#include <arrow/buffer.h>

#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

std::string_view View(const arrow::Buffer& buffer) {
  return std::string_view(reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(buffer.size()));
}

}  // namespace

Status BlockSource::Damaged(int64_t offset, const char* what) const {
  return Status::Invalid("the Avro block at offset ", offset, " ", what);
}

Status BlockSource::ReadMore(arrow::ResizableBuffer* buffer, int64_t more) {
  const int64_t have = buffer->size();
  ARROW_RETURN_NOT_OK(buffer->Resize(have + more, /*shrink_to_fit=*/false));
  int64_t done = 0;
  while (done < more && !at_end_) {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    ARROW_ASSIGN_OR_RAISE(const int64_t read, stream_->Read(more - done, buffer->mutable_data() + have + done));
    at_end_ = read == 0;
    done += read;
  }
  bytes_read_ += done;
  return buffer->Resize(have + done, /*shrink_to_fit=*/false);
}

/// A buffer that starts with what is left over and is `wanted` bytes long where the file has them.
Result<std::shared_ptr<arrow::ResizableBuffer>> BlockSource::Fill(int64_t wanted) {
  const auto left = static_cast<int64_t>(rest_.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> buffer,
                        arrow::AllocateResizableBuffer(std::max(left, wanted), context_.pool));
  ARROW_RETURN_NOT_OK(buffer->Resize(left, /*shrink_to_fit=*/false));
  if (left > 0) std::memcpy(buffer->mutable_data(), rest_.data(), rest_.size());
  rest_.clear();
  if (left < wanted) ARROW_RETURN_NOT_OK(ReadMore(buffer.get(), wanted - left));
  return buffer;
}

/// Moves *at behind the first sync marker; false where the window has none, *at is then what need not be looked at again.
bool BlockSource::Seek(std::string_view window, int64_t* at) {
  const size_t found = window.find(std::string_view(sync_.data(), sync_.size()), static_cast<size_t>(*at));
  if (found == std::string_view::npos) {
    *at = std::max(*at, static_cast<int64_t>(window.size()) - (kSyncBytes - 1));
    return false;
  }
  *at = static_cast<int64_t>(found) + kSyncBytes;
  return true;
}

Result<BlockSource::Found> BlockSource::ParseBlock(std::string_view window, int64_t* at, RawBlock* block) const {
  const int64_t offset = position_ + *at;
  if (offset - kSyncBytes >= range_.end) return Found::kEnd;
  const auto* start = reinterpret_cast<const uint8_t*>(window.data()) + *at;
  const auto* end = reinterpret_cast<const uint8_t*>(window.data()) + window.size();
  if (start == end) return at_end_ ? Found::kEnd : Found::kNeedMore;
  int64_t bytes = 0;
  const uint8_t* next = ReadLong(start, end, &block->rows);
  if (next != nullptr) next = ReadLong(next, end, &bytes);
  if (next == nullptr) {
    if (end - start >= 2 * kMaxVarintBytes) return Damaged(offset, "does not start with a count and a size");
    if (at_end_) return Damaged(offset, "is cut off: the file ends within its first bytes");
    return Found::kNeedMore;
  }
  if (block->rows < 0 || bytes < 0 || bytes > kMaxBlockBytes)
    return Damaged(offset, "has a count or size that cannot be right");
  if (end - next < bytes + kSyncBytes) {
    if (at_end_) return Damaged(offset, "is cut off: the file ends within it");
    return Found::kNeedMore;
  }
  if (std::memcmp(next + bytes, sync_.data(), kSyncBytes) != 0) {
    return Damaged(offset, "is not followed by the file's sync marker: it is damaged");
  }
  block->file_offset = offset;
  block->data = std::string_view(reinterpret_cast<const char*>(next), static_cast<size_t>(bytes));
  *at = (next - reinterpret_cast<const uint8_t*>(window.data())) + bytes + kSyncBytes;
  return Found::kBlock;
}

Result<std::optional<RawBlocks>> BlockSource::Next(int64_t wanted) {
  if (finished_) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto buffer, Fill(wanted));
  RawBlocks result;
  std::vector<int64_t> starts;  // of the blocks' data: the buffer may move while it grows
  int64_t at = 0;
  while (true) {
    std::string_view window = View(*buffer);
    Found found = Found::kNeedMore;
    if (synced_ || (synced_ = Seek(window, &at))) {
      RawBlock block;
      ARROW_ASSIGN_OR_RAISE(found, ParseBlock(window, &at, &block));
      if (found == Found::kBlock) {
        starts.push_back(block.data.data() - window.data());
        result.blocks.push_back(block);
        continue;
      }
    } else if (position_ + at >= range_.end || at_end_) {
      found = Found::kEnd;
    }
    finished_ = found == Found::kEnd;
    if (finished_ || !result.blocks.empty()) break;
    // Not one whole block yet. Twice as much each time: memory follows what the file really has, not what a size claims.
    if (!synced_) {
      std::memmove(buffer->mutable_data(), buffer->data() + at, static_cast<size_t>(buffer->size() - at));
      ARROW_RETURN_NOT_OK(buffer->Resize(buffer->size() - at, /*shrink_to_fit=*/false));
      position_ += std::exchange(at, 0);
    }
    ARROW_RETURN_NOT_OK(ReadMore(buffer.get(), std::max(wanted, buffer->size())));
  }
  if (result.blocks.empty()) return std::nullopt;
  const std::string_view window = View(*buffer);
  for (size_t i = 0; i < starts.size(); ++i) {
    result.blocks[i].data = window.substr(static_cast<size_t>(starts[i]), result.blocks[i].data.size());
  }
  if (!finished_) rest_.assign(window.substr(static_cast<size_t>(at)));
  position_ += at;
  result.buffer = std::move(buffer);
  return result;
}

}  // namespace millstream::avro
