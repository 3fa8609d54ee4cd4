#include "millstream/exec/group_by_merge.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <thread>

#include <arrow/buffer.h>

#include "millstream/exec/run_parallel.h"

namespace millstream {
namespace {

using row_internal::LoadWord;

/// Adds the states of rows that turned out to be of groups already met. Strings are shared, not copied.
class PendingMerges {
 public:
  explicit PendingMerges(const GroupLayout* layout) : layout_(layout) {}

  void Add(uint8_t* into, uint8_t* from) {
    into_[count_] = into;
    from_[count_++] = from;
    if (count_ == kChunkRows) Flush();
  }

  void Flush() {
    for (size_t a = 0; a < layout_->aggregates.size(); ++a) {
      const int64_t offset = layout_->state_offsets[a];
      layout_->aggregates[a]->Merge({into_.data(), offset}, {from_.data(), offset}, 0, count_, nullptr);
    }
    // If memory runs out later all rows go to disk and are merged again: these then add nothing.
    for (int64_t i = 0; i < count_; ++i) layout_->ClearStates(from_[i]);
    count_ = 0;
  }

 private:
  const GroupLayout* layout_;
  int64_t count_ = 0;
  std::array<uint8_t*, kChunkRows> into_;
  std::array<uint8_t*, kChunkRows> from_;
};

template <KeyLayout::Form kForm>
void MergeRowsOf(const GroupLayout& layout, const RowPages& pages, uint8_t** slots, uint64_t mask, PendingMerges* pending,
                 GroupRows* groups) {
  pages.ForEachRow([&](uint8_t* row) {
    uint64_t at = LoadWord(row) & mask;
    while (slots[at] != nullptr && !layout.keys.Equal<kForm>(slots[at], row)) at = (at + 1) & mask;
    if (slots[at] != nullptr) {
      pending->Add(slots[at], row);
    } else {
      slots[at] = row;
      groups->Add(row);
    }
  });
}

void MergeAnyRowsOf(const GroupLayout& layout, const RowPages& pages, uint8_t** slots, uint64_t mask, PendingMerges* pending,
                    GroupRows* groups) {
  switch (layout.keys.form()) {
    case KeyLayout::Form::kNone:
      return MergeRowsOf<KeyLayout::Form::kNone>(layout, pages, slots, mask, pending, groups);
    case KeyLayout::Form::kWord:
      return MergeRowsOf<KeyLayout::Form::kWord>(layout, pages, slots, mask, pending, groups);
    case KeyLayout::Form::kTwoWords:
      return MergeRowsOf<KeyLayout::Form::kTwoWords>(layout, pages, slots, mask, pending, groups);
    case KeyLayout::Form::kString:
      return MergeRowsOf<KeyLayout::Form::kString>(layout, pages, slots, mask, pending, groups);
    case KeyLayout::Form::kGeneric:
      return MergeRowsOf<KeyLayout::Form::kGeneric>(layout, pages, slots, mask, pending, groups);
  }
}

}  // namespace

GroupMerger::GroupMerger(const GroupLayout* layout, const TaskContext* context, int threads, bool sort, EmitRows emit)
    : layout_(layout),
      context_(context),
      threads_(threads),
      sort_(sort),
      emit_([this, emit = std::move(emit)](const uint8_t* const* rows, int64_t n) {
        std::lock_guard lock(emit_mutex_);
        return emit(rows, n);
      }),
      sorter_(layout, context, threads) {}

Status GroupMerger::Run(Tables* tables) {
  const bool spilled = std::any_of(tables->begin(), tables->end(), [](const auto& table) { return table->spilled(); });
  if (!spilled) {
    std::vector<GroupRows> merged;
    const Status status = MergeInMemory(tables, &merged);
    if (status.ok()) return EmitMerged(std::move(merged));
    if (!status.IsOutOfMemory()) return status;
  }
  return MergeSpilled(tables);
}

Status GroupMerger::MergeInMemory(Tables* tables, std::vector<GroupRows>* merged) {
  bool partitioned = false;
  for (const auto& table : *tables) partitioned |= table->partitioned();
  for (const auto& table : *tables) {
    table->DropSlots();
    if (partitioned && !table->Partition()) return Status::OutOfMemory("partitions of an aggregation");
  }
  const int partitions = partitioned ? tables->front()->partitions() : 1;
  merged->resize(partitions);
  return RunParallel(threads_, partitions, [&](int64_t partition, int) -> Status {
    ARROW_RETURN_NOT_OK(context_->CheckCancelled());
    ARROW_ASSIGN_OR_RAISE((*merged)[partition], MergePartition(*tables, static_cast<int>(partition)));
    return Status::OK();
  });
}

Result<GroupRows> GroupMerger::MergePartition(const Tables& tables, int partition) {
  int64_t count = 0;
  int sources = 0;
  bool exact = true;
  for (const auto& table : tables) {
    const int64_t rows = table->partition_rows(partition)->rows();
    count += rows;
    sources += rows > 0;
    exact &= rows == 0 || table->exact();
  }
  ARROW_ASSIGN_OR_RAISE(GroupRows groups, GroupRows::Make(count, context_->pool));
  if (sources <= 1 && exact) {
    for (const auto& table : tables) {
      table->partition_rows(partition)->ForEachRow([&](uint8_t* row) { groups.Add(row); });
    }
    return groups;
  }
  const uint64_t slot_count = std::bit_ceil(static_cast<uint64_t>(2 * count));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(slot_count * sizeof(uint8_t*), context_->pool));
  std::memset(buffer->mutable_data(), 0, buffer->size());
  PendingMerges pending(layout_);
  for (const auto& table : tables) {
    MergeAnyRowsOf(*layout_, *table->partition_rows(partition), reinterpret_cast<uint8_t**>(buffer->mutable_data()),
                   slot_count - 1, &pending, &groups);
  }
  pending.Flush();
  return groups;
}

