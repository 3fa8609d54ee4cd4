// Options of the CSV writer, checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "millstream/base/result.h"

namespace millstream::csv {

enum class Quoting { kMinimal = 0, kAll = 1, kNonNumeric = 2 };

struct WriteOptions {
  bool header = true;
  std::optional<std::vector<std::string>> names;  ///< header texts other than the columns' names
  char separator = ',';
  char quote = '"';
  Quoting quoting = Quoting::kMinimal;
  std::string na_rep;
  std::string date_format;   ///< empty: ISO
  std::string float_format;  ///< a checked printf format for one double; empty: shortest
  std::string line_end = "\n";

  /// Invalid naming the option for one that is unknown or has a bad value.
  static Result<WriteOptions> FromJson(const nlohmann::json& json);
};

}  // namespace millstream::csv
