// var and std, by Welford's updates and Chan's merges (Chan, Golub, LeVeque 1979): stable whatever the mean.
#include <cmath>

#include "millstream/function/aggregate/state_util.h"

namespace millstream {
namespace {

using namespace aggregate_internal;  // NOLINT

struct Moments {
  int64_t count;
  double mean;
  double squares;  ///< sum of squared differences from the mean

  void Add(double value) {
    ++count;
    const double difference = value - mean;
    mean += difference / static_cast<double>(count);
    squares += difference * (value - mean);
  }

  void Merge(const Moments& other) {
    if (other.count == 0) return;
    const auto total = static_cast<double>(count + other.count);
    const double difference = other.mean - mean;
    squares +=
        other.squares + difference * difference * (static_cast<double>(count) * (static_cast<double>(other.count) / total));
    mean += difference * (static_cast<double>(other.count) / total);
    count += other.count;
  }
};

template <typename T>
class VarianceAggregator final : public Aggregator {
 public:
  VarianceAggregator(std::shared_ptr<arrow::DataType> type, int64_t ddof, bool root)
      : Aggregator(sizeof(Moments), std::move(type)), ddof_(ddof), root_(root) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    const uint64_t* words = input.values.words;
    ForPresent(input.values, begin, end,
               [&](int64_t i) { states.at<Moments>(i)->Add(static_cast<double>(FromWord<T>(words[i]))); });
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) into.at<Moments>(i)->Merge(*from.at<Moments>(i));
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool* present) {
      const auto* state = states.at<Moments>(i);
      *present = state->count > ddof_ && state->count > 0;
      const double variance = *present ? state->squares / static_cast<double>(state->count - ddof_) : 0.0;
      return ToWord(root_ ? std::sqrt(variance) : variance);
    });
  }

 private:
  const int64_t ddof_;
  const bool root_;
};

Result<std::unique_ptr<Aggregator>> BindVariance(const AggregateArgument& argument, bool root) {
  const char* name = root ? "std" : "var";
  ARROW_RETURN_NOT_OK(CheckArgument(argument, name));
  ARROW_ASSIGN_OR_RAISE(const int64_t ddof, IntegerOption(argument.options, "ddof", 1));
  const auto type = ValueTypeOf(argument.type);
  if (!IsNumber(*type)) {
    return Status::TypeError(name, " takes numbers and booleans, not ", argument.type->ToString(), "; cast the column first");
  }
  ARROW_ASSIGN_OR_RAISE(const ValueKind kind, ValueKindOf(argument.type));
  const auto result_type = kind == ValueKind::kFloat ? type : arrow::float64();
  std::unique_ptr<Aggregator> variance;
  if (kind == ValueKind::kFloat) {
    variance = std::make_unique<VarianceAggregator<double>>(result_type, ddof, root);
  } else if (kind == ValueKind::kUInt) {
    variance = std::make_unique<VarianceAggregator<uint64_t>>(result_type, ddof, root);
  } else {
    variance = std::make_unique<VarianceAggregator<int64_t>>(result_type, ddof, root);
  }
  return variance;
}

}  // namespace

void RegisterVariance(AggregateRegistry* registry) {
  registry->Add({"var", false, [](const AggregateArgument& argument) { return BindVariance(argument, false); }});
  registry->Add({"std", false, [](const AggregateArgument& argument) { return BindVariance(argument, true); }});
}

}  // namespace millstream
