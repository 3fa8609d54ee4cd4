#include "millstream/format/avro/codec.h"

#include <algorithm>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "millstream/format/avro/scratch.h"

namespace millstream::avro {
namespace {

const uint8_t* Bytes(std::string_view data) { return reinterpret_cast<const uint8_t*>(data.data()); }

Status TooLarge() {
  return Status::Invalid("the block holds more than ", kMaxBlockBytes, " bytes once decompressed, which is not supported");
}

/// Room for output of which the size is not known: starts with a guess, doubles up to kMaxBlockBytes.
Status GrowOutput(Scratch<uint8_t>* output, int64_t input_bytes) {
  if (output->size() >= kMaxBlockBytes) return TooLarge();
  const int64_t wanted = std::max<int64_t>({output->size() * 2, input_bytes * 4, 64 * 1024});
  return output->Grow(std::min(wanted, kMaxBlockBytes));
}

class NullCodec final : public Codec {
 public:
  Result<std::string_view> Compress(std::string_view data) override { return data; }
  Result<std::string_view> Decompress(std::string_view data) override { return data; }
};

class DeflateCodec final : public Codec {
 public:
  DeflateCodec(int level, const TaskContext& context) : level_(level), output_(context.pool), level_memory_(context.pool) {}

  Result<std::string_view> Compress(std::string_view data) override {
    if (data.size() > kMaxBlockBytes) return TooLarge();
    // Stored blocks add five bytes for each 65,535, and both libraries may add a little more.
    const int64_t most = static_cast<int64_t>(data.size()) + static_cast<int64_t>(data.size()) / 512 + 1024;
    ARROW_RETURN_NOT_OK(output_.Grow(most));
    return level_ <= 3 ? CompressFast(data) : CompressSmall(data);
  }

  Result<std::string_view> Decompress(std::string_view data) override {
    if (!inflate_) inflate_ = std::make_unique<inflate_state>();
    isal_inflate_init(inflate_.get());
    inflate_->crc_flag = ISAL_DEFLATE;
    inflate_->next_in = const_cast<uint8_t*>(Bytes(data));
    inflate_->avail_in = static_cast<uint32_t>(data.size());
    int64_t done = 0;
    while (inflate_->block_state != ISAL_BLOCK_FINISH) {
      if (done == output_.size()) ARROW_RETURN_NOT_OK(GrowOutput(&output_, static_cast<int64_t>(data.size())));
      inflate_->next_out = output_.data() + done;
      inflate_->avail_out = static_cast<uint32_t>(output_.size() - done);
      if (isal_inflate(inflate_.get()) != ISAL_DECOMP_OK) return Status::Invalid("the deflate data of the block is damaged");
      const int64_t now = inflate_->next_out - output_.data();
      if (now == done && inflate_->avail_out > 0 && inflate_->block_state != ISAL_BLOCK_FINISH) {
        return Status::Invalid("the deflate data of the block ends early");
      }
      done = now;
    }
    return std::string_view(Chars(), static_cast<size_t>(done));
  }

 private:
  Result<std::string_view> CompressFast(std::string_view data) {
    constexpr uint32_t kLevelBytes[] = {ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
                                        ISAL_DEF_LVL3_DEFAULT};
    if (kLevelBytes[level_] > 0) ARROW_RETURN_NOT_OK(level_memory_.Grow(kLevelBytes[level_]));
    if (!deflate_) deflate_ = std::make_unique<isal_zstream>();
    isal_deflate_stateless_init(deflate_.get());
    deflate_->level = static_cast<uint32_t>(level_);
    deflate_->level_buf = kLevelBytes[level_] > 0 ? level_memory_.data() : nullptr;
    deflate_->level_buf_size = kLevelBytes[level_];
    deflate_->end_of_stream = 1;
    deflate_->next_in = const_cast<uint8_t*>(Bytes(data));
    deflate_->avail_in = static_cast<uint32_t>(data.size());
    deflate_->next_out = output_.data();
    deflate_->avail_out = static_cast<uint32_t>(output_.size());
    const int code = isal_deflate_stateless(deflate_.get());
    if (code != COMP_OK) return Status::UnknownError("deflate of a block failed with code ", code);
    return std::string_view(Chars(), deflate_->total_out);
  }

