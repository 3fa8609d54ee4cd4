// What the morsels of one split know of its file: which of its columns are read, and how.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type.h>
#include <parquet/arrow/schema.h>

#include "millstream/format/format.h"
#include "millstream/format/parquet/footer_cache.h"
#include "millstream/format/parquet/read_options.h"

namespace millstream::parquet_format {

/// A column that is not decoded where the statistics say that no value is missing.
struct Counted {
  size_t field = 0;  ///< of the requested schema
  int in_file = 0;   ///< field of the file's own
  int leaf = 0;      ///< Parquet column

  bool operator==(const Counted&) const = default;
};

/// A column that a FlatColumn may read.
struct Flat {
  int leaf = 0;
  bool codes = false;                     ///< OpenFlatCodes, where the chunk is dictionary-encoded; else OpenFlatNumbers
  std::shared_ptr<arrow::DataType> type;  ///< for which it is opened
};

/// What the morsels of one split share; read-only once made.
struct FileState {
  Split split;
  std::shared_ptr<arrow::Schema> schema;
  ReadOptions options;
  TaskContext context;
  OpenFile file;
  ::parquet::arrow::SchemaManifest manifest;
  std::vector<bool> from_directory;       ///< one a field of `schema`: whether the file's directory has its value
  std::vector<std::optional<Flat>> flat;  ///< one a field of `schema`
  std::vector<int> leaves;                ///< Parquet columns to decode, by requested field
  std::vector<std::string> encoded;       ///< columns that may stay dictionary-encoded
  std::vector<int> encoded_leaves;        ///< their leaves
  std::vector<Counted> counted;           ///< those of which only matters where values are missing
  bool remote = false;

  const std::string& uri() const { return split.file.uri; }
  /// `leaves` but for those of `undecoded`.
  std::vector<int> LeavesWithout(const std::vector<Counted>& undecoded) const {
    std::vector<int> left = leaves;
    for (const Counted& column : undecoded) std::erase(left, column.leaf);
    return left;
  }
  bool IsPartitionColumn(const std::string& name) const {
    return split.partition_values.is_object() && split.partition_values.contains(name);
  }
};

}  // namespace millstream::parquet_format
