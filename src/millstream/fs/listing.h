// What is in a folder, whatever store it is on.
#pragma once

#include <string>
#include <vector>

#include <arrow/filesystem/filesystem.h>

#include "millstream/base/result.h"

namespace millstream::fs {

/// What is in `folder`, or with `recursive` below it; nothing if there is no such folder.
Result<std::vector<arrow::fs::FileInfo>> ListFolder(arrow::fs::FileSystem* filesystem, const std::string& folder,
                                                    bool recursive = false);

/// Whether any file is below `folder`. Stores without folders may go on showing those whose objects are gone: they do not
/// count.
Result<bool> HasFiles(arrow::fs::FileSystem* filesystem, const std::string& folder);

}  // namespace millstream::fs
