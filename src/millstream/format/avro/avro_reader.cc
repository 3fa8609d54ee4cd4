#include "millstream/format/avro/avro_reader.h"

#include <algorithm>

#include <arrow/api.h>

#include "millstream/base/bytes.h"
#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/block_source.h"
#include "millstream/format/avro/value_decoder.h"

namespace millstream::avro {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMorselBytes = 2 << 20;
constexpr int64_t kSmallMorselBytes = 128 << 10;  ///< where a few rows are enough
constexpr int64_t kBatchBytes = 64 << 20;         ///< of decompressed data, after which a batch ends whatever its rows
constexpr int64_t kMaxEmptyItems = 1 << 24;       ///< values without bytes (null) that a block may have in arrays
constexpr int64_t kMaxEmptyRows = INT32_MAX;      ///< the same of records

/// What all morsels of a split share; does not change.
struct ReadPlan {
  std::string uri;
  TypePtr writer;
  TypePtr reader;
  CodecKind codec = CodecKind::kNull;
  std::vector<const Field*> wanted;  ///< fields of `reader`, in the order of the request
  std::shared_ptr<arrow::Schema> schema;
  TaskContext context;
};
using PlanPtr = std::shared_ptr<const ReadPlan>;

/// The columns of one morsel, and the decoder that fills them.
class BatchDecoder {
 public:
  explicit BatchDecoder(const ReadPlan& plan) : plan_(plan) { state_.pool = plan.context.pool; }

  Status Open() {
    std::vector<WantedField> wanted;
    for (const Field* field : plan_.wanted) {
      columns_.push_back(MakeColumnBuilder(field->type, &state_));
      wanted.push_back({field, columns_.back().get()});
    }
    ARROW_ASSIGN_OR_RAISE(decoder_, MakeFieldsDecoder(*plan_.writer, wanted, &state_));
    return Status::OK();
  }

  void StartBlock() { state_.empty_items = kMaxEmptyItems; }

  Status Reserve(int64_t rows) {
    for (const auto& column : columns_) {
      if (!column->Reserve(rows)) return state_.status;
    }
    return Status::OK();
  }

  /// Decodes up to `rows` records, fewer where their bytes are enough for a batch. `*rows` becomes how many; of an error it is
  /// the number of the bad one.
  Status Decode(const uint8_t** at, const uint8_t* end, int64_t* rows) {
    const uint8_t* const stop = *at + std::min<int64_t>(end - *at, kBatchBytes);
    const uint8_t* next = *at;
    int64_t done = 0;
    for (; done < *rows && (next < stop || next == end); ++done) {
      const uint8_t* behind = decoder_->Decode(next, end);
      if (behind == nullptr) {
        *rows = done;
        return state_.path.empty() ? state_.status : WithPlace(state_.status, "field '" + state_.path + "'");
      }
      next = behind;
    }
    *at = next;
    *rows = done;
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish(int64_t rows) {
    std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
    for (size_t i = 0; i < columns_.size(); ++i) {
      auto data = columns_[i]->Finish();
      if (!data.ok()) return WithPlace(data.status(), "field '" + plan_.wanted[i]->name + "'");
      arrays.push_back(std::move(*data));
    }
    return arrow::RecordBatch::Make(plan_.schema, rows, std::move(arrays));
  }

 private:
  const ReadPlan& plan_;
  DecodeState state_;
  std::vector<std::unique_ptr<ColumnBuilder>> columns_;
  std::unique_ptr<ValueDecoder> decoder_;
};

class AvroMorsel final : public Morsel {
 public:
  AvroMorsel(PlanPtr plan, RawBlocks blocks) : plan_(std::move(plan)), blocks_(std::move(blocks)) {}

  Status Decode(const EmitBatch& emit) override {
    if (plan_->wanted.empty()) return EmitCounts(emit);
    ARROW_ASSIGN_OR_RAISE(auto codec, Codec::Make(plan_->codec, std::nullopt, plan_->context));
    BatchDecoder decoder(*plan_);
    ARROW_RETURN_NOT_OK(WithPlace(decoder.Open(), plan_->uri));
    for (const RawBlock& block : blocks_.blocks) {  // counts of a damaged file may be anything
      if (__builtin_add_overflow(rows_left_, block.rows, &rows_left_)) rows_left_ = INT64_MAX;
    }
    for (const RawBlock& block : blocks_.blocks) {
      ARROW_RETURN_NOT_OK(DecodeBlock(block, codec.get(), &decoder, emit));
    }
    return batch_rows_ > 0 ? EmitBatchOf(&decoder, emit) : Status::OK();
  }

