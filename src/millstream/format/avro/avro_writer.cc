#include "millstream/format/avro/avro_writer.h"

#include <algorithm>
#include <cstring>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "millstream/base/bytes.h"
#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/default_value.h"
#include "millstream/format/avro/encoder.h"
#include "millstream/format/avro/scratch.h"
#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

using Json = nlohmann::json;

constexpr int64_t kRunRows = 1024;          ///< rows encoded at a time: what they need stays in the first-level cache
constexpr int64_t kMaxBlockRows = 1 << 20;  ///< rows may take no bytes at all

struct Column {
  std::string name;
  int index;  ///< in the batch; -1: the encoder gives a constant
  std::shared_ptr<arrow::DataType> type;
  std::unique_ptr<Encoder> encoder;
  std::shared_ptr<arrow::Array> empty;  ///< what the encoder is bound to between batches
};

class AvroWriter final : public FileWriter {
 public:
  AvroWriter(std::shared_ptr<arrow::io::OutputStream> sink, std::vector<Column> columns, std::unique_ptr<Codec> codec,
             const SyncMarker& sync, int64_t sync_interval, const TaskContext& context)
      : sink_(std::move(sink)),
        columns_(std::move(columns)),
        codec_(std::move(codec)),
        sync_(sync),
        sync_interval_(sync_interval),
        context_(context),
        sizes_(context.pool),
        at_(context.pool),
        block_(context.pool) {}

  Status Start(const std::string& header) {
    ARROW_RETURN_NOT_OK(sizes_.Grow(kRunRows));
    ARROW_RETURN_NOT_OK(at_.Grow(kRunRows));
    for (Column& column : columns_) {
      if (column.index < 0) continue;
      ARROW_ASSIGN_OR_RAISE(column.empty, arrow::MakeArrayOfNull(column.type, 0, context_.pool));
    }
    return sink_->Write(header.data(), static_cast<int64_t>(header.size()));
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    for (Column& column : columns_) {
      if (column.index >= 0) ARROW_RETURN_NOT_OK(Place(Bind(&column, batch.column(column.index)), column.name));
    }
    for (int64_t start = 0; start < batch.num_rows(); start += kRunRows) {
      ARROW_RETURN_NOT_OK(EncodeRun(start, std::min(kRunRows, batch.num_rows() - start)));
    }
    rows_written_ += batch.num_rows();
    for (Column& column : columns_) {
      if (column.index >= 0) ARROW_RETURN_NOT_OK(column.encoder->Bind(column.empty));
    }
    return Status::OK();
  }

  Status Finish() override { return FlushBlock(); }

  int64_t buffered_bytes() const override { return block_bytes_; }

 private:
  static Status Place(const Status& status, const std::string& column) {
    return WithPlace(status, "Avro column '" + column + "'");
  }

  Status Bind(Column* column, const std::shared_ptr<arrow::Array>& values) {
    std::shared_ptr<arrow::Array> array = values;
    if (array->type_id() == arrow::Type::EXTENSION) array = static_cast<const arrow::ExtensionArray&>(*array).storage();
    arrow::compute::ExecContext exec(context_.pool);
    const auto safe = arrow::compute::CastOptions::Safe();
    if (array->type_id() == arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(array, WithoutNullValues(array, &exec));
    }
    if (!array->type()->Equals(*column->type)) {
      ARROW_ASSIGN_OR_RAISE(array, arrow::compute::Cast(*array, column->type, safe, &exec));
    }
    return column->encoder->Bind(array);
  }

