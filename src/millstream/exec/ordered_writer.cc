// Files that hold whole partitions: batches come in any order of their morsels and are written in order.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include "millstream/exec/partitioned_writer_internal.h"

namespace millstream {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

/// How often a waiting thread looks whether the run was cancelled.
constexpr std::chrono::milliseconds kLook(20);

/// One file: the batches waiting for it and whose turn it is. Guarded by the writer's mutex, except `file`, which belongs to
/// the thread that set `writing`.
struct Stream {
  struct Slot {
    std::deque<Batch> batches;
    bool done = false;
  };
  struct Place {
    int64_t partition;
    int64_t morsel;
    auto operator<=>(const Place&) const = default;
  };

  std::string name;
  Place turn{0, 0};
  std::map<Place, Slot> slots;
  std::map<int64_t, int64_t> morsels;  ///< of the partitions that are done
  bool writing = false;
  bool complete = false;
  std::unique_ptr<OutputFile> file;

  /// The next batch in order, or nullptr where it has not come. Sets `complete` once the last partition is through.
  Batch Pop(bool single_file) {
    while (true) {
      const auto slot = slots.find(turn);
      if (slot != slots.end() && !slot->second.batches.empty()) {
        Batch batch = std::move(slot->second.batches.front());
        slot->second.batches.pop_front();
        return batch;
      }
      const auto count = morsels.find(turn.partition);
      if (slot != slots.end() && slot->second.done) {
        slots.erase(slot);
        ++turn.morsel;
      } else if (count != morsels.end() && turn.morsel >= count->second) {
        complete = !single_file;
        if (complete) return nullptr;
        morsels.erase(count);
        turn = {turn.partition + 1, 0};
      } else {
        return nullptr;
      }
    }
  }
};

class OrderedWriter final : public PartitionedWriter {
 public:
  explicit OrderedWriter(Options options) : options_(std::move(options)) {
    const TaskContext& context = options_.output.context;
    bound_ = options_.share > 0 ? options_.share : std::clamp<int64_t>(context.budget->limit() / 16, 4 << 20, 128 << 20);
  }

  Status Consume(int64_t partition, int64_t morsel, Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*batch));
    std::unique_lock lock(mutex_);
    Stream& stream = StreamOf(partition);
    while (waiting_bytes_ > bound_ && (stream.writing || stream.turn != Stream::Place{partition, morsel})) {
      ARROW_RETURN_NOT_OK(CheckGoingOn());
      awaited_partition_ = stream.turn.partition;
      progress_.wait_for(lock, kLook);
      awaited_partition_ = -1;  // others that wait say so again when they look
    }
    waiting_bytes_ += bytes;
    stream.slots[{partition, morsel}].batches.push_back(std::move(batch));
    return Drain(&stream, &lock);
  }

  Status MorselDone(int64_t partition, int64_t morsel) override {
    std::unique_lock lock(mutex_);
    Stream& stream = StreamOf(partition);
    stream.slots[{partition, morsel}].done = true;
    return Drain(&stream, &lock);
  }

  Status PartitionDone(int64_t partition, int64_t morsels) override {
    std::unique_lock lock(mutex_);
    Stream& stream = StreamOf(partition);
    stream.morsels[partition] = morsels;
    return Drain(&stream, &lock);
  }

  int64_t awaited_partition() const override { return awaited_partition_; }

  Result<std::vector<WrittenFile>> Finish() override {
    std::unique_lock lock(mutex_);
    if (options_.single_file) {
      Stream& stream = StreamOf(0);
      stream.complete = true;
      ARROW_RETURN_NOT_OK(Drain(&stream, &lock));
    }
    for (const auto& [partition, stream] : streams_) {
      if (!stream.slots.empty() || !stream.complete || stream.file) {
        return Status::UnknownError("file ", stream.name, " was not completed: partition ", stream.turn.partition, ", morsel ",
                                    stream.turn.morsel, " did not end");
      }
    }
    return files_.Take();
  }

  void Stop() override {
    std::lock_guard lock(mutex_);
    if (stopped_.ok()) stopped_ = Status::Cancelled("the write was stopped");
    progress_.notify_all();
  }

 private:
  Stream& StreamOf(int64_t partition) {
    const int64_t key = options_.single_file ? 0 : partition;
    const auto [found, is_new] = streams_.try_emplace(key);
    Stream& stream = found->second;
    if (is_new) {
      stream.name = options_.single_file ? options_.name_pattern
                                         : OutputFileName(options_.name_pattern, options_.first_partition + partition);
      stream.turn = {key, 0};
    }
    return stream;
  }

  Status CheckGoingOn() const {
    ARROW_RETURN_NOT_OK(stopped_);
    return options_.output.context.CheckCancelled();
  }

  /// Writes all batches whose turn it is, unless another thread is at it: that one will find them.
  Status Drain(Stream* stream, std::unique_lock<std::mutex>* lock) {
    if (stream->writing) return Status::OK();
    ARROW_RETURN_NOT_OK(CheckGoingOn());
    stream->writing = true;
    Status status;
    Batch batch = stream->Pop(options_.single_file);
    while (status.ok() && batch) {
      lock->unlock();
      const int64_t bytes = arrow::util::ReferencedBufferSize(*batch).ValueOr(0);
      status = WriteBatch(stream, *batch);
      batch.reset();
      lock->lock();
      waiting_bytes_ -= bytes;
      progress_.notify_all();
      if (status.ok()) batch = stream->Pop(options_.single_file);
    }
    if (status.ok() && stream->complete) {
      lock->unlock();
      status = Close(stream);
      lock->lock();
    }
    if (stopped_.ok()) stopped_ = status;
    stream->writing = false;
    progress_.notify_all();
    return status;
  }

  Status WriteBatch(Stream* stream, const arrow::RecordBatch& batch) {
    if (!stream->file) ARROW_RETURN_NOT_OK(Open(stream));
    return stream->file->Write(batch);
  }

  /// A file without a batch is still a file: readers learn its columns from it.
  Status Close(Stream* stream) {
    if (!stream->file) ARROW_RETURN_NOT_OK(Open(stream));
    ARROW_ASSIGN_OR_RAISE(WrittenFile file, stream->file->Finish());
    stream->file.reset();
    files_.Add(std::move(file));
    return Status::OK();
  }

  Status Open(Stream* stream) {
    return OutputFile::Create(options_.output, stream->name, options_.schema, kOutputBufferBytes).Value(&stream->file);
  }

  const Options options_;
  int64_t bound_ = 0;
  std::mutex mutex_;
  std::condition_variable progress_;
  std::map<int64_t, Stream> streams_;  ///< by partition; one, of key 0, where single_file
  int64_t waiting_bytes_ = 0;
  std::atomic<int64_t> awaited_partition_{-1};
  Status stopped_;  ///< why no more is written: also what threads get that come by before the first to fail has reported it
  WrittenFiles files_;
};

}  // namespace

std::unique_ptr<PartitionedWriter> MakeOrderedWriter(PartitionedWriter::Options options) {
  return std::make_unique<OrderedWriter>(std::move(options));
}

}  // namespace millstream