 private:
  /// No column is wanted: the blocks' counts say it all.
  Status EmitCounts(const EmitBatch& emit) {
    for (const RawBlock& block : blocks_.blocks) {
      const auto bytes = static_cast<int64_t>(block.data.size());
      ARROW_RETURN_NOT_OK(CheckCount(block, plan_->codec == CodecKind::kNull ? std::optional(bytes) : std::nullopt));
      for (int64_t left = block.rows; left > 0;) {
        ARROW_RETURN_NOT_OK(plan_->context.CheckCancelled());
        const int64_t rows = std::min(left, plan_->context.batch_rows);
        ARROW_RETURN_NOT_OK(emit(arrow::RecordBatch::Make(plan_->schema, rows, arrow::ArrayVector())));
        left -= rows;
      }
    }
    return Status::OK();
  }

  Status Place(const Status& status, const RawBlock& block, int64_t record) const {
    return WithPlace(status, plan_->uri + ": Avro block at offset " + std::to_string(block.file_offset) + ", record " +
                                 std::to_string(record));
  }

  /// `bytes`: of the block once decompressed; nullopt where that is not known.
  Status CheckCount(const RawBlock& block, std::optional<int64_t> bytes) const {
    const int64_t least = plan_->writer->min_bytes;
    const int64_t most = least > 0 && bytes ? *bytes / least : kMaxEmptyRows;
    if (block.rows <= most) return Status::OK();
    return Place(Status::Invalid("the block says that it has ", block.rows, " records, more than can be"), block, 0);
  }

  Status DecodeBlock(const RawBlock& block, Codec* codec, BatchDecoder* decoder, const EmitBatch& emit) {
    auto data = codec->Decompress(block.data);
    if (!data.ok()) return Place(data.status(), block, 0);
    const auto* at = reinterpret_cast<const uint8_t*>(data->data());
    const uint8_t* const end = at + data->size();
    ARROW_RETURN_NOT_OK(CheckCount(block, static_cast<int64_t>(data->size())));
    decoder->StartBlock();
    for (int64_t done = 0; done < block.rows;) {
      const int64_t room = plan_->context.batch_rows - batch_rows_;
      if (batch_rows_ == 0) ARROW_RETURN_NOT_OK(decoder->Reserve(std::min(room, rows_left_)));
      int64_t rows = std::min(room, block.rows - done);
      const uint8_t* const from = at;
      if (const Status status = decoder->Decode(&at, end, &rows); !status.ok()) return Place(status, block, done + rows);
      done += rows;
      batch_rows_ += rows;
      batch_bytes_ += at - from;
      rows_left_ -= rows;
      if (batch_rows_ >= plan_->context.batch_rows || batch_bytes_ >= kBatchBytes) {
        ARROW_RETURN_NOT_OK(EmitBatchOf(decoder, emit));
      }
    }
    if (at == end) return Status::OK();
    return Place(Status::Invalid("the block has ", end - at, " bytes behind its last record"), block, block.rows);
  }

  Status EmitBatchOf(BatchDecoder* decoder, const EmitBatch& emit) {
    ARROW_RETURN_NOT_OK(plan_->context.CheckCancelled());
    auto batch = decoder->Finish(batch_rows_);
    if (!batch.ok()) {
      const RawBlock& first = blocks_.blocks.front();
      return WithPlace(batch.status(), plan_->uri + ": Avro blocks from offset " + std::to_string(first.file_offset) + " on");
    }
    batch_rows_ = batch_bytes_ = 0;
    return emit(std::move(*batch));
  }

  PlanPtr plan_;
  RawBlocks blocks_;
  int64_t rows_left_ = 0;    ///< of the morsel
  int64_t batch_rows_ = 0;   ///< decoded and not yet emitted
  int64_t batch_bytes_ = 0;  ///< the same as bytes of the decompressed blocks
};

class AvroSplitReader final : public SplitReader {
 public:
  AvroSplitReader(PlanPtr plan, BlockSource source, int64_t header_bytes, std::optional<int64_t> limit)
      : plan_(std::move(plan)), source_(std::move(source)), header_bytes_(header_bytes), limit_(limit) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    if (limit_ && rows_ >= *limit_) return nullptr;
    auto blocks = source_.Next(limit_ ? kSmallMorselBytes : kMorselBytes);
    if (!blocks.ok()) return WithPlace(blocks.status(), plan_->uri);
    if (!blocks->has_value()) return nullptr;
    // Blocks behind those that hold the limit need not be decoded.
    std::vector<RawBlock>& list = (*blocks)->blocks;
    size_t keep = 0;
    while (keep < list.size() && !(limit_ && rows_ >= *limit_)) rows_ += list[keep++].rows;
    list.resize(keep);
    return std::make_unique<AvroMorsel>(plan_, std::move(**blocks));
  }

