// The nodes of a logical plan and their makers. One file a node beside this one; plan/registry.cc lists them.
// Every maker validates: a column that is not there is KeyError, an expression that does not type is TypeError.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/table.h>

#include "millstream/format/format.h"
#include "millstream/fs/output_job.h"
#include "millstream/plan/plan.h"

namespace millstream {

/// Reads files. `columns` in `schema()` are in the order of the files' schema; `filter` lets the reader skip what cannot match.
class ScanNode final : public PlanNode {
 public:
  struct Arguments {
    std::string format;
    fs::StorageOptions storage;
    Inspection inspection;                ///< full schema, splits (one a partition), completed options
    std::shared_ptr<arrow::Schema> read;  ///< what is read; nullptr: all
    ExpressionPtr filter;                 ///< over the full schema; nullptr: none
    std::optional<int64_t> limit;         ///< rows a partition
    std::vector<std::string> encoded;     ///< columns whose batches may be dictionary-encoded (ReadRequest::encoded)
    std::vector<std::string> counted;     ///< columns that are only counted (ReadRequest::counted)
    bool chosen = false;                  ///< whether the columns were named (ReadRequest::chosen)
  };
  static Result<PlanPtr> Make(Arguments arguments);

  const Arguments& arguments() const { return arguments_; }
  std::string_view kind() const override { return "Scan"; }
  std::string Describe() const override;
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>&, size_t) const override { return {}; }
  Result<PlanPtr> Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const override;
  Result<PlanPtr> WithFilter(const ExpressionPtr& filter) const override;
  Result<PlanPtr> WithLimit(int64_t rows) const override;
  Result<PlanPtr> WithChosenColumns() const override;
  /// The same scan reading `read` (a subset of the full schema; structs may have fewer children).
  Result<PlanPtr> WithReadSchema(std::shared_ptr<arrow::Schema> read) const;
  /// The same scan that may leave `columns`, and no others, dictionary-encoded: who reads its batches must take both.
  Result<PlanPtr> WithEncoded(std::vector<std::string> columns) const;
  /// The same scan of whose `columns`, and no others, only matters whether values are there.
  Result<PlanPtr> WithCounted(std::vector<std::string> columns) const;

 private:
  Arguments arguments_;
};

/// Finds and inspects files: the way to a ScanNode. Errors are those of fs::Expand and Format::Inspect.
Result<PlanPtr> MakeScan(const std::string& format, const std::vector<std::string>& paths, const nlohmann::json& options,
                         const fs::StorageOptions& storage, const TaskContext& context);

/// Tables in memory, one a partition.
class TableNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(std::vector<std::shared_ptr<arrow::Table>> partitions);

  const std::vector<std::shared_ptr<arrow::Table>>& partitions() const { return partitions_; }
  std::string_view kind() const override { return "Table"; }
  std::string Describe() const override;
  nlohmann::json ArgumentsToJson() const override;
  bool ArgumentsEqual(const PlanNode& other) const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>&, size_t) const override { return {}; }
  Result<PlanPtr> Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const override;

 private:
  std::vector<std::shared_ptr<arrow::Table>> partitions_;
};

/// Keeps the rows for which `predicate` (boolean; missing counts as false) holds.
class FilterNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(PlanPtr child, ExpressionPtr predicate);

  const ExpressionPtr& predicate() const { return predicate_; }
  std::string_view kind() const override { return "Filter"; }
  std::string Describe() const override { return predicate_->ToString(); }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;
  ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const override { return filter; }
  ExpressionPtr Definition(const std::string& name) const override { return Expression::Column(name); }
  std::vector<ExpressionPtr> Conditions() const override { return {predicate_}; }
  Result<PlanPtr> WithExpressions(const std::function<Result<ExpressionPtr>(const ExpressionPtr&)>& rewrite) const override;

 private:
  ExpressionPtr predicate_;
};

/// Computes the columns `names[i] = expressions[i]`; names are distinct.
class ProjectNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(PlanPtr child, std::vector<std::string> names, std::vector<ExpressionPtr> expressions);

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<ExpressionPtr>& expressions() const { return expressions_; }
  std::string_view kind() const override { return "Project"; }
  std::string Describe() const override;
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;
  Result<PlanPtr> Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const override;
  ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const override;
  ExpressionPtr Definition(const std::string& name) const override;
  Result<PlanPtr> WithExpressions(const std::function<Result<ExpressionPtr>(const ExpressionPtr&)>& rewrite) const override;
  bool PassesLimit() const override { return true; }
  /// True for a projection that gives the child's records, be they renamed, replaced in or added to, rather than some columns.
  bool WantsRecords(bool records) const override { return records && schema_->num_fields() >= child()->schema()->num_fields(); }

 private:
  std::vector<std::string> names_;
  std::vector<ExpressionPtr> expressions_;
};

/// Adds an int64 column at the end: the row's position in its partition, counted from 0, or from what `first_rows` says.
class RowIndexNode final : public PlanNode {
 public:
  /// `first_rows`: the number of each partition's first row; empty where all are 0. Invalid unless there is one per partition.
  static Result<PlanPtr> Make(PlanPtr child, std::string name, std::vector<int64_t> first_rows = {});

  const std::string& name() const { return name_; }
  const std::vector<int64_t>& first_rows() const { return first_rows_; }
  std::string_view kind() const override { return "RowIndex"; }
  std::string Describe() const override { return name_ + (first_rows_.empty() ? "" : ", on from one partition to the next"); }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;
  Result<PlanPtr> Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const override;
  ExpressionPtr Definition(const std::string& name) const override {
    return name == name_ ? nullptr : Expression::Column(name);
  }
  /// Where the scan below numbers its rows itself, what it skips does not change the numbers of the others.
  Result<PlanPtr> WithFilter(const ExpressionPtr& filter) const override;
  bool PassesLimit() const override { return true; }

