#include "millstream/fs/block_stream.h"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include <arrow/buffer.h>

#include "millstream/base/result.h"
#include "millstream/fs/interrupt.h"

namespace millstream::fs {
namespace {

constexpr int64_t kMinBlockBytes = 64 << 10;
/// A block is at most this part of the budget: a stream holds up to four, and several streams are open.
constexpr int64_t kShareOfBudget = 64;
constexpr size_t kReadyBlocks = 2;
/// A read for "everything" must not allocate what it asks for at once.
constexpr int64_t kFirstAllocation = 16 << 20;

/// A buffer of up to `wanted` bytes filled by `read(n, out)`, grown as the data comes.
template <typename ReadInto>
Result<std::shared_ptr<arrow::Buffer>> ReadBuffer(int64_t wanted, arrow::MemoryPool* pool, const ReadInto& read) {
  if (wanted < 0) return Status::Invalid("cannot read a negative number of bytes");
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(wanted, kFirstAllocation), pool));
  int64_t done = 0;
  while (done < wanted) {
    if (done == buffer->size()) ARROW_RETURN_NOT_OK(buffer->Resize(std::min(wanted, 2 * done)));
    const int64_t room = buffer->size() - done;
    ARROW_ASSIGN_OR_RAISE(const int64_t got, read(room, buffer->mutable_data() + done));
    done += got;
    if (got < room) break;
  }
  ARROW_RETURN_NOT_OK(buffer->Resize(done, /*shrink_to_fit=*/false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Status Named(const Status& status, const std::string& place) { return place.empty() ? status : WithPlace(status, place); }

class PlainStream final : public CountedInputStream {
 public:
  PlainStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place, ByteCounter counter, const TaskContext& context)
      : raw_(std::move(raw)), place_(std::move(place)), counter_(std::move(counter)), context_(context) {}

  Status Close() override { return Named(raw_->Close(), place_); }
  Status Abort() override { return Named(raw_->Abort(), place_); }
  bool closed() const override { return raw_->closed(); }
  Result<int64_t> Tell() const override { return raw_->Tell(); }
  int64_t bytes_taken() const override { return counter_->load(std::memory_order_relaxed); }

  Result<int64_t> Read(int64_t wanted, void* out) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    const InterruptScope interrupt(context_.cancel, nullptr);
    Result<int64_t> got = raw_->Read(wanted, out);
    if (!got.ok()) return Named(got.status(), place_);
    counter_->fetch_add(*got, std::memory_order_relaxed);
    return got;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    return ReadBuffer(wanted, context_.pool, [this](int64_t room, uint8_t* out) { return Read(room, out); });
  }

 private:
  std::shared_ptr<arrow::io::InputStream> raw_;
  std::string place_;
  ByteCounter counter_;
  TaskContext context_;
};

class BlockStream final : public CountedInputStream {
 public:
  BlockStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place, ByteCounter counter, const BlockOptions& options,
              const TaskContext& context)
      : raw_(std::move(raw)),
        place_(std::move(place)),
        counter_(std::move(counter)),
        read_ahead_(options.read_ahead),
        context_(context),
        block_bytes_(std::min(options.block_bytes, std::max(context.budget->limit() / kShareOfBudget, kMinBlockBytes))) {}
  ~BlockStream() override { ARROW_UNUSED(BlockStream::Close()); }

