#include "millstream/format/json/json_format.h"

#include "millstream/format/json/chunker.h"
#include "millstream/format/json/infer.h"
#include "millstream/format/json/reader.h"
#include "millstream/format/json/writer.h"

namespace millstream {
namespace {

using json_format::Layout;
using json_format::ReadOptions;

/// Looks at the first `options.sample` bytes of the files together; of JSON arrays, at the first file.
Status Sample(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage, const ReadOptions& options,
              const TaskContext& context, json_format::SchemaInference* inference) {
  int64_t wanted = options.sample;
  for (const fs::FileEntry& file : files) {
    if (wanted <= 0) break;
    ARROW_ASSIGN_OR_RAISE(const auto compression, fs::ParseCompression(options.compression, file.uri));
    Split split;
    split.file = file;
    const bool whole = options.layout == Layout::kArray;
    ARROW_ASSIGN_OR_RAISE(auto chunker, json_format::LineChunker::Open(split, storage, compression, context, wanted, whole));
    ARROW_ASSIGN_OR_RAISE(const auto chunk, chunker->Next());
    if (!chunk) continue;
    ARROW_RETURN_NOT_OK(
        inference->Add(chunk->text(), chunk->size, options.layout, {fs::DisplayUri(file.uri), chunk->lines, chunk->offset}));
    wanted -= chunk->size;
    if (whole && inference->records() > 0) break;
  }
  return Status::OK();
}

Status AddSplits(const fs::FileEntry& file, const ReadOptions& options, std::vector<Split>* splits) {
  ARROW_ASSIGN_OR_RAISE(const auto compression, fs::ParseCompression(options.compression, file.uri));
  const bool cut = options.blocksize > 0 && options.layout == Layout::kLines && compression == fs::Compression::kNone &&
                   file.size > options.blocksize;
  if (!cut) {
    splits->emplace_back().file = file;
    return Status::OK();
  }
  for (int64_t offset = 0; offset < file.size; offset += options.blocksize) {
    Split& split = splits->emplace_back();
    split.file = file;
    split.offset = offset;
    split.length = std::min(options.blocksize, file.size - offset);
  }
  return Status::OK();
}

class JsonFormatImpl final : public Format {
 public:
  std::string name() const override { return "json"; }
  std::string extension() const override { return ".json"; }
  bool ReadsPartsOfStructs() const override { return true; }
  bool HasOpenRecords() const override { return true; }

  Result<Inspection> Inspect(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                             const nlohmann::json& options, const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(ReadOptions parsed, ReadOptions::Parse(options));
    json_format::SchemaInference inference(context);
    ARROW_RETURN_NOT_OK(Sample(files, storage, parsed, context, &inference));
    Inspection out;
    ARROW_ASSIGN_OR_RAISE(out.schema, inference.Finish(&parsed));
    for (const fs::FileEntry& file : files) ARROW_RETURN_NOT_OK(AddSplits(file, parsed, &out.splits));
    out.options = options.is_null() ? nlohmann::json::object() : options;
    out.options["epoch_units"] = parsed.epoch_units;
    return out;
  }

  Result<std::unique_ptr<SplitReader>> OpenSplit(const Split& split, const ReadRequest& request,
                                                 const fs::StorageOptions& storage, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const ReadOptions parsed, ReadOptions::Parse(options));
    return json_format::OpenReader(split, request, storage, parsed, context, json_format::DefaultChunkBytes(context));
  }

  Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                 const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const auto parsed, json_format::WriteOptions::Parse(options));
    return json_format::OpenWriter(std::move(sink), schema, parsed, context);
  }
};

}  // namespace

const Format* JsonFormat() {
  static const JsonFormatImpl format;
  return &format;
}

}  // namespace millstream