  int64_t bytes_read() const override { return header_bytes_ + source_.bytes_read(); }

 private:
  PlanPtr plan_;
  BlockSource source_;
  int64_t header_bytes_;  ///< read before the blocks
  std::optional<int64_t> limit_;
  int64_t rows_ = 0;
};

Result<TypePtr> ReaderType(const Json& schema) {
  ARROW_ASSIGN_OR_RAISE(TypePtr type, ParseSchema(schema));
  if (type->kind == Kind::kRecord) return type;
  return Status::Invalid("the Avro schema is '", TypeName(*type), "'; only files of records make a table");
}

Status FindColumns(const arrow::Schema& schema, ReadPlan* plan) {
  for (const auto& column : schema.fields()) {
    const auto& fields = plan->reader->fields;
    const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == column->name(); });
    if (it == fields.end()) return Status::KeyError("the Avro schema has no field '", column->name(), "'");
    const auto type = ToArrowType(it->type);
    if (!type->Equals(*column->type())) {
      return Status::TypeError("column '", column->name(), "' is ", type->ToString(), " in the Avro schema, but ",
                               column->type()->ToString(), " was asked for");
    }
    plan->wanted.push_back(&*it);
  }
  return Status::OK();
}

/// A stream over `file` from `position` to its end.
Result<std::shared_ptr<arrow::io::InputStream>> StreamFrom(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                                                           int64_t position) {
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  const int64_t start = std::min(position, size);
  return arrow::io::RandomAccessFile::GetStream(file, start, size - start);
}

Result<PlanPtr> MakePlan(const Header& header, const std::string& uri, const ReadRequest& request, const ReadOptions& options,
                         const TaskContext& context) {
  auto plan = std::make_shared<ReadPlan>();
  plan->uri = uri;
  ARROW_ASSIGN_OR_RAISE(plan->writer, ReaderType(header.schema_json));
  plan->reader = plan->writer;
  if (!options.schema.is_null()) {
    ARROW_ASSIGN_OR_RAISE(plan->reader, ReaderType(options.schema));
  }
  plan->codec = header.codec;
  plan->schema = request.schema;
  plan->context = context;
  ARROW_RETURN_NOT_OK(FindColumns(*request.schema, plan.get()));
  ARROW_RETURN_NOT_OK(BatchDecoder(*plan).Open());  // says now what cannot be resolved
  return plan;
}

/// `stream` is at the start of the file; `file` is needed for splits that start later.
Result<std::unique_ptr<SplitReader>> Open(std::shared_ptr<arrow::io::InputStream> stream,
                                          const std::shared_ptr<arrow::io::RandomAccessFile>& file, const Split& split,
                                          const ReadRequest& request, const ReadOptions& options, const TaskContext& context) {
  std::string rest;
  ARROW_ASSIGN_OR_RAISE(const Header header, ReadHeader(stream.get(), &rest));
  const int64_t header_read = header.bytes + static_cast<int64_t>(rest.size());
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, MakePlan(header, fs::DisplayUri(split.file.uri), request, options, context));
  const BlockRange range{split.offset, split.length < 0 ? INT64_MAX : split.offset + split.length};
  int64_t position = header.bytes;
  const bool synced = split.offset <= header.bytes - kSyncBytes;
  if (!synced) {
    position = split.offset;
    rest.clear();
    ARROW_ASSIGN_OR_RAISE(stream, StreamFrom(file, position));
  }
  BlockSource source(std::move(stream), position, std::move(rest), synced, header.sync, range, context);
  return std::make_unique<AvroSplitReader>(std::move(plan), std::move(source), header_read, request.limit);
}

Result<std::unique_ptr<SplitReader>> WithUri(Result<std::unique_ptr<SplitReader>> reader, const std::string& uri) {
  const std::string shown = fs::DisplayUri(uri);
  const bool named = reader.ok() || reader.status().message().find(shown) != std::string::npos;
  return named ? std::move(reader) : WithPlace(reader.status(), shown);
}

