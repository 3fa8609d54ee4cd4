// Byte sizes as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "millstream/base/result.h"

namespace millstream {

/// Parses "256MB", "1.5 GiB", "64k" or "1048576" into bytes. As in Dask, kB/MB/GB/TB are powers of 1000, KiB/MiB/GiB/TiB
/// powers of 1024, units are case-insensitive. Invalid for anything else, negative numbers included.
Result<int64_t> ParseBytes(std::string_view text);

/// "1.50 GB": decimal units, at most two decimals.
std::string FormatBytes(int64_t bytes);

}  // namespace millstream
