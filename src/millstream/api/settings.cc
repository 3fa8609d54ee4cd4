#include "millstream/api/settings.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "millstream/base/bytes.h"
#include "millstream/exec/group_by.h"

namespace millstream {
namespace {

constexpr double kDefaultShare = 0.6;
constexpr int kMaximumThreads = 1024;

std::optional<int64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  int64_t number = 0;
  if (file >> number && number > 0) return number;
  return std::nullopt;
}

/// The memory of the machine, or what the control groups that this process is in leave of it.
int64_t AvailableMemory() {
  int64_t bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t path = line.rfind(':');
    if (path == std::string::npos) continue;
    // A group's limit holds for the groups below it; inside a container the path may be that of the host.
    for (std::string group = line.substr(path + 1);; group.resize(group.rfind('/'))) {
      if (group == "/") group.clear();
      for (const std::string& file :
           {"/sys/fs/cgroup" + group + "/memory.max", "/sys/fs/cgroup/memory" + group + "/memory.limit_in_bytes"}) {
        if (auto limit = ReadNumber(file)) bytes = std::min(bytes, *limit);
      }
      if (group.rfind('/') == std::string::npos) break;
    }
  }
  return bytes;
}

int AvailableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
}

Status CheckMemory(int64_t bytes, const std::string& where) {
  if (bytes >= kMinimumMemoryLimit) return Status::OK();
  return Status::Invalid(where, ": a memory limit of ", FormatBytes(bytes), " is too small; the least is ",
                         FormatBytes(kMinimumMemoryLimit));
}

Status CheckThreads(int64_t threads, const std::string& where) {
  if (threads >= 1 && threads <= kMaximumThreads) return Status::OK();
  return Status::Invalid(where, ": threads must be from 1 to ", kMaximumThreads, ", not ", threads);
}

Result<int64_t> ParseInteger(const std::string& text, const std::string& where) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status::Invalid(where, ": '", text, "' is not a whole number");
  }
  return number;
}

Status ApplyToml(const std::string& path, Settings* settings) {
  try {
    const toml::table table = toml::parse_file(path);
    for (const auto& [key, node] : table) {
      const std::string where = path + ": " + std::string(key.str());
      if (key == "memory_limit" && (node.is_string() || node.is_integer())) {
        if (node.is_integer()) {
          settings->memory_limit = **node.as_integer();
        } else {
          auto bytes = ParseBytes(**node.as_string());
          if (!bytes.ok()) return WithPlace(bytes.status(), where);
          settings->memory_limit = *bytes;
        }
        ARROW_RETURN_NOT_OK(CheckMemory(settings->memory_limit, where));
      } else if (key == "threads" && node.is_integer()) {
        ARROW_RETURN_NOT_OK(CheckThreads(**node.as_integer(), where));
        settings->threads = static_cast<int>(**node.as_integer());
      } else if (key == "temp_dir" && node.is_string()) {
        settings->temp_dir = **node.as_string();
      } else {
        return Status::Invalid(where,
                               " is not a setting, or not of its type; settings are memory_limit = \"256MB\", threads = 4, "
                               "temp_dir = \"/path\"");
      }
    }
  } catch (const toml::parse_error& error) {
    return Status::Invalid(path, ": line ", error.source().begin.line, ": ", error.description());
  }
  return Status::OK();
}

Status ApplyConfigFile(Settings* settings) {
  if (const char* named = std::getenv("MILLSTREAM_CONFIG"); named && *named) {
    if (!std::filesystem::exists(named)) return Status::Invalid("MILLSTREAM_CONFIG names ", named, ", which does not exist");
    return ApplyToml(named, settings);
  }
  if (const char* home = std::getenv("HOME"); home && *home) {
    const std::string path = std::string(home) + "/.config/millstream.toml";
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return ApplyToml(path, settings);
  }
  return Status::OK();
}

Status ApplyEnvironment(Settings* settings) {
  if (const char* text = std::getenv("MILLSTREAM_MEMORY_LIMIT"); text && *text) {
    auto bytes = ParseBytes(text);
    if (!bytes.ok()) return WithPlace(bytes.status(), "MILLSTREAM_MEMORY_LIMIT");
    ARROW_RETURN_NOT_OK(CheckMemory(*bytes, "MILLSTREAM_MEMORY_LIMIT"));
    settings->memory_limit = *bytes;
  }
  if (const char* text = std::getenv("MILLSTREAM_THREADS"); text && *text) {
    ARROW_ASSIGN_OR_RAISE(const int64_t threads, ParseInteger(text, "MILLSTREAM_THREADS"));
    ARROW_RETURN_NOT_OK(CheckThreads(threads, "MILLSTREAM_THREADS"));
    settings->threads = static_cast<int>(threads);
  }
  if (const char* text = std::getenv("MILLSTREAM_TEMP_DIR"); text && *text) settings->temp_dir = text;
  if (const char* text = std::getenv("MILLSTREAM_BATCH_ROWS"); text && *text) {
    ARROW_ASSIGN_OR_RAISE(settings->batch_rows, ParseInteger(text, "MILLSTREAM_BATCH_ROWS"));
    if (settings->batch_rows < 1 || settings->batch_rows > GroupBy::kMaxBatchRows) {
      return Status::Invalid("MILLSTREAM_BATCH_ROWS must be from 1 to ", GroupBy::kMaxBatchRows, ", not ", text);
    }
  }
  if (const char* text = std::getenv("MILLSTREAM_FORCE_SPILL"); text && *text) settings->force_spill = std::string(text) != "0";
  return Status::OK();
}

}  // namespace

Result<Settings> ResolveSettings(const SettingsOverrides& overrides) {
  Settings settings;
  settings.memory_limit =
      std::max(kMinimumMemoryLimit, static_cast<int64_t>(kDefaultShare * static_cast<double>(AvailableMemory())));
  settings.threads = AvailableCores();
  std::error_code no_temp;
  settings.temp_dir = std::filesystem::temp_directory_path(no_temp).string();
  ARROW_RETURN_NOT_OK(ApplyConfigFile(&settings));
  ARROW_RETURN_NOT_OK(ApplyEnvironment(&settings));
  if (overrides.memory_limit) {
    ARROW_RETURN_NOT_OK(CheckMemory(*overrides.memory_limit, "memory_limit"));
    settings.memory_limit = *overrides.memory_limit;
  }
  if (overrides.threads) {
    ARROW_RETURN_NOT_OK(CheckThreads(*overrides.threads, "threads"));
    settings.threads = *overrides.threads;
  }
  if (overrides.temp_dir) settings.temp_dir = *overrides.temp_dir;
  if (settings.temp_dir.empty()) return Status::Invalid("temp_dir is empty; name a folder for spill files");
  return settings;
}

}  // namespace millstream
