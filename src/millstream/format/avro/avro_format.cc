#include "millstream/format/avro/avro_format.h"

#include "millstream/format/avro/avro_reader.h"
#include "millstream/format/avro/avro_writer.h"

namespace millstream::avro {
namespace {

class AvroFormatImpl final : public Format {
 public:
  std::string name() const override { return "avro"; }
  std::string extension() const override { return ".avro"; }
  bool CompressesWithin() const override { return true; }

  Result<Inspection> Inspect(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                             const nlohmann::json& options, const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const ReadOptions parsed, ParseReadOptions(options));
    return InspectAvro(files, storage, parsed, context);
  }

  Result<std::unique_ptr<SplitReader>> OpenSplit(const Split& split, const ReadRequest& request,
                                                 const fs::StorageOptions& storage, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const ReadOptions parsed, ParseReadOptions(options));
    return OpenAvroSplit(split, request, storage, parsed, context);
  }

  Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                 const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const WriteOptions parsed, ParseWriteOptions(options));
    return OpenAvroWriter(std::move(sink), schema, parsed, context);
  }
};

}  // namespace

const Format* AvroFormat() {
  static const AvroFormatImpl format;
  return &format;
}

}  // namespace millstream::avro
