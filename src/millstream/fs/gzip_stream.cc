#include "millstream/fs/gzip_stream.h"

#include <zlib.h>

#include <cstring>

#include <arrow/buffer.h>
#include <isa-l/igzip_lib.h>

namespace millstream::fs {
namespace {

constexpr int64_t kInputBytes = 256 * 1024;

const char* InflateProblem(int code) {
  switch (code) {
    case ISAL_INVALID_WRAPPER:
      return "this is not a gzip header";
    case ISAL_UNSUPPORTED_METHOD:
      return "the header names a compression method that is not deflate";
    case ISAL_INCORRECT_CHECKSUM:
      return "checksum or length in the trailer does not match the data";
    default:
      return "invalid deflate data";
  }
}

class IsalInputStream final : public GzipInputStream {
 public:
  IsalInputStream(std::shared_ptr<arrow::io::InputStream> compressed, std::unique_ptr<arrow::Buffer> state,
                  std::unique_ptr<arrow::Buffer> input, arrow::MemoryPool* pool)
      : compressed_(std::move(compressed)), state_buffer_(std::move(state)), input_(std::move(input)), pool_(pool) {
    state_ = reinterpret_cast<inflate_state*>(state_buffer_->mutable_data());
    isal_inflate_init(state_);
    state_->next_in = input_->mutable_data();
    state_->avail_in = 0;
  }
  ~IsalInputStream() override { ARROW_UNUSED(IsalInputStream::Close()); }

  Status Close() override {
    if (closed_) return Status::OK();
    closed_ = true;
    return compressed_->Close();
  }
  Status Abort() override {
    closed_ = true;
    return compressed_->Abort();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }

  Result<int64_t> Read(int64_t wanted, void* out) override {
    if (closed_) return Status::Invalid("read of a closed gzip stream");
    auto* bytes = static_cast<uint8_t*>(out);
    int64_t done = 0;
    while (done < wanted) {
      if (!in_member_) {
        ARROW_ASSIGN_OR_RAISE(in_member_, NextMember());
        if (!in_member_) break;
      }
      ARROW_ASSIGN_OR_RAISE(const int64_t got, InflateSome(bytes + done, wanted - done));
      done += got;
    }
    position_ += done;
    return done;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(wanted, pool_));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, Read(wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  int64_t Offset() const { return input_offset_ + (state_->next_in - input_->data()); }

  /// Reads more compressed data once all of the last was used; no data afterwards means the end of the file.
  Status Refill() {
    if (state_->avail_in > 0 || at_end_) return Status::OK();
    input_offset_ = Offset();
    ARROW_ASSIGN_OR_RAISE(const int64_t got, compressed_->Read(kInputBytes, input_->mutable_data()));
    at_end_ = got == 0;
    state_->next_in = input_->mutable_data();
    state_->avail_in = static_cast<uint32_t>(got);
    return Status::OK();
  }

  /// Skips padding and gets ready for a member; false at the end of the file.
  Result<bool> NextMember() {
    for (;;) {
      ARROW_RETURN_NOT_OK(Refill());
      if (at_end_) {
        if (members_ == 0) return Status::IOError("an empty file is not gzip: it may have been cut short");
        return false;
      }
      if (members_ == 0 || *state_->next_in != 0) break;
      ++state_->next_in;
      --state_->avail_in;
    }
    if (members_ > 0 && *state_->next_in != 0x1f) {
      return Status::IOError("gzip: data that is not gzip follows member ", members_, ", at compressed offset ", Offset());
    }
    isal_inflate_reset(state_);
    ++members_;
    ARROW_RETURN_NOT_OK(ReadHeader());
    state_->crc_flag = ISAL_GZIP_NO_HDR_VER;
    return true;
  }

  /// Left to itself, isal_inflate forgets which fields a header has where the input ends in the middle of it.
  Status ReadHeader() {
    isal_gzip_header header{};
    isal_gzip_header_init(&header);
    for (;;) {
      const int code = isal_read_gzip_header(state_, &header);
      if (code == ISAL_DECOMP_OK) return Status::OK();
      if (code != ISAL_END_INPUT) return Status::IOError("gzip: ", InflateProblem(code), ", near compressed offset ", Offset());
      ARROW_RETURN_NOT_OK(Refill());
      if (at_end_) return CutShort();
    }
  }

  Status CutShort() const {
    return Status::IOError("gzip: the file is cut short: it ends inside member ", members_, ", at compressed offset ",
                           Offset());
  }

  Result<int64_t> InflateSome(uint8_t* out, int64_t room) {
    ARROW_RETURN_NOT_OK(Refill());
    const auto slice = static_cast<uint32_t>(std::min<int64_t>(room, 1 << 30));
    const uint32_t input_before = state_->avail_in;
    state_->next_out = out;
    state_->avail_out = slice;
    const int code = isal_inflate(state_);
    if (code < 0) return Status::IOError("gzip: ", InflateProblem(code), ", near compressed offset ", Offset());
    const int64_t got = slice - state_->avail_out;
    if (state_->block_state == ISAL_BLOCK_FINISH) {
      in_member_ = false;
    } else if (got == 0 && at_end_) {
      return CutShort();
    } else if (got == 0 && input_before > 0 && state_->avail_in == input_before) {
      return Status::IOError("gzip: ", InflateProblem(code), ", near compressed offset ", Offset());  // no progress at all
    }
    return got;
  }

  std::shared_ptr<arrow::io::InputStream> compressed_;
  std::unique_ptr<arrow::Buffer> state_buffer_;  // holds *state_, 90 KB, so that the pool counts it
  std::unique_ptr<arrow::Buffer> input_;
  arrow::MemoryPool* pool_;
  inflate_state* state_ = nullptr;
  int64_t input_offset_ = 0;  // of the first byte of input_ in the compressed file
  int64_t position_ = 0;
  int64_t members_ = 0;
  bool in_member_ = false;
  bool at_end_ = false;
  bool closed_ = false;
};

class ZlibOutputStream final : public GzipOutputStream {
 public:
  ZlibOutputStream(std::shared_ptr<arrow::io::OutputStream> sink, std::unique_ptr<arrow::Buffer> output,
                   arrow::MemoryPool* pool)
      : sink_(std::move(sink)), output_(std::move(output)), pool_(pool) {
    stream_.opaque = pool_;
    stream_.zalloc = [](voidpf pool, uInt items, uInt size) -> voidpf {
      return Take(pool, static_cast<int64_t>(items) * size);
    };
    stream_.zfree = [](voidpf pool, voidpf block) { Give(pool, block); };
  }
  ~ZlibOutputStream() override { ARROW_UNUSED(ZlibOutputStream::Abort()); }

