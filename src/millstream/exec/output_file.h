// One file of a write: a format's writer over a stream of an OutputJob.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/format/format.h"
#include "millstream/fs/output_job.h"
#include "millstream/memory/task_context.h"

namespace millstream {

/// A file that was written, for the report.
struct WrittenFile {
  std::string name;  ///< relative to the job's directory
  int64_t rows = 0;
  int64_t bytes = 0;
};

/// How every file of a write is made.
struct OutputFormat {
  fs::OutputJob* job = nullptr;  ///< outlives the write
  const Format* format = nullptr;
  nlohmann::json options;
  fs::Compression compression = fs::Compression::kNone;  ///< of the whole file
  TaskContext context;
};

/// Not thread-safe. Destroyed without Finish, the file is discarded.
class OutputFile {
 public:
  /// `buffer_bytes`: what is gathered before the stream is written to, so that a small file is one write.
  static Result<std::unique_ptr<OutputFile>> Create(const OutputFormat& format, const std::string& name,
                                                    const std::shared_ptr<arrow::Schema>& schema, int64_t buffer_bytes);
  ~OutputFile();

  /// Errors name the file.
  Status Write(const arrow::RecordBatch& batch);
  Result<WrittenFile> Finish();
  int64_t buffered_bytes() const { return writer_ ? writer_->buffered_bytes() : 0; }

 private:
  OutputFile() = default;
  WrittenFile file_;
  std::shared_ptr<arrow::io::OutputStream> raw_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
  std::unique_ptr<FileWriter> writer_;
};

}  // namespace millstream
