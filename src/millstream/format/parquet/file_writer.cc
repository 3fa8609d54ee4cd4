#include "millstream/format/parquet/file_writer.h"

#include <list>
#include <mutex>
#include <utility>

#include <arrow/extension_type.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>

#include "millstream/format/parquet/conform.h"
#include "millstream/format/parquet/dictionary_choice.h"
#include "millstream/format/parquet/exceptions.h"
#include "millstream/format/parquet/write_options.h"
#include "millstream/row/batch_memory.h"

namespace millstream::parquet_format {
namespace {

constexpr const char* kPlace = "writing Parquet";

/// What all files of one schema, options and pool share. Making it costs more than writing a small file.
struct WritePlan {
  std::shared_ptr<arrow::Schema> given;  ///< held, so that its address names it
  nlohmann::json options;
  arrow::MemoryPool* pool = nullptr;
  MemoryBudget* budget = nullptr;
  int threads = 1;

  std::shared_ptr<arrow::Schema> schema;  ///< as written: extension types are their storage
  bool same_types = true;
  WriteOptions parsed;
  std::shared_ptr<::parquet::schema::GroupNode> node;
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;
};

/// Names the column that Parquet cannot hold.
Status CheckTypes(const arrow::Schema& schema, const WriteOptions& options) {
  for (const auto& field : schema.fields()) {
    std::shared_ptr<::parquet::SchemaDescriptor> descriptor;
    const auto single = arrow::schema({field});
    const Status status = Guarded("", [&] {
      return ::parquet::arrow::ToParquetSchema(single.get(), *options.properties, *options.arrow_properties, &descriptor);
    });
    if (!status.ok()) {
      return Status::TypeError("column '", field->name(), "' of type ", field->type()->ToString(),
                               " cannot be written as Parquet; convert it first (astype)", status.message());
    }
  }
  return Status::OK();
}

/// The footer's metadata: the schema's own (pandas'), the user's, and the Arrow schema, so that types come back as they were.
Result<std::shared_ptr<const arrow::KeyValueMetadata>> FooterMetadata(const WritePlan& plan) {
  auto metadata = plan.schema->metadata() ? plan.schema->metadata()->Copy() : std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : plan.parsed.custom_metadata) ARROW_RETURN_NOT_OK(metadata->Set(key, value));
  if (plan.parsed.store_schema) {
    // Readers take the metadata of the stored schema for that of the file.
    ARROW_ASSIGN_OR_RAISE(const auto serialized, arrow::ipc::SerializeSchema(*plan.schema->WithMetadata(metadata)));
    ARROW_RETURN_NOT_OK(metadata->Set("ARROW:schema", arrow::util::base64_encode(std::string_view(*serialized))));
  }
  return metadata;
}

Result<std::shared_ptr<const WritePlan>> MakePlan(const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                  const TaskContext& context) {
  auto plan = std::make_shared<WritePlan>();
  plan->given = schema;
  plan->options = options;
  plan->pool = context.pool;
  plan->budget = context.budget;
  plan->threads = context.threads;
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) {
    const auto type = FrameType(field->type());
    plan->same_types = plan->same_types && type->Equals(field->type());
    fields.push_back(arrow::field(field->name(), type, field->nullable()));
  }
  plan->schema = arrow::schema(std::move(fields), schema->metadata());
  ARROW_ASSIGN_OR_RAISE(plan->parsed, ParseWriteOptions(options, *plan->schema, context));
  ARROW_RETURN_NOT_OK(CheckTypes(*plan->schema, plan->parsed));
  ARROW_RETURN_NOT_OK(Guarded(kPlace, [&]() -> Status {
    std::shared_ptr<::parquet::SchemaDescriptor> descriptor;
    ARROW_RETURN_NOT_OK(::parquet::arrow::ToParquetSchema(plan->schema.get(), *plan->parsed.properties,
                                                          *plan->parsed.arrow_properties, &descriptor));
    plan->node = std::static_pointer_cast<::parquet::schema::GroupNode>(descriptor->schema_root());
    return Status::OK();
  }));
  ARROW_ASSIGN_OR_RAISE(plan->metadata, FooterMetadata(*plan));
  return plan;
}

