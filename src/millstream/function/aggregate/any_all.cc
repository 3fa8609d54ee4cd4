// any and all: whether some value, or every value, is true: not zero, not false, not empty. Missing values do not count.
#include "millstream/function/aggregate/state_util.h"

namespace millstream {
namespace {

using namespace aggregate_internal;  // NOLINT

struct Truth {
  uint32_t some_true;
  uint32_t some_false;
};

class TruthAggregator final : public Aggregator {
 public:
  TruthAggregator(ValueKind kind, bool all) : Aggregator(sizeof(Truth), arrow::boolean()), kind_(kind), all_(all) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    ForPresent(input.values, begin, end, [&](int64_t i) {
      const bool is_true = IsTrue(input.values, i);
      auto* state = states.at<Truth>(i);
      state->some_true |= is_true;
      state->some_false |= !is_true;
    });
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      into.at<Truth>(i)->some_true |= from.at<Truth>(i)->some_true;
      into.at<Truth>(i)->some_false |= from.at<Truth>(i)->some_false;
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool*) -> uint64_t {
      return all_ ? !states.at<Truth>(i)->some_false : states.at<Truth>(i)->some_true;
    });
  }

 private:
  bool IsTrue(const ColumnChunk& values, int64_t i) const {
    if (kind_ == ValueKind::kString) return values.strings[i].length > 0;
    if (kind_ == ValueKind::kFloat) return FromWord<double>(values.words[i]) != 0;
    return values.words[i] != 0;
  }

  const ValueKind kind_;
  const bool all_;
};

Result<std::unique_ptr<Aggregator>> BindTruth(const AggregateArgument& argument, bool all) {
  const char* name = all ? "all" : "any";
  ARROW_RETURN_NOT_OK(CheckArgument(argument, name));
  const auto type = ValueTypeOf(argument.type);
  ARROW_ASSIGN_OR_RAISE(const ValueKind kind, ValueKindOf(argument.type));
  const bool text = arrow::is_base_binary_like(type->id()) || arrow::is_binary_view_like(type->id());
  if (!IsNumber(*type) && !text) {
    return Status::TypeError(name, " takes booleans, numbers and strings, not ", argument.type->ToString());
  }
  return std::make_unique<TruthAggregator>(kind, all);
}

}  // namespace

void RegisterAnyAll(AggregateRegistry* registry) {
  registry->Add({"any", false, [](const AggregateArgument& argument) { return BindTruth(argument, false); }});
  registry->Add({"all", false, [](const AggregateArgument& argument) { return BindTruth(argument, true); }});
}

}  // namespace millstream
