// Files by the values of columns: rows gather by directory until they are enough for a file, or memory is short.
#include <algorithm>
#include <atomic>
#include <map>
#include <unordered_map>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include "millstream/exec/partition_path.h"
#include "millstream/exec/partitioned_writer_internal.h"
#include "millstream/scheduler/parallel.h"

namespace millstream {
namespace {

constexpr int64_t kFileBytes = 128 << 20;  ///< of rows, after which a directory's rows become a file
constexpr int64_t kMaxShare = 512 << 20;
constexpr int64_t kMinShare = 2 << 20;
constexpr int64_t kForcedShare = 64 << 10;  ///< in the test mode that spills at every opportunity
constexpr int64_t kSmallPieceRows = 4096;   ///< smaller pieces are joined before they are encoded

/// A batch of rows put together by key, counted while any piece of it is alive.
struct Gathered {
  Gathered(std::shared_ptr<arrow::RecordBatch> rows, int64_t size, std::atomic<int64_t>* held)
      : batch(std::move(rows)), bytes(size), held_bytes(held) {
    held_bytes->fetch_add(bytes, std::memory_order_relaxed);
  }
  ~Gathered() { held_bytes->fetch_sub(bytes, std::memory_order_relaxed); }
  Gathered(const Gathered&) = delete;
  Gathered& operator=(const Gathered&) = delete;

  const std::shared_ptr<arrow::RecordBatch> batch;
  const int64_t bytes;
  std::atomic<int64_t>* const held_bytes;
};

/// Neighbouring rows of a gathered batch that have one key.
struct Piece {
  int64_t partition = 0;
  int64_t morsel = 0;
  std::shared_ptr<const Gathered> gathered;
  int64_t offset = 0;
  int64_t rows = 0;
  int64_t bytes = 0;  ///< its part of the batch's
};

/// A directory.
struct Key {
  std::string path;
  std::vector<Piece> pieces;
  int64_t bytes = 0;
  int64_t flushes = 0;
};

/// What one file is made of.
struct Flush {
  std::string name;
  std::vector<Piece> pieces;
  int64_t bytes = 0;
};

/// Which morsels of a partition are done: rows of later ones must not be written before theirs.
struct Progress {
  int64_t frontier = 0;  ///< the first morsel that is not done
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

class KeyedWriter final : public PartitionedWriter {
 public:
  KeyedWriter(Options options, std::vector<int> key_columns, std::shared_ptr<arrow::Schema> rest)
      : options_(std::move(options)), key_columns_(std::move(key_columns)), rest_(std::move(rest)) {
    const TaskContext& context = options_.output.context;
    share_ = options_.share > 0 ? options_.share : std::clamp(context.budget->limit() / 8, kMinShare, kMaxShare);
    if (context.force_spill) share_ = std::min(share_, kForcedShare);
  }

  Status Consume(int64_t partition, int64_t morsel, std::shared_ptr<arrow::RecordBatch> batch) override {
    const TaskContext& context = options_.output.context;
    ARROW_RETURN_NOT_OK(context.CheckCancelled());
    if (stopped_.load(std::memory_order_relaxed)) return Status::Cancelled("the write was stopped");
    if (batch->num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(GroupedRows grouped, GroupByPath(*batch, key_columns_, rest_, context.pool));
    batch.reset();
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*grouped.batch));
    const auto gathered = std::make_shared<const Gathered>(grouped.batch, bytes, &held_bytes_);
    std::vector<Flush> flushes;
    {
      std::lock_guard lock(mutex_);
      for (size_t k = 0; k < grouped.paths.size(); ++k) {
        const int64_t rows = grouped.offsets[k + 1] - grouped.offsets[k];
        const auto part = static_cast<double>(rows) / static_cast<double>(grouped.batch->num_rows());
        const auto piece_bytes = static_cast<int64_t>(part * static_cast<double>(bytes));
        Key* key = Add(std::move(grouped.paths[k]), {partition, morsel, gathered, grouped.offsets[k], rows, piece_bytes});
        if (key->bytes >= kFileBytes) TakeFlush(key, &flushes);
      }
      if (waiting_bytes_ > share_) TakeLargest(&flushes);
    }
    for (Flush& flush : flushes) ARROW_RETURN_NOT_OK(Write(std::move(flush)));
    return Compact();
  }

  Status MorselDone(int64_t partition, int64_t morsel) override {
    std::lock_guard lock(mutex_);
    progress_[partition].Done(morsel);
    return Status::OK();
  }

  Status PartitionDone(int64_t partition, int64_t morsels) override {
    std::lock_guard lock(mutex_);
    progress_[partition].frontier = morsels;
    return Status::OK();
  }

  Result<std::vector<WrittenFile>> Finish() override {
    finishing_ = true;
    std::vector<Flush> flushes;
    for (auto& [path, key] : keys_) TakeFlush(&key, &flushes);
    for (const auto& [path, key] : keys_) {
      if (!key.pieces.empty()) return Status::UnknownError("rows of directory ", path, " were left: a morsel did not end");
    }
    keys_.clear();
    // Largest first, so that the threads end at about the same time.
    std::sort(flushes.begin(), flushes.end(), [](const Flush& a, const Flush& b) { return a.bytes > b.bytes; });
    std::atomic<size_t> next{0};
    ARROW_RETURN_NOT_OK(RunOnThreads(
        std::max(1, options_.output.context.threads),
        [&](int) -> Status {
          for (size_t i = next++; i < flushes.size(); i = next++) {
            ARROW_RETURN_NOT_OK(options_.output.context.CheckCancelled());
            ARROW_RETURN_NOT_OK(Write(std::move(flushes[i])));
          }
          return Status::OK();
        },
        [&] { next = flushes.size(); }));
    return files_.Take();
  }

