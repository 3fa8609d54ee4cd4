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

/// Reads `raw` in blocks of up to 1 MiB (less under a small budget), with `read_ahead` on a thread of its own that keeps two
/// blocks ready. The thread starts at the first read and ends with Close, which waits for the block being read. Read(n) is
/// without a copy where the bytes lie in one block. Errors and cancellation as above.
std::shared_ptr<CountedInputStream> MakeBlockStream(std::shared_ptr<arrow::io::InputStream> raw, std::string place,
                                                    ByteCounter counter, bool read_ahead, const TaskContext& context);

/// As MakePlainStream, for reads at any offset.
std::shared_ptr<arrow::io::RandomAccessFile> MakePlainFile(std::shared_ptr<arrow::io::RandomAccessFile> raw, std::string place,
                                                           const TaskContext& context);

}  // namespace millstream::fs
