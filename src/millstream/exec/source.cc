#include "millstream/exec/source.h"

#include <arrow/table.h>

namespace millstream {
namespace {

class FunctionMorsel final : public Morsel {
 public:
  explicit FunctionMorsel(std::function<Status(const EmitBatch&)> produce) : produce_(std::move(produce)) {}
  Status Decode(const EmitBatch& emit) override { return produce_(emit); }

 private:
  std::function<Status(const EmitBatch&)> produce_;
};

class FunctionReader final : public SplitReader {
 public:
  explicit FunctionReader(std::function<Status(const EmitBatch&)> produce) : produce_(std::move(produce)) {}
  Result<std::unique_ptr<Morsel>> Next() override {
    if (!produce_) return std::unique_ptr<Morsel>();
    return std::make_unique<FunctionMorsel>(std::exchange(produce_, nullptr));
  }
  int64_t bytes_read() const override { return 0; }

 private:
  std::function<Status(const EmitBatch&)> produce_;
};

/// Rows of a table in memory are handed out some batches at a time, so that several threads can work on one partition.
class TableReader final : public SplitReader {
 public:
  TableReader(std::shared_ptr<arrow::Table> table, int64_t batch_rows) : table_(std::move(table)), batch_rows_(batch_rows) {}
  Result<std::unique_ptr<Morsel>> Next() override {
    if (position_ >= table_->num_rows()) return std::unique_ptr<Morsel>();
    constexpr int64_t kBatchesPerMorsel = 4;
    const int64_t rows = std::min(batch_rows_ * kBatchesPerMorsel, table_->num_rows() - position_);
    auto slice = SliceTable(*table_, position_, rows);
    position_ += rows;
    return std::make_unique<FunctionMorsel>(
        [slice, rows = batch_rows_](const EmitBatch& emit) { return EmitTable(*slice, rows, emit); });
  }
  int64_t bytes_read() const override { return 0; }

 private:
  std::shared_ptr<arrow::Table> table_;
  int64_t batch_rows_;
  int64_t position_ = 0;
};

class ConcatenatingReader final : public SplitReader {
 public:
  explicit ConcatenatingReader(std::shared_ptr<const PartitionSources> sources) : sources_(std::move(sources)) {}
  Result<std::unique_ptr<Morsel>> Next() override {
    while (true) {
      if (!reader_) {
        if (next_ == sources_->size()) return std::unique_ptr<Morsel>();
        ARROW_ASSIGN_OR_RAISE(reader_, (*sources_)[next_++].open());
      }
      ARROW_ASSIGN_OR_RAISE(auto morsel, reader_->Next());
      if (morsel) return morsel;
      bytes_read_ += reader_->bytes_read();
      reader_.reset();
    }
  }
  Status EndEarly() override { return reader_ ? reader_->EndEarly() : Status::OK(); }
  int64_t bytes_read() const override { return bytes_read_ + (reader_ ? reader_->bytes_read() : 0); }

 private:
  std::shared_ptr<const PartitionSources> sources_;
  size_t next_ = 0;
  std::unique_ptr<SplitReader> reader_;
  int64_t bytes_read_ = 0;
};

}  // namespace

Status Drain(const PartitionSource& source, const TaskContext& context, const EmitBatch& emit) {
  ARROW_ASSIGN_OR_RAISE(auto reader, source.open());
  while (true) {
    ARROW_RETURN_NOT_OK(context.CheckCancelled());
    ARROW_ASSIGN_OR_RAISE(auto morsel, reader->Next());
    if (!morsel) return Status::OK();
    ARROW_RETURN_NOT_OK(morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
      ARROW_RETURN_NOT_OK(context.CheckCancelled());
      return emit(std::move(batch));
    }));
  }
}

PartitionSource SourceFromFunction(std::function<Status(const EmitBatch&)> produce) {
  return {[produce = std::move(produce)]() -> Result<std::unique_ptr<SplitReader>> {
    return std::make_unique<FunctionReader>(produce);
  }};
}

PartitionSource SourceFromTable(std::shared_ptr<arrow::Table> table, const TaskContext& context) {
  return {[table = std::move(table), rows = context.batch_rows]() -> Result<std::unique_ptr<SplitReader>> {
    return std::make_unique<TableReader>(table, rows);
  }};
}

PartitionSource ConcatenateSources(PartitionSources sources) {
  bool serial = false;
  for (const PartitionSource& source : sources) serial |= source.serial;
  auto shared = std::make_shared<const PartitionSources>(std::move(sources));
  return {[shared]() -> Result<std::unique_ptr<SplitReader>> { return std::make_unique<ConcatenatingReader>(shared); }, serial};
}

Result<std::shared_ptr<arrow::Table>> TableFromBatches(const std::shared_ptr<arrow::Schema>& schema,
                                                       arrow::RecordBatchVector batches) {
  if (schema->num_fields() > 0) return arrow::Table::FromRecordBatches(schema, std::move(batches));
  int64_t rows = 0;
  for (const auto& batch : batches) rows += batch->num_rows();
  return arrow::Table::Make(schema, arrow::ChunkedArrayVector{}, rows);
}

std::shared_ptr<arrow::Table> SliceTable(const arrow::Table& table, int64_t offset, int64_t rows) {
  if (table.num_columns() > 0) return table.Slice(offset, rows);
  return arrow::Table::Make(table.schema(), arrow::ChunkedArrayVector{}, rows);
}

Status EmitTable(const arrow::Table& table, int64_t batch_rows, const EmitBatch& emit) {
  if (table.num_columns() == 0) {  // the reader below goes by the columns' lengths
    for (int64_t at = 0; at < table.num_rows(); at += batch_rows) {
      const int64_t rows = std::min(batch_rows, table.num_rows() - at);
      ARROW_RETURN_NOT_OK(emit(arrow::RecordBatch::Make(table.schema(), rows, arrow::ArrayVector{})));
    }
    return Status::OK();
  }
  arrow::TableBatchReader reader(table);
  reader.set_chunksize(batch_rows);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (!batch) return Status::OK();
    ARROW_RETURN_NOT_OK(emit(std::move(batch)));
  }
}

}  // namespace millstream
