#include "millstream/cli/progress.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace millstream::cli {
namespace {

volatile sig_atomic_t interrupted = 0;
bool drawn = false;

void Interrupt(int) { interrupted = 1; }

}  // namespace

void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = Interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Status CheckInterrupt(double) { return interrupted ? Status::Cancelled("interrupted; nothing was written") : Status::OK(); }

Status ShowProgress(double fraction) {
  ARROW_RETURN_NOT_OK(CheckInterrupt(fraction));
  if (!isatty(STDERR_FILENO)) return Status::OK();
  constexpr size_t kWidth = 40;
  const auto full = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  std::fprintf(stderr, "\r[%s%s] %3.0f%%", std::string(full, '#').c_str(), std::string(kWidth - full, ' ').c_str(),
               fraction * 100);
  drawn = true;
  return Status::OK();
}

void EndProgress() {
  if (drawn) std::fprintf(stderr, "\r\033[K");
  drawn = false;
}

}  // namespace millstream::cli
