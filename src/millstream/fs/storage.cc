#include "millstream/fs/storage.h"

#include <fcntl.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <mutex>

#include <arrow/io/file.h>

#include "millstream/fs/block_stream.h"
#include "millstream/fs/compression.h"
#include "millstream/fs/interrupt.h"
#include "millstream/fs/registry.h"

namespace millstream::fs {
namespace {

/// Below this a thread that reads ahead costs more than it hides.
constexpr int64_t kReadAheadFrom = 128 << 10;
constexpr int64_t kBlockBytes = 1 << 20;

/// Kept for the life of the process: connections are shared by all runs, and a program uses few stores.
class FileSystemCache {
 public:
  Result<std::shared_ptr<arrow::fs::FileSystem>> Get(const ParsedUri& uri, const StorageOptions& options) {
    const FileSystemKind& kind = *uri.kind;
    std::string key = options.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    for (const char* name : kind.environment) {
      const char* value = std::getenv(name);
      key.append(1, '\0').append(value ? value : "");
    }
    if (kind.one_per_bucket) key.append(1, '\0').append(uri.path.substr(0, uri.path.find('/')));
    std::lock_guard lock(mutex_);
    auto& slot = file_systems_[{&kind, key}];
    if (!slot) {
      ARROW_ASSIGN_OR_RAISE(slot, kind.make(options, uri.path));
    }
    return slot;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<const FileSystemKind*, std::string>, std::shared_ptr<arrow::fs::FileSystem>> file_systems_;
};

Result<std::shared_ptr<arrow::fs::FileSystem>> Get(const ParsedUri& uri, const StorageOptions& options) {
  static auto* cache = new FileSystemCache;  // never destroyed: threads may still read while the process exits
  return cache->Get(uri, options);
}

struct OpenedFile {
  ParsedUri parsed;
  std::shared_ptr<arrow::fs::FileSystem> filesystem;
  arrow::fs::FileInfo info;
};

/// What Expand found out saves asking the store again.
Result<OpenedFile> Prepare(const FileEntry& file, const StorageOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto parsed, ParseUri(file.uri));
  ARROW_ASSIGN_OR_RAISE(auto filesystem, Get(parsed, options));
  arrow::fs::FileInfo info(parsed.path, file.size >= 0 ? arrow::fs::FileType::File : arrow::fs::FileType::Unknown);
  info.set_size(file.size);
  return OpenedFile{std::move(parsed), std::move(filesystem), std::move(info)};
}

void AdviseSequential(arrow::io::InputStream* stream) {
  if (auto* file = dynamic_cast<arrow::io::ReadableFile*>(stream)) {
    posix_fadvise(file->file_descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);  // only a hint: a failure changes nothing
  }
}

}  // namespace

Result<std::string> FollowLinks(const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(const ParsedUri parsed, ParseUri(uri));
  if (!parsed.kind->follow_links) return uri;
  ARROW_ASSIGN_OR_RAISE(const std::string file, parsed.kind->follow_links(parsed.path));
  return parsed.prefix + file;
}

Result<Location> Resolve(const std::string& uri, const StorageOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto parsed, ParseUri(uri));
  auto filesystem = Get(parsed, options);
  if (!filesystem.ok()) return WithPlace(filesystem.status(), DisplayUri(uri));
  return Location{*filesystem, parsed.path};
}

