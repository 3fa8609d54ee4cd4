// Files by the values of columns: rows gather by directory. Directories with many rows have a file that stays open and takes
// them from time to time; of those there are only some. Where memory runs short, other large directories become files and the
// rows of the small ones go to disk, sorted; they are merged at the end, so that a directory gets few files.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include "millstream/exec/key_file.h"
#include "millstream/exec/keyed_runs.h"
#include "millstream/exec/partition_path.h"
#include "millstream/exec/partitioned_writer_internal.h"
#include "millstream/exec/run_parallel.h"
#include "millstream/exec/split_by_key.h"
#include "millstream/row/batch_memory.h"
#include "millstream/row/large_dictionaries.h"

namespace millstream {
namespace {

constexpr int64_t kFileBytes = 128 << 20;        ///< of rows, after which a file is complete
constexpr int64_t kAppendBytes = 16 << 20;       ///< of rows, after which they go to the directory's open file
constexpr int64_t kEarlyBytes = 1 << 20;         ///< where memory is short, directories with less get no file of their own
constexpr int64_t kEarlyAppendBytes = 64 << 10;  ///< nor, with less, an open one
constexpr int64_t kOpenFileBytes = 4 << 20;      ///< of encoded pages that an open file holds, about
constexpr int64_t kMaxOpenFiles = 64;
constexpr int64_t kMaxShare = 512 << 20;
constexpr int64_t kMinShare = 2 << 20;
constexpr int64_t kMinBlockBytes = 16 << 10;
constexpr int64_t kMaxBlockBytes = 256 << 10;
constexpr int64_t kMinFanIn = 4;
constexpr int64_t kMaxFanIn = 512;

/// Which morsels of a partition are done: rows of later ones must not be written before theirs.
struct Progress {
  int64_t frontier = 0;  ///< the first morsel that is not done
  bool finished = false;
  std::vector<int64_t> done_ahead;

  void Done(int64_t morsel) {
    done_ahead.push_back(morsel);
    for (auto at = done_ahead.begin(); at != done_ahead.end();) {
      at = std::find(done_ahead.begin(), done_ahead.end(), frontier);
      if (at == done_ahead.end()) break;
      done_ahead.erase(at);
      ++frontier;
      at = done_ahead.begin();
    }
  }
};

/// A directory.
struct Key {
  std::string path;
  int64_t number = 0;
  std::vector<KeyedRows> pieces;
  int64_t bytes = 0;  ///< of the pieces
  int64_t spilled_bytes = 0;
  int64_t flushes = 0;  ///< files so far
  bool has_open_file = false;
  bool in_flight = false;         ///< a thread has the open file, or will
  std::unique_ptr<KeyFile> file;  ///< the open file; nullptr also where it is in flight, or not made yet
};

/// Rows of a key that go to a file.
struct Flush {
  Key* key = nullptr;
  bool to_open_file = false;
  std::string name;  ///< of a file that is not open yet
  std::vector<KeyedRows> pieces;
  int64_t bytes = 0;
};

class KeyedWriter final : public PartitionedWriter {
 public:
  KeyedWriter(Options options, std::vector<int> key_columns, std::shared_ptr<arrow::Schema> rest)
      : options_(std::move(options)),
        key_columns_(std::move(key_columns)),
        rest_(std::move(rest)),
        threads_(std::max(1, options_.output.context.threads)),
        share_(ShareOf(options_)),
        max_open_files_(MaxOpenFiles(options_.output)),
        dictionaries_(rest_->num_fields()),
        runs_store_(options_.output.context, rest_, &dictionaries_,
                    std::clamp(share_ / (64 * threads_), kMinBlockBytes, kMaxBlockBytes)),
        tables_(options_.output.context.budget) {}

