// Collect: keeps the rows of a stage in memory, in frame order.
#include <algorithm>

#include <arrow/table.h>

#include "millstream/exec/sink.h"
#include "millstream/memory/disown.h"

namespace millstream {

CollectSink::CollectSink(std::shared_ptr<arrow::Schema> schema, int npartitions, const TaskContext& context, bool is_result)
    : schema_(std::move(schema)), context_(context), is_result_(is_result), partitions_(static_cast<size_t>(npartitions)) {}

Status CollectSink::Consume(const BatchTag& tag, std::shared_ptr<arrow::RecordBatch> batch) {
  if (is_result_) DisownBatch(*batch, context_.pool);
  Partition& partition = partitions_[static_cast<size_t>(tag.partition)];
  std::lock_guard lock(partition.mutex);
  partition.pieces.push_back({tag.morsel, std::move(batch)});
  return Status::OK();
}

Status CollectSink::Finish() {
  for (Partition& partition : partitions_) {
    // Batches of one morsel came in order, from one thread.
    std::stable_sort(partition.pieces.begin(), partition.pieces.end(),
                     [](const Piece& a, const Piece& b) { return a.morsel < b.morsel; });
    arrow::RecordBatchVector batches;
    for (Piece& piece : partition.pieces) batches.push_back(std::move(piece.batch));
    partition.pieces.clear();
    ARROW_ASSIGN_OR_RAISE(auto table, TableFromBatches(schema_, std::move(batches)));
    tables_.push_back(std::move(table));
  }
  return Status::OK();
}

Result<PartitionSources> CollectSink::Output() {
  PartitionSources sources;
  for (const auto& table : tables_) sources.push_back(SourceFromTable(table, context_));
  return sources;
}

}  // namespace millstream
