// Lazy frames: what to compute. Nothing runs until Collect, Head, Count or a Write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include "millstream/expr.h"
#include "millstream/options.h"
#include "millstream/report.h"

namespace millstream {

class DataFrame;
class Engine;
class PlanNode;

/// One output of Aggregate: Agg("total", "sum", "fare"). Functions: sum, mean, count, size, min, max, var, std, nunique, first,
/// last, any, all, prod.
struct Agg {
  std::string name;
  std::string function;
  std::string column;  ///< empty for size
};

/// Rows by key, waiting for their aggregates.
class GroupedFrame {
 public:
  /// The keys, then the aggregates, sorted by the keys. Rows with a missing key belong to no group.
  DataFrame Aggregate(const std::vector<Agg>& aggregates) const;

 private:
  friend class DataFrame;
  GroupedFrame(std::shared_ptr<const DataFrame> frame, std::vector<std::string> keys)
      : frame_(std::move(frame)), keys_(std::move(keys)) {}
  std::shared_ptr<const DataFrame> frame_;
  std::vector<std::string> keys_;
};

/// A value that is cheap to copy. An error made while a frame is put together (an unknown column, say) stays in it and comes
/// back from whatever runs it, so calls can be chained.
class DataFrame {
 public:
  DataFrame(std::shared_ptr<Engine> engine, arrow::Result<std::shared_ptr<const PlanNode>> plan);

  DataFrame Filter(const Expr& predicate) const;
  DataFrame Select(const std::vector<std::string>& columns) const;
  /// Computes exactly these columns.
  DataFrame Project(const std::vector<std::pair<std::string, Expr>>& columns) const;
  /// All columns, with `name` added or replaced.
  DataFrame Assign(const std::string& name, const Expr& value) const;
  DataFrame Limit(int64_t rows) const;
  DataFrame Repartition(int npartitions) const;
  /// The partitions of this frame, then those of the others; columns are matched by name.
  DataFrame Concat(const std::vector<DataFrame>& others) const;
  GroupedFrame GroupBy(const std::vector<std::string>& keys) const;
  /// One row for the whole frame.
  DataFrame Aggregate(const std::vector<Agg>& aggregates) const;

  arrow::Result<std::shared_ptr<arrow::Schema>> schema() const;
  arrow::Result<int> npartitions() const;
  arrow::Result<std::string> Explain(bool optimized = true) const;

  /// All rows, in frame order.
  arrow::Result<std::shared_ptr<arrow::Table>> Collect() const;
  /// The first rows; reads no more than it needs.
  arrow::Result<std::shared_ptr<arrow::Table>> Head(int64_t rows = 5) const;
  arrow::Result<int64_t> Count() const;

  /// Writes files under `directory`; they appear whole, when all are done. `options` hold the writer's own, and `partition_on`,
  /// `name_pattern`, `single_file`, `mode`, `compression`, `storage_options` (a JSON object).
  arrow::Result<RunReport> Write(const std::string& format, const std::string& directory, const Options& options = {}) const;
  arrow::Result<RunReport> WriteParquet(const std::string& directory, const Options& options = {}) const;
  arrow::Result<RunReport> WriteCsv(const std::string& directory, const Options& options = {}) const;
  arrow::Result<RunReport> WriteJson(const std::string& directory, const Options& options = {}) const;
  arrow::Result<RunReport> WriteAvro(const std::string& directory, const Options& options = {}) const;

 private:
  friend class GroupedFrame;
  DataFrame With(arrow::Result<std::shared_ptr<const PlanNode>> plan) const;
  DataFrame AggregateBy(const std::vector<std::string>& keys, const std::vector<Agg>& aggregates) const;

  std::shared_ptr<Engine> engine_;
  arrow::Result<std::shared_ptr<const PlanNode>> plan_;
};

}  // namespace millstream
