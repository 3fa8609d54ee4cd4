#include "millstream/fs/job_id.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

namespace millstream::fs {
namespace {

/// When a process started, in clock ticks since boot, with the boot it belongs to: process ids are used again, this is not.
/// Empty if there is no such process.
std::string StartOf(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(stat), {});
  // The second field is the name in parentheses and may hold anything; the start is the 20th field after it (proc(5)).
  size_t at = text.rfind(')');
  if (at == std::string::npos) return "";
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return "";
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  return boot.substr(0, 8) + text.substr(at + 1, text.find(' ', at + 1) - at - 1);
}

std::string HostName() {
  char name[256] = "localhost";
  gethostname(name, sizeof(name) - 1);
  std::string host(name);
  for (char& c : host) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
  }
  return host;
}

}  // namespace

std::string NewJobId() {
  static std::atomic<int> counter{0};
  const pid_t pid = getpid();
  return HostName() + "." + std::to_string(pid) + "." + StartOf(pid) + "." + std::to_string(counter++);
}

bool IsDeadJob(const std::string& id) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= id.size();) {
    const size_t dot = std::min(id.find('.', start), id.size());
    parts.push_back(id.substr(start, dot - start));
    start = dot + 1;
  }
  if (parts.size() != 4 || parts[0] != HostName()) return false;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), pid);
  if (error != std::errc() || end != parts[1].data() + parts[1].size() || pid <= 0) return false;
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  const std::string start = StartOf(pid);
  return !start.empty() && start != parts[2];
}

}  // namespace millstream::fs
