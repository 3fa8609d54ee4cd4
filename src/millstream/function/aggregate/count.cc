// count, size and nunique.
#include "millstream/function/aggregate/state_util.h"

namespace millstream {
namespace {

using namespace aggregate_internal;  // NOLINT

/// Counts values (count, nunique: those present) or rows (size).
class CountAggregator final : public Aggregator {
 public:
  explicit CountAggregator(bool all_rows) : Aggregator(sizeof(int64_t), arrow::int64()), all_rows_(all_rows) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    if (all_rows_) {
      for (int64_t i = begin; i < end; ++i) ++*states.at<int64_t>(i);
    } else {
      ForPresent(input.values, begin, end, [&](int64_t i) { ++*states.at<int64_t>(i); });
    }
    return end;
  }

  int64_t UpdateOne(const AggregateInput& input, int64_t begin, int64_t end, uint8_t* const* rows, int64_t offset,
                    RowHeap* heap) const override {
    int64_t count = end - begin;
    if (!all_rows_ && input.values.present != nullptr)
      count = std::count(input.values.present + begin, input.values.present + end, 1);
    *reinterpret_cast<int64_t*>(rows[0] + offset) += count;
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) *into.at<int64_t>(i) += *from.at<int64_t>(i);
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool*) { return *states.at<uint64_t>(i); });
  }

 private:
  const bool all_rows_;
};

Result<std::unique_ptr<Aggregator>> BindCount(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckArgument(argument, "count"));
  return std::make_unique<CountAggregator>(false);
}

Result<std::unique_ptr<Aggregator>> BindSize(const AggregateArgument&) { return std::make_unique<CountAggregator>(true); }

/// nunique(dropna=False) counts missing as a value.
Result<std::unique_ptr<Aggregator>> BindDistinctCount(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckArgument(argument, "nunique"));
  bool dropna = true;
  if (argument.options.is_object() && argument.options.contains("dropna")) {
    if (!argument.options["dropna"].is_boolean()) return Status::Invalid("option 'dropna' of nunique must be true or false");
    dropna = argument.options["dropna"].get<bool>();
  }
  return std::make_unique<CountAggregator>(!dropna);
}

}  // namespace

void RegisterCount(AggregateRegistry* registry) {
  registry->Add({"count", false, BindCount});
  registry->Add({"size", false, BindSize});
  registry->Add({"nunique", true, BindDistinctCount});
}

}  // namespace millstream