  /// A dictionary may hold a null as one of its values; encoders expect nulls to be null codes.
  static Result<std::shared_ptr<arrow::Array>> WithoutNullValues(const std::shared_ptr<arrow::Array>& array,
                                                                 arrow::compute::ExecContext* exec) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array);
    if (dictionary.dictionary()->null_count() == 0) return array;
    ARROW_ASSIGN_OR_RAISE(
        auto plain, arrow::compute::Cast(*array, dictionary.dictionary()->type(), arrow::compute::CastOptions::Safe(), exec));
    ARROW_ASSIGN_OR_RAISE(auto encoded,
                          arrow::compute::DictionaryEncode(plain, arrow::compute::DictionaryEncodeOptions(), exec));
    // Codes may be wider than before; the encoder takes any width.
    return encoded.make_array();
  }

  Status EncodeRun(int64_t start, int64_t count) {
    int64_t* sizes = sizes_.data();
    std::fill_n(sizes, count, 0);
    for (Column& column : columns_) {
      if (const Status status = column.encoder->AddSizes(start, count, sizes); !status.ok()) {
        return RowError(&column, start, count, status);
      }
    }
    for (int64_t done = 0; done < count;) {
      int64_t rows = 0, bytes = 0;
      while (done + rows < count && (rows == 0 || block_bytes_ + bytes < sync_interval_)) bytes += sizes[done + rows++];
      ARROW_RETURN_NOT_OK(MakeRoom(bytes));
      uint8_t* at = block_.data() + block_bytes_;
      for (int64_t i = 0; i < rows; ++i) {
        at_.data()[i] = at;
        at += sizes[done + i];
      }
      for (Column& column : columns_) column.encoder->Write(start + done, rows, at_.data());
      block_bytes_ += bytes;
      block_rows_ += rows;
      done += rows;
      if (block_bytes_ >= sync_interval_ || block_rows_ >= kMaxBlockRows) ARROW_RETURN_NOT_OK(FlushBlock());
    }
    return Status::OK();
  }

  Status MakeRoom(int64_t bytes) {
    if (block_bytes_ + bytes > kMaxBlockBytes) ARROW_RETURN_NOT_OK(FlushBlock());
    const int64_t needed = block_bytes_ + bytes;
    if (needed > kMaxBlockBytes) return Status::Invalid("a row takes ", bytes, " bytes in Avro, more than a block may have");
    return needed <= block_.size() ? Status::OK() : block_.Grow(std::max(needed, std::min(2 * block_.size(), sync_interval_)));
  }

  /// Names the row of a value that cannot be encoded.
  Status RowError(Column* column, int64_t start, int64_t count, const Status& status) {
    for (int64_t i = 0; i < count; ++i) {
      int64_t size = 0;
      if (const Status one = column->encoder->AddSizes(start + i, 1, &size); !one.ok()) {
        return Place(WithPlace(one, "row " + std::to_string(rows_written_ + start + i)), column->name);
      }
    }
    return Place(status, column->name);
  }

  Status FlushBlock() {
    if (block_rows_ == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    const std::string_view data(reinterpret_cast<const char*>(block_.data()), static_cast<size_t>(block_bytes_));
    ARROW_ASSIGN_OR_RAISE(const std::string_view packed, codec_->Compress(data));
    uint8_t head[2 * kMaxVarintBytes];
    uint8_t* end = WriteVarint(head, ZigZag(block_rows_));
    end = WriteVarint(end, ZigZag(static_cast<int64_t>(packed.size())));
    ARROW_RETURN_NOT_OK(sink_->Write(head, end - head));
    ARROW_RETURN_NOT_OK(sink_->Write(packed.data(), static_cast<int64_t>(packed.size())));
    ARROW_RETURN_NOT_OK(sink_->Write(sync_.data(), kSyncBytes));
    block_rows_ = block_bytes_ = 0;
    return Status::OK();
  }

  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::vector<Column> columns_;
  std::unique_ptr<Codec> codec_;
  SyncMarker sync_;
  int64_t sync_interval_;
  TaskContext context_;
  Scratch<int64_t> sizes_;
  Scratch<uint8_t*> at_;
  Scratch<uint8_t> block_;
  int64_t block_bytes_ = 0;
  int64_t block_rows_ = 0;
  int64_t rows_written_ = 0;
};

Result<Column> MakeColumn(const Field& field, const arrow::Schema& schema, arrow::MemoryPool* pool) {
  const std::vector<int> found = schema.GetAllFieldIndices(field.name);
  if (found.size() > 1) return Status::Invalid("there are two columns of this name; rename one");
  if (found.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(BuiltEncoder built, MakeEncoder(field.type, schema.field(found[0])->type(), pool));
    return Column{field.name, found[0], std::move(built.type), std::move(built.encoder), nullptr};
  }
  std::string bytes;
  if (field.default_value) {
    ARROW_RETURN_NOT_OK(EncodeDefault(*field.type, *field.default_value, &bytes));
  } else if (!ShapeOf(field.type).nullable || !EncodeDefault(*field.type, nullptr, &bytes).ok()) {
    return Status::Invalid("the Avro schema has a field of this name without a default, but there is no such column");
  }
  return Column{field.name, -1, nullptr, MakeConstantEncoder(std::move(bytes)), nullptr};
}

Result<std::vector<Column>> MakeColumns(const Type& type, const arrow::Schema& schema, arrow::MemoryPool* pool) {
  if (type.kind != Kind::kRecord)
    return Status::Invalid("the Avro schema of a file to write is a record, not '", TypeName(type), "'");
  std::vector<Column> columns;
  std::vector<bool> used(static_cast<size_t>(schema.num_fields()), false);
  for (const Field& field : type.fields) {
    auto column = MakeColumn(field, schema, pool);
    if (!column.ok()) return WithPlace(column.status(), "Avro column '" + field.name + "'");
    if (column->index >= 0) used[static_cast<size_t>(column->index)] = true;
    columns.push_back(std::move(*column));
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (used[static_cast<size_t>(i)]) continue;
    return Status::Invalid("column '", schema.field(i)->name(), "' is not in the Avro schema; add it there, or select the ",
                           "columns to write");
  }
  return columns;
}