  Status Init() {
    // 15 window bits, + 16 for the gzip wrapper.
    if (deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      return Status::OutOfMemory("gzip: no memory for the compressor");
    }
    initialised_ = true;
    return Status::OK();
  }

  Status Write(const void* data, int64_t bytes) override {
    if (closed_) return Status::Invalid("write to a closed gzip stream");
    const auto* next = static_cast<const uint8_t*>(data);
    while (bytes > 0) {
      const int64_t slice = std::min<int64_t>(bytes, 1 << 30);
      stream_.next_in = const_cast<Bytef*>(next);
      stream_.avail_in = static_cast<uInt>(slice);
      while (stream_.avail_in > 0) ARROW_RETURN_NOT_OK(DeflateSome(Z_NO_FLUSH).status());
      next += slice;
      bytes -= slice;
      position_ += slice;
    }
    return Status::OK();
  }
  using arrow::io::OutputStream::Write;

  Status Close() override {
    if (closed_) return Status::OK();
    for (bool finished = false; !finished;) {
      ARROW_ASSIGN_OR_RAISE(finished, DeflateSome(Z_FINISH));
    }
    closed_ = true;
    End();
    return sink_->Close();
  }
  Status Abort() override {
    if (closed_) return Status::OK();
    closed_ = true;
    End();
    return sink_->Abort();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }

 private:
  // zlib does not tell the size when it frees, so it is kept in front of the block.
  static constexpr int64_t kSizeBytes = 64;

  static voidpf Take(voidpf pool, int64_t bytes) {
    uint8_t* block = nullptr;
    if (!static_cast<arrow::MemoryPool*>(pool)->Allocate(bytes + kSizeBytes, &block).ok()) return Z_NULL;
    std::memcpy(block, &bytes, sizeof(bytes));
    return block + kSizeBytes;
  }
  static void Give(voidpf pool, voidpf block) {
    uint8_t* start = static_cast<uint8_t*>(block) - kSizeBytes;
    int64_t bytes = 0;
    std::memcpy(&bytes, start, sizeof(bytes));
    static_cast<arrow::MemoryPool*>(pool)->Free(start, bytes + kSizeBytes);
  }

  /// One step of the compressor; true once the trailer is out.
  Result<bool> DeflateSome(int flush) {
    stream_.next_out = output_->mutable_data();
    stream_.avail_out = static_cast<uInt>(output_->size());
    const int code = deflate(&stream_, flush);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Status::UnknownError("gzip: the compressor failed with code ", code);
    }
    const int64_t made = output_->size() - stream_.avail_out;
    if (made > 0) ARROW_RETURN_NOT_OK(sink_->Write(output_->data(), made));
    return code == Z_STREAM_END;
  }

  void End() {
    if (initialised_) deflateEnd(&stream_);
    initialised_ = false;
  }

  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::unique_ptr<arrow::Buffer> output_;
  arrow::MemoryPool* pool_;
  z_stream stream_{};
  int64_t position_ = 0;
  bool initialised_ = false;
  bool closed_ = false;
};

}  // namespace

Result<std::shared_ptr<GzipInputStream>> GzipInputStream::Make(std::shared_ptr<arrow::io::InputStream> compressed,
                                                               arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto state, arrow::AllocateBuffer(sizeof(inflate_state), pool));
  ARROW_ASSIGN_OR_RAISE(auto input, arrow::AllocateBuffer(kInputBytes, pool));
  return std::make_shared<IsalInputStream>(std::move(compressed), std::move(state), std::move(input), pool);
}

Result<std::shared_ptr<GzipOutputStream>> GzipOutputStream::Make(std::shared_ptr<arrow::io::OutputStream> sink,
                                                                 arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::AllocateBuffer(kInputBytes, pool));
  auto stream = std::make_shared<ZlibOutputStream>(std::move(sink), std::move(output), pool);
  ARROW_RETURN_NOT_OK(stream->Init());
  return stream;
}

}  // namespace millstream::fs
