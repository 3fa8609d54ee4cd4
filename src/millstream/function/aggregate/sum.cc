// sum, prod and mean. Integers wrap, as in pandas; sums of floats are compensated (Kahan), as pandas' groupby does.
#include "millstream/function/aggregate/state_util.h"

namespace millstream {
namespace {

using namespace aggregate_internal;  // NOLINT

template <typename T>
struct Total {
  T sum;
  int64_t count;

  void Add(T value) { sum += value; }
  void Merge(const Total& other) { sum += other.sum; }
};

template <>
struct Total<double> {
  double sum;
  double lost;  ///< what rounding has added to the sum so far
  int64_t count;

  void Add(double value) {
    const double next = value - lost;
    const double total = sum + next;
    lost = (total - sum) - next;
    sum = total;
    if (lost != lost) lost = 0;  // of an infinite sum nothing is lost
  }
  void Merge(const Total& other) {
    Add(-other.lost);
    Add(other.sum);
  }
};

/// Adds a block of floats in eight independent chains, which the processor runs side by side; short enough to lose little.
double SumBlock(const double* values, const uint8_t* present, int64_t n) {
  double lanes[8] = {};
  int64_t i = 0;
  if (present == nullptr) {
    for (; i + 8 <= n; i += 8) {
      for (int lane = 0; lane < 8; ++lane) lanes[lane] += values[i + lane];
    }
  } else {
    for (; i + 8 <= n; i += 8) {
      for (int lane = 0; lane < 8; ++lane) lanes[lane] += present[i + lane] ? values[i + lane] : 0.0;
    }
  }
  double total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (; i < n; ++i) total += present == nullptr || present[i] ? values[i] : 0.0;
  return total;
}

/// sum, and mean where `kMean`, of words that hold `T`. Counts values only where the result depends on it.
template <typename T, bool kMean>
class SumAggregator final : public Aggregator {
 public:
  using State = Total<std::conditional_t<kMean, double, T>>;
  using Sum = decltype(State::sum);

  SumAggregator(std::shared_ptr<arrow::DataType> type, int64_t min_count)
      : Aggregator(sizeof(State), std::move(type)), min_count_(min_count) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    const uint64_t* words = input.values.words;
    ForPresent(input.values, begin, end, [&](int64_t i) {
      auto* state = states.template at<State>(i);
      state->Add(static_cast<Sum>(FromWord<T>(words[i])));
      ++state->count;
    });
    return end;
  }

  int64_t UpdateOne(const AggregateInput& input, int64_t begin, int64_t end, uint8_t* const* rows, int64_t offset,
                    RowHeap* heap) const override {
    auto* state = reinterpret_cast<State*>(rows[0] + offset);
    const uint8_t* present = input.values.present;
    if constexpr (std::is_same_v<T, double>) {
      state->Add(SumBlock(reinterpret_cast<const double*>(input.values.words) + begin, present ? present + begin : nullptr,
                          end - begin));
    } else {
      Sum total = 0;
      ForPresent(input.values, begin, end, [&](int64_t i) { total += static_cast<Sum>(FromWord<T>(input.values.words[i])); });
      state->Add(total);
    }
    state->count += present == nullptr ? end - begin : std::count(present + begin, present + end, 1);
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      auto* state = into.at<State>(i);
      const auto* other = from.at<State>(i);
      state->Merge(*other);
      state->count += other->count;
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool* present) {
      const auto* state = states.at<State>(i);
      *present = state->count >= min_count_;
      if constexpr (kMean) {
        return ToWord(state->count == 0 ? 0.0 : state->sum / static_cast<double>(state->count));
      } else {
        return ToWord(state->sum);
      }
    });
  }

 private:
  const int64_t min_count_;
};

template <typename T>
class ProductAggregator final : public Aggregator {
 public:
  struct State {
    T product;
    int64_t count;  ///< the product is 1 while this is 0

    void Multiply(T value, int64_t values) {
      product = count == 0 ? value : product * value;
      count += values;
    }
  };

