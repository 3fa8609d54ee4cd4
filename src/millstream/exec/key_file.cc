#include "millstream/exec/key_file.h"

#include <algorithm>
#include <utility>

#include <arrow/table.h>

#include "millstream/exec/partitioned_writer_internal.h"

namespace millstream {
namespace {

constexpr int64_t kJoinRows = 4096;         ///< smaller pieces are joined before they are encoded,
constexpr int64_t kAloneBytes = 256 << 10;  ///< unless they have as many bytes
constexpr int64_t kJoinBytes = 1 << 20;

}  // namespace

Result<std::unique_ptr<KeyFile>> KeyFile::Create(const OutputFormat& output, const std::string& name,
                                                 const std::shared_ptr<arrow::Schema>& schema, LargeDictionaries* dictionaries,
                                                 int64_t bytes) {
  std::unique_ptr<KeyFile> file(new KeyFile(dictionaries, output.context.pool));
  const int64_t buffer_bytes = std::clamp<int64_t>(2 * bytes, 4 << 10, kOutputBufferBytes);
  ARROW_ASSIGN_OR_RAISE(file->file_, OutputFile::Create(output, name, schema, buffer_bytes));
  return file;
}

Status KeyFile::Add(const KeyedRows& piece) {
  bytes_ += piece.bytes;
  // Joining unites dictionaries value by value, and formats write them whole.
  ARROW_ASSIGN_OR_RAISE(auto rows, dictionaries_->WithoutUnusedValues(piece.batch->Slice(piece.offset, piece.rows), pool_));
  if (piece.rows >= kJoinRows || piece.bytes >= kAloneBytes) {
    ARROW_RETURN_NOT_OK(WriteJoined());
    return file_->Write(*rows);
  }
  small_.push_back(std::move(rows));
  sources_.push_back(piece.batch);
  small_bytes_ += piece.bytes;
  return small_bytes_ < kJoinBytes ? Status::OK() : WriteJoined();
}

Status KeyFile::WriteJoined() {
  const auto pieces = std::exchange(small_, {});
  const auto sources = std::exchange(sources_, {});
  small_bytes_ = 0;
  if (pieces.empty()) return Status::OK();
  if (pieces.size() == 1) return file_->Write(*pieces.front());
  ARROW_ASSIGN_OR_RAISE(auto joined, arrow::ConcatenateRecordBatches(pieces, pool_));
  return file_->Write(*joined);
}

Result<WrittenFile> KeyFile::Finish() {
  ARROW_RETURN_NOT_OK(WriteJoined());
  return file_->Finish();
}

}  // namespace millstream
