#include "millstream/format/json/chunker.h"

#include <algorithm>
#include <cstring>

#include "millstream/base/bytes.h"
#include "millstream/format/json/record_decoder.h"

namespace millstream::json_format {
namespace {

/// What a range read may read behind its end, hoping to find the last line's end there.
constexpr int64_t kOverrun = 64 << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<std::unique_ptr<LineChunker>> LineChunker::Open(const Split& split, const fs::StorageOptions& storage,
                                                       fs::Compression compression, const TaskContext& context,
                                                       int64_t chunk_bytes, bool whole) {
  std::unique_ptr<LineChunker> chunker(new LineChunker(fs::DisplayUri(split.file.uri), context.pool));
  chunker->chunk_bytes_ = std::max<int64_t>(chunk_bytes, 1);
  chunker->whole_ = whole;
  if (split.length >= 0) chunker->stop_ = split.offset + split.length - 1;
  if (split.offset > 0) {
    // The byte before the range tells whether a line starts right at its start.
    chunker->skip_first_ = true;
    chunker->position_ = chunker->first_ = split.offset - 1;
    chunker->lines_ = -1;
  }
  if (split.length == 0) chunker->done_ = true;
  if (split.offset == 0 && split.length < 0) {
    ARROW_ASSIGN_OR_RAISE(chunker->stream_, fs::OpenInputStream(split.file, storage, compression, context));
    return chunker;
  }
  if (compression != fs::Compression::kNone) {
    return Status::Invalid(fs::DisplayUri(split.file.uri), ": a compressed file cannot be read from the middle");
  }
  auto file = fs::OpenInputFile(split.file, storage, context);
  if (file.ok()) {
    chunker->file_ = *file;
    return chunker;
  }
  if (!file.status().IsNotImplemented()) return file.status();
  // A store without ranges: read from the start.
  ARROW_ASSIGN_OR_RAISE(chunker->stream_, fs::OpenInputStream(split.file, storage, compression, context));
  ARROW_RETURN_NOT_OK(chunker->stream_->Advance(chunker->position_));
  return chunker;
}

Status LineChunker::Grow(int64_t capacity) {
  const int64_t bytes = capacity + 1 + kPadding;  // and a line end of ours
  if (!buffer_) {
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
  } else if (buffer_->size() < bytes) {
    ARROW_RETURN_NOT_OK(buffer_->Resize(bytes, /*shrink_to_fit=*/false));
  }
  return Status::OK();
}

Status LineChunker::Fill(int64_t wanted) {
  ARROW_RETURN_NOT_OK(Grow(begin_ + wanted));
  while (!at_end_ && end_ - begin_ < wanted) {
    const int64_t room = begin_ + wanted - end_;
    uint8_t* out = buffer_->mutable_data() + end_;
    ARROW_ASSIGN_OR_RAISE(const int64_t got, stream_ ? stream_->Read(room, out) : file_->ReadAt(position_, room, out));
    if (got == 0) at_end_ = true;
    position_ += got;
    ranges_read_ += got;
    end_ += got;
  }
  return Status::OK();
}

void LineChunker::DropText(int64_t bytes) {
  begin_ += bytes;
  first_ += bytes;
}

Result<bool> LineChunker::FindFirstLine() {
  started_ = true;
  if (!skip_first_) {
    ARROW_RETURN_NOT_OK(Fill(static_cast<int64_t>(kByteOrderMark.size())));
    const std::string_view head(reinterpret_cast<const char*>(buffer_->data()), static_cast<size_t>(end_));
    if (head.starts_with(kByteOrderMark)) DropText(static_cast<int64_t>(kByteOrderMark.size()));
    return true;
  }
  for (;;) {
    ARROW_RETURN_NOT_OK(Fill(std::min(chunk_bytes_, kOverrun)));
    const uint8_t* text = buffer_->data() + begin_;
    const void* newline = std::memchr(text, '\n', static_cast<size_t>(end_ - begin_));
    DropText(newline ? static_cast<const uint8_t*>(newline) - text + 1 : end_ - begin_);
    if (stop_ >= 0 && first_ > stop_) return false;
    if (newline) return true;
    if (at_end_) return false;
    begin_ = end_ = 0;
  }
}

Result<int64_t> LineChunker::FindLastLine() {
  int64_t wanted = chunk_bytes_;
  if (stop_ >= 0) wanted = std::min(wanted, stop_ - first_ + kOverrun);
  int64_t searched = 0;
  for (;;) {
    if (Status status = Fill(wanted); !status.ok()) {
      return status.IsOutOfMemory() ? WithPlace(status, Place{uri_, lines_, first_}.Describe(nullptr, 0)) : status;
    }
    const int64_t size = end_ - begin_;
    if (at_end_) {
      if (size == 0) return 0;
      uint8_t* end = buffer_->mutable_data() + end_;
      if (end[-1] != '\n') {
        *end = '\n';
        ++end_;
      }
      return end_ - begin_;
    }
    const void* newline = memrchr(buffer_->data() + begin_ + searched, '\n', static_cast<size_t>(size - searched));
    if (newline && !whole_) return static_cast<const uint8_t*>(newline) - (buffer_->data() + begin_) + 1;
    searched = size;
    if (size >= kMaxTextBytes) {
      return Status::Invalid(Place{uri_, lines_, first_}.Describe(nullptr, 0), ": ", whole_ ? "the JSON document" : "the line",
                             " is longer than the limit of ", FormatBytes(kMaxTextBytes));
    }
    wanted = std::min(size * 2, kMaxTextBytes);
  }
}

Result<std::optional<Chunk>> LineChunker::Next() {
  if (done_) return std::nullopt;
  if (!started_) {
    ARROW_ASSIGN_OR_RAISE(const bool found, FindFirstLine());
    if (!found) {
      done_ = true;
      return std::nullopt;
    }
  }
  ARROW_ASSIGN_OR_RAISE(int64_t size, FindLastLine());
  const uint8_t* text = buffer_->data() + begin_;
  if (stop_ >= 0 && first_ + size > stop_) {
    // The line that holds the stop is the last one.
    const int64_t from = std::max<int64_t>(stop_ - first_, 0);
    const void* newline = std::memchr(text + from, '\n', static_cast<size_t>(size - from));
    size = static_cast<const uint8_t*>(newline) - text + 1;
    done_ = true;
  }
  if (size == 0) {
    done_ = true;
    return std::nullopt;
  }
  Chunk chunk{buffer_, begin_, size, lines_, first_};
  if (lines_ >= 0) lines_ += CountLines(text, size);
  const int64_t rest = end_ - begin_ - size;
  buffer_ = nullptr;
  begin_ = 0;
  end_ = 0;
  first_ += size;
  if (!done_) {
    ARROW_RETURN_NOT_OK(Grow(std::max(chunk_bytes_, rest)));
    std::memcpy(buffer_->mutable_data(), text + size, static_cast<size_t>(rest));
    end_ = rest;
  }
  return chunk;
}

}  // namespace millstream::json_format
