#include "millstream/exec/group_by_sorter.h"

#include <algorithm>
#include <queue>

#include <arrow/buffer.h>
#include <boost/sort/pdqsort/pdqsort.hpp>

#include "millstream/exec/run_parallel.h"

namespace millstream {

Result<GroupRows> GroupRows::Make(int64_t capacity, arrow::MemoryPool* pool) {
  GroupRows rows;
  ARROW_ASSIGN_OR_RAISE(rows.buffer_, arrow::AllocateBuffer(capacity * sizeof(uint8_t*), pool));
  return rows;
}

uint8_t** GroupRows::data() const { return reinterpret_cast<uint8_t**>(buffer_->mutable_data()); }

/// Walks sorted rows.
class GroupSorter::Cursor {
 public:
  virtual ~Cursor() = default;
  bool done() const { return done_; }
  const Entry& current() const { return current_; }
  /// Goes to the next row. Memory of rows before it goes to `retired`. After OutOfMemory it can be called again.
  virtual Status Next(std::vector<RowPages>* retired) = 0;

 protected:
  bool done_ = false;
  Entry current_{};
};

class GroupSorter::MemoryCursor final : public Cursor {
 public:
  explicit MemoryCursor(std::shared_ptr<arrow::Buffer> entries)
      : entries_(std::move(entries)), next_(entries_->data_as<Entry>()), end_(next_ + entries_->size() / sizeof(Entry)) {}

  Status Next(std::vector<RowPages>*) override {
    done_ = next_ == end_;
    if (!done_) current_ = *next_++;
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::Buffer> entries_;
  const Entry* next_;
  const Entry* end_;
};

class GroupSorter::RunCursor final : public Cursor {
 public:
  RunCursor(const GroupSorter* sorter, Run run)
      : sorter_(sorter), run_(std::move(run)), rows_(sorter->context_->pool, sorter->layout_->row_width) {}

  Status Next(std::vector<RowPages>* retired) override {
    if (row_ == end_) {
      done_ = block_ == run_.blocks.size();
      if (done_) return Status::OK();
      if (rows_.rows() > 0) {
        retired->push_back(std::move(rows_));
        rows_ = RowPages(sorter_->context_->pool, sorter_->layout_->row_width);
      }
      ARROW_RETURN_NOT_OK(
          ReadRows(*run_.file, run_.blocks[block_], sorter_->layout_->strings, sorter_->context_->pool, &rows_));
      run_.file->Release(run_.blocks[block_++].block);
      row_ = rows_.pages()[0].data;
      end_ = row_ + rows_.pages()[0].used;
    }
    current_ = {sorter_->layout_->keys.SortPrefix(row_), row_};
    row_ += sorter_->layout_->row_width;
    return Status::OK();
  }

 private:
  const GroupSorter* sorter_;
  Run run_;
  size_t block_ = 0;
  RowPages rows_;
  uint8_t* row_ = nullptr;
  uint8_t* end_ = nullptr;
};

GroupSorter::GroupSorter(const GroupLayout* layout, const TaskContext* context, int workers)
    : layout_(layout),
      context_(context),
      block_bytes_(std::clamp<int64_t>(context->budget->limit() / 512, 4 << 10, kSpillBlockBytes)),
      files_(workers),
      runs_(workers) {}

int64_t GroupSorter::spilled_bytes() const {
  int64_t bytes = 0;
  for (const auto& file : files_) bytes += file ? file->bytes() : 0;
  return bytes;
}

Result<std::shared_ptr<arrow::Buffer>> GroupSorter::SortedEntries(const std::vector<const GroupRows*>& lists,
                                                                  size_t skip) const {
  int64_t count = 0;
  for (const GroupRows* list : lists) count += list->size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(count * sizeof(Entry), context_->pool));
  auto* entry = buffer->mutable_data_as<Entry>();
  for (const GroupRows* list : lists) {
    for (int64_t i = 0; i < list->size(); ++i) {
      uint8_t* row = list->data()[i];
      *entry++ = {layout_->keys.SortPrefix(row, skip), row};
    }
  }
  auto* entries = buffer->mutable_data_as<Entry>();
  boost::sort::pdqsort(entries, entries + count, [this](const Entry& a, const Entry& b) { return Less(a, b); });
  return buffer;
}

/// Names that differ only late ("customer000123") would all be compared in full but for this.
size_t GroupSorter::CommonPrefix(const std::vector<GroupRows>& lists) const {
  const uint8_t* first = nullptr;
  size_t common = SIZE_MAX;
  for (const GroupRows& list : lists) {
    for (int64_t i = 0; i < list.size() && common > 0; ++i) {
      if (first == nullptr || layout_->keys.IsMissing(first, layout_->keys.fields()[0])) first = list.data()[i];
      common = layout_->keys.CommonPrefix(first, list.data()[i], common);
    }
  }
  return common == SIZE_MAX ? 0 : common;
}

Status GroupSorter::SortInMemory(const std::vector<GroupRows>& lists, int threads, const EmitRows& emit) {
  std::vector<std::vector<const GroupRows*>> shares(std::min<size_t>(std::max(1, threads), lists.size()));
  for (size_t i = 0; i < lists.size(); ++i) shares[i % shares.size()].push_back(&lists[i]);
  std::vector<std::unique_ptr<Cursor>> cursors(shares.size());
  const size_t skip = layout_->keys.fields().empty() ? 0 : CommonPrefix(lists);
  ARROW_RETURN_NOT_OK(RunParallel(threads, static_cast<int64_t>(shares.size()), [&](int64_t i, int) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto entries, SortedEntries(shares[i], skip));
    cursors[i] = std::make_unique<MemoryCursor>(std::move(entries));
    return Status::OK();
  }));
  return Merge(std::move(cursors), emit);
}

