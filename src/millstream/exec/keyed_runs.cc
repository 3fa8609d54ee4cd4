#include "millstream/exec/keyed_runs.h"

#include <algorithm>
#include <array>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>

#include "millstream/exec/run_parallel.h"

namespace millstream {
namespace {

/// Rows of a block, as the end of the block lists them.
struct Record {
  int64_t key;
  RowPlace place;
  int64_t rows;
  int64_t bytes;
};

/// The open block of a spill file, as Arrow's writer wants it.
class BlockStream final : public arrow::io::OutputStream {
 public:
  explicit BlockStream(SpillFile* file) : file_(file) {}
  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  using arrow::io::OutputStream::Write;
  Status Write(const void* data, int64_t size) override {
    position_ += size;
    return file_->Append(data, size);
  }

 private:
  SpillFile* const file_;
  int64_t position_ = 0;
  bool closed_ = false;
};

/// The pieces as one batch, whose dictionaries have but the values in use: a block has them whole.
Result<std::shared_ptr<arrow::RecordBatch>> Join(const std::vector<KeyedRows>& pieces, LargeDictionaries* dictionaries,
                                                 arrow::MemoryPool* pool) {
  arrow::RecordBatchVector slices;
  const arrow::RecordBatch* last = nullptr;
  int64_t begin = 0;
  int64_t end = 0;
  const auto cut = [&](const std::shared_ptr<arrow::RecordBatch>& batch) {
    return dictionaries->WithoutUnusedValues(batch->Slice(begin, end - begin), pool).Value(&slices.emplace_back());
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    const KeyedRows& piece = pieces[i];
    if (piece.batch.get() == last && piece.offset == end) {
      end += piece.rows;
      continue;
    }
    if (i > 0) ARROW_RETURN_NOT_OK(cut(pieces[i - 1].batch));
    last = piece.batch.get();
    begin = piece.offset;
    end = begin + piece.rows;
  }
  ARROW_RETURN_NOT_OK(cut(pieces.back().batch));
  if (slices.size() == 1) return slices.front();
  return arrow::ConcatenateRecordBatches(slices, pool);
}

bool Continues(const Record& record, const KeyedRows& piece) {
  return record.key == piece.key && record.place.partition == piece.place.partition &&
         record.place.morsel == piece.place.morsel;
}

/// Types that Arrow's stream does not know (extensions that are not registered) come back as their storage.
std::shared_ptr<arrow::RecordBatch> WithSchema(const arrow::RecordBatch& batch, const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ArrayDataVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    auto column = batch.column_data(i)->Copy();
    column->type = schema->field(i)->type();
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(columns));
}

}  // namespace

Result<RunBlock> RunStore::Write(const std::vector<KeyedRows>& pieces) {
  ARROW_RETURN_NOT_OK(context_.CheckCancelled());
  ARROW_ASSIGN_OR_RAISE(const auto rows, Join(pieces, dictionaries_, context_.pool));
  std::vector<Record> records;
  for (const KeyedRows& piece : pieces) {
    // Rows of one morsel that follow each other stay neighbours: no other run has rows of it that belong between them.
    if (!records.empty() && Continues(records.back(), piece)) {
      records.back().rows += piece.rows;
      records.back().bytes += piece.bytes;
    } else {
      records.push_back({piece.key, piece.place, piece.rows, piece.bytes});
    }
  }
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = context_.pool;
  options.use_threads = false;

  std::lock_guard lock(mutex_);
  if (!file_) ARROW_RETURN_NOT_OK(SpillFile::Create(context_.temp_dir, {}).Value(&file_));
  file_->BeginBlock();
  BlockStream stream(file_.get());
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeStreamWriter(&stream, schema_, options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*rows));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_RETURN_NOT_OK(file_->Append(records.data(), static_cast<int64_t>(records.size() * sizeof(Record))));
  ARROW_ASSIGN_OR_RAISE(const SpillBlock block, file_->EndBlock());
  return RunBlock{block, records.back().key, static_cast<int64_t>(records.size())};
}

Result<std::vector<KeyedRows>> RunStore::Read(const RunBlock& block) const {
  ARROW_RETURN_NOT_OK(context_.CheckCancelled());
  std::vector<Record> records(static_cast<size_t>(block.records));
  const auto record_bytes = static_cast<int64_t>(records.size() * sizeof(Record));
  const int64_t stream_bytes = block.block.length - record_bytes;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(stream_bytes, context_.pool));
  const std::array<std::span<uint8_t>, 2> parts{
      std::span(buffer->mutable_data(), static_cast<size_t>(stream_bytes)),
      std::span(reinterpret_cast<uint8_t*>(records.data()), static_cast<size_t>(record_bytes))};
  ARROW_RETURN_NOT_OK(file_->Read(block.block, parts));

  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = context_.pool;
  options.use_threads = false;
  const auto source = std::make_shared<arrow::io::BufferReader>(std::move(buffer));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchStreamReader::Open(source, options));
  std::shared_ptr<arrow::RecordBatch> read;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&read));
  const auto batch = WithSchema(*read, schema_);
  std::vector<KeyedRows> pieces;
  pieces.reserve(records.size());
  int64_t offset = 0;
  for (const Record& record : records) {
    pieces.push_back({record.key, record.place, batch, offset, record.rows, record.bytes});
    offset += record.rows;
  }
  return pieces;
}

