// Write: files under a directory, or one file, that appear whole when the run ends.
#include <algorithm>
#include <charconv>
#include <optional>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/table.h>

#include "millstream/exec/partitioned_writer.h"
#include "millstream/exec/sinks.h"
#include "millstream/fs/listing.h"
#include "millstream/fs/output_job.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

/// "dir/name" -> {"dir", "name"}; a bare name is in the current directory.
std::pair<std::string, std::string> SplitFilePath(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// What an output that is appended to has.
struct OlderParts {
  int64_t next_number = 0;            ///< one more than the highest that a part's name has
  std::optional<fs::FileEntry> file;  ///< one of the parts
};

/// The files that `pattern` named before.
Result<OlderParts> FindOlderParts(const std::string& directory, const std::string& pattern, const fs::StorageOptions& storage) {
  ARROW_ASSIGN_OR_RAISE(fs::Location location, fs::Resolve(directory, storage));
  ARROW_ASSIGN_OR_RAISE(const auto infos, fs::ListFolder(location.filesystem.get(), location.path, /*recursive=*/true));
  const std::string before = pattern.substr(0, pattern.find('*'));
  OlderParts older;
  for (const auto& info : infos) {
    const std::string name = info.base_name();
    const bool hidden = info.path().find("/_temporary/") != std::string::npos;
    if (!info.IsFile() || hidden || !name.starts_with(before)) continue;
    int64_t number = 0;
    const auto error = std::from_chars(name.data() + before.size(), name.data() + name.size(), number).ec;
    if (error != std::errc()) continue;
    older.next_number = std::max(older.next_number, number + 1);
    if (older.file || !fs::IsPartName(name, pattern)) continue;
    const std::string folder = directory.ends_with('/') ? directory.substr(0, directory.size() - 1) : directory;
    older.file = fs::FileEntry{folder + info.path().substr(location.path.size()), info.size(), ""};
  }
  return older;
}

/// Whether `pattern` is what the engine and its front ends name files where the user names but the directory. Any other is the
/// user's, who may have files of such names that are no parts of an output: 2024.csv, department-2024.csv.
bool IsOwnPattern(std::string_view pattern, const Format& format) {
  if (pattern.ends_with(".gz")) pattern.remove_suffix(3);
  return pattern == "*.part" || pattern == "part.*" + format.extension();
}

std::shared_ptr<arrow::Schema> SchemaWithout(const arrow::Schema& schema, const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    if (std::find(names.begin(), names.end(), field->name()) == names.end()) fields.push_back(field);
  }
  return arrow::schema(std::move(fields));
}

class WriteSink final : public Sink {
 public:
  WriteSink(std::unique_ptr<fs::OutputJob> job, std::unique_ptr<PartitionedWriter> writer, const PlanNode& node,
            const SinkContext& context)
      : job_(std::move(job)), writer_(std::move(writer)), schema_(node.schema()), context_(context) {}

  Status Consume(const BatchTag& tag, std::shared_ptr<arrow::RecordBatch> batch) override {
    ScopedTimer timer(&context_.metrics->nanoseconds);
    context_.metrics->rows_in.fetch_add(batch->num_rows(), std::memory_order_relaxed);
    return writer_->Consume(tag.partition, tag.morsel, std::move(batch));
  }
  Status MorselDone(const BatchTag& tag) override {
    ScopedTimer timer(&context_.metrics->nanoseconds);
    return writer_->MorselDone(tag.partition, tag.morsel);
  }
  Status PartitionDone(const BatchTag& tag) override {
    ScopedTimer timer(&context_.metrics->nanoseconds);
    return writer_->PartitionDone(tag.partition, tag.morsel);
  }

  int64_t awaited_partition() const override { return writer_->awaited_partition(); }

  Status Finish() override {
    ScopedTimer timer(&context_.metrics->nanoseconds);
    ARROW_ASSIGN_OR_RAISE(files_, writer_->Finish());
    context_.metrics->spilled_bytes.fetch_add(writer_->spilled_bytes(), std::memory_order_relaxed);
    writer_.reset();
    ARROW_RETURN_NOT_OK(context_.task.CheckCancelled());
    ARROW_RETURN_NOT_OK(job_->Commit().status());
    for (const WrittenFile& file : files_) context_.metrics->bytes_out.fetch_add(file.bytes, std::memory_order_relaxed);
    context_.metrics->rows_out.store(static_cast<int64_t>(files_.size()), std::memory_order_relaxed);
    return Status::OK();
  }

