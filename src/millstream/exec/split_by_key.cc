#include "millstream/exec/split_by_key.h"

#include <algorithm>
#include <utility>

#include <arrow/table.h>

#include "millstream/row/batch_memory.h"

namespace millstream {
namespace {

constexpr int64_t kSeparateBytes = 64 << 10;  ///< of a key's rows in a batch, which are then kept apart
constexpr int64_t kExactRows = 16;            ///< fewer are taken to be as large as the average of their batch

/// Rows of one key may be far larger than those of another, so those of a key with some are measured.
Result<int64_t> BytesOfKey(const arrow::RecordBatch& batch, int64_t offset, int64_t rows, double row_bytes) {
  auto bytes = static_cast<int64_t>(static_cast<double>(rows) * row_bytes);
  if (rows >= kExactRows) {
    ARROW_ASSIGN_OR_RAISE(bytes, RowBytes(*batch.Slice(offset, rows)));
  }
  return std::max<int64_t>(1, bytes);  // a key with rows must never seem to have nothing to give
}

/// Copies the rows of large keys apart, and those of small keys into one batch.
Result<std::vector<KeyedRows>> CopyApart(const arrow::RecordBatch& batch, std::vector<KeyedRows> pieces, HeldRows* held,
                                         arrow::MemoryPool* pool) {
  arrow::RecordBatchVector small;
  int64_t small_bytes = 0;
  int64_t small_rows = 0;
  int64_t begin = 0;  // of the small ones that are neighbours
  int64_t end = 0;
  for (KeyedRows& piece : pieces) {
    const int64_t offset = piece.offset;
    if (piece.bytes < kSeparateBytes) {
      piece.offset = std::exchange(small_rows, small_rows + piece.rows);
      small_bytes += piece.bytes;
    } else {
      if (end > begin) small.push_back(batch.Slice(begin, end - begin));
      begin = offset + piece.rows;
      ARROW_ASSIGN_OR_RAISE(auto copy, arrow::ConcatenateRecordBatches({batch.Slice(offset, piece.rows)}, pool));
      piece.batch = held->Hold(std::move(copy), piece.bytes);
      piece.offset = 0;
    }
    end = offset + piece.rows;
  }
  if (end > begin) small.push_back(batch.Slice(begin, end - begin));
  if (small.empty()) return pieces;
  ARROW_ASSIGN_OR_RAISE(auto joined, arrow::ConcatenateRecordBatches(small, pool));
  const auto rest = held->Hold(std::move(joined), small_bytes);
  for (KeyedRows& piece : pieces) {
    if (!piece.batch) piece.batch = rest;
  }
  return pieces;
}

}  // namespace

std::shared_ptr<arrow::RecordBatch> HeldRows::Hold(std::shared_ptr<arrow::RecordBatch> batch, int64_t bytes) {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  arrow::RecordBatch* rows = batch.get();
  return {rows, [this, batch = std::move(batch), bytes](arrow::RecordBatch*) mutable {
            batch.reset();
            bytes_.fetch_sub(bytes, std::memory_order_relaxed);
          }};
}

Result<std::vector<KeyedRows>> SplitByKey(GroupedRows grouped, HeldRows* held, arrow::MemoryPool* pool) {
  const arrow::RecordBatch& batch = *grouped.batch;
  ARROW_ASSIGN_OR_RAISE(const int64_t batch_bytes, RowBytes(batch));
  const double row_bytes = static_cast<double>(batch_bytes) / static_cast<double>(batch.num_rows());
  std::vector<KeyedRows> pieces(grouped.offsets.size() - 1);
  for (size_t k = 0; k < pieces.size(); ++k) {
    KeyedRows& piece = pieces[k];
    piece.offset = grouped.offsets[k];
    piece.rows = grouped.offsets[k + 1] - piece.offset;
    ARROW_ASSIGN_OR_RAISE(piece.bytes, BytesOfKey(batch, piece.offset, piece.rows, row_bytes));
  }
  const bool has_large =
      std::any_of(pieces.begin(), pieces.end(), [](const KeyedRows& piece) { return piece.bytes >= kSeparateBytes; });
  if (has_large && pieces.size() > 1) {
    auto apart = CopyApart(batch, pieces, held, pool);
    if (apart.ok() || !apart.status().IsOutOfMemory()) return apart;
  }
  const auto all = held->Hold(std::move(grouped.batch), batch_bytes);
  for (KeyedRows& piece : pieces) piece.batch = all;
  return pieces;
}

}  // namespace millstream
