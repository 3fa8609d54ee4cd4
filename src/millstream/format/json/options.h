// The options of the JSON format, checked.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/format/json/column_decoder.h"
#include "millstream/format/json/record_decoder.h"

namespace millstream::json_format {

/// How files are read. From Python: `lines`, `orient` ("records"), `blocksize` (bytes or "64MB"; none: a file is a partition),
/// `dtype` (true, false, or {column: type name}), `convert_dates` (true, false, or a list of columns), `keep_default_dates`,
/// `date_unit` ("s", "ms", "us", "ns"), `sample` (bytes or "1MiB"), `compression`, `encoding` ("utf-8"), `columns`,
/// `unexpected_field_behavior` ("error" or "ignore", as pyarrow.json calls it) for keys that the sample does not have.
struct ReadOptions {
  Layout layout = Layout::kLines;
  int64_t blocksize = 0;  ///< 0: whole files
  int64_t sample = int64_t{1} << 20;
  std::string compression = "infer";
  bool infer_dtypes = true;  ///< numbers in quotes become numbers
  std::map<std::string, std::shared_ptr<arrow::DataType>> dtypes;
  bool convert_default_dates = true;
  std::set<std::string> date_columns;
  int64_t date_unit = 0;  ///< nanoseconds of the unit of times given as numbers; 0: found by their size
  std::optional<std::vector<std::string>> columns;
  bool ignore_unexpected = false;              ///< keys that are not in the sample are passed over
  std::map<std::string, int64_t> epoch_units;  ///< found by Inspect: nanoseconds of one unit, by column

  /// Invalid for unknown options and bad values, naming them.
  static Result<ReadOptions> Parse(const nlohmann::json& options);

  /// What decoders of `request` need to know.
  DecodeState MakeState(const ReadRequest& request, const TaskContext& context) const;
};

/// How files are written: `lines`, `orient` ("records"), `date_format` ("epoch" or "iso"), `date_unit` ("s", "ms", "us", "ns").
struct WriteOptions {
  Layout layout = Layout::kLines;
  bool iso_dates = false;
  int64_t date_unit = 1'000'000;  ///< nanoseconds; of numbers, and of the last digit of ISO text

  static Result<WriteOptions> Parse(const nlohmann::json& options);
};

/// The type of a name as NumPy, pandas and Arrow write it: "int64", "Int64", "float", "str", "bool", "datetime64[us, UTC]",
/// "json". Invalid for names not known, naming the column.
Result<std::shared_ptr<arrow::DataType>> TypeFromName(const std::string& name, const std::string& column);

}  // namespace millstream::json_format
