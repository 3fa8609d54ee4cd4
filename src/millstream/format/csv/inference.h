// Column types from a sample of the first file, by pandas' rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "millstream/base/result.h"
#include "millstream/format/csv/options.h"

namespace millstream::csv {

/// What the values of one column can be; starts with everything.
class TypeGuess {
 public:
  explicit TypeGuess(const ReadOptions& options) : options_(options) {}
  void Add(std::string_view text);
  /// For a column of parse_dates.
  Status AddDate(std::string_view text);
  void AddMissing() { missing_ = true; }

  /// Integers with missing values become floats, as in pandas; nothing but missing values is float64 too. Integers beyond 64
  /// bits stay text, which loses none of their digits.
  ColumnSpec Spec() const;
  ColumnSpec DateSpec() const;

 private:
  const ReadOptions& options_;
  bool any_ = false;
  bool missing_ = false;
  bool int64_ = true;
  bool uint64_ = true;
  bool digits_ = true;  ///< integers so far, of any size
  bool float_ = true;
  bool bool_ = true;
  bool utc_ = false;
  bool nanoseconds_ = false;
};

/// Fills the types of `columns` (names are there already) from the user's dtype and parse_dates, and from the records of
/// `sample`, which begins with a record. Returns how many records there were.
Result<int64_t> InferTypes(const ReadOptions& options, const std::string& file, std::string_view sample, bool at_end,
                           int64_t first_line, std::vector<ColumnSpec>* columns);

/// Positions of the columns in a list of names and positions; Invalid naming `option` and what is not there.
Result<std::vector<size_t>> FindColumns(const char* option, const nlohmann::json& list, const std::vector<ColumnSpec>& columns);

}  // namespace millstream::csv
