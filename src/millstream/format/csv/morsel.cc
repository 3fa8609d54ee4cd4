// Decodes one morsel: window by window a structural scan, then the columns of the records it found.
#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bit_util.h>
#include <simdjson.h>

#include "millstream/format/csv/record_cursor.h"
#include "millstream/format/csv/scan_plan.h"

namespace millstream::csv {
namespace {

/// Text scanned at a time: it and its index stay in the second-level cache until all columns are decoded.
constexpr uint32_t kWindow = 64 * 1024;
/// A filter that keeps more than this share of the rows costs more than it saves.
constexpr double kFilterPaysBelow = 0.5;

/// A scratch array of positions from the pool; what is kept on growth is the caller's affair.
class PositionArray {
 public:
  explicit PositionArray(arrow::MemoryPool* pool) : pool_(pool) {}
  Status Reserve(size_t count) {
    const auto bytes = static_cast<int64_t>(count * sizeof(uint32_t));
    if (buffer_ != nullptr && bytes <= buffer_->size()) return Status::OK();
    if (buffer_ == nullptr) return arrow::AllocateResizableBuffer(bytes, pool_).Value(&buffer_);
    return buffer_->Resize(bytes + bytes / 2);
  }
  uint32_t* data() { return reinterpret_cast<uint32_t*>(buffer_->mutable_data()); }

 private:
  arrow::MemoryPool* pool_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
};

/// Finds records in windows of the text and lines their fields up in a table.
class RecordIndexer {
 public:
  RecordIndexer(const ScanPlan& plan, const uint8_t* text, uint32_t size, int64_t offset)
      : plan_(plan),
        text_(text),
        size_(size),
        offset_(offset),
        width_(plan.options.columns.size()),
        positions_(plan.context.pool),
        record_ends_(plan.context.pool),
        aligned_(plan.context.pool) {}

  bool done() const { return at_ == size_; }
  uint32_t scanned() const { return at_; }

  /// The records that end in the next window; the table is good until the next call.
  Result<FieldTable> NextWindow() {
    DropConsumed();
    const uint32_t end = size_ - at_ > kWindow ? at_ + kWindow : size_;
    // One place in front of the first position is the end of the record before.
    ARROW_RETURN_NOT_OK(positions_.Reserve(1 + kept_ + (end - at_) + 64));
    ARROW_RETURN_NOT_OK(record_ends_.Reserve(end - at_ + 64));
    positions_.data()[0] = last_end_;
    StructuralIndex index;
    index.positions = positions_.data() + 1;
    index.count = kept_;
    index.record_ends = record_ends_.data();
    ScanStructure(plan_.options.dialect, text_, at_, end, &state_, &index);
    at_ = end;
    count_ = index.count;
    consumed_ = index.record_count == 0 ? 0 : index.record_ends[index.record_count - 1] + 1;

    FieldTable table;
    table.text = text_;
    table.quotes = index.quotes || carried_quotes_;
    table.non_ascii = index.non_ascii || carried_non_ascii_;
    // A record may begin in one window and end in a later one.
    carried_quotes_ = consumed_ == 0 ? table.quotes : index.quotes;
    carried_non_ascii_ = consumed_ == 0 ? table.non_ascii : index.non_ascii;
    if (IsRegular(index)) {
      table.positions = positions_.data();
      table.stride = width_;
      table.rows = static_cast<int64_t>(index.record_count);
    } else {
      ARROW_RETURN_NOT_OK(Align(index, &table));
    }
    return table;
  }

 private:
  /// Every record has all fields, and there are no blank lines: the positions are the table.
  bool IsRegular(const StructuralIndex& index) const {
    if (width_ == 1 || plan_.options.dialect.comment >= 0) return false;
    uint32_t odd = 0;
    for (size_t i = 0; i < index.record_count; ++i) {
      odd |= index.record_ends[i] ^ static_cast<uint32_t>(i * width_ + width_ - 1);
    }
    return odd == 0;
  }