std::string DisplayUri(const std::string& uri) {
  const size_t scheme_end = uri.find("://");
  if (scheme_end == std::string::npos) return uri;
  const size_t start = scheme_end + 3;
  std::string shown = uri.substr(0, start);
  const size_t authority_end = std::min(uri.find_first_of("/?#", start), uri.size());
  size_t at = uri.rfind('@', authority_end);
  bool has_user = at != std::string::npos && at >= start && at < authority_end;
  const bool is_http = (uri[0] | 0x20) == 'h' && scheme_end >= 4 && (uri[3] | 0x20) == 'p';
  if (const size_t colon = uri.find(':', start); !has_user && colon < authority_end) {
    // A '/' may not occur in a password, but people forget to escape it. What follows the ':' of a host is a port.
    const std::string_view port = std::string_view(uri).substr(colon + 1, authority_end - colon - 1);
    const bool is_port =
        is_http && !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
    at = uri.rfind('@');
    has_user = !is_port && at != std::string::npos && at > colon;
  }
  if (has_user) shown += "***@";
  const std::string rest = uri.substr(has_user ? at + 1 : start);
  const size_t query = is_http ? rest.find('?') : std::string::npos;
  shown += rest.substr(0, query);
  // Signed URLs carry their secret in the query.
  if (query != std::string::npos) shown += "?***";
  return shown;
}

Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(const FileEntry& file, const StorageOptions& options,
                                                                Compression compression, const TaskContext& context) {
  const std::string place = DisplayUri(file.uri);
  auto prepared = Prepare(file, options);
  if (!prepared.ok()) return WithPlace(prepared.status(), place);
  const InterruptScope interrupt(context.cancel, nullptr);
  auto raw = prepared->filesystem->OpenInputStream(prepared->info);
  if (!raw.ok()) return WithPlace(raw.status(), place);
  AdviseSequential(raw->get());

  const FileSystemKind& kind = *prepared->parsed.kind;
  auto counter = std::make_shared<std::atomic<int64_t>>(0);
  const bool is_small = file.size >= 0 && file.size < kReadAheadFrom;
  if (compression == Compression::kNone && !kind.reads_ahead) return MakePlainStream(*raw, place, counter, context);
  std::shared_ptr<arrow::io::InputStream> content = MakePlainStream(*raw, "", counter, context);
  if (compression != Compression::kNone) {
    if (kind.request_bytes > 0) {
      // The decompressor asks for little at a time, and each of its reads would be a request.
      content = MakeBlockStream(std::move(content), "", counter, {kind.request_bytes, !is_small}, context);
    }
    auto inflated = Decompress(std::move(content), compression, context);
    if (!inflated.ok()) return WithPlace(inflated.status(), place);
    return MakeBlockStream(*inflated, place, counter, {kBlockBytes, !is_small}, context);
  }
  const int64_t block_bytes = std::max(kind.request_bytes, kBlockBytes);
  return MakeBlockStream(std::move(content), place, counter, {block_bytes, !is_small}, context);
}

int64_t BytesTaken(const arrow::io::InputStream& stream) {
  if (auto* counted = dynamic_cast<const CountedInputStream*>(&stream)) return counted->bytes_taken();
  return stream.Tell().ValueOr(0);
}

Status CheckVersion(const FileEntry& file, const StorageOptions& options, const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(const ParsedUri parsed, ParseUri(file.uri));
  int64_t found = 0;
  const char* end = file.version.data() + file.version.size();
  const bool known = std::from_chars(file.version.data(), end, found).ptr == end && !file.version.empty();
  if (!parsed.kind->may_mix_versions || !known) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto filesystem, Get(parsed, options));
  const InterruptScope interrupt(context.cancel, nullptr);
  const auto info = filesystem->GetFileInfo(parsed.path);
  if (!info.ok()) return WithPlace(info.status(), DisplayUri(file.uri));
  if (!info->IsFile()) return Status::OK();  // removed, once all was read
  // Listings and single answers tell the same time with more or fewer digits.
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t since = info->mtime().time_since_epoch().count() - found;
  if (info->size() == file.size && std::abs(since) < kSecond) return Status::OK();
  return Status::IOError(DisplayUri(file.uri), ": the file was replaced in the store while it was being read; start again");
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const FileEntry& file, const StorageOptions& options,
                                                                   const TaskContext& context) {
  const std::string place = DisplayUri(file.uri);
  auto prepared = Prepare(file, options);
  if (!prepared.ok()) return WithPlace(prepared.status(), place);
  const InterruptScope interrupt(context.cancel, nullptr);
  auto raw = prepared->filesystem->OpenInputFile(prepared->info);
  if (!raw.ok()) return WithPlace(raw.status(), place);
  return MakePlainFile(*raw, place, context);
}

}  // namespace millstream::fs