  Status Consume(int64_t partition, int64_t morsel, std::shared_ptr<arrow::RecordBatch> batch) override {
    const TaskContext& context = options_.output.context;
    ARROW_RETURN_NOT_OK(CheckGoingOn());
    if (batch->num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(GroupedRows grouped, GroupByPath(*batch, key_columns_, rest_, context.pool));
    batch.reset();
    ARROW_ASSIGN_OR_RAISE(grouped.batch, dictionaries_.WithoutUnusedValues(std::move(grouped.batch), context.pool));
    ARROW_ASSIGN_OR_RAISE(grouped.batch, Detached(std::move(grouped.batch), context.pool));
    std::vector<std::string> paths = std::move(grouped.paths);
    ARROW_ASSIGN_OR_RAISE(auto pieces, SplitByKey(std::move(grouped), &held_, context.pool));
    {
      std::lock_guard lock(mutex_);
      ARROW_RETURN_NOT_OK(AddPieces(partition, morsel, std::move(paths), std::move(pieces)));
    }
    return MakeRoom();
  }

  Status MorselDone(int64_t partition, int64_t morsel) override {
    std::lock_guard lock(mutex_);
    progress_[partition].Done(morsel);
    return Status::OK();
  }

  Status PartitionDone(int64_t partition, int64_t morsels) override {
    std::lock_guard lock(mutex_);
    Progress& progress = progress_[partition];
    progress.frontier = morsels;
    progress.finished = true;
    while (progress_[first_unfinished_].finished) ++first_unfinished_;
    return Status::OK();
  }

  Result<std::vector<WrittenFile>> Finish() override {
    if (runs_.empty()) {
      ARROW_RETURN_NOT_OK(WriteGathered());
      return files_.Take();
    }
    {
      std::unique_lock lock(mutex_);
      ARROW_RETURN_NOT_OK(Spill(&lock, 0));
    }
    tables_.Clear();
    const int64_t fan_in = share_ / (2 * threads_ * runs_store_.block_bytes());
    ARROW_RETURN_NOT_OK(
        ReduceRuns(&runs_store_, threads_, static_cast<size_t>(std::clamp(fan_in, kMinFanIn, kMaxFanIn)), &runs_));
    const std::vector<int64_t> cuts = KeyRanges();
    ARROW_RETURN_NOT_OK(RunParallel(threads_, static_cast<int64_t>(cuts.size()) - 1, [&](int64_t i, int) {
      return WriteMerged(cuts[static_cast<size_t>(i)], cuts[static_cast<size_t>(i) + 1]);
    }));
    return files_.Take();
  }

  void Stop() override {
    std::lock_guard lock(mutex_);
    stopped_.store(true, std::memory_order_relaxed);
    changed_.notify_all();
  }

  int64_t spilled_bytes() const override { return runs_store_.spilled_bytes(); }

 private:
  static int64_t ShareOf(const Options& options) {
    if (options.output.context.force_spill) return 0;
    if (options.share > 0) return options.share;
    return std::clamp(options.output.context.budget->limit() / 12, kMinShare, kMaxShare);
  }

  /// As many as take a quarter of the memory limit.
  static int64_t MaxOpenFiles(const OutputFormat& output) {
    const int64_t each = kOpenFileBytes + output.job->open_file_bytes();
    return std::clamp(output.context.budget->limit() / 4 / each, int64_t{1}, kMaxOpenFiles);
  }

  Status CheckGoingOn() const {
    if (stopped_.load(std::memory_order_relaxed)) return Status::Cancelled("the write was stopped");
    return options_.output.context.CheckCancelled();
  }

  Status AddPieces(int64_t partition, int64_t morsel, std::vector<std::string> paths, std::vector<KeyedRows> pieces) {
    const RowPlace place{partition, morsel, next_sequence_++};
    for (size_t k = 0; k < paths.size(); ++k) {
      const auto [found, is_new] = keys_.try_emplace(std::move(paths[k]));
      Key* key = &found->second;
      if (is_new) {
        key->path = found->first;
        key->number = static_cast<int64_t>(by_number_.size());
        by_number_.push_back(key);
      }
      KeyedRows& piece = pieces[k];
      piece.key = key->number;
      piece.place = place;
      key->bytes += piece.bytes;
      waiting_bytes_ += piece.bytes;
      key->pieces.push_back(std::move(piece));
      ++pieces_;
      if (key->spilled_bytes > 0) continue;
      if (key->bytes >= (MayHaveOpenFile(*key) ? kAppendBytes : kFileBytes)) TakeFlush(key, Order::kOfAll);
    }
    constexpr auto kKeyBytes = static_cast<int64_t>(2 * sizeof(Key));
    return tables_.Resize(static_cast<int64_t>(keys_.size()) * kKeyBytes + PiecesBytes(), "the directories of a write");
  }

  int64_t PiecesBytes() const { return pieces_ * static_cast<int64_t>(sizeof(KeyedRows)); }
  int64_t HeldBytes() const { return held_.bytes() + PiecesBytes(); }
  int64_t Room() const { return options_.output.context.budget->UnderPressure() ? share_ / 2 : share_; }

  /// Which rows may be written: those that no row of their partition that is yet to come belongs before; or, where there is
  /// time to wait, no row at all.
  enum class Order { kOfPartition, kOfAll };

  bool InOrder(const KeyedRows& piece, Order order) const {
    if (order == Order::kOfAll && piece.place.partition > first_unfinished_) return false;
    const auto found = progress_.find(piece.place.partition);
    return piece.place.morsel <= (found == progress_.end() ? 0 : found->second.frontier);
  }

  bool MayHaveOpenFile(const Key& key) const { return key.has_open_file || open_files_ < max_open_files_; }

  /// Until the rows gathered fit. One thread at a time decides what goes; all that come by write the files, or wait: where
  /// memory is scarce also for who is writing, rather than read more meanwhile.
  Status MakeRoom() {
    const MemoryBudget& budget = *options_.output.context.budget;
    std::unique_lock lock(mutex_);
    bool compacting_helps = true;
    while (!queue_.empty() || HeldBytes() > Room() || (busy_ > 0 && budget.IsScarce())) {
      ARROW_RETURN_NOT_OK(CheckGoingOn());
      if (!queue_.empty()) {
        ARROW_RETURN_NOT_OK(WriteQueued(&lock));
      } else if (QueueLargest(kEarlyAppendBytes, Room() / 2)) {
        continue;
      } else if (busy_ > 0) {
        changed_.wait(lock);
      } else if (pieces_ == 0) {
        break;
      } else if (compacting_helps && waiting_bytes_ <= Room() / 2) {
        const int64_t before = HeldBytes();
        ARROW_RETURN_NOT_OK(Compact());
        compacting_helps = HeldBytes() < before / 4 * 3;
      } else if (QueueLargest(1, 0)) {
        continue;
      } else {
        ARROW_RETURN_NOT_OK(Spill(&lock, waiting_bytes_ > Room() / 2 ? Room() / 4 : 0));
      }
    }
    return Status::OK();
  }

  Status WriteQueued(std::unique_lock<std::mutex>* lock) {
    Flush flush = std::move(queue_.front());
    queue_.pop_front();
    Key* key = flush.key;
    const bool stays_open = flush.to_open_file;
    std::unique_ptr<KeyFile> file = stays_open ? std::move(key->file) : nullptr;
    ++busy_;
    lock->unlock();
    const Status status = Write(&flush, stays_open, &file);
    flush.pieces.clear();
    lock->lock();
    --busy_;
    if (stays_open) {
      key->in_flight = false;
      key->has_open_file = file != nullptr;
      open_files_ -= file ? 0 : 1;
      key->file = std::move(file);
    }
    changed_.notify_all();
    return status;
  }

  /// The largest keys that are worth a file, until no more than `enough` bytes wait. A key some of whose rows are on disk waits
  /// for the end: they may belong before those in memory. `append_bytes`: what is worth going to an open file.
  bool QueueLargest(int64_t append_bytes, int64_t enough) {
    std::vector<Key*> by_size;
    for (Key* key : by_number_) {
      const int64_t worth = key->has_open_file ? append_bytes : kEarlyAppendBytes;
      if (key->bytes < worth || key->spilled_bytes > 0) continue;
      int64_t in_order = 0;
      for (const KeyedRows& piece : key->pieces) in_order += InOrder(piece, Order::kOfPartition) ? piece.bytes : 0;
      if (in_order >= worth) by_size.push_back(key);
    }
    std::sort(by_size.begin(), by_size.end(), [](const Key* a, const Key* b) { return a->bytes > b->bytes; });
    for (Key* key : by_size) {
      if (waiting_bytes_ <= enough) break;
      if (key->bytes >= kEarlyBytes || MayHaveOpenFile(*key)) TakeFlush(key, Order::kOfPartition);
    }
    return !queue_.empty();
  }

  /// Queues those rows of `key` that may be written now, for its open file if it may have one, else as a file of their own.
  void TakeFlush(Key* key, Order order) {
    if (key->in_flight) return;
    const auto later = std::stable_partition(key->pieces.begin(), key->pieces.end(),
                                             [&](const KeyedRows& piece) { return InOrder(piece, order); });
    if (later == key->pieces.begin()) return;
    Flush flush;
    flush.key = key;
    flush.to_open_file = MayHaveOpenFile(*key);
    flush.pieces.assign(std::make_move_iterator(key->pieces.begin()), std::make_move_iterator(later));
    key->pieces.erase(key->pieces.begin(), later);
    SortByPlace(&flush.pieces);
    for (const KeyedRows& piece : flush.pieces) flush.bytes += piece.bytes;
    key->bytes -= flush.bytes;
    waiting_bytes_ -= flush.bytes;
    pieces_ -= static_cast<int64_t>(flush.pieces.size());
    if (!key->file) flush.name = NextName(key, flush.pieces.front().place.partition, finishing_);
    if (flush.to_open_file) {
      open_files_ += key->has_open_file ? 0 : 1;
      key->has_open_file = true;
      key->in_flight = true;
    }
    queue_.push_back(std::move(flush));
  }

  static void SortByPlace(std::vector<KeyedRows>* pieces) {
    std::sort(pieces->begin(), pieces->end(), [](const KeyedRows& a, const KeyedRows& b) { return a.place < b.place; });
  }

  /// Files of a key are numbered, unless it has but one.
  std::string NextName(Key* key, int64_t partition, bool is_last) const {
    const int64_t flush = key->flushes++;
    const bool is_only = is_last && flush == 0;
    return key->path + OutputFileName(options_.name_pattern, options_.first_partition + partition, is_only ? -1 : flush);
  }

  /// The rows of `flush` into its file, which is completed unless it is one that stays open. `*file`: the open file, if there
  /// is one; what stays open is left there.
  Status Write(Flush* flush, bool stays_open, std::unique_ptr<KeyFile>* file) {
    if (!*file) {
      const int64_t expected_bytes = stays_open ? kFileBytes : flush->bytes;
      ARROW_ASSIGN_OR_RAISE(*file, KeyFile::Create(options_.output, flush->name, rest_, &dictionaries_, expected_bytes));
    }
    for (KeyedRows& piece : flush->pieces) {
      ARROW_RETURN_NOT_OK(options_.output.context.CheckCancelled());
      ARROW_RETURN_NOT_OK((*file)->Add(piece));
      piece.batch.reset();
      // There may be room for others already. One that looks at this very moment misses it, until the next piece or the end.
      changed_.notify_all();
    }
    return stays_open && (*file)->bytes() < kFileBytes ? (*file)->EndBatch() : Complete(file);
  }

  Status Complete(std::unique_ptr<KeyFile>* file) {
    ARROW_ASSIGN_OR_RAISE(WrittenFile written, (*file)->Finish());
    files_.Add(std::move(written));
    file->reset();
    return Status::OK();
  }

  /// Writes the rows gathered as a run; but keys that have an open file, or will soon be worth one, stay up to `keep_bytes`.
  /// Only one thread is here at a time, so that of two runs the older has the older rows of a morsel.
  Status Spill(std::unique_lock<std::mutex>* lock, int64_t keep_bytes) {
    std::vector<KeyedRows> pieces;
    pieces.reserve(static_cast<size_t>(pieces_));
    for (Key* key : by_number_) {
      if (key->pieces.empty()) continue;
      const bool is_worth_a_file = key->has_open_file || key->bytes >= kEarlyBytes;
      if (key->spilled_bytes == 0 && is_worth_a_file && key->bytes <= keep_bytes) {
        keep_bytes -= key->bytes;
        continue;
      }
      SortByPlace(&key->pieces);
      std::move(key->pieces.begin(), key->pieces.end(), std::back_inserter(pieces));
      key->pieces = {};
      key->spilled_bytes += std::max<int64_t>(1, key->bytes);
      waiting_bytes_ -= key->bytes;
      key->bytes = 0;
    }
    pieces_ -= static_cast<int64_t>(pieces.size());
    ++busy_;
    lock->unlock();
    RunWriter writer(&runs_store_);
    Status status;
    for (const KeyedRows& piece : pieces) {
      status = writer.Add(piece);
      if (!status.ok()) break;
    }
    Result<Run> run = status.ok() ? writer.Finish() : Result<Run>(status);
    pieces.clear();
    lock->lock();
    --busy_;
    changed_.notify_all();
    ARROW_RETURN_NOT_OK(run.status());
    if (!run->empty()) runs_.push_back(*std::move(run));
    return Status::OK();
  }

  /// What is left after the largest keys went are small pieces of large batches, which would keep them all in memory: copies
  /// them.
  Status Compact() {
    arrow::RecordBatchVector slices;
    std::vector<KeyedRows*> places;
    for (Key* key : by_number_) {
      for (KeyedRows& piece : key->pieces) {
        slices.push_back(piece.batch->Slice(piece.offset, piece.rows));
        places.push_back(&piece);
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::ConcatenateRecordBatches(slices, options_.output.context.pool));
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*joined));
    const auto batch = held_.Hold(std::move(joined), bytes);
    int64_t offset = 0;
    for (KeyedRows* piece : places) {
      piece->batch = batch;
      piece->offset = offset;
      offset += piece->rows;
    }
    return Status::OK();
  }

