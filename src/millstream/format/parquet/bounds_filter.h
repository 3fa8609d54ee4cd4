// Deciding from what is known of a group of rows (a row group's statistics, a directory's value) whether a filter can hold
// for any of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "millstream/expr/expression.h"

namespace parquet {
class RowGroupMetaData;
}  // namespace parquet

namespace parquet::arrow {
struct SchemaManifest;
}  // namespace parquet::arrow

namespace millstream::parquet_format {

/// What is known of a column's values in a group of rows.
struct ColumnBounds {
  std::shared_ptr<arrow::Scalar> min;  ///< no value is less; nullptr: not known
  std::shared_ptr<arrow::Scalar> max;  ///< no value is greater; nullptr: not known
  bool may_be_missing = true;          ///< null or NaN
  bool all_missing = false;
};

/// What is known of the column of that name; nullopt: nothing.
using BoundsOf = std::function<std::optional<ColumnBounds>(const std::string& column)>;

/// False only where `filter` holds for no row within the bounds, by pandas' rules for missing values.
bool CanMatch(const Expression& filter, const BoundsOf& bounds);

/// Bounds from the statistics of a row group's chunk of a top-level column. Statistics that are absent, of a type without
/// order, or hold NaN say nothing.
std::optional<ColumnBounds> RowGroupBounds(const ::parquet::RowGroupMetaData& group,
                                           const ::parquet::arrow::SchemaManifest& manifest, int field_index);

/// Bounds of a column that has one value, which may be null.
ColumnBounds ConstantBounds(const std::shared_ptr<arrow::Scalar>& value);

}  // namespace millstream::parquet_format
