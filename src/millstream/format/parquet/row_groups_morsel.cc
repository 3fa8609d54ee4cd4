#include "millstream/format/parquet/row_groups_morsel.h"

#include <algorithm>
#include <set>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include "millstream/format/parquet/conform.h"
#include "millstream/format/parquet/exceptions.h"
#include "millstream/format/parquet/flat_columns.h"
#include "millstream/format/parquet/hive_partitions.h"

namespace millstream::parquet_format {
namespace {

constexpr int64_t kMinBatchBytes = 1 << 20;
constexpr int64_t kMaxBatchBytes = 32 << 20;
constexpr int64_t kFirstRowsUnknown = 256;  ///< rows of the first batch where nothing tells how wide rows are
constexpr int64_t kFewRows = 8192;          ///< of a row group: batches of several such are worth more than flat columns

/// One a field of the requested schema; nullptr where libparquet's Arrow reader reads the column, or nobody.
using FlatColumns = std::vector<std::unique_ptr<FlatColumn>>;

class RowGroupsMorsel final : public Morsel {
 public:
  RowGroupsMorsel(std::shared_ptr<const FileState> state, std::vector<int> groups, int64_t first_row, int64_t rows,
                  const GroupCost& cost, const std::vector<Counted>& undecoded)
      : state_(std::move(state)),
        groups_(std::move(groups)),
        first_row_(first_row),
        rows_(rows),
        cost_(cost),
        leaves_(state_->LeavesWithout(undecoded)) {
    for (const Counted& column : undecoded) undecoded_.insert(column.field);
  }

  Status Decode(const EmitBatch& emit) override {
    // What `emit` fails with is not about the file, so it must not be given the file's name.
    Status emitted;
    const EmitBatch emit_and_keep = [&](std::shared_ptr<arrow::RecordBatch> batch) { return emitted = emit(std::move(batch)); };
    const Status status =
        Guarded(state_->uri(), [&] { return leaves_.empty() ? EmitRowsOnly(emit_and_keep) : DecodeColumns(emit_and_keep); });
    return emitted.ok() ? status : emitted;
  }

  int64_t first_row() const override { return first_row_; }

 private:
  int64_t BatchBytes() const {
    const TaskContext& context = state_->context;
    return std::clamp(context.budget->limit() / (16 * std::max(1, context.threads)), kMinBatchBytes, kMaxBatchBytes);
  }

  double BytesOfRow() const { return static_cast<double>(cost_.decoded) / static_cast<double>(cost_.rows); }

  int64_t RowsFor(double bytes_a_row) const {
    const auto rows = static_cast<int64_t>(static_cast<double>(BatchBytes()) / std::max(bytes_a_row, 1.0));
    return std::clamp<int64_t>(rows, 1, std::max<int64_t>(1, state_->context.batch_rows));
  }

  Result<std::unique_ptr<::parquet::arrow::FileReader>> OpenReader() const {
    const TaskContext& context = state_->context;
    ::parquet::ReaderProperties properties(context.pool);
    const int64_t buffer = std::clamp<int64_t>(
        context.budget->limit() / (16 * std::max(1, context.threads) * static_cast<int64_t>(leaves_.size())), int64_t{16} << 10,
        state_->remote ? int64_t{4} << 20 : int64_t{1} << 20);
    const bool whole = state_->remote ? cost_.compressed <= BatchBytes() : cost_.largest_chunk <= buffer;
    if (!whole) {
      properties.enable_buffered_stream();
      properties.set_buffer_size(buffer);
    }
    ::parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    for (int leaf : state_->encoded_leaves) {
      arrow_properties.set_read_dictionary(
          leaf, std::all_of(groups_.begin(), groups_.end(), [&](int group) {
            return IsDictionaryEncoded(*state_->file.footer->RowGroup(group)->ColumnChunk(leaf));
          }));
    }
    arrow_properties.set_pre_buffer(state_->remote && whole);
    arrow_properties.set_io_context(arrow::io::IOContext(context.pool));
    auto reader = ::parquet::ParquetFileReader::Open(state_->file.source, properties, state_->file.footer);
    return ::parquet::arrow::FileReader::Make(context.pool, std::move(reader), arrow_properties);
  }