  /// Everything is in memory: each key is written by one thread.
  Status WriteGathered() {
    finishing_ = true;
    for (Key* key : by_number_) TakeFlush(key, Order::kOfPartition);
    for (Key* key : by_number_) {
      // An open file that no more rows go to is completed all the same.
      if (key->file && !key->in_flight) queue_.push_back({key, true, "", {}, 0});
      if (!key->pieces.empty())
        return Status::UnknownError("rows of directory ", key->path, " were left: a morsel did not end");
    }
    // Largest first, so that the threads end at about the same time.
    std::sort(queue_.begin(), queue_.end(), [](const Flush& a, const Flush& b) { return a.bytes > b.bytes; });
    return RunParallel(threads_, static_cast<int64_t>(queue_.size()), [&](int64_t i, int) {
      Flush flush = std::move(queue_[static_cast<size_t>(i)]);
      return Write(&flush, false, &flush.key->file);
    });
  }

  /// Numbers of keys that cut what was spilled into parts of about the same size.
  std::vector<int64_t> KeyRanges() const {
    int64_t total = 0;
    for (const Key* key : by_number_) total += key->spilled_bytes;
    const int64_t wanted = total / (2 * threads_) + 1;
    std::vector<int64_t> cuts{0};
    int64_t bytes = 0;
    for (const Key* key : by_number_) {
      bytes += key->spilled_bytes;
      if (bytes >= wanted) {
        cuts.push_back(key->number + 1);
        bytes = 0;
      }
    }
    const auto keys = static_cast<int64_t>(by_number_.size());
    if (cuts.back() < keys) cuts.push_back(keys);
    return cuts;
  }

