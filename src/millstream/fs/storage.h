// From URIs to open files: which file system serves a URI, which files a pattern names, and how their bytes are read.
// Arrow's FileSystem is the interface; what Arrow lacks (HTTP, memory) is implemented as subclasses of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>

#include "millstream/base/result.h"
#include "millstream/memory/task_context.h"

namespace millstream::fs {

/// fsspec-style `storage_options`, as JSON: for S3 `key`, `secret`, `token`, `anon`, `client_kwargs.endpoint_url`,
/// `client_kwargs.region_name`, `config_kwargs`; for HTTP `headers`, `timeout`. An unknown key, or a value of the wrong type
/// (`"anon": "false"`), is Invalid and names the key. Secrets never appear in messages.
using StorageOptions = nlohmann::json;

/// A file system and the path inside it that a URI named.
struct Location {
  std::shared_ptr<arrow::fs::FileSystem> filesystem;
  std::string path;
};

/// The file that writing to `uri` writes: where that is a symbolic link, what it leads to.
Result<std::string> FollowLinks(const std::string& uri);

/// Finds the file system for "s3://bucket/key", "https://host/x", "memory://x", "file:///x", "/x" or "x". File systems are
/// cached by scheme, host and options. Invalid for an unknown scheme, listing those that are known.
Result<Location> Resolve(const std::string& uri, const StorageOptions& options);

/// `uri` fit for messages: user names, passwords and signatures in it are shown as "***".
std::string DisplayUri(const std::string& uri);

/// One input file. `size` is -1 where the store does not tell; `version` (ETag or modification time) may be empty.
struct FileEntry {
  std::string uri;
  int64_t size = -1;
  std::string version;
};

/// Expands paths and wildcards (*, ?, [..], **) in the order given, each pattern's matches sorted. IOError for a file that
/// does not exist or a pattern without a match; Invalid for a wildcard on a store that cannot list (HTTP). A folder stands
/// for all files below it whose names do not start with '_' or '.'; those below a folder whose name starts so are left out too.
/// If some of them end as one of `extensions` (".csv", ".csv.gz"; in small letters, but matched in any case), the others are
/// not meant.
Result<std::vector<FileEntry>> Expand(const std::vector<std::string>& patterns, const StorageOptions& options,
                                      const std::vector<std::string>& extensions = {});

enum class Compression { kNone, kGzip };

/// "infer" goes by the suffix of `uri` (.gz), "gzip"/"gz" and "none"/"" are explicit. Invalid for names not known.
Result<Compression> ParseCompression(std::string_view name, const std::string& uri);

/// Opens a file for reading from its start; decompressed as a stream, in bounded memory. Errors name the URI, and for broken
/// compressed data the offset in the compressed file. The stream reads ahead on its own where that pays (HTTP, S3, gzip).
Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(const FileEntry& file, const StorageOptions& options,
                                                                Compression compression, const TaskContext& context);

/// How many bytes of the file a stream of OpenInputStream has taken in so far: compressed bytes where it is compressed, and
/// with those it read ahead. May be called while another thread reads. For other streams it is what Tell says, or 0.
int64_t BytesTaken(const arrow::io::InputStream& stream);

/// IOError if what was read of a file so far may be of two versions: it is no longer the one that Expand found. Size and time
/// are what there is to go by; a file that was replaced within a second of its making is not told from the older one.
Status CheckVersion(const FileEntry& file, const StorageOptions& options, const TaskContext& context);

/// Opens an uncompressed file for reads at any offset. NotImplemented where the store cannot (HTTP without ranges).
Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const FileEntry& file, const StorageOptions& options,
                                                                   const TaskContext& context);

}  // namespace millstream::fs
