#include "millstream/fs/job_id.h"

#include <signal.h>
#include <sys/stat.h>
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

/// The namespace that this process's ids are of, as the kernel numbers them; empty where that cannot be found out. A number is
/// given again only when all processes of the earlier namespace have ended.
std::string PidNamespace() {
  struct stat info {};
  return ::stat("/proc/self/ns/pid", &info) == 0 ? std::to_string(info.st_ino) : "";
}

/// Whether /proc shows the ids of this process's namespace: a new one may have been made without a /proc of its own.
bool ProcShowsOwnIds() {
  char self[24] = "";
  return readlink("/proc/self", self, sizeof(self) - 1) > 0 && std::to_string(getpid()) == self;
}

/// When a process started, in clock ticks since boot, with the boot it belongs to: process ids are used again, this is not.
/// Empty if there is no such process, or none that can be seen.
std::string StartOf(pid_t pid) {
  if (!ProcShowsOwnIds()) return "";
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
  return HostName() + "." + PidNamespace() + "." + std::to_string(pid) + "." + StartOf(pid) + "." + std::to_string(counter++);
}

bool IsDeadJob(const std::string& id) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= id.size();) {
    const size_t dot = std::min(id.find('.', start), id.size());
    parts.push_back(id.substr(start, dot - start));
    start = dot + 1;
  }
  if (parts.size() != 5 || parts[0] != HostName() || parts[1].empty() || parts[1] != PidNamespace()) return false;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), pid);
  if (error != std::errc() || end != parts[2].data() + parts[2].size() || pid <= 0) return false;
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  const std::string start = StartOf(pid);
  return !start.empty() && !parts[3].empty() && start != parts[3];
}

}  // namespace millstream::fs