/// How many bytes each split of the file has; -1: all of it.
Result<int64_t> SplitBytes(const fs::FileEntry& file, const fs::StorageOptions& storage, const ReadOptions& options,
                           const TaskContext& context) {
  if (!options.blocksize || file.size <= *options.blocksize) return -1;
  const auto opened = fs::OpenInputFile(file, storage, context);
  if (opened.status().IsNotImplemented()) return -1;  // a store that only streams
  ARROW_RETURN_NOT_OK(opened.status());
  return *options.blocksize;
}

}  // namespace

Result<ReadOptions> ParseReadOptions(const Json& options) {
  ReadOptions parsed;
  if (options.is_null()) return parsed;
  if (!options.is_object()) return Status::Invalid("the options of the Avro reader are an object, not ", options.type_name());
  for (const auto& [name, value] : options.items()) {
    if (name == "schema") {
      if (!value.is_object() && !value.is_null()) {
        return Status::Invalid("the Avro option 'schema' is a record schema (an object), not ", value.type_name());
      }
      parsed.schema = value;
    } else if (name == "blocksize") {
      parsed.blocksize = std::nullopt;
      if (value.is_null()) continue;
      if (value.is_string()) {
        ARROW_ASSIGN_OR_RAISE(parsed.blocksize, ParseBytes(value.get<std::string>()));
      } else if (value.is_number_integer()) {
        parsed.blocksize = value.get<int64_t>();
      }
      if (!parsed.blocksize || *parsed.blocksize <= 0) {
        return Status::Invalid(
            "the Avro option 'blocksize' is a number of bytes such as 64000000 or \"64MB\", or null for one ",
            "partition a file, not ", value.dump(-1, ' ', false, Json::error_handler_t::replace));
      }
    } else {
      return Status::Invalid("the Avro reader has no option '", name, "'; it has: schema, blocksize");
    }
  }
  return parsed;
}

Result<Inspection> InspectAvro(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                               const ReadOptions& options, const TaskContext& context) {
  if (files.empty()) return Status::Invalid("there is no Avro file to read");
  Json schema = options.schema;
  std::string place = "the reader 'schema'";
  if (schema.is_null()) {
    place = files[0].uri;
    ARROW_ASSIGN_OR_RAISE(auto stream, fs::OpenInputStream(files[0], storage, fs::Compression::kNone, context));
    std::string rest;
    auto header = ReadHeader(stream.get(), &rest);
    if (!header.ok()) return WithPlace(header.status(), place);
    schema = std::move(header->schema_json);
  }
  auto type = ReaderType(schema);
  if (!type.ok()) return WithPlace(type.status(), place);
  Inspection inspection;
  ARROW_ASSIGN_OR_RAISE(inspection.schema, ToArrowSchema(**type));
  for (const fs::FileEntry& file : files) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, SplitBytes(file, storage, options, context));
    for (int64_t offset = 0; offset == 0 || offset < file.size; offset += bytes) {
      Split split;
      split.file = file;
      split.offset = offset;
      const bool last = bytes < 0 || offset + bytes >= file.size;
      split.length = last ? -1 : bytes;
      inspection.splits.push_back(std::move(split));
      if (last) break;
    }
  }
  inspection.options = {{"schema", std::move(schema)}, {"blocksize", nullptr}};
  if (options.blocksize) inspection.options["blocksize"] = *options.blocksize;
  return inspection;
}

Result<std::unique_ptr<SplitReader>> OpenAvroSplit(const Split& split, const ReadRequest& request,
                                                   const fs::StorageOptions& storage, const ReadOptions& options,
                                                   const TaskContext& context) {
  if (split.offset > 0) {
    ARROW_ASSIGN_OR_RAISE(auto file, fs::OpenInputFile(split.file, storage, context));
    return OpenAvroFile(file, split, request, options, context);
  }
  ARROW_ASSIGN_OR_RAISE(auto stream, fs::OpenInputStream(split.file, storage, fs::Compression::kNone, context));
  return WithUri(Open(std::move(stream), nullptr, split, request, options, context), split.file.uri);
}

Result<std::unique_ptr<SplitReader>> OpenAvroFile(const std::shared_ptr<arrow::io::RandomAccessFile>& file, const Split& split,
                                                  const ReadRequest& request, const ReadOptions& options,
                                                  const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto stream, StreamFrom(file, 0));
  return WithUri(Open(std::move(stream), file, split, request, options, context), split.file.uri);
}

}  // namespace millstream::avro
