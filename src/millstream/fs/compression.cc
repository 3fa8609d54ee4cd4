#include "millstream/fs/compression.h"

#include <utility>

#include "millstream/fs/gzip_stream.h"

namespace millstream::fs {

Result<Compression> ParseCompression(std::string_view name, const std::string& uri) {
  if (name == "infer") {
    // A query string is not part of the name: "https://host/x.gz?token=..".
    const std::string_view path = std::string_view(uri).substr(0, uri.starts_with("http") ? uri.find('?') : std::string::npos);
    for (const auto& [suffix, codec] : {std::pair{".bz2", "bzip2"}, {".xz", "xz"}, {".zst", "zstandard"}, {".lz4", "lz4"}}) {
      if (path.ends_with(suffix)) {
        return Status::NotImplemented("'", DisplayUri(uri), "' is named as a file compressed with ", codec,
                                      ", which is not there yet: use gzip (.gz), or compression=None if it is plain text");
      }
    }
    return path.ends_with(".gz") || path.ends_with(".GZ") ? Compression::kGzip : Compression::kNone;
  }
  if (name == "gzip" || name == "gz") return Compression::kGzip;
  if (name == "none" || name.empty()) return Compression::kNone;
  return Status::Invalid("unknown compression '", name, "'; known are infer, gzip (gz) and none");
}

Result<std::shared_ptr<arrow::io::InputStream>> Decompress(std::shared_ptr<arrow::io::InputStream> raw, Compression compression,
                                                           const TaskContext& context) {
  if (compression == Compression::kNone) return raw;
  return GzipInputStream::Make(std::move(raw), context.pool);
}

Result<std::shared_ptr<arrow::io::OutputStream>> Compress(std::shared_ptr<arrow::io::OutputStream> sink,
                                                          Compression compression, const TaskContext& context) {
  if (compression == Compression::kNone) return sink;
  return GzipOutputStream::Make(std::move(sink), context.pool);
}

}  // namespace millstream::fs
