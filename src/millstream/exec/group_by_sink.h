// The consuming half of a group-by: one table a thread, filled a chunk at a time.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/exec/group_by_table.h"

namespace millstream {

/// Reads the keys and values of batches of one schema for some aggregates of a layout. One thread's.
class GroupSource {
 public:
  /// Which column feeds which aggregate; -1: none (size).
  struct Input {
    size_t aggregate;
    int column;
  };

  static Result<GroupSource> Make(const GroupLayout* layout, const arrow::Schema& schema, std::vector<int> keys,
                                  std::vector<Input> inputs, arrow::MemoryPool* pool);

  /// Starts reading `batch`, which must outlive the reading.
  Status Bind(const arrow::RecordBatch& batch);
  /// Reads rows [offset, offset + n).
  Status Read(int64_t offset, int64_t n);

  KeyEncoder* encoder() const { return encoder_.get(); }
  const std::vector<Input>& inputs() const { return inputs_; }
  /// The values of the i-th input.
  const ColumnChunk& values(size_t i) const { return chunks_[reader_of_[i]]; }

 private:
  std::vector<int> keys_;
  std::vector<Input> inputs_;
  std::unique_ptr<KeyEncoder> encoder_;
  std::vector<int> columns_;  ///< read by readers_
  std::vector<ColumnReader> readers_;
  std::vector<size_t> reader_of_;    ///< for each input
  std::vector<ColumnChunk> chunks_;  ///< for each reader, and an empty one
  std::vector<std::shared_ptr<arrow::ArrayData>> bound_;
};

/// The tables of all threads for one layout.
class GroupSink {
 public:
  /// Called by thread `thread` when memory is short and its own table is empty: true if others gave some back.
  using MakeRoom = std::function<Result<bool>(int thread)>;

  GroupSink(GroupLayout layout, const TaskContext& context, int threads, bool dropna, MakeRoom make_room);

  /// Adds a batch. `position` is the place of its first row in `partition`.
  Status Consume(int thread, GroupSource* source, const arrow::RecordBatch& batch, int64_t partition, uint64_t position);

  /// Without keys: makes the one group, which exists even if no row does.
  Status AddTheGroup();

  /// Writes the table of a thread to disk; false if there was nothing to write.
  Result<bool> Spill(int thread);
  /// Memory that Spill would free.
  int64_t bytes(int thread) const { return tables_[thread]->bytes(); }

  const GroupLayout& layout() const { return layout_; }
  std::vector<std::unique_ptr<GroupTable>>* tables() { return &tables_; }
  const TaskContext& context() const { return context_; }

 private:
  Status ConsumeChunk(int thread, const GroupSource& source, int64_t n, int64_t partition, uint64_t position);
  Status SpillOrWait(int thread, int* attempts);

  const GroupLayout layout_;
  const TaskContext context_;
  const bool dropna_;
  const MakeRoom make_room_;
  std::vector<std::unique_ptr<GroupTable>> tables_;
};

}  // namespace millstream