  /// Writes the files of keys [first_key, end_key) from the runs.
  Status WriteMerged(int64_t first_key, int64_t end_key) {
    ARROW_ASSIGN_OR_RAISE(const auto merger, RunMerger::Make(&runs_store_, runs_, first_key, end_key));
    std::unique_ptr<KeyFile> file;
    int64_t open_key = -1;
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(const KeyedRows piece, merger->Next());
      const bool ends = piece.rows == 0 || piece.key != open_key || (file && file->bytes() >= kFileBytes);
      if (file && ends) ARROW_RETURN_NOT_OK(Complete(&file));
      if (piece.rows == 0) break;
      Key* key = by_number_[static_cast<size_t>(piece.key)];
      if (!file) file = std::move(key->file);  // what was spilled comes after what is in it
      if (!file) {
        const std::string name = NextName(key, piece.place.partition, key->spilled_bytes < kFileBytes);
        ARROW_ASSIGN_OR_RAISE(file, KeyFile::Create(options_.output, name, rest_, &dictionaries_, key->spilled_bytes));
      }
      open_key = piece.key;
      ARROW_RETURN_NOT_OK(file->Add(piece));
    }
    for (int64_t key = first_key; key < end_key; ++key) {
      std::unique_ptr<KeyFile>& open = by_number_[static_cast<size_t>(key)]->file;
      if (open) ARROW_RETURN_NOT_OK(Complete(&open));
    }
    return Status::OK();
  }

