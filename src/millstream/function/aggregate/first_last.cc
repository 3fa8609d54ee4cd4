// first and last: the value that is present and comes first (last) by partition and position, whoever reads it when.
#include "millstream/function/aggregate/state_util.h"

namespace millstream {
namespace {

using namespace aggregate_internal;  // NOLINT

/// Where a row is in the frame.
struct Place {
  int64_t partition;
  uint64_t position;

  bool Before(const Place& other) const {
    return partition != other.partition ? partition < other.partition : position < other.position;
  }
};

struct WordAtPlace {
  uint64_t word;
  int64_t seen;
  Place place;
};

struct StringAtPlace {
  ReusableString string;
  Place place;
};

template <bool kLast>
bool Wins(const Place& place, const Place& old) {
  return kLast ? old.Before(place) : place.Before(old);
}

template <bool kLast>
class WordFirstLast final : public Aggregator {
 public:
  explicit WordFirstLast(std::shared_ptr<arrow::DataType> type) : Aggregator(sizeof(WordAtPlace), std::move(type)) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    ForPresent(input.values, begin, end, [&](int64_t i) {
      Add(states.at<WordAtPlace>(i), {input.values.words[i], 1, {input.partition, input.position + static_cast<uint64_t>(i)}});
    });
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      if (from.at<WordAtPlace>(i)->seen) Add(into.at<WordAtPlace>(i), *from.at<WordAtPlace>(i));
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishWords(output_type(), n, pool, [&](int64_t i, bool* present) {
      *present = states.at<WordAtPlace>(i)->seen != 0;
      return states.at<WordAtPlace>(i)->word;
    });
  }

 private:
  static void Add(WordAtPlace* state, const WordAtPlace& value) {
    if (!state->seen || Wins<kLast>(value.place, state->place)) *state = value;
  }
};

template <bool kLast>
class StringFirstLast final : public Aggregator {
 public:
  explicit StringFirstLast(std::shared_ptr<arrow::DataType> type) : Aggregator(sizeof(StringAtPlace), std::move(type), 0) {}

  int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      const StringSlot& value = input.values.strings[i];
      if (value.is_missing()) continue;
      const Place place{input.partition, input.position + static_cast<uint64_t>(i)};
      if (!Add(states.at<StringAtPlace>(i), value, place, states.rows[i], heap)) return i;
    }
    return end;
  }

  int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const override {
    for (int64_t i = begin; i < end; ++i) {
      const auto* other = from.at<StringAtPlace>(i);
      if (!other->string.seen) continue;
      if (!Add(into.at<StringAtPlace>(i), other->string.slot, other->place, into.rows[i], heap)) return i;
    }
    return end;
  }

  Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const override {
    return FinishStrings(output_type(), n, pool, [&](int64_t i) {
      const auto& string = states.at<StringAtPlace>(i)->string;
      return string.seen ? string.slot : StringSlot::Missing();
    });
  }

 private:
  static bool Add(StringAtPlace* state, const StringSlot& value, const Place& place, const uint8_t* row, RowHeap* heap) {
    if (state->string.seen && !Wins<kLast>(place, state->place)) return true;
    if (!Assign(&state->string, value, row, heap)) return false;
    state->place = place;
    return true;
  }
};

template <bool kLast>
Result<std::unique_ptr<Aggregator>> BindFirstLast(const AggregateArgument& argument) {
  ARROW_RETURN_NOT_OK(CheckArgument(argument, kLast ? "last" : "first"));
  ARROW_ASSIGN_OR_RAISE(const ValueKind kind, ValueKindOf(argument.type));
  auto type = SameType(argument.type);
  std::unique_ptr<Aggregator> aggregator;
  if (kind == ValueKind::kString) {
    aggregator = std::make_unique<StringFirstLast<kLast>>(std::move(type));
  } else {
    aggregator = std::make_unique<WordFirstLast<kLast>>(std::move(type));
  }
  return aggregator;
}

}  // namespace

void RegisterFirstLast(AggregateRegistry* registry) {
  registry->Add({"first", false, BindFirstLast<false>});
  registry->Add({"last", false, BindFirstLast<true>});
}

}  // namespace millstream