  void Stop() override { stopped_.store(true, std::memory_order_relaxed); }

 private:
  Key* Add(std::string path, Piece piece) {
    const auto [found, is_new] = keys_.try_emplace(std::move(path));
    Key* key = &found->second;
    if (is_new) key->path = found->first;
    key->bytes += piece.bytes;
    waiting_bytes_ += piece.bytes;
    key->pieces.push_back(std::move(piece));
    return key;
  }

  bool InOrder(const Piece& piece) const {
    const auto found = progress_.find(piece.partition);
    return piece.morsel <= (found == progress_.end() ? 0 : found->second.frontier);
  }

  /// Moves those rows of `key` that may be written now into a flush.
  void TakeFlush(Key* key, std::vector<Flush>* flushes) {
    const auto later =
        std::stable_partition(key->pieces.begin(), key->pieces.end(), [&](const Piece& piece) { return InOrder(piece); });
    if (later == key->pieces.begin()) return;
    Flush flush;
    flush.pieces.assign(std::make_move_iterator(key->pieces.begin()), std::make_move_iterator(later));
    key->pieces.erase(key->pieces.begin(), later);
    // Pieces of one morsel came in order, from one thread.
    std::stable_sort(flush.pieces.begin(), flush.pieces.end(), [](const Piece& a, const Piece& b) {
      return std::pair(a.partition, a.morsel) < std::pair(b.partition, b.morsel);
    });
    for (const Piece& piece : flush.pieces) flush.bytes += piece.bytes;
    key->bytes -= flush.bytes;
    waiting_bytes_ -= flush.bytes;
    const int64_t number = options_.first_partition + flush.pieces.front().partition;
    const bool is_last = finishing_ && key->flushes == 0;
    flush.name = key->path + OutputFileName(options_.name_pattern, number, is_last ? -1 : key->flushes);
    ++key->flushes;
    flushes->push_back(std::move(flush));
  }

  /// The largest keys, until half of the share is free.
  void TakeLargest(std::vector<Flush>* flushes) {
    std::vector<Key*> by_size;
    for (auto& [path, key] : keys_) {
      if (!key.pieces.empty()) by_size.push_back(&key);
    }
    std::sort(by_size.begin(), by_size.end(), [](const Key* a, const Key* b) { return a->bytes > b->bytes; });
    for (Key* key : by_size) {
      if (waiting_bytes_ <= share_ / 2) break;
      TakeFlush(key, flushes);
    }
  }

  Status Write(Flush flush) {
    const TaskContext& context = options_.output.context;
    ARROW_ASSIGN_OR_RAISE(auto file, OutputFile::Create(options_.output, flush.name, rest_,
                                                        std::clamp<int64_t>(2 * flush.bytes, 4 << 10, kOutputBufferBytes)));
    ARROW_ASSIGN_OR_RAISE(const auto batches, Batches(flush));
    flush.pieces.clear();
    for (const auto& batch : batches) {
      ARROW_RETURN_NOT_OK(context.CheckCancelled());
      ARROW_RETURN_NOT_OK(file->Write(*batch));
    }
    ARROW_ASSIGN_OR_RAISE(WrittenFile written, file->Finish());
    files_.Add(std::move(written));
    return Status::OK();
  }

  /// The rows of a flush; many small pieces are joined, as encoding a batch has a cost of its own.
  Result<arrow::RecordBatchVector> Batches(const Flush& flush) const {
    arrow::RecordBatchVector batches;
    int64_t rows = 0;
    for (const Piece& piece : flush.pieces) {
      batches.push_back(piece.gathered->batch->Slice(piece.offset, piece.rows));
      rows += piece.rows;
    }
    const auto pieces = static_cast<int64_t>(batches.size());
    if (pieces == 1 || rows / pieces >= kSmallPieceRows) return batches;
    ARROW_ASSIGN_OR_RAISE(auto joined, Joined(batches));
    return arrow::RecordBatchVector{std::move(joined)};
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Joined(const arrow::RecordBatchVector& batches) const {
    return arrow::ConcatenateRecordBatches(batches, options_.output.context.pool);
  }

  /// What is left after the largest keys went are small pieces of large batches, which would keep them all in memory: copies
  /// the pieces where that frees half.
  Status Compact() {
    std::lock_guard lock(mutex_);
    if (held_bytes_.load(std::memory_order_relaxed) <= share_ || waiting_bytes_ > held_bytes_ / 2) return Status::OK();
    arrow::RecordBatchVector slices;
    std::vector<Piece*> places;
    for (auto& [path, key] : keys_) {
      for (Piece& piece : key.pieces) {
        slices.push_back(piece.gathered->batch->Slice(piece.offset, piece.rows));
        places.push_back(&piece);
      }
    }
    if (slices.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto joined, Joined(slices));
    slices.clear();
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*joined));
    const auto gathered = std::make_shared<const Gathered>(joined, bytes, &held_bytes_);
    int64_t offset = 0;
    for (Piece* piece : places) {
      piece->gathered = gathered;
      piece->offset = offset;
      offset += piece->rows;
    }
    return Status::OK();
  }

  const Options options_;
  const std::vector<int> key_columns_;
  const std::shared_ptr<arrow::Schema> rest_;
  int64_t share_ = 0;
  std::atomic<bool> stopped_{false};
  std::atomic<int64_t> held_bytes_{0};  ///< of all gathered batches that are alive
  std::mutex mutex_;
  std::unordered_map<std::string, Key> keys_;
  std::map<int64_t, Progress> progress_;
  int64_t waiting_bytes_ = 0;  ///< of the pieces in `keys_`
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
