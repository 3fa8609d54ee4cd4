// Streams that are compressed as a whole.
#pragma once

#include <memory>

#include "millstream/fs/storage.h"

namespace millstream::fs {

/// Puts the decompressor of `compression` in front of `raw`; kNone returns `raw`. Errors carry the compressed offset.
Result<std::shared_ptr<arrow::io::InputStream>> Decompress(std::shared_ptr<arrow::io::InputStream> raw, Compression compression,
                                                           const TaskContext& context);

/// Puts the compressor in front of `sink`; kNone returns `sink`. Closing the stream finishes it and closes `sink`.
Result<std::shared_ptr<arrow::io::OutputStream>> Compress(std::shared_ptr<arrow::io::OutputStream> sink,
                                                          Compression compression, const TaskContext& context);

}  // namespace millstream::fs