Result<SyncMarker> ParseSyncMarker(const std::string& text) {
  SyncMarker marker;
  const bool hex = std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
  if (!hex || text.size() != 2 * marker.size()) {
    return Status::Invalid("the Avro option 'sync_marker' is 32 hexadecimal digits, not '", text, "'");
  }
  for (size_t i = 0; i < marker.size(); ++i) marker[i] = static_cast<char>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
  return marker;
}

SyncMarker RandomMarker() {
  SyncMarker marker;
  std::random_device device;
  for (size_t i = 0; i < marker.size(); i += 4) {
    const uint32_t word = device();
    std::memcpy(marker.data() + i, &word, 4);
  }
  return marker;
}

Status WrongValue(const std::string& name, const Json& value, const char* wanted) {
  return Status::Invalid("the Avro option '", name, "' is ", wanted, ", not ",
                         value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Status ParseMetadata(const Json& value, WriteOptions* parsed) {
  if (!value.is_object()) return WrongValue("metadata", value, "an object of strings");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return WrongValue("metadata", value, "an object of strings");
    if (key.starts_with("avro."))
      return Status::Invalid("the Avro option 'metadata' has '", key, "'; names 'avro.*' are reserved");
    parsed->metadata[key] = text.get<std::string>();
  }
  return Status::OK();
}

Status ParseOption(const std::string& name, const Json& value, WriteOptions* parsed) {
  if (name == "schema") {
    if (!value.is_object()) return WrongValue(name, value, "a record schema (an object)");
    parsed->schema = value;
    return Status::OK();
  }
  if (name == "metadata") return ParseMetadata(value, parsed);
  if (name == "level") {
    if (!value.is_number_integer() || value.get<int64_t>() != static_cast<int>(value.get<int64_t>())) {
      return WrongValue(name, value, "an integer");
    }
    parsed->level = value.get<int>();
    return Status::OK();
  }
  if (name == "sync_interval") {
    if (value.is_string()) {
      ARROW_ASSIGN_OR_RAISE(parsed->sync_interval, ParseBytes(value.get<std::string>()));
    } else if (value.is_number_integer()) {
      parsed->sync_interval = value.get<int64_t>();
    }
    const bool right = (value.is_string() || value.is_number_integer()) && parsed->sync_interval > 0 &&
                       parsed->sync_interval <= kMaxBlockBytes;
    return right ? Status::OK() : WrongValue(name, value, "a number of bytes from 1 to 1 GiB");
  }
  const bool known = name == "name" || name == "namespace" || name == "codec" || name == "sync_marker";
  if (!known) {
    return Status::Invalid("the Avro writer has no option '", name,
                           "'; it has: schema, name, namespace, codec, level, sync_interval, sync_marker, metadata");
  }
  if (!value.is_string()) return WrongValue(name, value, "a string");
  const auto text = value.get<std::string>();
  if (name == "name") {
    if (!IsAvroName(text)) return WrongValue(name, value, "letters, digits and _, with no digit first");
    parsed->name = text;
  } else if (name == "namespace") {
    parsed->name_space = text;
  } else if (name == "codec") {
    ARROW_ASSIGN_OR_RAISE(parsed->codec, ParseCodec(text));
    parsed->codec_name = text;
  } else {
    ARROW_ASSIGN_OR_RAISE(parsed->sync_marker, ParseSyncMarker(text));
  }
  return Status::OK();
}

}  // namespace

Result<WriteOptions> ParseWriteOptions(const Json& options) {
  WriteOptions parsed;
  if (options.is_null()) return parsed;
  if (!options.is_object()) return Status::Invalid("the options of the Avro writer are an object, not ", options.type_name());
  for (const auto& [name, value] : options.items()) {
    if (!value.is_null()) ARROW_RETURN_NOT_OK(ParseOption(name, value, &parsed));
  }
  return parsed;
}

Result<std::unique_ptr<FileWriter>> OpenAvroWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                   const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options,
                                                   const TaskContext& context) {
  Json json = options.schema;
  if (json.is_null()) {
    ARROW_ASSIGN_OR_RAISE(json, InferSchema(*schema, options.name, options.name_space));
  }
  ARROW_ASSIGN_OR_RAISE(const TypePtr type, ParseSchema(json));
  ARROW_ASSIGN_OR_RAISE(std::vector<Column> columns, MakeColumns(*type, *schema, context.pool));
  ARROW_ASSIGN_OR_RAISE(auto codec, Codec::Make(options.codec, options.level, context));
  auto metadata = options.metadata;
  metadata["avro.schema"] = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  metadata["avro.codec"] = options.codec_name;
  const SyncMarker sync = options.sync_marker ? *options.sync_marker : RandomMarker();
  auto writer =
      std::make_unique<AvroWriter>(std::move(sink), std::move(columns), std::move(codec), sync, options.sync_interval, context);
  ARROW_RETURN_NOT_OK(writer->Start(WriteHeader(metadata, sync)));
  return writer;
}

}  // namespace millstream::avro