  Result<std::string_view> CompressSmall(std::string_view data) {
    z_stream stream = {};
    if (deflateInit2(&stream, level_, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      return Status::OutOfMemory("zlib found no memory for its state");
    }
    stream.next_in = const_cast<Bytef*>(Bytes(data));
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = output_.data();
    stream.avail_out = static_cast<uInt>(output_.size());
    const int code = deflate(&stream, Z_FINISH);
    const size_t size = stream.total_out;
    deflateEnd(&stream);
    if (code != Z_STREAM_END) return Status::UnknownError("deflate of a block failed with code ", code);
    return std::string_view(Chars(), size);
  }

  char* Chars() { return reinterpret_cast<char*>(output_.data()); }

  int level_;
  Scratch<uint8_t> output_;
  Scratch<uint8_t> level_memory_;
  std::unique_ptr<inflate_state> inflate_;
  std::unique_ptr<isal_zstream> deflate_;
};

/// As the specification has it, each block ends with the CRC-32 of its uncompressed data, big-endian.
class SnappyCodec final : public Codec {
 public:
  explicit SnappyCodec(const TaskContext& context) : output_(context.pool) {}

  Result<std::string_view> Compress(std::string_view data) override {
    if (data.size() > kMaxBlockBytes) return TooLarge();
    ARROW_RETURN_NOT_OK(output_.Grow(static_cast<int64_t>(snappy::MaxCompressedLength(data.size())) + 4));
    size_t size = 0;
    snappy::RawCompress(data.data(), data.size(), Chars(), &size);
    const uint32_t crc = crc32_gzip_refl(0, Bytes(data), data.size());
    for (int i = 0; i < 4; ++i) output_.data()[size + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    return std::string_view(Chars(), size + 4);
  }

  Result<std::string_view> Decompress(std::string_view data) override {
    if (data.size() < 4) return Status::Invalid("the snappy block is too short to hold its checksum");
    const std::string_view body = data.substr(0, data.size() - 4);
    size_t size = 0;
    // A copy of three bytes gives at most 64: what claims more is damaged, and not worth its memory.
    if (!snappy::GetUncompressedLength(body.data(), body.size(), &size) || size > body.size() * 64) {
      return Status::Invalid("the snappy data of the block is damaged");
    }
    if (size > kMaxBlockBytes) return TooLarge();
    ARROW_RETURN_NOT_OK(output_.Grow(static_cast<int64_t>(std::max<size_t>(size, 1))));
    if (!snappy::RawUncompress(body.data(), body.size(), Chars())) {
      return Status::Invalid("the snappy data of the block is damaged");
    }
    uint32_t expected = 0;
    for (const char byte : data.substr(data.size() - 4)) expected = expected << 8 | static_cast<uint8_t>(byte);
    if (crc32_gzip_refl(0, output_.data(), size) != expected) {
      return Status::Invalid("the checksum of the snappy block does not match its data");
    }
    return std::string_view(Chars(), size);
  }

 private:
  char* Chars() { return reinterpret_cast<char*>(output_.data()); }

  Scratch<uint8_t> output_;
};

class ZstandardCodec final : public Codec {
 public:
  ZstandardCodec(int level, const TaskContext& context) : level_(level), output_(context.pool), state_(context.budget) {}
  ~ZstandardCodec() override {
    ZSTD_freeCCtx(compress_);
    ZSTD_freeDCtx(decompress_);
  }

