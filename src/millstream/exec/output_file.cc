#include "millstream/exec/output_file.h"

#include <arrow/io/buffered.h>
#include <arrow/io/compressed.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

namespace millstream {
namespace {

constexpr int kGzipLevel = 6;  ///< gzip's own default; Arrow's is 9, much slower for little

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::Create(const OutputFormat& format, const std::string& name,
                                                       const std::shared_ptr<arrow::Schema>& schema, int64_t buffer_bytes) {
  std::unique_ptr<OutputFile> file(new OutputFile());
  file->file_.name = name;
  arrow::MemoryPool* pool = format.context.pool;
  ARROW_ASSIGN_OR_RAISE(file->raw_, format.job->Create(name));
  ARROW_ASSIGN_OR_RAISE(file->stream_, arrow::io::BufferedOutputStream::Create(buffer_bytes, pool, file->raw_));
  if (format.compression == fs::Compression::kGzip) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::util::Codec> codec,
                          arrow::util::Codec::Create(arrow::Compression::GZIP, kGzipLevel));
    ARROW_ASSIGN_OR_RAISE(file->stream_, arrow::io::CompressedOutputStream::Make(codec.get(), file->stream_, pool));
  }
  ARROW_ASSIGN_OR_RAISE(file->writer_, format.format->OpenWriter(file->stream_, schema, format.options, format.context));
  return file;
}

OutputFile::~OutputFile() {
  // The stream goes first, so that a writer that is given up cannot publish what it has.
  if (stream_ && !stream_->closed()) ARROW_UNUSED(stream_->Abort());
}

Status OutputFile::Write(const arrow::RecordBatch& batch) {
  file_.rows += batch.num_rows();
  return WithPlace(writer_->Write(batch), file_.name);
}

Result<WrittenFile> OutputFile::Finish() {
  ARROW_RETURN_NOT_OK(WithPlace(writer_->Finish(), file_.name));
  writer_.reset();
  ARROW_RETURN_NOT_OK(WithPlace(stream_->Close(), file_.name));
  ARROW_ASSIGN_OR_RAISE(file_.bytes, raw_->Tell());
  return file_;
}

}  // namespace millstream