 private:
  std::string name_;
  std::vector<int64_t> first_rows_;
};

/// The first `rows` rows of the whole frame, in frame order, as one partition.
class LimitNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(PlanPtr child, int64_t rows);

  int64_t rows() const { return rows_; }
  std::string_view kind() const override { return "Limit"; }
  std::string Describe() const override { return std::to_string(rows_); }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t) const override { return wanted; }
  ExpressionPtr Definition(const std::string& name) const override { return Expression::Column(name); }

 private:
  int64_t rows_ = 0;
};

/// All partitions of all children, one after the other. Columns are matched by name in the first child's order; a column that
/// a child lacks is missing there; int64 and float64 meet as float64, other differing types are TypeError.
class UnionNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(std::vector<PlanPtr> children);

  std::string_view kind() const override { return "Union"; }
  std::string Describe() const override { return std::to_string(children_.size()) + " inputs"; }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;
  ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const override;
};

/// Some partitions of the child, in the order given. Negative indices count from the end; IndexError outside.
class PartitionsNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(PlanPtr child, std::vector<int> indices);

  const std::vector<int>& indices() const { return indices_; }
  std::string_view kind() const override { return "Partitions"; }
  std::string Describe() const override;
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t) const override { return wanted; }
  ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const override { return filter; }
  ExpressionPtr Definition(const std::string& name) const override { return Expression::Column(name); }
  bool PassesLimit() const override { return indices_.size() == 1; }

 private:
  std::vector<int> indices_;
};

/// The same rows in the same order in `npartitions` partitions: neighbours are joined, or large ones cut.
class RepartitionNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(PlanPtr child, int npartitions);

  std::string_view kind() const override { return "Repartition"; }
  std::string Describe() const override { return std::to_string(npartitions_); }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t) const override { return wanted; }
  ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const override;
  ExpressionPtr Definition(const std::string& name) const override { return Expression::Column(name); }
};

/// Groups by key columns (none: one row for the whole frame) and aggregates; gives the keys, then the aggregates.
class AggregateNode final : public PlanNode {
 public:
  struct Aggregate {
    std::string name;      ///< of the output column
    std::string function;  ///< "sum", ... as in the aggregate function registry
    std::string column;    ///< input; "" for size
    nlohmann::json options;
  };
  struct Arguments {
    std::vector<std::string> keys;
    std::vector<Aggregate> aggregates;
    bool sort = true;    ///< by the keys, missing last
    bool dropna = true;  ///< rows with a missing key belong to no group
    /// Stands for all columns of the child, known or not, rather than for those that were named: count() of a frame.
    bool of_records = false;
  };
  static Result<PlanPtr> Make(PlanPtr child, Arguments arguments);

  const Arguments& arguments() const { return arguments_; }
  std::string_view kind() const override { return "Aggregate"; }
  std::string Describe() const override;
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;
  Result<PlanPtr> Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr> children) const override;
  ExpressionPtr FilterForChildren(const ExpressionPtr& filter) const override;
  bool WantsRecords(bool) const override { return arguments_.of_records; }

 private:
  Arguments arguments_;
};

/// A user's function over whole partitions. `payload` is what the runtime named `runtime` makes the function from (a pickled
/// callable for "python", a registered name for "native"); see exec/user_function.h.
class MapPartitionsNode final : public PlanNode {
 public:
  struct Arguments {
    std::string name;  ///< for people
    std::string runtime;
    std::string payload;  ///< bytes
    std::shared_ptr<arrow::Schema> schema;
  };
  static Result<PlanPtr> Make(PlanPtr child, Arguments arguments);

  const Arguments& arguments() const { return arguments_; }
  std::string_view kind() const override { return "MapPartitions"; }
  std::string Describe() const override { return arguments_.name; }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;
  bool WantsRecords(bool) const override { return true; }

 private:
  Arguments arguments_;
};

/// Writes the child's rows as files under `path`. Gives one row a file: path, rows, bytes.
class WriteNode final : public PlanNode {
 public:
  struct Arguments {
    std::string format;
    std::string path;  ///< directory, or file where single_file
    nlohmann::json format_options;
    fs::StorageOptions storage;
    std::vector<std::string> partition_on;
    std::string name_pattern;  ///< "part.*.parquet": '*' stands for the partition number; "" for the format's default
    bool single_file = false;
    std::string mode = "overwrite";  ///< "overwrite", "append", "error"
    bool replace_directory = true;   ///< overwrite removes every data file of the directory, not only those of the same name
    bool success_file = false;
    std::string compression;  ///< of the whole file: "" or "gzip"
  };
  static Result<PlanPtr> Make(PlanPtr child, Arguments arguments);

  const Arguments& arguments() const { return arguments_; }
  std::string_view kind() const override { return "Write"; }
  std::string Describe() const override;
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>& wanted, size_t index) const override;

 private:
  Arguments arguments_;
};

/// The output of an earlier stage: the leaf that stages cut from a plan have where they were cut.
class StageInputNode final : public PlanNode {
 public:
  static Result<PlanPtr> Make(int stage, std::shared_ptr<arrow::Schema> schema, int npartitions);

  int stage() const { return stage_; }
  std::string_view kind() const override { return "StageInput"; }
  std::string Describe() const override { return "stage " + std::to_string(stage_); }
  nlohmann::json ArgumentsToJson() const override;
  Result<PlanPtr> WithChildren(std::vector<PlanPtr> children) const override;
  std::set<std::string> ColumnsNeeded(const std::set<std::string>&, size_t) const override { return {}; }

 private:
  int stage_ = 0;
};

}  // namespace millstream
