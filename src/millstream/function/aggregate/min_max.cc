// min and max of anything that has an order.
#include "millstream/function/aggregate/state_util.h"
#include "millstream/row/key_layout.h"

namespace millstream {
namespace {

using namespace aggregate_internal;  // NOLINT

template <typename T, bool kMax>
class WordExtreme final : public Aggregator {
 public:
  struct State {
    T value;
    int64_t seen;

    void Add(T other) {
      const bool better = kMax ? other > value : other < value;
      value = better || !seen ? other : value;
      seen = 1;
    }
  };

  explicit WordExtreme(std::shared_ptr<arrow::DataType> type) : Aggregator(sizeof(State), std::move(type)) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    const uint64_t* words = input.values.words;
    ForPresent(input.values, begin, end, [&](int64_t i) { states.at<State>(i)->Add(FromWord<T>(words[i])); });
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      if (from.at<State>(i)->seen) into.at<State>(i)->Add(from.at<State>(i)->value);
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool* present) {
      *present = states.at<State>(i)->seen != 0;
      return ToWord(states.at<State>(i)->value);
    });
  }
};

template <bool kMax>
class StringExtreme final : public Aggregator {
 public:
  explicit StringExtreme(std::shared_ptr<arrow::DataType> type)
      : Aggregator(sizeof(ReusableString), type, 0), value_type_(ValueTypeOf(type)) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      const StringSlot& value = input.values.strings[i];
      if (!value.is_missing() && !Add(states.at<ReusableString>(i), value, states.rows[i], heap)) return i;
    }
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      const auto* other = from.at<ReusableString>(i);
      if (other->seen && !Add(into.at<ReusableString>(i), other->slot, into.rows[i], heap)) return i;
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishStrings(output_type(), n, pool, [&](int64_t i) {
      const auto* state = states.at<ReusableString>(i);
      return state->seen ? state->slot : StringSlot::Missing();
    });
  }

 private:
  bool Add(ReusableString* state, const StringSlot& value, const uint8_t* row, RowHeap* heap) const {
    if (state->seen) {
      const int order = CompareValues(*value_type_, value.view(), state->slot.view());
      if (kMax ? order <= 0 : order >= 0) return true;
    }
    return Assign(state, value, row, heap);
  }

  const std::shared_ptr<arrow::DataType> value_type_;
};

template <bool kMax>
Result<std::unique_ptr<Aggregator>> BindExtreme(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckArgument(argument, kMax ? "max" : "min"));
  ARROW_ASSIGN_OR_RAISE(const ValueKind kind, ValueKindOf(argument.type));
  auto type = SameType(argument.type);
  std::unique_ptr<Aggregator> extreme;
  switch (kind) {
    case ValueKind::kInt:
      extreme = std::make_unique<WordExtreme<int64_t, kMax>>(type);
      break;
    case ValueKind::kUInt:
      extreme = std::make_unique<WordExtreme<uint64_t, kMax>>(type);
      break;
    case ValueKind::kFloat:
      extreme = std::make_unique<WordExtreme<double, kMax>>(type);
      break;
    case ValueKind::kString:
      extreme = std::make_unique<StringExtreme<kMax>>(type);
      break;
  }
  return extreme;
}

}  // namespace

void RegisterMinMax(AggregateRegistry* registry) {
  registry->Add({"min", false, BindExtreme<false>});
  registry->Add({"max", false, BindExtreme<true>});
}

}  // namespace millstream