  void Stop() override {
    if (writer_) writer_->Stop();
  }

  Status Abort() override {
    writer_.reset();  // before the job: its open files belong to it
    return job_->Abort();
  }

  /// One row a file.
  Result<PartitionSources> Output() override {
    arrow::StringBuilder paths;
    arrow::Int64Builder rows, bytes;
    for (const WrittenFile& file : files_) {
      ARROW_RETURN_NOT_OK(paths.Append(file.name));
      ARROW_RETURN_NOT_OK(rows.Append(file.rows));
      ARROW_RETURN_NOT_OK(bytes.Append(file.bytes));
    }
    arrow::ArrayVector columns(3);
    ARROW_RETURN_NOT_OK(paths.Finish(&columns[0]));
    ARROW_RETURN_NOT_OK(rows.Finish(&columns[1]));
    ARROW_RETURN_NOT_OK(bytes.Finish(&columns[2]));
    return PartitionSources{SourceFromTable(arrow::Table::Make(schema_, std::move(columns)), context_.task)};
  }

 private:
  std::unique_ptr<fs::OutputJob> job_;
  std::unique_ptr<PartitionedWriter> writer_;
  std::shared_ptr<arrow::Schema> schema_;
  const SinkContext context_;
  std::vector<WrittenFile> files_;
};

}  // namespace

Result<std::unique_ptr<Sink>> MakeWriteSink(const PlanNode& node, const SinkContext& context) {
  const auto& arguments = static_cast<const WriteNode&>(node).arguments();
  ARROW_ASSIGN_OR_RAISE(const Format* format, FindFormat(arguments.format));
  std::string directory = arguments.path;
  std::string pattern = arguments.name_pattern.empty() ? "part.*" + format->extension() : arguments.name_pattern;
  fs::OutputJob::Options job_options;
  if (arguments.single_file) {
    ARROW_ASSIGN_OR_RAISE(const std::string file, fs::FollowLinks(arguments.path));
    std::tie(directory, pattern) = SplitFilePath(file);
  }
  job_options.only_named = arguments.single_file || !arguments.replace_directory;
  if (!arguments.single_file && IsOwnPattern(pattern, *format)) job_options.part_pattern = pattern;
  job_options.success_file = arguments.success_file;
  job_options.mode = arguments.mode == "append"  ? fs::OutputMode::kAppend
                     : arguments.mode == "error" ? fs::OutputMode::kError
                                                 : fs::OutputMode::kOverwrite;
  ARROW_ASSIGN_OR_RAISE(auto job, fs::OutputJob::Begin(directory, arguments.storage, job_options, context.task));
  PartitionedWriter::Options options;
  if (job_options.mode == fs::OutputMode::kAppend) {
    ARROW_ASSIGN_OR_RAISE(const OlderParts older, FindOlderParts(directory, pattern, arguments.storage));
    options.first_partition = older.next_number;
    if (older.file) {
      const auto written = SchemaWithout(*node.child()->schema(), arguments.partition_on);
      ARROW_RETURN_NOT_OK(format->CheckAppend(*written, *older.file, arguments.storage, context.task));
    }
  }
  options.output = {job.get(), format, arguments.format_options, fs::Compression::kNone, context.task};
  if (!format->CompressesWithin()) {
    ARROW_ASSIGN_OR_RAISE(options.output.compression,
                          fs::ParseCompression(arguments.compression.empty() ? "infer" : arguments.compression,
                                               arguments.single_file ? arguments.path : pattern));
  }
  options.schema = node.child()->schema();
  options.partition_on = arguments.partition_on;
  options.name_pattern = std::move(pattern);
  options.single_file = arguments.single_file;
  ARROW_ASSIGN_OR_RAISE(auto writer, PartitionedWriter::Make(std::move(options)));
  return std::make_unique<WriteSink>(std::move(job), std::move(writer), node, context);
}

}  // namespace millstream
