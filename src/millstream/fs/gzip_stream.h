// gzip (RFC 1952) as streams: inflated by ISA-L, deflated by zlib.
#pragma once

#include <memory>

#include <arrow/io/interfaces.h>

#include "millstream/base/result.h"

namespace millstream::fs {

/// Inflates any number of members, one after the other; zeros after a member are padding. IOError with the offset in the
/// compressed data for anything that is not gzip, is cut short, or whose checksum or length does not match. Reads smaller
/// than some 64 KiB are slow: put a block stream in front. Not thread-safe.
class GzipInputStream : public arrow::io::InputStream {
 public:
  static Result<std::shared_ptr<GzipInputStream>> Make(std::shared_ptr<arrow::io::InputStream> compressed,
                                                       arrow::MemoryPool* pool);
};

/// Deflates into one member at level 6, with a header that holds no name and no time, so that equal input gives equal
/// output. Close() writes the trailer and closes `sink`; Abort() (and destruction) aborts it. Not thread-safe.
class GzipOutputStream : public arrow::io::OutputStream {
 public:
  static Result<std::shared_ptr<GzipOutputStream>> Make(std::shared_ptr<arrow::io::OutputStream> sink, arrow::MemoryPool* pool);
};

}  // namespace millstream::fs
