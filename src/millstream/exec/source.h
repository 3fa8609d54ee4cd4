// The physical form of a plan below its sink: one source a partition, each a stream of morsels with the row-wise operators
// already around them, so that whoever runs a stage sees readers and batches only.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "millstream/format/format.h"

namespace millstream {

/// One partition of a stage's input.
struct PartitionSource {
  std::function<Result<std::unique_ptr<SplitReader>>()> open;
  bool serial = false;        ///< morsels must be decoded in order, one at a time (row positions are counted)
  bool numbers_rows = false;  ///< as of Format::NumbersRows
};

using PartitionSources = std::vector<PartitionSource>;

/// Opens and drains a source on the calling thread, in order. Stops at the first error, `emit`'s included.
Status Drain(const PartitionSource& source, const TaskContext& context, const EmitBatch& emit);

/// A source whose whole content comes from one call of `produce`, which emits batches.
PartitionSource SourceFromFunction(std::function<Status(const EmitBatch&)> produce);

/// The batches of a table, cut to context.batch_rows.
PartitionSource SourceFromTable(std::shared_ptr<arrow::Table> table, const TaskContext& context);

/// Several sources one after the other, as one partition.
PartitionSource ConcatenateSources(PartitionSources sources);

/// The rows of `batches`, in order; they may have no columns.
Result<std::shared_ptr<arrow::Table>> TableFromBatches(const std::shared_ptr<arrow::Schema>& schema,
                                                       arrow::RecordBatchVector batches);

/// `rows` rows from `offset`; also of a table without columns, which has rows all the same.
std::shared_ptr<arrow::Table> SliceTable(const arrow::Table& table, int64_t offset, int64_t rows);

/// Emits `table` in batches of at most `batch_rows` rows.
Status EmitTable(const arrow::Table& table, int64_t batch_rows, const EmitBatch& emit);

}  // namespace millstream