Status GroupMerger::EmitMerged(std::vector<GroupRows> merged) {
  if (sort_) return sorter_.SortInMemory(merged, threads_, emit_);
  for (const GroupRows& rows : merged) ARROW_RETURN_NOT_OK(EmitUnsorted(rows));
  return Status::OK();
}

Status GroupMerger::EmitUnsorted(const GroupRows& rows) {
  for (int64_t begin = 0; begin < rows.size(); begin += context_->batch_rows) {
    ARROW_RETURN_NOT_OK(context_->CheckCancelled());
    ARROW_RETURN_NOT_OK(emit_(rows.data() + begin, std::min(context_->batch_rows, rows.size() - begin)));
  }
  return Status::OK();
}

/// Once something is on disk, all goes there first: then each partition has the whole memory to itself.
Status GroupMerger::MergeSpilled(Tables* tables) {
  for (const auto& table : *tables) ARROW_RETURN_NOT_OK(table->Spill());
  const int partitions = tables->front()->partitions();
  ARROW_RETURN_NOT_OK(RunParallel(threads_, partitions, [&](int64_t partition, int worker) {
    std::vector<SpilledRows> sources;
    for (const auto& table : *tables) sources.push_back(table->TakeSpilled(static_cast<int>(partition)));
    return MergeBlocks(std::move(sources), 1, worker);
  }));
  for (const auto& table : *tables) {
    spilled_bytes_ += table->spilled_bytes();
    spilled_partitions_ += table->spilled_partitions();
  }
  Status status = sort_ ? sorter_.MergeRuns(emit_) : Status::OK();
  spilled_bytes_ += sorter_.spilled_bytes();
  return status;
}

Status GroupMerger::MergeBlocks(std::vector<SpilledRows> sources, int level, int worker) {
  GroupTable::Options options;
  options.level = level;
  options.partition_bits = 4;
  options.stay_exact = true;
  GroupTable table(layout_, context_, options);
  const bool may_split = level <= kMaxPartitionLevel;
  const int64_t share = context_->budget->limit() / 2 / threads_;
  for (SpilledRows& source : sources) {
    for (const RowBlock& block : source.blocks) {
      ARROW_RETURN_NOT_OK(context_->CheckCancelled());
      if (may_split && (table.bytes() > share || (context_->budget->UnderPressure() && table.bytes() > share / 8))) {
        ARROW_RETURN_NOT_OK(table.Spill());
      }
      ARROW_RETURN_NOT_OK(AddBlock(source, block, &table));
      source.file->Release(block.block);
      if (context_->force_spill && level == 1) ARROW_RETURN_NOT_OK(table.Spill());
    }
  }
  if (!table.spilled()) return OutputTable(&table, worker);
  ARROW_RETURN_NOT_OK(table.Spill());
  for (int partition = 0; partition < table.partitions(); ++partition) {
    std::vector<SpilledRows> parts;
    parts.push_back(table.TakeSpilled(partition));
    if (!parts[0].blocks.empty()) ARROW_RETURN_NOT_OK(MergeBlocks(std::move(parts), level + 1, worker));
  }
  spilled_bytes_ += table.spilled_bytes();
  spilled_partitions_ += table.spilled_partitions();
  return Status::OK();
}

Status GroupMerger::AddBlock(const SpilledRows& source, const RowBlock& block, GroupTable* table) {
  constexpr int kAttempts = 100;
  const auto no_memory = [&](int attempt) -> Status {
    if (attempt < kAttempts) {
      // What is not ours belongs to other partitions in work: it comes free when they are done or go to disk themselves.
      if (table->rows() > 0) return table->Spill();
      std::this_thread::sleep_for(std::chrono::milliseconds(attempt));
      return context_->CheckCancelled();
    }
    return context_->budget->OutOfMemory(block.rows_bytes + block.heap_bytes, "merging the groups of an aggregation");
  };
  RowPages rows(context_->pool, layout_->row_width);
  int attempt = 0;
  for (;;) {
    const Status status = ReadRows(*source.file, block, layout_->strings, context_->pool, &rows);
    if (status.ok()) break;
    if (!status.IsOutOfMemory()) return status;
    ARROW_RETURN_NOT_OK(no_memory(++attempt));
  }
  attempt = 0;
  uint8_t* next = rows.pages()[0].data;
  for (int64_t left = rows.rows(); left > 0;) {
    const int64_t merged = table->MergeRows(next, left);
    next += merged * layout_->row_width;
    left -= merged;
    if (merged > 0) attempt = 0;
    if (left > 0) ARROW_RETURN_NOT_OK(no_memory(++attempt));
  }
  return Status::OK();
}

Status GroupMerger::OutputTable(GroupTable* table, int worker) {
  table->DropSlots();
  const int64_t count = table->rows();
  if (count == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(GroupRows groups, GroupRows::Make(count, context_->pool));
  table->partition_rows(0)->ForEachRow([&](uint8_t* row) { groups.Add(row); });
  return sort_ ? sorter_.AddRun(groups, worker) : EmitUnsorted(groups);
}

}  // namespace millstream