  const Options options_;
  const std::vector<int> key_columns_;
  const std::shared_ptr<arrow::Schema> rest_;
  const int threads_;
  const int64_t share_;  ///< bytes of rows to gather at most
  const int64_t max_open_files_;
  LargeDictionaries dictionaries_;
  RunStore runs_store_;
  std::atomic<bool> stopped_{false};
  HeldRows held_;  ///< outlives the batches it counts, which `keys_` and `queue_` have
  std::mutex mutex_;
  std::condition_variable changed_;  ///< a thread is no longer busy
  int busy_ = 0;                     ///< threads that write files or a run
  std::unordered_map<std::string, Key> keys_;
  std::vector<Key*> by_number_;
  std::map<int64_t, Progress> progress_;
  int64_t first_unfinished_ = 0;  ///< partition
  int64_t open_files_ = 0;
  int64_t next_sequence_ = 0;
  int64_t waiting_bytes_ = 0;  ///< of the pieces in `keys_`
  int64_t pieces_ = 0;         ///< in `keys_`
  Reservation tables_;         ///< for `keys_`
  std::deque<Flush> queue_;    ///< files to be written
  std::vector<Run> runs_;
  bool finishing_ = false;
  WrittenFiles files_;
};

}  // namespace

Result<std::unique_ptr<PartitionedWriter>> MakeKeyedWriter(PartitionedWriter::Options options) {
  std::vector<int> keys;
  for (const std::string& name : options.partition_on) {
    const int index = options.schema->GetFieldIndex(name);
    if (index < 0) return Status::KeyError("partition_on: there is no column '", name, "'");
    if (std::find(keys.begin(), keys.end(), index) != keys.end()) {
      return Status::Invalid("partition_on names column '", name, "' twice");
    }
    const auto& type = *options.schema->field(index)->type();
    if (!HasPartitionText(type)) {
      return Status::TypeError("partition_on: column '", name, "' is ", type.ToString(), ", which cannot name directories");
    }
    keys.push_back(index);
  }
  arrow::FieldVector rest;
  for (int i = 0; i < options.schema->num_fields(); ++i) {
    if (std::find(keys.begin(), keys.end(), i) == keys.end()) rest.push_back(options.schema->field(i));
  }
  if (rest.empty()) return Status::Invalid("partition_on names all columns: no data is left for the files");
  auto schema = arrow::schema(std::move(rest), options.schema->metadata());
  return std::make_unique<KeyedWriter>(std::move(options), std::move(keys), std::move(schema));
}

}  // namespace millstream