/// The plans used last: a partitioned write opens thousands of files with one.
Result<std::shared_ptr<const WritePlan>> FindPlan(const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                  const TaskContext& context) {
  constexpr size_t kKept = 8;
  static std::mutex mutex;
  static std::list<std::shared_ptr<const WritePlan>> plans;
  {
    std::lock_guard lock(mutex);
    for (auto plan = plans.begin(); plan != plans.end(); ++plan) {
      const WritePlan& found = **plan;
      if (found.given == schema && found.pool == context.pool && found.budget == context.budget &&
          found.threads == context.threads && found.options == options) {
        plans.splice(plans.begin(), plans, plan);
        return plans.front();
      }
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto plan, MakePlan(schema, options, context));
  std::lock_guard lock(mutex);
  plans.push_front(plan);
  if (plans.size() > kKept) plans.pop_back();
  return plan;
}

/// Encodes batches as they come into a buffered row group, which holds encoded pages, and ends it before it grows too large.
/// The first rows are kept back until they tell how columns are best encoded.
class ParquetFileWriter final : public FileWriter {
 public:
  ParquetFileWriter(std::shared_ptr<const WritePlan> plan, std::shared_ptr<arrow::io::OutputStream> sink,
                    const TaskContext& context)
      : plan_(std::move(plan)), sink_(std::move(sink)), context_(context) {}

  ~ParquetFileWriter() override {
    // libparquet's destructor would write a footer into a stream that may be gone; errors of an abandoned file are of no use.
    if (writer_) (void)Guarded(kPlace, [&] { return writer_->Close(); });
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    if (batch.num_rows() == 0) return Status::OK();
    if (plan_->same_types) return Add(batch);
    arrow::ArrayVector columns;
    for (int i = 0; i < batch.num_columns(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, Conform(batch.column(i), plan_->schema->field(i)->type(), context_.pool));
      columns.push_back(std::move(column));
    }
    return Add(*arrow::RecordBatch::Make(plan_->schema, batch.num_rows(), std::move(columns)));
  }

  Status Finish() override {
    if (!writer_) ARROW_RETURN_NOT_OK(Open());
    const auto writer = std::move(writer_);
    buffered_ = 0;
    return Guarded(kPlace, [&] { return writer->Close(); });
  }

  int64_t buffered_bytes() const override { return buffered_ + kept_bytes_; }

 private:
  static constexpr int64_t kKeptBytes = 1 << 20;

  Status Add(const arrow::RecordBatch& batch) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, RowBytes(batch));
    if (writer_) return Encode(batch, bytes);
    kept_rows_ += batch.num_rows();
    kept_bytes_ += bytes;
    const bool is_enough = kept_rows_ >= kSampleRows || kept_bytes_ >= kKeptBytes;
    std::shared_ptr<arrow::RecordBatch> kept = batch.Slice(0);
    if (!is_enough) {
      ARROW_ASSIGN_OR_RAISE(kept, Detached(std::move(kept), context_.pool));
    }
    kept_.push_back(std::move(kept));
    return is_enough ? Open() : Status::OK();
  }

  /// Opens the file and encodes what was kept back.
  Status Open() {
    ARROW_RETURN_NOT_OK(Guarded(kPlace, [&]() -> Status {
      const WriteOptions& options = plan_->parsed;
      const auto properties = options.choose_dictionaries ? ChooseDictionaries(options.properties, kept_) : options.properties;
      auto file = ::parquet::ParquetFileWriter::Open(sink_, plan_->node, properties, plan_->metadata);
      return ::parquet::arrow::FileWriter::Make(context_.pool, std::move(file), plan_->schema, options.arrow_properties,
                                                &writer_);
    }));
    kept_bytes_ = 0;
    for (const auto& batch : std::exchange(kept_, {})) {
      ARROW_ASSIGN_OR_RAISE(const int64_t bytes, RowBytes(*batch));
      ARROW_RETURN_NOT_OK(Encode(*batch, bytes));
    }
    return Status::OK();
  }

  /// A batch larger than a row group is cut, so that the bound holds whatever comes in.
  Status Encode(const arrow::RecordBatch& batch, int64_t bytes) {
    const int64_t limit = plan_->parsed.row_group_bytes;
    const int64_t parts = std::min(batch.num_rows(), bytes / limit + 1);
    const int64_t rows_a_part = (batch.num_rows() + parts - 1) / parts;
    for (int64_t row = 0; row < batch.num_rows(); row += rows_a_part) {
      ARROW_RETURN_NOT_OK(Guarded(kPlace, [&]() -> Status {
        if (buffered_ >= limit) {
          ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
          buffered_ = 0;
        }
        return writer_->WriteRecordBatch(parts == 1 ? batch : *batch.Slice(row, rows_a_part));
      }));
      buffered_ += bytes / parts;
    }
    return Status::OK();
  }

  const std::shared_ptr<const WritePlan> plan_;
  const std::shared_ptr<arrow::io::OutputStream> sink_;
  const TaskContext context_;
  arrow::RecordBatchVector kept_;
  int64_t kept_rows_ = 0;
  int64_t kept_bytes_ = 0;
  std::unique_ptr<::parquet::arrow::FileWriter> writer_;
  int64_t buffered_ = 0;  ///< Arrow bytes in the row group: more than its pages take
};

}  // namespace

Result<std::unique_ptr<FileWriter>> OpenFileWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                   const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                   const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto plan, FindPlan(schema, options, context));
  return std::make_unique<ParquetFileWriter>(std::move(plan), std::move(sink), context);
}

}  // namespace millstream::parquet_format