  Status DecodeColumns(const EmitBatch& emit) {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenReader());
    batch_rows_ = RowsFor(BytesOfRow());
    if (cost_.guessed) batch_rows_ = std::min(batch_rows_, kFirstRowsUnknown);
    const auto groups = static_cast<int64_t>(groups_.size());
    // What is ahead of a remote reader is fetched for all columns at once, by libparquet's Arrow reader.
    if (state_->remote || (groups > 1 && cost_.rows / groups < kFewRows)) {
      return DecodeGroups(reader.get(), groups_, rows_, FlatColumns(state_->flat.size()), emit);
    }
    int64_t left = rows_;
    for (const int group : groups_) {
      if (left <= 0) break;
      const auto pages = reader->parquet_reader()->RowGroup(group);
      const int64_t rows = std::min(left, pages->metadata()->num_rows());
      ARROW_ASSIGN_OR_RAISE(FlatColumns flat, OpenFlatColumns(pages.get()));
      ARROW_RETURN_NOT_OK(DecodeGroups(reader.get(), {group}, rows, flat, emit));
      left -= rows;
    }
    return Status::OK();
  }

  Result<FlatColumns> OpenFlatColumns(::parquet::RowGroupReader* group) const {
    FlatColumns columns(state_->flat.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto& flat = state_->flat[i];
      if (!flat || undecoded_.contains(i)) continue;
      if (!flat->codes) {
        ARROW_ASSIGN_OR_RAISE(columns[i], OpenFlatNumbers(group, flat->leaf, flat->type, state_->context.pool));
      } else if (IsDictionaryEncoded(*group->metadata()->ColumnChunk(flat->leaf))) {
        ARROW_ASSIGN_OR_RAISE(columns[i], OpenFlatCodes(group, flat->leaf, flat->type, state_->context.pool));
      }
    }
    return columns;
  }

  /// The first `rows` rows of `groups`, one if any column is flat. Batches are as long as libparquet's, where it reads any.
  Status DecodeGroups(::parquet::arrow::FileReader* reader, const std::vector<int>& groups, int64_t rows,
                      const FlatColumns& flat, const EmitBatch& emit) {
    std::vector<int> leaves = leaves_;
    for (size_t i = 0; i < flat.size(); ++i) {
      if (flat[i]) std::erase(leaves, state_->flat[i]->leaf);
    }
    std::unique_ptr<arrow::RecordBatchReader> batches;
    if (!leaves.empty()) {
      reader->set_batch_size(std::min(batch_rows_, std::max<int64_t>(1, rows)));
      ARROW_ASSIGN_OR_RAISE(batches, reader->GetRecordBatchReader(groups, leaves));
    }
    for (int64_t left = rows; left > 0;) {
      ARROW_RETURN_NOT_OK(state_->context.CheckCancelled());
      int64_t count = std::min(left, batch_rows_);
      arrow::ArrayVector others;
      if (batches) {
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK(batches->ReadNext(&batch));
        if (!batch) {
          return Status::IOError("row groups ", groups.front(), " to ", groups.back(), " have ", left,
                                 " rows fewer than the file's footer says; the file is damaged");
        }
        count = std::min(left, batch->num_rows());
        others = batch->Slice(0, count)->columns();
      }
      ARROW_ASSIGN_OR_RAISE(auto batch, Arrange(flat, others, count));
      left -= count;
      if (cost_.guessed && count > 0) {
        // The size of the batch is known only now; growing by at most 4 times keeps one wide stretch from being a surprise.
        const int64_t bytes = arrow::util::TotalBufferSize(*batch);
        const int64_t fitting = RowsFor(static_cast<double>(bytes) / static_cast<double>(count));
        batch_rows_ = std::min(fitting, 4 * batch_rows_);
        reader->set_batch_size(batch_rows_);
      }
      ARROW_RETURN_NOT_OK(emit(std::move(batch)));
    }
    return Status::OK();
  }