  Status Close() override {
    if (closed_) return Status::OK();
    StopThread();
    closed_ = true;
    return Named(raw_->Close(), place_);
  }
  Status Abort() override {
    if (closed_) return Status::OK();
    StopThread();
    closed_ = true;
    return Named(raw_->Abort(), place_);
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  int64_t bytes_taken() const override { return counter_->load(std::memory_order_relaxed); }

  Result<int64_t> Read(int64_t wanted, void* out) override {
    int64_t done = 0;
    while (done < wanted) {
      ARROW_ASSIGN_OR_RAISE(const bool more, HaveBytes());
      if (!more) break;
      const int64_t part = std::min(wanted - done, current_->size() - used_);
      std::memcpy(static_cast<uint8_t*>(out) + done, current_->data() + used_, static_cast<size_t>(part));
      used_ += part;
      done += part;
    }
    position_ += done;
    return done;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    if (wanted > 0) ARROW_RETURN_NOT_OK(HaveBytes().status());
    if (wanted >= 0 && current_ && wanted <= current_->size() - used_) {
      auto slice = arrow::SliceBuffer(current_, used_, wanted);
      used_ += wanted;
      position_ += wanted;
      return slice;
    }
    return ReadBuffer(wanted, context_.pool, [this](int64_t room, uint8_t* out) { return Read(room, out); });
  }

 private:
  /// Makes sure that current_ has unread bytes; false at the end.
  Result<bool> HaveBytes() {
    if (closed_) return Named(Status::Invalid("read of a closed stream"), place_);
    while (!current_ || used_ == current_->size()) {
      if (current_ && current_->size() < block_bytes_) return false;  // a short block is the last
      current_.reset();
      ARROW_ASSIGN_OR_RAISE(current_, NextBlock());
      used_ = 0;
      if (current_->size() == 0) return false;
    }
    return true;
  }

  Result<std::shared_ptr<arrow::Buffer>> NextBlock() {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    if (!read_ahead_) return FillBlock();
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { Produce(); });
      } catch (const std::system_error&) {  // the system gives no more threads: read without
        return FillBlock();
      }
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
    if (ready_.empty()) return last_.ok() ? Status::Invalid("read past the end") : last_;
    auto block = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return block;
  }

  /// Always a full block, but at the end.
  Result<std::shared_ptr<arrow::Buffer>> FillBlock() {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    const InterruptScope interrupt(context_.cancel, &stop_);
    auto block = ReadBuffer(block_bytes_, context_.pool, [this](int64_t room, uint8_t* out) -> Result<int64_t> {
      int64_t done = 0;
      while (done < room) {
        ARROW_ASSIGN_OR_RAISE(const int64_t got, raw_->Read(room - done, out + done));
        if (got == 0) break;
        done += got;
      }
      return done;
    });
    if (!block.ok()) return Named(block.status(), place_);
    return block;
  }

  void Produce() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stop_ || ready_.size() < kReadyBlocks; });
        if (stop_) break;
      }
      auto block = FillBlock();
      if (!block.ok() && block.status().IsOutOfMemory() && WaitUntilDrained()) block = FillBlock();
      std::lock_guard lock(mutex_);
      if (block.ok()) ready_.push_back(*block);
      ended_ = !block.ok() || (*block)->size() < block_bytes_;
      if (ended_) last_ = block.status();
      changed_.notify_all();
      if (ended_) return;
    }
  }

  /// Reading ahead must not fail a run that would fit without: waits until the reader has taken what is ready. False if there
  /// was nothing to wait for.
  bool WaitUntilDrained() {
    std::unique_lock lock(mutex_);
    if (ready_.empty()) return false;
    changed_.wait(lock, [this] { return stop_ || ready_.empty(); });
    return !stop_;
  }

  void StopThread() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    ready_.clear();
    current_.reset();
  }

  std::shared_ptr<arrow::io::InputStream> raw_;
  const std::string place_;
  ByteCounter counter_;
  const bool read_ahead_;
  const TaskContext context_;
  const int64_t block_bytes_;

  // Of the reading thread.
  std::shared_ptr<arrow::Buffer> current_;
  int64_t used_ = 0;
  int64_t position_ = 0;
  bool closed_ = false;
  std::thread thread_;
  std::atomic<bool> stop_{false};  // changed with mutex_ held, but looked at without it

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<arrow::Buffer>> ready_;
  Status last_;
  bool ended_ = false;
};

class PlainFile final : public arrow::io::RandomAccessFile {
 public:
  PlainFile(std::shared_ptr<arrow::io::RandomAccessFile> raw, std::string place, const TaskContext& context)
      : raw_(std::move(raw)), place_(std::move(place)), context_(context) {}

  Status Close() override { return Named(raw_->Close(), place_); }
  Status Abort() override { return Named(raw_->Abort(), place_); }
  bool closed() const override { return raw_->closed(); }
  Result<int64_t> Tell() const override { return raw_->Tell(); }
  Status Seek(int64_t position) override { return WithPlace(raw_->Seek(position), place_); }
  Result<int64_t> GetSize() override { return WithName(raw_->GetSize()); }
  Status WillNeed(const std::vector<arrow::io::ReadRange>& ranges) override {
    return WithPlace(raw_->WillNeed(ranges), place_);
  }

  Result<int64_t> Read(int64_t wanted, void* out) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    const InterruptScope interrupt(context_.cancel, nullptr);
    return WithName(raw_->Read(wanted, out));
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    return ReadBuffer(wanted, context_.pool, [this](int64_t room, uint8_t* out) { return Read(room, out); });
  }
  Result<int64_t> ReadAt(int64_t position, int64_t wanted, void* out) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    const InterruptScope interrupt(context_.cancel, nullptr);
    return WithName(raw_->ReadAt(position, wanted, out));
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t wanted) override {
    int64_t next = position;
    return ReadBuffer(wanted, context_.pool, [this, &next](int64_t room, uint8_t* out) -> Result<int64_t> {
      ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(next, room, out));
      next += got;
      return got;
    });
  }

 private:
  Result<int64_t> WithName(Result<int64_t> result) const {
    if (!result.ok()) return WithPlace(result.status(), place_);
    return result;
  }

  std::shared_ptr<arrow::io::RandomAccessFile> raw_;
  const std::string place_;
  const TaskContext context_;
};

}  // namespace

std::shared_ptr<CountedInputStream> MakePlainStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place,
                                                    ByteCounter counter, const TaskContext& context) {
  return std::make_shared<PlainStream>(std::move(raw), std::move(place), std::move(counter), context);
}

std::shared_ptr<CountedInputStream> MakeBlockStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place,
                                                    ByteCounter counter, const BlockOptions& options,
                                                    const TaskContext& context) {
  return std::make_shared<BlockStream>(std::move(raw), std::move(place), std::move(counter), options, context);
}

std::shared_ptr<arrow::io::RandomAccessFile> MakePlainFile(std::shared_ptr<arrow::io::RandomAccessFile> raw, std::string place,
                                                           const TaskContext& context) {
  return std::make_shared<PlainFile>(std::move(raw), std::move(place), context);
}

}  // namespace millstream::fs
