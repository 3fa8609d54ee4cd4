// An append-only temporary file of checksummed blocks, gone as soon as it is closed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "millstream/base/result.h"

namespace millstream {

/// Where a block lies in its file. `length` counts the payload.
struct SpillBlock {
  int64_t offset = 0;
  int64_t length = 0;
};

/// Each block is {length, xxh64 of the payload, payload}. One thread writes at a time; any number read what was written before.
class SpillFile {
 public:
  struct Options {
    int64_t quota = INT64_MAX;  ///< bytes the file may have
  };

  /// Creates a file in `folder` that has no name any more, so that nothing is left of it however the process ends.
  static Result<std::unique_ptr<SpillFile>> Create(const std::string& folder, const Options& options);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  /// A block is written by BeginBlock, any number of Append and EndBlock. A full disk or quota is an IOError that names the
  /// folder and what to do; the blocks before stay readable.
  void BeginBlock();
  Status Append(const void* data, int64_t size);
  Result<SpillBlock> EndBlock();

  /// Reads a block's payload into `parts`, whose sizes add up to its length. IOError where it is not what was written.
  Status Read(const SpillBlock& block, std::span<const std::span<uint8_t>> parts) const;

  /// Gives the disk space of a block back, where the file system can.
  void Release(const SpillBlock& block);

  /// Bytes written so far, headers included.
  int64_t bytes() const { return end_; }
  int descriptor() const { return descriptor_; }

 private:
  struct Checksum;

  SpillFile(std::string folder, int descriptor, const Options& options);
  Status Flush();
  Status WriteAt(const uint8_t* data, int64_t size, int64_t offset);

  const std::string folder_;
  const int descriptor_;
  const Options options_;
  int64_t end_ = 0;          ///< where the next bytes go
  int64_t block_begin_ = 0;  ///< of the header of the open block
  std::unique_ptr<Checksum> checksum_;
  std::vector<uint8_t> buffer_;
};

}  // namespace millstream
