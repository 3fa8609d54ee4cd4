// The serial part of reading a split: fetches chunks, cuts them after the last whole record, hands them out as morsels.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include <arrow/buffer.h>

#include "millstream/format/csv/file_head.h"
#include "millstream/format/csv/record_starts.h"
#include "millstream/format/csv/scan_plan.h"

namespace millstream::csv {
namespace {

constexpr int64_t kChunk = int64_t{1} << 20;
/// Where few rows are wanted the first chunk is small, and later ones double.
constexpr int64_t kSmallChunk = 64 * 1024;
/// Read beyond a split's end at a time, for the record that crosses it.
constexpr int64_t kBeyondEnd = 64 * 1024;
constexpr int64_t kLongestRecord = int64_t{1} << 30;
constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

/// Bytes of a file in order, from wherever the split starts.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fewer bytes than wanted only at the end of the file.
  virtual Result<int64_t> Read(int64_t wanted, uint8_t* out) = 0;
  virtual int64_t bytes_read() const = 0;
};

/// The whole file, decompressed; what was read for its header comes first.
class StreamSource final : public ByteSource {
 public:
  StreamSource(std::unique_ptr<FileHead> head, int64_t start) : head_(std::move(head)), at_(start) {}

  Result<int64_t> Read(int64_t wanted, uint8_t* out) override {
    int64_t read = 0;
    if (const auto text = head_->text(); at_ < static_cast<int64_t>(text.size())) {
      read = std::min(wanted, static_cast<int64_t>(text.size()) - at_);
      std::memcpy(out, text.data() + at_, static_cast<size_t>(read));
      at_ += read;
    }
    while (read < wanted && !head_->at_end()) {
      ARROW_ASSIGN_OR_RAISE(const int64_t more, head_->stream()->Read(wanted - read, out + read));
      if (more == 0) break;
      read += more;
    }
    return read;
  }
  int64_t bytes_read() const override { return fs::BytesTaken(*head_->stream()); }

 private:
  const std::unique_ptr<FileHead> head_;
  int64_t at_;
};

class RangeSource final : public ByteSource {
 public:
  RangeSource(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t start) : file_(std::move(file)), at_(start) {}

  Result<int64_t> Read(int64_t wanted, uint8_t* out) override {
    int64_t read = 0;
    while (read < wanted) {
      ARROW_ASSIGN_OR_RAISE(const int64_t more, file_->ReadAt(at_, wanted - read, out + read));
      if (more == 0) break;
      read += more;
      at_ += more;
    }
    total_.fetch_add(read, std::memory_order_relaxed);
    return read;
  }
  int64_t bytes_read() const override { return total_.load(std::memory_order_relaxed); }

 private:
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t at_;
  std::atomic<int64_t> total_{0};
};

class CsvSplitReader final : public SplitReader {
 public:
  /// Reads the records that start in [start, end), which `source` gives from `start` on; a record starts at `start`.
  CsvSplitReader(std::shared_ptr<const ScanPlan> plan, std::unique_ptr<ByteSource> source, int64_t start, int64_t end,
                 std::shared_ptr<RecordStarts> starts)
      : plan_(std::move(plan)),
        source_(std::move(source)),
        position_(start),
        end_(end),
        starts_(std::move(starts)),
        chunk_(plan_->limit ? kSmallChunk : kChunk),
        done_(start >= end) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    ARROW_RETURN_NOT_OK(plan_->context.CheckCancelled());
    if (plan_->limit && plan_->rows_decoded.load(std::memory_order_relaxed) >= *plan_->limit) done_ = true;
    if (done_) {
      carried_.reset();
      return nullptr;
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t size, ReadRecords());
    if (size == 0) {
      done_ = true;
      return nullptr;
    }
    auto morsel = MakeMorsel(plan_, carried_, carried_text_, static_cast<uint32_t>(size), position_);
    carried_text_ += size;
    carried_size_ -= size;
    position_ += size;
    chunk_ = std::min(kChunk, 2 * chunk_);
    return morsel;
  }

  int64_t bytes_read() const override { return source_->bytes_read(); }

 private:
  /// Makes carried_text_ begin with whole records and returns their size; 0 at the end of the file.
  Result<int64_t> ReadRecords() {
    while (true) {
      ARROW_RETURN_NOT_OK(plan_->context.CheckCancelled());
      ARROW_ASSIGN_OR_RAISE(const bool at_end, ReadMore());
      const int64_t seen = scanned_;
      const int64_t found = FindLastRecordEnd(plan_->options.dialect, carried_text_ + seen, carried_size_ - seen, &state_);
      scanned_ = carried_size_;
      int64_t size = found < 0 ? 0 : seen + found;
      if (at_end) {
        ARROW_ASSIGN_OR_RAISE(size, CloseLastRecord(size));
      }
      if (size > 0 && position_ + size >= end_) size = CutAtEnd(size);
      if (size > 0 || at_end) {
        done_ = done_ || at_end;
        scanned_ -= size;
        return size;
      }
      if (carried_size_ > kLongestRecord) {
        return Status::Invalid(plan_->PlaceOf(position_), ": this record has no end within ", kLongestRecord >> 20,
                               " MiB; is a quote in it not closed? Say quotechar=None where quotes have no meaning");
      }
    }
  }

