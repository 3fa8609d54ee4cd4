// The two kinds of PartitionedWriter, for its Make.
#pragma once

#include <mutex>

#include "millstream/exec/partitioned_writer.h"

namespace millstream {

/// Small files are one write, larger ones few.
constexpr int64_t kOutputBufferBytes = 512 << 10;

/// The list of files written. Thread-safe.
class WrittenFiles {
 public:
  void Add(WrittenFile file);
  /// Sorted by name.
  std::vector<WrittenFile> Take();

 private:
  std::mutex mutex_;
  std::vector<WrittenFile> files_;
};

std::unique_ptr<PartitionedWriter> MakeOrderedWriter(PartitionedWriter::Options options);
Result<std::unique_ptr<PartitionedWriter>> MakeKeyedWriter(PartitionedWriter::Options options);

}  // namespace millstream