  Status Align(const StructuralIndex& index, FieldTable* table) {
    table->stride = width_ + 1;
    ARROW_RETURN_NOT_OK(aligned_.Reserve(index.record_count * table->stride));
    uint32_t* out = aligned_.data();
    const uint32_t* before = positions_.data();  // of the record: the position in front of its first field
    const int comment = plan_.options.dialect.comment;
    for (size_t i = 0; i < index.record_count; ++i) {
      const uint32_t* last = index.positions + index.record_ends[i];
      const auto fields = static_cast<size_t>(last - before);
      const uint32_t start = *before + 1;
      const char* bytes = reinterpret_cast<const char*>(text_) + start;
      const bool blank = fields == 1 && IsBlank({bytes, *last - start});
      const bool in_comment = comment >= 0 && start > 0 && text_[start - 1] == comment;
      if (!blank && !in_comment) {
        if (fields > width_ && plan_.options.usecols.is_null()) return TooManyFields(start, fields);
        const size_t present = std::min(fields, width_);
        std::memcpy(out, before, (present + 1) * sizeof(uint32_t));
        std::fill(out + present + 1, out + width_ + 1, *last);  // fields of length -1
        out += table->stride;
        ++table->rows;
      }
      before = last;
    }
    table->positions = aligned_.data();
    return Status::OK();
  }

  Status TooManyFields(uint32_t start, size_t fields) const {
    return Status::Invalid(plan_.PlaceOf(offset_ + start), ": expected ", width_, " fields, saw ", fields,
                           "; is a value with the separator in it not quoted?");
  }

  /// Moves the positions of the record that the last window cut to the front.
  void DropConsumed() {
    if (consumed_ > 0) {
      uint32_t* positions = positions_.data() + 1;
      last_end_ = positions[consumed_ - 1];
      std::memmove(positions, positions + consumed_, (count_ - consumed_) * sizeof(uint32_t));
    }
    kept_ = count_ - consumed_;
  }

  const ScanPlan& plan_;
  const uint8_t* const text_;
  const uint32_t size_;
  const int64_t offset_;
  const size_t width_;
  PositionArray positions_;
  PositionArray record_ends_;
  PositionArray aligned_;
  ScanState state_ = ScanState::kFieldStart;
  uint32_t at_ = 0;
  uint32_t last_end_ = ~uint32_t{0};
  size_t count_ = 0;     ///< positions found and not dropped
  size_t consumed_ = 0;  ///< of them, those of whole records
  size_t kept_ = 0;
  bool carried_quotes_ = false;
  bool carried_non_ascii_ = false;
};

/// Decodes a fixed set of columns.
class ColumnSet {
 public:
  Status Init(const ScanPlan& plan, const std::vector<ReadColumn>& columns, int64_t expected_rows, const Locate& locate) {
    for (const auto& column : columns) {
      ARROW_ASSIGN_OR_RAISE(auto decoder, MakeColumnDecoder(column, plan.options, expected_rows, locate, plan.context.pool));
      decoders_.push_back(std::move(decoder));
    }
    ready_ = true;
    return Status::OK();
  }
  bool ready() const { return ready_; }

  Status Append(const FieldTable& table, int64_t first, int64_t rows) {
    for (auto& decoder : decoders_) ARROW_RETURN_NOT_OK(decoder->Append(table, first, rows));
    rows_ += rows;
    return Status::OK();
  }
  int64_t rows() const { return rows_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish(const std::shared_ptr<arrow::Schema>& schema) {
    arrow::ArrayVector arrays;
    for (auto& decoder : decoders_) {
      ARROW_ASSIGN_OR_RAISE(auto array, decoder->Finish());
      arrays.push_back(std::move(array));
    }
    const int64_t rows = rows_;
    rows_ = 0;
    return arrow::RecordBatch::Make(schema, rows, std::move(arrays));
  }

 private:
  std::vector<std::unique_ptr<ColumnDecoder>> decoders_;
  int64_t rows_ = 0;
  bool ready_ = false;
};

class CsvMorsel final : public Morsel {
 public:
  CsvMorsel(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<arrow::Buffer> buffer, const uint8_t* text, uint32_t size,
            int64_t offset)
      : plan_(std::move(plan)), buffer_(std::move(buffer)), text_(text), size_(size), offset_(offset) {}

  int64_t rows_dropped() const override { return rows_dropped_; }