Status GroupSorter::Merge(std::vector<std::unique_ptr<Cursor>> cursors, const EmitRows& emit) const {
  const auto after = [this](const Cursor* a, const Cursor* b) { return Less(b->current(), a->current()); };
  std::priority_queue<Cursor*, std::vector<Cursor*>, decltype(after)> queue(after);
  std::vector<const uint8_t*> batch;
  std::vector<RowPages> retired;
  const auto flush = [&]() -> Status {
    ARROW_RETURN_NOT_OK(context_->CheckCancelled());
    if (!batch.empty()) ARROW_RETURN_NOT_OK(emit(batch.data(), static_cast<int64_t>(batch.size())));
    batch.clear();
    retired.clear();
    return Status::OK();
  };
  const auto advance = [&](Cursor* cursor) -> Status {
    Status status = cursor->Next(&retired);
    if (status.IsOutOfMemory()) {
      // Rows that wait to be emitted hold memory.
      ARROW_RETURN_NOT_OK(flush());
      status = cursor->Next(&retired);
    }
    ARROW_RETURN_NOT_OK(status);
    if (!cursor->done()) queue.push(cursor);
    return Status::OK();
  };
  for (const auto& cursor : cursors) ARROW_RETURN_NOT_OK(advance(cursor.get()));
  while (!queue.empty()) {
    Cursor* first = queue.top();
    queue.pop();
    batch.push_back(first->current().row);
    if (static_cast<int64_t>(batch.size()) == context_->batch_rows || retired.size() > 64) ARROW_RETURN_NOT_OK(flush());
    ARROW_RETURN_NOT_OK(advance(first));
  }
  return flush();
}

Result<SpillFile*> GroupSorter::FileOf(int worker) {
  auto& file = files_[worker];
  if (file == nullptr) {
    ARROW_ASSIGN_OR_RAISE(file, SpillFile::Create(context_->temp_dir, {}));
  }
  return file.get();
}

Status GroupSorter::WriteRows(const uint8_t* const* rows, int64_t n, RowPages* pages, Run* run) {
  // Copied in the order they are to be read, as many at a time as a block has.
  for (int64_t i = 0; i < n; ++i) {
    uint8_t* copy = pages->AppendRow();
    if (copy == nullptr && pages->rows() > 0) {
      ARROW_RETURN_NOT_OK(SpillRows(pages, 0, pages->rows(), layout_->strings, block_bytes_, run->file, &run->blocks));
      pages->Clear();
      copy = pages->AppendRow();
    }
    if (copy == nullptr) {
      return context_->budget->OutOfMemory(layout_->row_width + block_bytes_, "sorting the groups of an aggregation");
    }
    std::memcpy(copy, rows[i], layout_->row_width);
    if (i + 1 < n && pages->rows() * layout_->row_width < block_bytes_) continue;
    ARROW_RETURN_NOT_OK(SpillRows(pages, 0, pages->rows(), layout_->strings, block_bytes_, run->file, &run->blocks));
    pages->Clear();
  }
  return Status::OK();
}

Status GroupSorter::AddRun(const GroupRows& rows, int worker) {
  Run run;
  ARROW_ASSIGN_OR_RAISE(run.file, FileOf(worker));
  ARROW_ASSIGN_OR_RAISE(auto buffer, SortedEntries({&rows}, 0));
  const auto* entries = buffer->data_as<Entry>();
  RowPages pages(context_->pool, layout_->row_width);
  for (int64_t i = 0; i < rows.size(); i += kChunkRows) {
    const uint8_t* chunk[kChunkRows];
    const int64_t n = std::min(kChunkRows, rows.size() - i);
    for (int64_t j = 0; j < n; ++j) chunk[j] = entries[i + j].row;
    ARROW_RETURN_NOT_OK(WriteRows(chunk, n, &pages, &run));
  }
  runs_[worker].push_back(std::move(run));
  return Status::OK();
}

Result<GroupSorter::Run> GroupSorter::MergeSome(std::vector<Run> runs) {
  Run merged;
  ARROW_ASSIGN_OR_RAISE(merged.file, FileOf(0));
  RowPages pages(context_->pool, layout_->row_width);
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (Run& run : runs) cursors.push_back(std::make_unique<RunCursor>(this, std::move(run)));
  ARROW_RETURN_NOT_OK(
      Merge(std::move(cursors), [&](const uint8_t* const* rows, int64_t n) { return WriteRows(rows, n, &pages, &merged); }));
  return merged;
}

Status GroupSorter::MergeRuns(const EmitRows& emit) {
  std::vector<Run> runs;
  for (auto& of_worker : runs_) {
    for (Run& run : of_worker) runs.push_back(std::move(run));
    of_worker.clear();
  }
  // A cursor holds a block of rows and its strings; half of the memory is left to what is emitted.
  const int64_t fan_in = std::clamp<int64_t>(context_->budget->available() / (4 * block_bytes_), 4, 1024);
  while (static_cast<int64_t>(runs.size()) > fan_in) {
    std::vector<Run> some(std::make_move_iterator(runs.begin()), std::make_move_iterator(runs.begin() + fan_in));
    runs.erase(runs.begin(), runs.begin() + fan_in);
    ARROW_ASSIGN_OR_RAISE(auto merged, MergeSome(std::move(some)));
    runs.push_back(std::move(merged));
  }
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (Run& run : runs) cursors.push_back(std::make_unique<RunCursor>(this, std::move(run)));
  return Merge(std::move(cursors), emit);
}

}  // namespace millstream
