// Finds the columns of JSON records, and their types, from a sample.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millstream/format/json/options.h"
#include "millstream/format/json/walk.h"

namespace millstream::json_format {

/// What the values in one place of the sample were.
class ValueProfile {
 public:
  /// Looks at the value at k, which CheckValue has accepted.
  void Add(const Block& block, uint32_t k, int depth);

  /// The type of a column of a table. As in pandas, integers beside missing values are float64.
  std::shared_ptr<arrow::DataType> ColumnType(int64_t rows, bool infer_dtypes) const;
  /// The type where the values are times: ISO 8601 text alike in its form, or numbers since 1970; nullptr where they are not.
  /// `unit` is the unit of numbers in nanoseconds: as given, or (given 0) the largest that keeps all within 1970 to 2262.
  std::shared_ptr<arrow::DataType> TimestampType(int64_t* unit) const;

  int64_t seen() const { return seen_; }
  const std::vector<std::string>& keys() const { return keys_; }
  bool has_child(const std::string& key) const { return children_.contains(key); }
  const ValueProfile& child(const std::string& key) const { return *children_.at(key); }

 private:
  void AddString(std::string_view raw);
  void AddNumber(const uint8_t* text);
  void AddObject(const Block& block, uint32_t k, int depth);
  void AddList(const Block& block, uint32_t k, int depth);

  std::shared_ptr<arrow::DataType> NestedType() const;
  std::shared_ptr<arrow::DataType> NumberType(bool missing) const;
  int64_t values() const { return seen_ - nulls_; }

  int64_t seen_ = 0;  // nulls too
  int64_t nulls_ = 0;
  int64_t bools_ = 0;
  int64_t strings_ = 0;
  int64_t lists_ = 0;
  int64_t objects_ = 0;
  int64_t numbers_ = 0;
  int64_t fractions_ = 0;          // numbers that are written with a point or an exponent, or have no 64 bits
  bool negative_ = false;          // among integers
  uint64_t largest_ = 0;           // among integers that are not negative
  uint64_t largest_negative_ = 0;  // magnitude, among those that are
  double smallest_value_ = 0;      // among all numbers
  double largest_value_ = 0;
  int64_t numeric_strings_ = 0;  // whose number is in the counts of numbers too
  int64_t iso_strings_ = 0;
  int64_t iso_with_offset_ = 0;
  int fraction_digits_ = 0;
  bool beyond_nanoseconds_ = false;  // a time that 64 bits of nanoseconds do not reach
  int offset_minutes_ = 0;
  bool offsets_differ_ = false;
  bool too_deep_ = false;
  std::vector<std::string> keys_;  // in the order they were seen
  std::map<std::string, std::unique_ptr<ValueProfile>> children_;
  std::unique_ptr<ValueProfile> items_;
};

/// Collects the records of samples.
class SchemaInference {
 public:
  explicit SchemaInference(const TaskContext& context) : context_(context), indexer_(context.budget) {}

  /// Looks at text as RecordDecoder::Decode takes it. Invalid, with file and line, where it is not JSON.
  Status Add(const uint8_t* text, int64_t size, Layout layout, const Place& place);

  int64_t records() const { return records_; }
  /// Columns in the order of their first appearance, then those that only `options.dtypes` names. Sets options->epoch_units.
  Result<std::shared_ptr<arrow::Schema>> Finish(ReadOptions* options) const;

 private:
  bool AddBlock(const Block& block, Layout layout, SyntaxError* error);

  const TaskContext context_;
  StructuralIndexer indexer_;
  ValueProfile root_;
  int64_t records_ = 0;
};

}  // namespace millstream::json_format
