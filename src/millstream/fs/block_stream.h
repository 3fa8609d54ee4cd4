// What OpenInputStream hands out: streams that know their file's name, draw from the run's memory and read ahead.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

#include "millstream/memory/task_context.h"

namespace millstream::fs {

/// Bytes taken from a file so far, shared by the streams stacked on it.
using ByteCounter = std::shared_ptr<std::atomic<int64_t>>;

/// An input stream that tells how far into its file it is.
class CountedInputStream : public arrow::io::InputStream {
 public:
  virtual int64_t bytes_taken() const = 0;
};

/// Passes reads on to `raw`: buffers come from context.pool, bytes are counted in `counter`, errors start with `place` (where
/// not empty), and a cancelled run ends the reading.
std::shared_ptr<CountedInputStream> MakePlainStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place,
                                                    ByteCounter counter, const TaskContext& context);

struct BlockOptions {
  int64_t block_bytes = 1 << 20;  ///< made smaller under a small budget
  bool read_ahead = true;         ///< on a thread of its own, which keeps two blocks ready
};

/// Reads `raw` in blocks. The thread that reads ahead starts at the first read and ends with Close. Read(n) is without a copy
/// where the bytes lie in one block. Errors and cancellation as above.
std::shared_ptr<CountedInputStream> MakeBlockStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place,
                                                    ByteCounter counter, const BlockOptions& options,
                                                    const TaskContext& context);

/// As MakePlainStream, for reads at any offset.
std::shared_ptr<arrow::io::RandomAccessFile> MakePlainFile(std::shared_ptr<arrow::io::RandomAccessFile> raw, std::string place,
                                                           const TaskContext& context);

}  // namespace millstream::fs
