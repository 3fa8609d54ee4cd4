// What a run did, as it was measured.
#pragma once

#include <cstdint>
#include <string>

namespace millstream {

struct RunReport {
  double seconds = 0;
  int64_t rows_in = 0;       ///< rows that scans read, those that a filter pushed into them drops included
  int64_t bytes_read = 0;    ///< from storage, compressed where it is
  int64_t rows_written = 0;  ///< 0 for a run that wrote nothing
  int64_t bytes_written = 0;
  int64_t peak_memory = 0;  ///< bytes of the session's budget
  int64_t spilled_bytes = 0;
  std::string json;  ///< all of it, by stage and operator
};

}  // namespace millstream
