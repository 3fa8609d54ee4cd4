#include "millstream/base/bytes.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace millstream {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 14> kUnits = {{{"", 1},
                                          {"b", 1},
                                          {"k", 1e3},
                                          {"kb", 1e3},
                                          {"m", 1e6},
                                          {"mb", 1e6},
                                          {"g", 1e9},
                                          {"gb", 1e9},
                                          {"t", 1e12},
                                          {"tb", 1e12},
                                          {"kib", 1024.0},
                                          {"mib", 1048576.0},
                                          {"gib", 1073741824.0},
                                          {"tib", 1099511627776.0}}};

}  // namespace

Result<int64_t> ParseBytes(std::string_view text) {
  std::string compact;
  for (char c : text) {
    if (!std::isspace(static_cast<unsigned char>(c))) compact += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  double number = 0;
  auto [end, error] = std::from_chars(compact.data(), compact.data() + compact.size(), number);
  const std::string_view unit(end, compact.data() + compact.size() - end);
  if (error == std::errc() && number >= 0 && std::isfinite(number)) {
    for (const Unit& known : kUnits) {
      if (unit != known.name) continue;
      const double bytes = number * known.factor;
      if (bytes < static_cast<double>(std::numeric_limits<int64_t>::max())) return static_cast<int64_t>(bytes);
    }
  }
  return Status::Invalid("'", text, "' is not a byte size; write a number with a unit, such as '256MB', '1.5GiB' or '1048576'");
}

std::string FormatBytes(int64_t bytes) {
  static constexpr std::array<const char*, 5> kNames = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::abs(value) >= 1000 && unit + 1 < kNames.size()) {
    value /= 1000;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.2f %s", value, kNames[unit]);
  return text;
}

}  // namespace millstream
