// Any bytes as a gzip file: an error or data, never a crash. The first byte says how large the reads are.
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>

#include "millstream/fs/gzip_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr int64_t kMaxInflated = 16 << 20;  // a small input may inflate to a thousand times its size
  auto raw =
      std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(data + 1, static_cast<int64_t>(size) - 1));
  auto stream = millstream::fs::GzipInputStream::Make(raw, arrow::default_memory_pool()).ValueOrDie();
  std::vector<uint8_t> chunk(1 + data[0] * 16);
  for (int64_t total = 0; total < kMaxInflated;) {
    const auto got = stream->Read(static_cast<int64_t>(chunk.size()), chunk.data());
    if (!got.ok() || *got == 0) break;
    total += *got;
  }
  return 0;
}