  ProductAggregator(std::shared_ptr<arrow::DataType> type, int64_t min_count)
      : Aggregator(sizeof(State), std::move(type)), min_count_(min_count) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    ForPresent(input.values, begin, end,
               [&](int64_t i) { states.at<State>(i)->Multiply(FromWord<T>(input.values.words[i]), 1); });
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      const auto* other = from.at<State>(i);
      if (other->count > 0) into.at<State>(i)->Multiply(other->product, other->count);
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool* present) {
      const auto* state = states.at<State>(i);
      *present = state->count >= min_count_;
      return ToWord(state->count == 0 ? T{1} : state->product);
    });
  }

 private:
  const int64_t min_count_;
};

/// What a sum or product of `type` is held in: the widest type of its kind; floats keep their width.
std::shared_ptr<arrow::DataType> TotalType(const std::shared_ptr<arrow::DataType>& type, ValueKind kind) {
  if (kind == ValueKind::kFloat || type->id() == arrow::Type::DURATION) return type;
  return kind == ValueKind::kUInt ? arrow::uint64() : arrow::int64();
}

Status CheckNumber(const AggregateArgument& argument, const char* function, bool durations) {
  ARROW_RETURN_NOT_OK(CheckArgument(argument, function));
  const auto type = ValueTypeOf(argument.type);
  if (IsNumber(*type) || (durations && type->id() == arrow::Type::DURATION)) return Status::OK();
  return Status::TypeError(function, " takes numbers and booleans, not ", argument.type->ToString(), "; cast the column first");
}

/// Makes an Aggregator<uint64_t, int64_t or double> by the kind of value.
template <template <typename> typename Make>
Result<std::unique_ptr<Aggregator>> MakeForKind(const AggregateArgument& argument, int64_t min_count) {
  ARROW_ASSIGN_OR_RAISE(const ValueKind kind, ValueKindOf(argument.type));
  const auto type = TotalType(ValueTypeOf(argument.type), kind);
  if (kind == ValueKind::kFloat) return Make<double>::Call(type, min_count);
  // Unsigned arithmetic wraps where signed arithmetic would be undefined, and gives the same bits.
  return Make<uint64_t>::Call(type, min_count);
}

template <typename T>
struct MakeSum {
  static std::unique_ptr<Aggregator> Call(std::shared_ptr<arrow::DataType> type, int64_t min_count) {
    return std::make_unique<SumAggregator<T, false>>(std::move(type), min_count);
  }
};

template <typename T>
struct MakeProduct {
  static std::unique_ptr<Aggregator> Call(std::shared_ptr<arrow::DataType> type, int64_t min_count) {
    return std::make_unique<ProductAggregator<T>>(std::move(type), min_count);
  }
};

Result<std::unique_ptr<Aggregator>> BindSum(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckNumber(argument, "sum", true));
  ARROW_ASSIGN_OR_RAISE(const int64_t min_count, IntegerOption(argument.options, "min_count", 0));
  return MakeForKind<MakeSum>(argument, min_count);
}

Result<std::unique_ptr<Aggregator>> BindProduct(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckNumber(argument, "prod", false));
  ARROW_ASSIGN_OR_RAISE(const int64_t min_count, IntegerOption(argument.options, "min_count", 0));
  return MakeForKind<MakeProduct>(argument, min_count);
}

Result<std::unique_ptr<Aggregator>> BindMean(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckNumber(argument, "mean", false));
  ARROW_ASSIGN_OR_RAISE(const ValueKind kind, ValueKindOf(argument.type));
  std::unique_ptr<Aggregator> mean;
  if (kind == ValueKind::kFloat) {
    mean = std::make_unique<SumAggregator<double, true>>(arrow::float64(), 1);
  } else if (kind == ValueKind::kUInt) {
    mean = std::make_unique<SumAggregator<uint64_t, true>>(arrow::float64(), 1);
  } else {
    mean = std::make_unique<SumAggregator<int64_t, true>>(arrow::float64(), 1);
  }
  return mean;
}

}  // namespace

void RegisterSum(AggregateRegistry* registry) {
  registry->Add({"sum", false, BindSum});
  registry->Add({"prod", false, BindProduct});
  registry->Add({"mean", false, BindMean});
}

}  // namespace millstream