  /// Moves what is left of the last chunk to the front of a new one and reads on. True at the end of the file.
  Result<bool> ReadMore() {
    // A record that is longer than a chunk makes each try twice as long as the one before.
    int64_t wanted = std::max(chunk_, carried_size_);
    if (end_ != kToTheEnd) {
      const int64_t next = position_ + carried_size_;
      wanted = std::min(wanted, std::max(end_ - next, int64_t{0}) + std::max(kBeyondEnd, carried_size_));
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(carried_size_ + wanted + 2 * kTextPadding, plan_->context.pool));
    uint8_t* text = buffer->mutable_data() + kTextPadding;
    if (carried_size_ > 0) std::memcpy(text, carried_text_, static_cast<size_t>(carried_size_));
    ARROW_ASSIGN_OR_RAISE(const int64_t read, source_->Read(wanted, text + carried_size_));
    carried_size_ += read;
    std::memset(buffer->mutable_data(), 0, kTextPadding);
    std::memset(text + carried_size_, 0, kTextPadding);
    carried_ = std::move(buffer);
    carried_text_ = text;
    return read < wanted;
  }

  /// At the end of the file: a last line without a line end gets one. `size`: of the records found whole.
  Result<int64_t> CloseLastRecord(int64_t size) {
    if (size == carried_size_) return size;
    if (state_ == ScanState::kInQuotes || state_ == ScanState::kEscapedInQuotes || state_ == ScanState::kEscaped) {
      const bool quoted = state_ != ScanState::kEscaped;
      return Status::Invalid(plan_->PlaceOf(position_ + size), ": the file ends ",
                             quoted ? "inside quotes in the record that begins here" : "after an escape character",
                             "; is the file cut off, or a quote not closed?");
    }
    const_cast<uint8_t*>(carried_text_)[carried_size_++] = '\n';  // the padding has room
    return carried_size_;
  }

  /// The records at hand reach up to or beyond the split's end: those that start there are the next split's.
  int64_t CutAtEnd(int64_t size) {
    ScanState state = ScanState::kFieldStart;
    const int64_t inside = end_ - 1 - position_;
    FindLastRecordEnd(plan_->options.dialect, carried_text_, inside, &state);
    const int64_t end = FindFirstRecordEnd(plan_->options.dialect, carried_text_ + inside, size - inside, &state);
    if (end < 0) return size;  // cannot be: the last record of `size` bytes ends at or after the split's end
    done_ = true;
    if (starts_ != nullptr) starts_->Tell(end_, position_ + inside + end);
    return inside + end;
  }

  const std::shared_ptr<const ScanPlan> plan_;
  const std::unique_ptr<ByteSource> source_;
  int64_t position_;  ///< of carried_text_ in the file; a record starts there
  const int64_t end_;
  const std::shared_ptr<RecordStarts> starts_;
  int64_t chunk_;
  bool done_;

  std::shared_ptr<arrow::Buffer> carried_;  ///< text read but not handed out
  const uint8_t* carried_text_ = nullptr;
  int64_t carried_size_ = 0;
  int64_t scanned_ = 0;                       ///< of it, already looked through
  ScanState state_ = ScanState::kFieldStart;  ///< after the bytes scanned
};

Result<std::unique_ptr<SplitReader>> MakeWholeFileReader(std::shared_ptr<const ScanPlan> plan) {
  ARROW_ASSIGN_OR_RAISE(auto stream, fs::OpenInputStream(plan->file, plan->storage, plan->compression, plan->context));
  auto head = std::make_unique<FileHead>(std::move(stream), plan->context);
  ARROW_ASSIGN_OR_RAISE(const Header header, ReadHeader(plan->options, FileName(plan->file), head.get()));
  ARROW_RETURN_NOT_OK(CheckHeader(plan->options, FileName(plan->file), header));
  auto source = std::make_unique<StreamSource>(std::move(head), header.records_begin);
  return std::make_unique<CsvSplitReader>(std::move(plan), std::move(source), header.records_begin, kToTheEnd, nullptr);
}

}  // namespace

Result<std::unique_ptr<SplitReader>> MakeSplitReader(std::shared_ptr<const ScanPlan> plan, const Split& split) {
  if (split.offset == 0 && split.length < 0) return MakeWholeFileReader(std::move(plan));
  if (plan->compression != fs::Compression::kNone) {
    return Status::Invalid(FileName(plan->file), ": a compressed file cannot be read from the middle");
  }
  ARROW_ASSIGN_OR_RAISE(auto file, fs::OpenInputFile(plan->file, plan->storage, plan->context));
  auto starts = RecordStarts::Shared(plan->file, plan->options);
  ARROW_ASSIGN_OR_RAISE(const int64_t begin, starts->RecordsBegin([&]() -> Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::RandomAccessFile::GetStream(file, 0, plan->file.size));
    FileHead head(std::move(stream), plan->context);
    ARROW_ASSIGN_OR_RAISE(const Header header, ReadHeader(plan->options, FileName(plan->file), &head));
    ARROW_RETURN_NOT_OK(CheckHeader(plan->options, FileName(plan->file), header));
    return header.records_begin;
  }));
  ARROW_ASSIGN_OR_RAISE(const int64_t start, starts->FirstAtOrAfter(split.offset, begin, file.get(), plan->context));
  const int64_t end = split.length < 0 ? kToTheEnd : split.offset + split.length;
  auto source = std::make_unique<RangeSource>(std::move(file), start);
  return std::make_unique<CsvSplitReader>(std::move(plan), std::move(source), start, end, std::move(starts));
}

}  // namespace millstream::csv
