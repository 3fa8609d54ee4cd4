// Settings of a session: where they come from and what they may be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "millstream/base/result.h"

namespace millstream {

struct Settings {
  int64_t memory_limit = 0;  ///< bytes; a hard limit on what the session adds to the process's resident memory
  int threads = 1;
  std::string temp_dir;            ///< spill files go to a folder of their own in it
  int64_t batch_rows = 32 * 1024;  ///< test mode: MILLSTREAM_BATCH_ROWS
  bool force_spill = false;        ///< test mode: MILLSTREAM_FORCE_SPILL=1
};

/// Settings given by a caller; what is absent comes from elsewhere.
struct SettingsOverrides {
  std::optional<int64_t> memory_limit;
  std::optional<int> threads;
  std::optional<std::string> temp_dir;
};

/// Arguments first, then MILLSTREAM_MEMORY_LIMIT (such as "256MB"), MILLSTREAM_THREADS and MILLSTREAM_TEMP_DIR, then the TOML
/// file that MILLSTREAM_CONFIG names or ~/.config/millstream.toml (keys memory_limit, threads, temp_dir), then the defaults:
/// 60% of what the cgroup or machine has, all cores that the process may use, the system's folder for temporary files.
/// Invalid for a bad value, saying where it stood.
Result<Settings> ResolveSettings(const SettingsOverrides& overrides);

/// The smallest memory limit that a session takes: below it not even the buffers of one thread fit.
inline constexpr int64_t kMinimumMemoryLimit = 64 << 20;

}  // namespace millstream
