// Options of a write as one JSON object, as the front ends take them, to a WriteNode's arguments.
#pragma once

#include "millstream/plan/nodes.h"

namespace millstream {

/// Takes partition_on, name_pattern, single_file, mode, replace_directory, success_file, storage_options and, for text formats,
/// compression out of `options`; the rest are the format's own. TypeError for a value of the wrong type.
Result<WriteNode::Arguments> ParseWriteOptions(const std::string& format, const std::string& path, nlohmann::json options);

/// Takes `storage_options` out of the options of a read.
Result<fs::StorageOptions> TakeStorageOptions(nlohmann::json* options);

}  // namespace millstream
