// Line numbers, which are only counted once there is an error to report.
#pragma once

#include <string>
#include <string_view>

#include "millstream/base/result.h"
#include "millstream/fs/storage.h"

namespace millstream::csv {

/// How many lines end in `text`; \r\n ends one.
int64_t CountLines(std::string_view text);

/// "trips.csv, line 17" for an offset in the (decompressed) file; reads the file up to there once more. Where that fails, the
/// offset takes the line's place.
std::string PlaceInFile(const fs::FileEntry& file, const fs::StorageOptions& storage, fs::Compression compression,
                        int64_t offset, const TaskContext& context);

}  // namespace millstream::csv
