// One hash table of groups: rows on pages, found through slots of 16 hash bits and a 48-bit pointer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/exec/group_by_layout.h"
#include "millstream/memory/task_context.h"
#include "millstream/row/key_encoder.h"
#include "millstream/row/row_pages.h"
#include "millstream/spill/row_spill.h"

namespace millstream {

/// Rows of one partition that lie on disk.
struct SpilledRows {
  SpillFile* file = nullptr;
  std::vector<RowBlock> blocks;
};

/// Not thread-safe. A small table keeps its rows together; a larger one splits them into partitions by their hash. Once it
/// holds too many groups that come only once, it stops looking rows up and just collects them (`exact()` is then false: a group
/// may have several rows, to be merged later).
class GroupTable final : public RowHeap {
 public:
  struct Options {
    int level = 0;           ///< which bits of the hash make the partitions
    int partition_bits = 8;  ///< at most kPartitionBits: how many of those bits
    bool stay_exact = false;
  };

  GroupTable(const GroupLayout* layout, const TaskContext* context, const Options& options);
  ~GroupTable() override;

  /// Gives the rows of the groups that keyed rows belong to, making those that are not there. `keyed` are `n` rows, `stride`
  /// bytes apart; those whose `present` is 0 get a scratch row. Returns how many rows were resolved before memory ran out.
  int64_t FindOrInsert(const uint8_t* keyed, int64_t stride, const uint8_t* present, int64_t n, uint8_t** rows);

  /// The same for rows [begin, n) of the last chunk of `*encoder`, using its dictionary codes if it has such. May move
  /// the rows there are.
  int64_t FindOrInsert(KeyEncoder* encoder, const uint8_t* present, int64_t begin, int64_t n, uint8_t** rows);

  /// Adds `n` rows of another table. Returns how many were added before memory ran out.
  int64_t MergeRows(uint8_t* rows, int64_t n);

  uint8_t* AllocateBytes(const uint8_t* row, int64_t size) override;

  /// Writes all rows to disk, by partition, and forgets them. Needs no memory. If writing fails the rows are lost: this and
  /// any later call return why, as does status().
  Status Spill();
  const Status& status() const { return status_; }

  bool exact() const { return exact_; }
  int64_t rows() const;
  /// Memory held, of rows and slots.
  int64_t bytes() const;
  int partitions() const { return 1 << options_.partition_bits; }
  int level() const { return options_.level; }

  bool partitioned() const { return rows_.size() > 1; }
  /// Splits the rows into partitions, where they are not; false if memory is short, and nothing has changed then.
  bool Partition();
  /// The rows of a partition; all rows if the table is not partitioned.
  RowPages* partition_rows(int partition) { return &rows_[partitioned() ? partition : 0]; }

  bool spilled() const { return !spilled_.empty(); }
  /// What Spill wrote of a partition.
  SpilledRows TakeSpilled(int partition);
  int64_t spilled_bytes() const { return file_ ? file_->bytes() : 0; }
  int64_t spilled_partitions() const { return spilled_partitions_; }

  /// Gives the slots back; rows stay. Nothing can be looked up until rows are added again.
  void DropSlots();

 private:
  /// From this many groups on rows are kept by partition.
  static constexpr int64_t kPartitionGroups = 1 << 15;

  template <KeyLayout::Form kForm>
  int64_t FindOrInsertAs(const uint8_t* keyed, int64_t stride, const uint8_t* present, int64_t n, uint8_t** rows);
  int64_t Append(const uint8_t* keyed, int64_t stride, const uint8_t* present, int64_t n, uint8_t** rows);
  uint8_t* NewRow(const uint8_t* keyed);
  bool MakeRoomForGroup();
  bool Grow();
  bool ReducesTooLittle() const;
  int PartitionOfRow(const uint8_t* row) const;
  RowPages* PagesOf(const uint8_t* row) { return &rows_[partitioned() ? PartitionOfRow(row) : 0]; }
  uint8_t** CacheFor(int64_t size, int64_t key);

  const GroupLayout* layout_;
  const TaskContext* context_;
  const Options options_;
  std::vector<RowPages> rows_;  ///< one, or one for each partition
  std::vector<uint64_t> scratch_row_;

  uint64_t* slots_ = nullptr;
  int64_t slot_count_ = 0;
  int64_t grow_at_ = 0;    ///< groups at which the slots are doubled
  int64_t partition_at_;   ///< groups at which the rows are split
  int64_t groups_ = 0;     ///< in the slots
  int64_t rows_seen_ = 0;  ///< since the slots were empty
  bool exact_ = true;
  bool looks_up_ = true;

  // Rows by dictionary code, so that these need no lookup. Valid as long as the slots are.
  uint8_t** cache_ = nullptr;
  int64_t cache_size_ = 0;
  int64_t cache_key_ = -1;  ///< the dictionary's generation

  Status WriteRows();
  uint8_t* RowAt(int64_t index, const std::vector<int64_t>& page_starts);
  std::vector<int64_t> SortByPartition();

  std::unique_ptr<SpillFile> file_;
  std::vector<std::vector<RowBlock>> spilled_;
  int64_t spilled_partitions_ = 0;
  Status status_;  ///< not OK once rows were moved or changed to go to disk, and did not get there
};

}  // namespace millstream
