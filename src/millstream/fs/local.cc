#include "millstream/fs/local.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <arrow/filesystem/localfs.h>
#include <arrow/util/io_util.h>

namespace millstream::fs {
namespace {

Result<std::shared_ptr<arrow::fs::FileSystem>> MakeLocal(const StorageOptions& options, const std::string&) {
  ARROW_RETURN_NOT_OK(CheckKeys(options, {}, "storage_options for local files"));
  // Never mmap: a file that another process truncates would kill this one with SIGBUS.
  return std::make_shared<arrow::fs::LocalFileSystem>();
}

Status RemoveEmpty(arrow::fs::FileSystem*, const std::string& path) {
  if (::rmdir(path.c_str()) == 0) return Status::OK();
  return arrow::internal::IOErrorFromErrno(errno, "cannot remove the folder '", path, "'");
}

Status CopyPermissions(const std::string& from, const std::string& to) {
  struct stat old;
  if (::stat(from.c_str(), &old) != 0) {
    return errno == ENOENT ? Status::OK() : arrow::internal::IOErrorFromErrno(errno, "cannot look at '", from, "'");
  }
  const int failed = ::chmod(to.c_str(), old.st_mode & 07777);
  if (failed == 0 || errno == EPERM || errno == ENOTSUP) return Status::OK();  // some file systems have no permissions
  return arrow::internal::IOErrorFromErrno(errno, "cannot give '", to, "' the permissions of '", from, "'");
}

Result<std::string> EndOfLinks(const std::string& path) {
  constexpr int kMostLinks = 40;  // as Linux has it
  std::filesystem::path at = path;
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(at, error); ++links) {
    if (links == kMostLinks) return Status::IOError("'", path, "' leads through too many symbolic links");
    const auto target = std::filesystem::read_symlink(at, error);
    if (error) return Status::IOError("cannot read the symbolic link '", at.string(), "': ", error.message());
    at = at.parent_path() / target;  // which is `target` where that is absolute
  }
  return at.string();
}

}  // namespace

FileSystemKind LocalKind() {
  FileSystemKind kind;
  kind.schemes = {"", "file"};
  kind.make = MakeLocal;
  kind.remove_empty_folder = RemoveEmpty;
  kind.copy_permissions = CopyPermissions;
  kind.follow_links = EndOfLinks;
  return kind;
}

}  // namespace millstream::fs
