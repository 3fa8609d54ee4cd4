#include "millstream/fs/listing.h"

#include <algorithm>

namespace millstream::fs {

Result<std::vector<arrow::fs::FileInfo>> ListFolder(arrow::fs::FileSystem* filesystem, const std::string& folder,
                                                    bool recursive) {
  arrow::fs::FileSelector selector;
  selector.base_dir = folder;
  selector.allow_not_found = true;
  selector.recursive = recursive;
  return filesystem->GetFileInfo(selector);
}

Result<bool> HasFiles(arrow::fs::FileSystem* filesystem, const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(const auto found, ListFolder(filesystem, folder, /*recursive=*/true));
  return std::any_of(found.begin(), found.end(), [](const arrow::fs::FileInfo& info) { return info.IsFile(); });
}

}  // namespace millstream::fs