  /// The next `rows` rows of the flat columns, `others` that libparquet read and the directory's ones, in the order asked for,
  /// in the types asked for.
  Result<std::shared_ptr<arrow::RecordBatch>> Arrange(const FlatColumns& flat, const arrow::ArrayVector& others,
                                                      int64_t rows) const {
    arrow::ArrayVector columns;
    auto schema = state_->schema;
    auto other = others.begin();
    for (int i = 0; i < state_->schema->num_fields(); ++i) {
      const auto index = static_cast<size_t>(i);
      const auto& field = state_->schema->field(i);
      std::shared_ptr<arrow::Array> column;
      if (state_->from_directory[index]) {
        ARROW_ASSIGN_OR_RAISE(column, DirectoryColumn(*field, rows));
      } else if (undecoded_.contains(index)) {
        ARROW_ASSIGN_OR_RAISE(column, StandIn(field->type(), rows, state_->context.pool));
      } else if (flat[index]) {
        auto read = flat[index]->Read(rows);
        if (!read.ok()) return WithPlace(read.status(), "column '" + field->name() + "'");
        ARROW_ASSIGN_OR_RAISE(column, Fit(*read, *field));
      } else {
        const auto& given = *other++;
        if (IsEncoded(*given->type(), *field)) {
          // libparquet does not look whether the codes of a damaged file lie in the dictionary.
          ARROW_RETURN_NOT_OK(WithPlace(given->ValidateFull(), "column '" + field->name() + "' is damaged"));
        }
        ARROW_ASSIGN_OR_RAISE(column, Fit(given, *field));
      }
      if (!column->type()->Equals(field->type())) {  // encoded
        ARROW_ASSIGN_OR_RAISE(schema, schema->SetField(i, field->WithType(column->type())));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(std::move(schema), rows, std::move(columns));
  }

  /// `given` in the type that was asked for; as a dictionary of that where it is encoded.
  Result<std::shared_ptr<arrow::Array>> Fit(const std::shared_ptr<arrow::Array>& given, const arrow::Field& field) const {
    auto type = field.type();
    if (IsEncoded(*given->type(), field)) {
      // libparquet makes a dictionary of string where a column is of large_string.
      type = arrow::dictionary(static_cast<const arrow::DictionaryType&>(*given->type()).index_type(), type);
    }
    auto column = Conform(given, type, state_->context.pool);
    if (column.ok()) return column;
    return WithPlace(column.status(), "column '" + field.name() + "' does not fit the type it has in the first file");
  }

  /// Whether a column of type `given` was left encoded because that was asked for.
  bool IsEncoded(const arrow::DataType& given, const arrow::Field& wanted) const {
    const auto& encoded = state_->encoded;
    if (given.id() != arrow::Type::DICTIONARY || std::ranges::find(encoded, wanted.name()) == encoded.end()) return false;
    return arrow::is_base_binary_like(wanted.type()->id()) &&
           Conforms(*static_cast<const arrow::DictionaryType&>(given).value_type(), *wanted.type());
  }

  Result<std::shared_ptr<arrow::Array>> DirectoryColumn(const arrow::Field& field, int64_t rows) const {
    const auto& categories = state_->options.categories;
    static const nlohmann::json kNone = nlohmann::json::array();
    const bool known = categories.is_object() && categories.contains(field.name());
    return PartitionColumn(state_->split.partition_values[field.name()], known ? categories[field.name()] : kNone, field.type(),
                           rows, state_->context.pool);
  }

  Status EmitRowsOnly(const EmitBatch& emit) {
    const int64_t most = RowsFor(BytesOfRow());
    for (int64_t left = rows_; left > 0;) {
      ARROW_RETURN_NOT_OK(state_->context.CheckCancelled());
      const int64_t rows = std::min(left, most);
      ARROW_ASSIGN_OR_RAISE(auto batch, Arrange(FlatColumns(state_->flat.size()), {}, rows));
      ARROW_RETURN_NOT_OK(emit(std::move(batch)));
      left -= rows;
    }
    return Status::OK();
  }

  const std::shared_ptr<const FileState> state_;
  const std::vector<int> groups_;
  const int64_t first_row_;
  const int64_t rows_;
  const GroupCost cost_;
  const std::vector<int> leaves_;  ///< that are decoded
  std::set<size_t> undecoded_;     ///< fields of the requested schema
  int64_t batch_rows_ = 1;         ///< of the next batch
};

}  // namespace

std::unique_ptr<Morsel> MakeRowGroupsMorsel(std::shared_ptr<const FileState> state, std::vector<int> groups, int64_t first_row,
                                            int64_t rows, const GroupCost& cost, const std::vector<Counted>& undecoded) {
  return std::make_unique<RowGroupsMorsel>(std::move(state), std::move(groups), first_row, rows, cost, undecoded);
}

}  // namespace millstream::parquet_format
