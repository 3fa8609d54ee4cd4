// The kinds of file systems that exist, and how a URI is split between them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/fs/storage.h"

namespace millstream::fs {

/// One kind of file system. Adding one is a file that fills such a struct and a line in registry.cc.
struct FileSystemKind {
  std::vector<std::string_view> schemes;  ///< without "://"; "" stands for plain paths
  bool can_list = true;                   ///< directories can be listed, so that wildcards work
  bool is_writable = true;                ///< output jobs may write to it
  bool renames_folders = true;            ///< Move takes whole folders, at once; else it is a copy, and folders do not exist
  bool path_is_uri = false;               ///< the path inside the file system is the whole URI (HTTP: the host is part of it)
  bool slow_metadata = false;             ///< asking about a file is a round trip, so several are asked about at once
  bool reads_ahead = false;               ///< a plain stream pays for a thread that reads ahead
  int64_t request_bytes = 0;              ///< every read of a stream is a request of its own, and this much makes a good one
  bool may_mix_versions = false;          ///< an open file that is replaced goes on with the new one's bytes
  bool one_per_bucket = false;            ///< the first part of the path (a bucket) has a file system of its own
  std::vector<const char*> environment;   ///< variables that `make` reads: part of the cache key
  /// Removes a folder (or what stands for one) if it is empty, and fails otherwise; nullptr where nothing is written.
  Status (*remove_empty_folder)(arrow::fs::FileSystem* filesystem, const std::string& path) = nullptr;
  /// Gives the file `to`, which is to replace `from`, its permissions; nullptr where files have none.
  Status (*copy_permissions)(const std::string& from, const std::string& to) = nullptr;
  /// The file that a path leads to through symbolic links, whether it exists or not; nullptr where there are no links.
  Result<std::string> (*follow_links)(const std::string& path) = nullptr;
  /// Builds the file system. Invalid for options that it does not know. `path` is that of the first file asked for.
  Result<std::shared_ptr<arrow::fs::FileSystem>> (*make)(const StorageOptions& options, const std::string& path) = nullptr;
};

/// A URI as the kind that serves it sees it. `prefix + path` is the URI again.
struct ParsedUri {
  const FileSystemKind* kind;
  std::string prefix;  ///< "s3://", "file://" or "" in front of a plain path
  std::string path;
};

/// Invalid for an unknown scheme, listing those that are known.
Result<ParsedUri> ParseUri(const std::string& uri);

/// Invalid if `options` is not an object (or null) or has a key that is not in `known`; names the key and the known ones.
/// `where` names the place in messages: "storage_options for s3".
Status CheckKeys(const StorageOptions& options, const std::vector<std::string_view>& known, const std::string& where);

}  // namespace millstream::fs
