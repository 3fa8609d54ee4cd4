#include "millstream/spill/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <xxhash.h>

#include "millstream/base/bytes.h"

namespace millstream {
namespace {

constexpr int64_t kBufferBytes = 32 << 10;

struct BlockHeader {
  uint64_t length = 0;
  uint64_t checksum = 0;
};

}  // namespace

struct SpillFile::Checksum {
  Checksum() : state(XXH64_createState()) { XXH64_reset(state, 0); }
  ~Checksum() { XXH64_freeState(state); }
  XXH64_state_t* state;
};

Result<std::unique_ptr<SpillFile>> SpillFile::Create(const std::string& folder, const Options& options) {
  std::string name = folder + "/spill-XXXXXX";
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return Status::IOError("cannot create a spill file in temp_dir '", folder, "': ", std::strerror(errno),
                           "; set temp_dir to a folder that can be written");
  }
  unlink(name.c_str());
  return std::unique_ptr<SpillFile>(new SpillFile(folder, descriptor, options));
}

SpillFile::SpillFile(std::string folder, int descriptor, const Options& options)
    : folder_(std::move(folder)), descriptor_(descriptor), options_(options), checksum_(std::make_unique<Checksum>()) {
  buffer_.reserve(kBufferBytes);
}

SpillFile::~SpillFile() { close(descriptor_); }

void SpillFile::BeginBlock() {
  buffer_.clear();
  block_begin_ = end_;
  end_ += sizeof(BlockHeader);
  XXH64_reset(checksum_->state, 0);
}

Status SpillFile::Append(const void* data, int64_t size) {
  XXH64_update(checksum_->state, data, static_cast<size_t>(size));
  const auto* bytes = static_cast<const uint8_t*>(data);
  if (static_cast<int64_t>(buffer_.size()) + size > kBufferBytes) ARROW_RETURN_NOT_OK(Flush());
  if (size <= kBufferBytes) {
    buffer_.insert(buffer_.end(), bytes, bytes + size);
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(WriteAt(bytes, size, end_));
  end_ += size;
  return Status::OK();
}

Status SpillFile::Flush() {
  ARROW_RETURN_NOT_OK(WriteAt(buffer_.data(), static_cast<int64_t>(buffer_.size()), end_));
  end_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  return Status::OK();
}

Result<SpillBlock> SpillFile::EndBlock() {
  ARROW_RETURN_NOT_OK(Flush());
  SpillBlock block;
  block.offset = block_begin_;
  block.length = end_ - block_begin_ - static_cast<int64_t>(sizeof(BlockHeader));
  BlockHeader header;
  header.length = static_cast<uint64_t>(block.length);
  header.checksum = XXH64_digest(checksum_->state);
  ARROW_RETURN_NOT_OK(WriteAt(reinterpret_cast<const uint8_t*>(&header), sizeof(header), block_begin_));
  return block;
}

Status SpillFile::WriteAt(const uint8_t* data, int64_t size, int64_t offset) {
  if (size > options_.quota - offset) {
    return Status::IOError("spilling to temp_dir '", folder_, "' needs more than the ", FormatBytes(options_.quota),
                           " it may use; raise the spill quota or memory_limit");
  }
  while (size > 0) {
    const ssize_t written = pwrite(descriptor_, data, static_cast<size_t>(size), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == ENOSPC || errno == EDQUOT)) {
      return Status::IOError("temp_dir '", folder_, "' is full: spilling needs another ", FormatBytes(size), " after ",
                             FormatBytes(offset), "; free space there, set temp_dir elsewhere or raise memory_limit");
    }
    if (written < 0) return Status::IOError("cannot write a spill file in temp_dir '", folder_, "': ", std::strerror(errno));
    data += written;
    offset += written;
    size -= written;
  }
  return Status::OK();
}

Status SpillFile::Read(const SpillBlock& block, std::span<const std::span<uint8_t>> parts) const {
  int64_t at = block.offset;
  const auto read = [&](uint8_t* out, int64_t size) {
    while (size > 0) {
      const ssize_t got = pread(descriptor_, out, static_cast<size_t>(size), at);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        return Status::IOError("cannot read a spill file in temp_dir '", folder_, "' at offset ", at, ": ",
                               got < 0 ? std::strerror(errno) : "the file ends early");
      }
      out += got;
      at += got;
      size -= got;
    }
    return Status::OK();
  };
  BlockHeader header;
  ARROW_RETURN_NOT_OK(read(reinterpret_cast<uint8_t*>(&header), sizeof(header)));
  Checksum checksum;
  for (const auto& part : parts) {
    ARROW_RETURN_NOT_OK(read(part.data(), static_cast<int64_t>(part.size())));
    XXH64_update(checksum.state, part.data(), part.size());
  }
  if (header.length != static_cast<uint64_t>(block.length) || header.checksum != XXH64_digest(checksum.state)) {
    return Status::IOError("a spilled block of ", block.length, " bytes at offset ", block.offset, " in temp_dir '", folder_,
                           "' came back corrupted: its checksum does not match; check the disk");
  }
  return Status::OK();
}

void SpillFile::Release(const SpillBlock& block) {
  // Only whole pages can be given back; a file system that cannot do it keeps the space until the file is closed.
  (void)fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, block.offset,
                  block.length + static_cast<int64_t>(sizeof(BlockHeader)));
}

}  // namespace millstream