  Result<std::string_view> Compress(std::string_view data) override {
    if (data.size() > kMaxBlockBytes) return TooLarge();
    ARROW_RETURN_NOT_OK(output_.Grow(static_cast<int64_t>(ZSTD_compressBound(data.size()))));
    if (!compress_ && !(compress_ = ZSTD_createCCtx())) return Status::OutOfMemory("zstd found no memory for its state");
    const size_t size =
        ZSTD_compressCCtx(compress_, output_.data(), static_cast<size_t>(output_.size()), data.data(), data.size(), level_);
    if (ZSTD_isError(size)) return Status::UnknownError("zstandard of a block failed: ", ZSTD_getErrorName(size));
    ARROW_RETURN_NOT_OK(state_.Resize(static_cast<int64_t>(ZSTD_sizeof_CCtx(compress_)), "zstandard compression"));
    return std::string_view(Chars(), size);
  }

  Result<std::string_view> Decompress(std::string_view data) override {
    if (!decompress_ && !(decompress_ = ZSTD_createDCtx())) return Status::OutOfMemory("zstd found no memory for its state");
    ZSTD_DCtx_reset(decompress_, ZSTD_reset_session_only);
    ZSTD_inBuffer input = {data.data(), data.size(), 0};
    int64_t done = 0;
    size_t hint = 1;  // 0 once a frame is complete
    while (input.pos < input.size || hint != 0) {
      if (done == output_.size()) ARROW_RETURN_NOT_OK(GrowOutput(&output_, static_cast<int64_t>(data.size())));
      ZSTD_outBuffer output = {output_.data(), static_cast<size_t>(output_.size()), static_cast<size_t>(done)};
      hint = ZSTD_decompressStream(decompress_, &output, &input);
      if (ZSTD_isError(hint)) {
        return Status::Invalid("the zstandard data of the block is damaged: ", ZSTD_getErrorName(hint));
      }
      done = static_cast<int64_t>(output.pos);
      if (input.pos == input.size && hint != 0 && output.pos < output.size) {
        return Status::Invalid("the zstandard data of the block ends early");
      }
    }
    ARROW_RETURN_NOT_OK(state_.Resize(static_cast<int64_t>(ZSTD_sizeof_DCtx(decompress_)), "zstandard decompression"));
    return std::string_view(Chars(), static_cast<size_t>(done));
  }

 private:
  char* Chars() { return reinterpret_cast<char*>(output_.data()); }

  int level_;
  Scratch<uint8_t> output_;
  Reservation state_;
  ZSTD_CCtx* compress_ = nullptr;
  ZSTD_DCtx* decompress_ = nullptr;
};

}  // namespace

Result<CodecKind> ParseCodec(const std::string& name) {
  if (name == "null") return CodecKind::kNull;
  if (name == "deflate") return CodecKind::kDeflate;
  if (name == "snappy") return CodecKind::kSnappy;
  if (name == "zstandard") return CodecKind::kZstandard;
  return Status::Invalid("there is no Avro codec '", name, "' here; known are: null, deflate, snappy, zstandard");
}

Result<std::unique_ptr<Codec>> Codec::Make(CodecKind kind, std::optional<int> level, const TaskContext& context) {
  const auto check = [&](const char* name, int low, int high) {
    if (!level || (*level >= low && *level <= high)) return Status::OK();
    return Status::Invalid("level ", *level, " of codec ", name, " is not between ", low, " and ", high);
  };
  switch (kind) {
    case CodecKind::kDeflate:
      ARROW_RETURN_NOT_OK(check("deflate", 0, 9));
      return std::make_unique<DeflateCodec>(level.value_or(1), context);
    case CodecKind::kZstandard:
      ARROW_RETURN_NOT_OK(check("zstandard", 1, ZSTD_maxCLevel()));
      return std::make_unique<ZstandardCodec>(level.value_or(3), context);
    case CodecKind::kNull:
    case CodecKind::kSnappy:
      break;
  }
  if (level) return Status::Invalid("the codecs null and snappy have no level; leave it out");
  if (kind == CodecKind::kSnappy) return std::make_unique<SnappyCodec>(context);
  return std::make_unique<NullCodec>();
}

}  // namespace millstream::avro
