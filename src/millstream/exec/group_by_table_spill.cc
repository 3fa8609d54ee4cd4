// How a GroupTable goes to disk without needing memory to do so.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "millstream/exec/group_by_table.h"

namespace millstream {

uint8_t* GroupTable::RowAt(int64_t index, const std::vector<int64_t>& page_starts) {
  const auto page = std::upper_bound(page_starts.begin(), page_starts.end(), index) - page_starts.begin() - 1;
  return rows_[0].pages()[page].data + (index - page_starts[page]) * layout_->row_width;
}

/// Orders the rows of a table without partitions by partition, in place (American flag sort); gives where each partition ends.
std::vector<int64_t> GroupTable::SortByPartition() {
  std::vector<int64_t> page_starts;
  int64_t start = 0;
  for (const auto& page : rows_[0].pages()) {
    page_starts.push_back(start);
    start += page.used / layout_->row_width;
  }
  std::vector<int64_t> next(partitions() + 1, 0);
  rows_[0].ForEachRow([&](const uint8_t* row) { ++next[PartitionOfRow(row) + 1]; });
  std::partial_sum(next.begin(), next.end(), next.begin());
  const std::vector<int64_t> ends(next.begin() + 1, next.end());
  std::vector<uint8_t> spare(layout_->row_width);
  for (int p = 0; p < partitions(); ++p) {
    while (next[p] < ends[p]) {
      uint8_t* row = RowAt(next[p], page_starts);
      const int home = PartitionOfRow(row);
      if (home == p) {
        ++next[p];
        continue;
      }
      uint8_t* other = RowAt(next[home]++, page_starts);
      std::memcpy(spare.data(), other, spare.size());
      std::memcpy(other, row, spare.size());
      std::memcpy(row, spare.data(), spare.size());
    }
  }
  return ends;
}

Status GroupTable::Spill() {
  ARROW_RETURN_NOT_OK(status_);
  if (rows() == 0) {
    DropSlots();
    return Status::OK();
  }
  if (file_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(file_, SpillFile::Create(context_->temp_dir, {}));
  }
  status_ = WriteRows();
  ARROW_RETURN_NOT_OK(status_);
  for (auto& pages : rows_) pages.Clear();
  // Small again: rows lie together until there are many.
  rows_.erase(rows_.begin() + 1, rows_.end());
  partition_at_ = kPartitionGroups;
  looks_up_ = true;
  DropSlots();
  return Status::OK();
}

/// Slots do not find the rows again behind this, and what was long in them is an offset.
Status GroupTable::WriteRows() {
  spilled_.resize(partitions());
  std::vector<int64_t> ends;
  if (!partitioned()) ends = SortByPartition();
  for (int p = 0; p < partitions(); ++p) {
    RowPages* pages = partition_rows(p);
    const int64_t begin = partitioned() || p == 0 ? 0 : ends[p - 1];
    const int64_t end = partitioned() ? pages->rows() : ends[p];
    if (begin == end) continue;
    ARROW_RETURN_NOT_OK(SpillRows(pages, begin, end, layout_->strings, kSpillBlockBytes, file_.get(), &spilled_[p]));
    ++spilled_partitions_;
  }
  return Status::OK();
}

SpilledRows GroupTable::TakeSpilled(int partition) {
  SpilledRows spilled;
  spilled.file = file_.get();
  if (!spilled_.empty()) spilled.blocks = std::move(spilled_[partition]);
  return spilled;
}

}  // namespace millstream
