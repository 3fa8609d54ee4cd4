#include "millstream/fs/local.h"

#include <arrow/filesystem/localfs.h>

namespace millstream::fs {
namespace {

Result<std::shared_ptr<arrow::fs::FileSystem>> MakeLocal(const StorageOptions& options) {
  ARROW_RETURN_NOT_OK(CheckKeys(options, {}, "storage_options for local files"));
  // Never mmap: a file that another process truncates would kill this one with SIGBUS.
  return std::make_shared<arrow::fs::LocalFileSystem>();
}

}  // namespace

FileSystemKind LocalKind() {
  FileSystemKind kind;
  kind.schemes = {"", "file"};
  kind.make = MakeLocal;
  return kind;
}

}  // namespace millstream::fs
