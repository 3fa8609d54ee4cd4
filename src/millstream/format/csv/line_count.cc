#include "millstream/format/csv/line_count.h"

#include <algorithm>

#include <arrow/buffer.h>

#include "millstream/format/csv/file_head.h"

namespace millstream::csv {
namespace {

constexpr int64_t kBlock = 256 * 1024;

Result<int64_t> CountLinesBefore(const fs::FileEntry& file, const fs::StorageOptions& storage, fs::Compression compression,
                                 int64_t offset, const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto stream, fs::OpenInputStream(file, storage, compression, context));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(kBlock, context.pool));
  int64_t lines = 0;
  bool after_return = false;  // the block before ended with \r, which was counted
  while (offset > 0) {
    ARROW_RETURN_NOT_OK(context.CheckCancelled());
    ARROW_ASSIGN_OR_RAISE(const int64_t read, stream->Read(std::min(kBlock, offset), buffer->mutable_data()));
    if (read == 0) break;
    const std::string_view text(reinterpret_cast<const char*>(buffer->data()), static_cast<size_t>(read));
    lines += CountLines(text) - (after_return && text.front() == '\n' ? 1 : 0);
    after_return = text.back() == '\r';
    offset -= read;
  }
  ARROW_RETURN_NOT_OK(stream->Close());
  return lines;
}

}  // namespace

int64_t CountLines(std::string_view text) {
  int64_t lines = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    lines += text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
  }
  return lines;
}

std::string PlaceInFile(const fs::FileEntry& file, const fs::StorageOptions& storage, fs::Compression compression,
                        int64_t offset, const TaskContext& context) {
  const auto lines = CountLinesBefore(file, storage, compression, offset, context);
  return FileName(file) + (lines.ok() ? ", line " + std::to_string(*lines + 1) : ", byte " + std::to_string(offset));
}

}  // namespace millstream::csv
