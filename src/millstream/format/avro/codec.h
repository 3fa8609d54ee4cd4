// The codecs of Avro blocks: null, deflate (raw, RFC 1951), snappy (with a CRC-32 behind), zstandard.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/memory/task_context.h"

namespace millstream::avro {

enum class CodecKind { kNull, kDeflate, kSnappy, kZstandard };

/// Invalid, listing those that are known.
Result<CodecKind> ParseCodec(const std::string& name);

/// No block may be larger than this once decompressed.
inline constexpr int64_t kMaxBlockBytes = int64_t{1} << 30;

/// Compresses or decompresses one block after the other, keeping its state and buffers. Not thread-safe.
class Codec {
 public:
  /// `level`: deflate 0-9 (default 1: ISA-L's fast levels up to 3, zlib's above), zstandard 1-22 (default 3); Invalid for
  /// others, and for a level where the codec has none.
  static Result<std::unique_ptr<Codec>> Make(CodecKind kind, std::optional<int> level, const TaskContext& context);
  virtual ~Codec() = default;

  /// Both give bytes that stay valid until the next call, or are `data` itself.
  virtual Result<std::string_view> Compress(std::string_view data) = 0;
  /// Invalid for data that is damaged, ends early or grows over kMaxBlockBytes; OutOfMemory from the pool.
  virtual Result<std::string_view> Decompress(std::string_view data) = 0;
};

}  // namespace millstream::avro
