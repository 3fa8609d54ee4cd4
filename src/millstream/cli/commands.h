// What the command line can do.
#pragma once

#include <string>
#include <vector>

#include "millstream/api/engine.h"

namespace millstream::cli {

/// How to read the source, and the session's limits; shared by all commands.
struct SourceOptions {
  std::string source;
  std::string format;           ///< "" goes by the suffix
  std::string options;          ///< JSON object for the reader
  std::string storage_options;  ///< JSON object
  std::string memory_limit;
  int threads = 0;
};

struct ConvertOptions {
  SourceOptions from;
  std::string destination;
  std::string format;  ///< "" goes by the suffix
  std::string options;
  std::string where;
  std::string storage_options;
  std::vector<std::string> select;
  std::vector<std::string> partition_on;
  std::string report;  ///< file for the JSON report; "-" is standard output
  bool quiet = false;
};

/// Prints the first rows as a table.
Status Head(const SourceOptions& options, int64_t rows);
/// Prints one line a column: name and type.
Status ShowSchema(const SourceOptions& options);
Status Convert(const ConvertOptions& options);
/// Prints the plan of the conversion before and after the rules, and runs nothing.
Status Explain(const ConvertOptions& options);

}  // namespace millstream::cli