int64_t RunStore::spilled_bytes() const {
  std::lock_guard lock(mutex_);
  return file_ ? file_->bytes() : 0;
}

Status RunWriter::Add(const KeyedRows& piece) {
  KeyedRows part = piece;
  const int64_t row_bytes = std::max<int64_t>(1, piece.bytes / piece.rows);
  for (int64_t left = piece.rows; left > 0; left -= part.rows) {
    const int64_t room = std::max<int64_t>(1, (store_->block_bytes() - bytes_) / row_bytes);
    part.offset = piece.offset + piece.rows - left;
    part.rows = std::min(left, room);
    part.bytes = part.rows * row_bytes;
    pieces_.push_back(part);
    bytes_ += part.bytes;
    if (bytes_ + row_bytes > store_->block_bytes()) ARROW_RETURN_NOT_OK(Flush());
  }
  return Status::OK();
}

Status RunWriter::Flush() {
  ARROW_ASSIGN_OR_RAISE(const RunBlock block, store_->Write(pieces_));
  run_.push_back(block);
  pieces_.clear();
  bytes_ = 0;
  return Status::OK();
}

Result<Run> RunWriter::Finish() {
  if (!pieces_.empty()) ARROW_RETURN_NOT_OK(Flush());
  return std::move(run_);
}

bool RunMerger::IsAfter(const Cursor& a, const Cursor& b) {
  return std::pair(a.front().key, a.front().place) > std::pair(b.front().key, b.front().place);
}

Result<std::unique_ptr<RunMerger>> RunMerger::Make(RunStore* store, std::span<const Run> runs, int64_t first_key,
                                                   int64_t end_key) {
  std::unique_ptr<RunMerger> merger(new RunMerger(store, first_key, end_key));
  for (const Run& run : runs) {
    Cursor cursor;
    cursor.run = &run;
    const auto first = std::partition_point(run.begin(), run.end(), [&](const RunBlock& b) { return b.last_key < first_key; });
    cursor.block = static_cast<size_t>(first - run.begin());
    ARROW_ASSIGN_OR_RAISE(const bool has_rows, merger->Fill(&cursor));
    if (has_rows) merger->heap_.push_back(std::move(cursor));
  }
  std::make_heap(merger->heap_.begin(), merger->heap_.end(), IsAfter);
  return merger;
}

Result<bool> RunMerger::Fill(Cursor* cursor) {
  for (;;) {
    while (cursor->piece < cursor->pieces.size() && cursor->front().key < first_key_) ++cursor->piece;
    if (cursor->piece < cursor->pieces.size()) return cursor->front().key < end_key_;
    cursor->pieces.clear();
    cursor->piece = 0;
    if (cursor->block == cursor->run->size()) return false;
    ARROW_ASSIGN_OR_RAISE(cursor->pieces, store_->Read((*cursor->run)[cursor->block++]));
  }
}

Result<KeyedRows> RunMerger::Next() {
  if (heap_.empty()) return KeyedRows{};
  std::pop_heap(heap_.begin(), heap_.end(), IsAfter);
  Cursor& first = heap_.back();
  KeyedRows piece = first.front();
  ++first.piece;
  ARROW_ASSIGN_OR_RAISE(const bool has_rows, Fill(&first));
  if (has_rows) {
    std::push_heap(heap_.begin(), heap_.end(), IsAfter);
  } else {
    heap_.pop_back();
  }
  return piece;
}

Status ReduceRuns(RunStore* store, int threads, size_t fan_in, std::vector<Run>* runs) {
  while (runs->size() > fan_in) {
    // Neighbours are merged, so that rows of a morsel stay in the order they came.
    std::vector<Run> merged((runs->size() + fan_in - 1) / fan_in);
    const auto merge = [&](int64_t index, int) -> Status {
      const size_t begin = static_cast<size_t>(index) * fan_in;
      const auto group = std::span(*runs).subspan(begin, std::min(fan_in, runs->size() - begin));
      ARROW_ASSIGN_OR_RAISE(const auto merger, RunMerger::Make(store, group, 0, INT64_MAX));
      RunWriter writer(store);
      for (;;) {
        ARROW_ASSIGN_OR_RAISE(const KeyedRows piece, merger->Next());
        if (piece.rows == 0) break;
        ARROW_RETURN_NOT_OK(writer.Add(piece));
      }
      ARROW_ASSIGN_OR_RAISE(merged[static_cast<size_t>(index)], writer.Finish());
      for (const Run& run : group) {
        for (const RunBlock& block : run) store->Release(block);
      }
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(RunParallel(threads, static_cast<int64_t>(merged.size()), merge));
    *runs = std::move(merged);
  }
  return Status::OK();
}

}  // namespace millstream
