// Expand: from paths, folders and wildcards to files.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <set>
#include <thread>
#include <utility>

#include <arrow/util/io_util.h>
#include <arrow/util/string.h>

#include "millstream/fs/glob.h"
#include "millstream/fs/listing.h"
#include "millstream/fs/output_commit.h"
#include "millstream/fs/parallel.h"
#include "millstream/fs/registry.h"
#include "millstream/fs/storage.h"

namespace millstream::fs {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileSelector;
using arrow::fs::FileType;

std::string Join(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

constexpr const char* kTemporary = "_temporary";  ///< where jobs keep what is not in place yet

/// Names that writers leave beside their data, which a wildcard must not take for data.
bool IsMarker(const std::string& name) { return name == "_SUCCESS" || name == kTemporary; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The run of digits at `at`, without leading zeros; `at` moves behind it.
std::string_view TakeNumber(std::string_view text, size_t* at) {
  const size_t begin = std::min(text.find_first_not_of('0', *at), text.size());
  while (*at < text.size() && IsDigit(text[*at])) ++*at;
  return text.substr(std::min(begin, *at), *at - std::min(begin, *at));
}

/// The order of names in which part.2 comes before part.10: runs of digits are compared as numbers.
bool NaturalLess(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (IsDigit(a[i]) && IsDigit(b[j])) {
      const std::string_view x = TakeNumber(a, &i);
      const std::string_view y = TakeNumber(b, &j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else if (a[i] != b[j]) {
      return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
    } else {
      ++i;
      ++j;
    }
  }
  if (i < a.size() || j < b.size()) return j < b.size();
  return a < b;  // 01 and 1
}

/// Expands one pattern on its file system. Found paths are relative in the same way as the pattern is.
class Expander {
 public:
  Expander(ParsedUri parsed, std::shared_ptr<arrow::fs::FileSystem> filesystem, const std::vector<std::string>& extensions)
      : parsed_(std::move(parsed)), filesystem_(std::move(filesystem)), extensions_(extensions) {}

  Result<std::vector<FileEntry>> Run() {
    const std::string& path = parsed_.path;
    const bool wildcard = parsed_.kind->can_list ? HasWildcard(path) : HasUrlWildcard(path);
    if (wildcard && !parsed_.kind->can_list) {
      return Status::Invalid(
          "wildcards need a store that can list its files, which this one cannot; give the addresses one by "
          "one (a '*' that belongs to the address is written %2A)");
    }
    // A file whose name holds such characters is found as it is written.
    ARROW_ASSIGN_OR_RAISE(const FileInfo info, filesystem_->GetFileInfo(WithoutSlash(path)));
    if (info.type() == FileType::NotFound) {
      if (!wildcard) return arrow::internal::IOErrorFromErrno(ENOENT, "there is no such file or folder");
      ARROW_RETURN_NOT_OK(FindAtRest([this] { return RunPattern(); }));
      if (files_.empty()) return arrow::internal::IOErrorFromErrno(ENOENT, "no file matches this pattern");
    } else if (info.type() == FileType::Directory) {
      ARROW_RETURN_NOT_OK(FindAtRest([&] {
        LookAbove(WithoutSlash(path));
        return AddFolder(WithoutSlash(path));
      }));
      if (files_.empty()) {
        return Status::IOError("this folder holds no files (names that start with '_' or '.' are not counted)");
      }
      DropForeign();
    } else {
      AddFile(path, info);
    }
    SortFiles();
    return std::move(files_);
  }

 private:
  void SortFiles() {
    std::sort(files_.begin(), files_.end(), [](const FileEntry& a, const FileEntry& b) { return NaturalLess(a.uri, b.uri); });
  }

  /// `find` until it finds the same twice: a job may put all its files in place while folders are listed one by one. Files that
  /// others write to, so that they grow, do not count as others for ever.
  Status FindAtRest(const std::function<Status()>& find) {
    const auto is_same_name = [](const FileEntry& a, const FileEntry& b) { return a.uri == b.uri; };
    const auto is_same = [](const FileEntry& a, const FileEntry& b) {
      return a.uri == b.uri && a.size == b.size && a.version == b.version;
    };
    constexpr int kAttempts = 8;
    bool has_same_names = false;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 1) std::this_thread::sleep_for(std::chrono::milliseconds(10 << attempt));
      const std::vector<FileEntry> before = std::exchange(files_, {});
      jobs_.clear();
      ARROW_RETURN_NOT_OK(find());
      SortFiles();
      if (parsed_.kind->slow_metadata) return Status::OK();
      ARROW_RETURN_NOT_OK(CheckJobs());
      if (attempt > 0 && std::equal(files_.begin(), files_.end(), before.begin(), before.end(), is_same)) return Status::OK();
      has_same_names = std::equal(files_.begin(), files_.end(), before.begin(), before.end(), is_same_name);
    }
    if (has_same_names) return Status::OK();
    return Status::IOError("files come and go here while they are listed; read again when what writes here is done");
  }

  /// In a URL '?' starts the query, and '[' may be part of an IPv6 address.
  static bool HasUrlWildcard(const std::string& url) {
    const size_t path = url.find('/', url.find("://") + 3);
    return path != std::string::npos && url.substr(path, url.find('?', path) - path).find_first_of("*[") != std::string::npos;
  }

  std::string WithoutSlash(std::string path) const {
    if (parsed_.kind->path_is_uri) return path;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }

  /// Of the files of folders, those without one of the extensions (in any case) go, unless none has any.
  void DropForeign() {
    const auto is_meant = [this](const FileEntry& file) {
      const std::string name = arrow::internal::AsciiToLower(file.uri);
      return std::any_of(extensions_.begin(), extensions_.end(), [&](const auto& end) { return name.ends_with(end); });
    };
    if (std::any_of(files_.begin(), files_.end(), is_meant)) std::erase_if(files_, std::not_fn(is_meant));
  }

  void AddFile(const std::string& path, const FileInfo& info) {
    const int64_t time = info.mtime() == arrow::fs::kNoTime ? -1 : info.mtime().time_since_epoch().count();
    files_.push_back({parsed_.prefix + path, info.size(), time < 0 ? "" : std::to_string(time)});
  }

  Result<std::vector<FileInfo>> List(const std::string& folder, bool recursive) const {
    return ListFolder(filesystem_.get(), folder.empty() && parsed_.prefix.empty() ? "." : folder, recursive);
  }

  /// All files below `folder`, but hidden ones. Where listing is a round trip everything is listed at once; else hidden
  /// folders are not entered, as the files of running jobs come and go there.
  Status AddFolder(const std::string& folder) {
    const bool recursive = parsed_.kind->slow_metadata;
    ARROW_ASSIGN_OR_RAISE(const auto found, List(folder, recursive));
    for (const FileInfo& info : found) {
      if (recursive) {
        const auto parts = SplitPath(std::string_view(info.path()).substr(folder.size()));
        if (info.IsFile() && std::none_of(parts.begin(), parts.end(), IsHidden)) AddFile(info.path(), info);
        continue;
      }
      const std::string path = Join(folder, info.base_name());
      if (info.base_name() == kTemporary) jobs_.insert(path);
      if (IsHidden(info.base_name())) continue;
      if (info.IsDirectory()) ARROW_RETURN_NOT_OK(AddFolder(path));
      if (info.IsFile()) AddFile(path, info);
    }
    return Status::OK();
  }

  Status RunPattern() {
    std::vector<std::string> parts = SplitPath(parsed_.path);
    const auto first = std::find_if(parts.begin(), parts.end(), HasWildcard);
    std::string base = parsed_.path.starts_with('/') ? "/" : "";
    for (auto part = parts.begin(); part != first; ++part) base = Join(base, *part);
    const std::vector<std::string> pattern(first, parts.end());
    const bool any_depth = std::find(pattern.begin(), pattern.end(), "**") != pattern.end();
    LookAbove(base);
    std::vector<std::string> folders;
    ARROW_RETURN_NOT_OK(any_depth ? MatchBelow(base, pattern) : MatchByLevel(base, pattern, &folders));
    // Folders are meant only where no file is: `data/*` beside sub-folders means the files, `data/year=*` the folders.
    if (!files_.empty()) return Status::OK();
    for (const std::string& folder : folders) ARROW_RETURN_NOT_OK(AddFolder(folder));
    DropForeign();
    return Status::OK();
  }

  Status MatchBelow(const std::string& base, const std::vector<std::string>& pattern) {
    ARROW_ASSIGN_OR_RAISE(const auto found, List(base, /*recursive=*/true));
    for (const FileInfo& info : found) {
      std::string path = info.path();
      if (base.empty() && path.starts_with("./")) path = path.substr(2);
      const auto parts = SplitPath(std::string_view(path).substr(base.size()));
      if (info.IsDirectory() && info.base_name() == kTemporary) jobs_.insert(path);
      if (!info.IsFile() || std::any_of(parts.begin(), parts.end(), IsMarker)) continue;
      if (MatchPath(pattern, parts)) AddFile(path, info);
    }
    return Status::OK();
  }

  /// One level of folders after the other, so that only what matches is listed.
  Status MatchByLevel(const std::string& base, const std::vector<std::string>& pattern, std::vector<std::string>* folders) {
    *folders = {base};
    for (size_t level = 0; level < pattern.size(); ++level) {
      const bool last = level + 1 == pattern.size();
      std::vector<std::vector<FileInfo>> found(folders->size());
      ARROW_RETURN_NOT_OK(ForEach(folders->size(), parsed_.kind->slow_metadata,
                                  [&](size_t i) { return Look((*folders)[i], pattern[level]).Value(&found[i]); }));
      std::vector<std::string> next;
      for (size_t i = 0; i < found.size(); ++i) {
        for (const FileInfo& info : found[i]) {
          const std::string path = Join((*folders)[i], info.base_name());
          if (info.base_name() == kTemporary) {
            jobs_.insert(path);
            continue;
          }
          if (info.IsDirectory()) next.push_back(path);
          if (info.IsFile() && last) AddFile(path, info);
        }
      }
      *folders = std::move(next);
    }
    return Status::OK();
  }

  /// What in `folder` matches one part of the pattern, and the folder of its jobs.
  Result<std::vector<FileInfo>> Look(const std::string& folder, const std::string& part) const {
    if (!HasWildcard(part)) {
      ARROW_ASSIGN_OR_RAISE(FileInfo info, filesystem_->GetFileInfo(Join(folder, part)));
      return std::vector<FileInfo>{std::move(info)};
    }
    ARROW_ASSIGN_OR_RAISE(auto found, List(folder, /*recursive=*/false));
    std::erase_if(found, [&](const FileInfo& info) {
      return info.base_name() != kTemporary && (IsMarker(info.base_name()) || !MatchPart(part, info.base_name()));
    });
    return found;
  }

  /// Where `folder` is one of `partition_on`, the jobs that write it are further up.
  void LookAbove(std::string folder) {
    if (parsed_.kind->slow_metadata) return;
    while (folder.find('=', folder.rfind('/') + 1) != std::string::npos) {
      const size_t slash = folder.rfind('/');
      folder = slash == std::string::npos ? "" : folder.substr(0, slash);
      jobs_.insert(Join(folder, kTemporary));
    }
  }

  /// After files were listed: none of the folders looked at may be between an older output and a new one.
  Status CheckJobs() const {
    for (const std::string& temporary : jobs_) ARROW_RETURN_NOT_OK(CheckAtRest(filesystem_.get(), temporary));
    return Status::OK();
  }

  const ParsedUri parsed_;
  const std::shared_ptr<arrow::fs::FileSystem> filesystem_;
  const std::vector<std::string>& extensions_;
  std::vector<FileEntry> files_;
  std::set<std::string> jobs_;  ///< folders of jobs that are beside what was looked at
};

Result<std::vector<FileEntry>> ExpandOne(const std::string& uri, const StorageOptions& options,
                                         const std::vector<std::string>& extensions) {
  ARROW_ASSIGN_OR_RAISE(auto parsed, ParseUri(uri));
  ARROW_ASSIGN_OR_RAISE(auto location, Resolve(uri, options));
  auto files = Expander(std::move(parsed), location.filesystem, extensions).Run();
  if (!files.ok()) return WithPlace(files.status(), DisplayUri(uri));
  return files;
}

}  // namespace

Result<std::vector<FileEntry>> Expand(const std::vector<std::string>& patterns, const StorageOptions& options,
                                      const std::vector<std::string>& extensions) {
  bool slow = false;
  for (const std::string& uri : patterns) {
    ARROW_ASSIGN_OR_RAISE(const auto parsed, ParseUri(uri));
    slow = slow || parsed.kind->slow_metadata;
  }
  std::vector<std::vector<FileEntry>> found(patterns.size());
  ARROW_RETURN_NOT_OK(
      ForEach(patterns.size(), slow, [&](size_t i) { return ExpandOne(patterns[i], options, extensions).Value(&found[i]); }));
  std::vector<FileEntry> files;
  for (auto& part : found) files.insert(files.end(), part.begin(), part.end());
  return files;
}

}  // namespace millstream::fs