  Status Decode(const EmitBatch& emit) override {
    const Locate locate = [this](uint32_t at) { return plan_->PlaceOf(offset_ + at); };
    RecordIndexer indexer(*plan_, text_, size_, offset_);
    ColumnSet columns;
    ColumnSet filter_columns;
    PositionArray survivors(plan_->context.pool);
    const bool invalid_utf8 =
        plan_->options.encoding == Encoding::kUtf8 && !simdjson::validate_utf8(reinterpret_cast<const char*>(text_), size_);
    while (!indexer.done() && !Enough()) {
      ARROW_RETURN_NOT_OK(plan_->context.CheckCancelled());
      ARROW_ASSIGN_OR_RAISE(FieldTable table, indexer.NextWindow());
      table.invalid_utf8 = invalid_utf8;
      if (!columns.ready()) {
        const int64_t in_window = table.rows * int64_t{size_} / std::max<int64_t>(indexer.scanned(), 1);
        const int64_t expected = std::min(plan_->context.batch_rows, in_window + in_window / 16 + 16);
        ARROW_RETURN_NOT_OK(columns.Init(*plan_, plan_->columns, expected, locate));
        ARROW_RETURN_NOT_OK(filter_columns.Init(*plan_, plan_->filter_columns, table.rows, locate));
      }
      if (plan_->filter != nullptr && table.rows > 0 && plan_->filter_pays.load(std::memory_order_relaxed)) {
        ARROW_RETURN_NOT_OK(KeepSurvivors(&table, &filter_columns, &survivors));
      }
      ARROW_RETURN_NOT_OK(AppendTable(table, &columns, emit));
    }
    return columns.rows() > 0 ? EmitColumns(&columns, emit) : Status::OK();
  }

 private:
  bool Enough() const { return plan_->limit && emitted_ >= *plan_->limit; }

  Status AppendTable(const FieldTable& table, ColumnSet* columns, const EmitBatch& emit) {
    for (int64_t first = 0; first < table.rows && !Enough();) {
      int64_t rows = std::min(table.rows - first, plan_->context.batch_rows - columns->rows());
      if (plan_->limit) rows = std::min(rows, *plan_->limit - emitted_ - columns->rows());
      ARROW_RETURN_NOT_OK(columns->Append(table, first, rows));
      first += rows;
      const bool last = plan_->limit && emitted_ + columns->rows() >= *plan_->limit;
      if (columns->rows() == plan_->context.batch_rows || last) ARROW_RETURN_NOT_OK(EmitColumns(columns, emit));
    }
    return Status::OK();
  }

  Status EmitColumns(ColumnSet* columns, const EmitBatch& emit) {
    ARROW_RETURN_NOT_OK(plan_->context.CheckCancelled());
    emitted_ += columns->rows();
    plan_->rows_decoded.fetch_add(columns->rows(), std::memory_order_relaxed);
    ARROW_ASSIGN_OR_RAISE(auto batch, columns->Finish(plan_->schema));
    return emit(std::move(batch));
  }

  /// Decodes the filter's columns and replaces the table by the rows for which the filter holds.
  Status KeepSurvivors(FieldTable* table, ColumnSet* filter_columns, PositionArray* survivors) {
    ARROW_RETURN_NOT_OK(filter_columns->Append(*table, 0, table->rows));
    ARROW_ASSIGN_OR_RAISE(auto batch, filter_columns->Finish(plan_->filter_schema));
    arrow::compute::ExecContext exec(plan_->context.pool);
    exec.set_use_threads(false);
    ARROW_ASSIGN_OR_RAISE(const auto mask, plan_->filter->EvaluateArray(*batch, &exec));
    if (mask->type_id() != arrow::Type::BOOL) {
      return Status::TypeError("a filter must give true or false, not ", mask->type()->ToString());
    }
    const auto& keep = static_cast<const arrow::BooleanArray&>(*mask);
    const size_t width = plan_->options.columns.size() + 1;
    const int64_t kept = keep.true_count();
    if (static_cast<double>(kept) > kFilterPaysBelow * static_cast<double>(table->rows) && table->rows > 64) {
      plan_->filter_pays.store(false, std::memory_order_relaxed);
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(survivors->Reserve(static_cast<size_t>(kept) * width + 1));
    uint32_t* out = survivors->data();
    for (int64_t row = 0; row < table->rows; ++row) {
      if (keep.IsNull(row) || !keep.Value(row)) continue;
      std::memcpy(out, table->positions + static_cast<size_t>(row) * table->stride, width * sizeof(uint32_t));
      out += width;
    }
    table->positions = survivors->data();
    table->stride = width;
    rows_dropped_ += table->rows - kept;
    table->rows = kept;
    return Status::OK();
  }

  const std::shared_ptr<const ScanPlan> plan_;
  const std::shared_ptr<arrow::Buffer> buffer_;  ///< holds the text
  const uint8_t* const text_;
  const uint32_t size_;
  const int64_t offset_;
  int64_t emitted_ = 0;
  int64_t rows_dropped_ = 0;
};

}  // namespace

std::unique_ptr<Morsel> MakeMorsel(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<arrow::Buffer> buffer,
                                   const uint8_t* text, uint32_t size, int64_t offset) {
  return std::make_unique<CsvMorsel>(std::move(plan), std::move(buffer), text, size, offset);
}

}  // namespace millstream::csv
