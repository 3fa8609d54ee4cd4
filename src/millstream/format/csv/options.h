// Options of the CSV reader, named and meant as in pandas and Dask, checked and with their defaults filled in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/format/csv/na_values.h"
#include "millstream/format/csv/structural_scan.h"
#include "millstream/fs/storage.h"

namespace millstream::csv {

enum class Encoding { kUtf8, kLatin1 };

/// How a column is read.
struct ColumnSpec {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  bool missing_allowed = true;  ///< false: a missing value is an error (integers that cannot hold one in pandas)
  bool inferred = false;        ///< the type comes from the sample, not from the user
  bool used = true;             ///< false: left out by usecols
};

struct ReadOptions {
  Dialect dialect;
  Encoding encoding = Encoding::kUtf8;
  std::optional<int64_t> blocksize = int64_t{64} << 20;  ///< empty: one split a file
  std::optional<int64_t> header = 0;                     ///< line with the names, counted after skiprows; empty: none
  std::optional<std::vector<std::string>> names;
  nlohmann::json usecols;  ///< null, names or positions
  int64_t skiprows = 0;
  std::string default_dtype;  ///< `dtype` where it is one name; empty: none
  std::map<std::string, std::string> dtypes;
  nlohmann::json parse_dates;  ///< null, or list of names or positions
  bool assume_missing = false;
  nlohmann::json na_values;
  bool keep_default_na = true;
  std::vector<std::string> true_values;
  std::vector<std::string> false_values;
  char decimal = '.';
  char thousands = 0;  ///< 0: none
  std::string compression = "infer";
  int64_t sample = 256 * 1024;

  /// Columns of the file in their order, as Inspect found them; empty before.
  std::vector<ColumnSpec> columns;

  /// Invalid naming the option for one that is unknown or has a bad value.
  static Result<ReadOptions> FromJson(const nlohmann::json& json);

  /// The NA texts of a column.
  NaValues NaValuesOf(const std::string& column) const;
};

/// `columns` as JSON: what Inspect adds to the options under kColumnsKey.
nlohmann::json ColumnsToJson(const std::vector<ColumnSpec>& columns);
inline constexpr char kColumnsKey[] = "_columns";

/// The type and treatment of missing values that a pandas dtype name ("int64", "Int64", "str", "datetime64[ns]") stands for.
/// TypeError for names that are not known. `name` of the result is empty.
Result<ColumnSpec> SpecFromDtype(const std::string& dtype);

}  // namespace millstream::csv
