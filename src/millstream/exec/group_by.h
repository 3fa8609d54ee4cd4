// Hash aggregation: the sink behind groupby(...).agg(...) and whole-frame reductions.
//
// Each thread aggregates into a table of its own. A table that grows large is split by hash into partitions, which Finish
// merges in parallel and which go to a spill file when the memory budget is short. Missing keys and values follow pandas.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/memory/task_context.h"

namespace millstream {

/// One output column of an aggregation.
struct AggregateSpec {
  std::string function;    ///< a name in AggregateRegistry: sum, mean, count, size, min, max, var, std, nunique, first, ...
  int input = -1;          ///< index of the value column in the input schema; -1 for `size`
  nlohmann::json options;  ///< `min_count` (sum, prod), `ddof` (var, std), `dropna` (nunique); null for the defaults
  std::string output_name;
};

/// The shared sink of an aggregation stage. Consume is thread-safe for distinct `thread` numbers; Finish is called once,
/// after all of them.
class GroupBy {
 public:
  struct Options {
    std::vector<int> keys;  ///< indexes of the key columns; none: the whole frame is one group, which exists even without rows
    std::vector<AggregateSpec> aggregates;
    bool sort = true;    ///< output ascending by the keys, missing last; else in no particular order
    bool dropna = true;  ///< rows with a missing key (null or NaN) are left out; else missing is a group of its own
  };

  /// What a run did; complete after Finish.
  struct Metrics {
    int64_t rows_in = 0;
    int64_t groups = 0;  ///< rows out
    int64_t spilled_bytes = 0;
    int64_t spilled_partitions = 0;  ///< how often a partition went to disk
  };

  /// Takes one batch; it is called by one thread at a time.
  using Emit = std::function<Status(std::shared_ptr<arrow::RecordBatch>)>;

  /// The key columns, then the aggregates. Dictionary keys come back as dictionary<int32, value type>; aggregates of dictionary
  /// columns have the value type. KeyError for an unknown function, TypeError where it does not take its input's type.
  static Result<std::shared_ptr<arrow::Schema>> OutputSchema(const arrow::Schema& input, const Options& options);

  /// `threads`: how many callers of Consume there are, and how many threads Finish may use.
  static Result<std::unique_ptr<GroupBy>> Make(std::shared_ptr<arrow::Schema> input, Options options,
                                               const TaskContext& context, int threads);
  virtual ~GroupBy() = default;

  static constexpr int64_t kMaxBatchRows = int64_t{1} << 20;
  static constexpr int64_t kMaxSequence = (int64_t{1} << 43) - 1;

  /// Adds a batch of the input schema, of at most kMaxBatchRows. `thread` is in [0, threads). `partition` and `sequence` (a
  /// number that grows with the batch's place in its partition, at most kMaxSequence) order the rows for `first` and `last`;
  /// batches may come in any order. NotImplemented beyond these bounds.
  virtual Status Consume(int thread, const arrow::RecordBatch& batch, int64_t partition, int64_t sequence) = 0;

  /// Emits the result in batches of at most `context.batch_rows`.
  virtual Status Finish(const Emit& emit) = 0;

  virtual Metrics metrics() const = 0;
};

}  // namespace millstream
