// Rows a second of GroupBy, two threads, over in-memory batches.
#include <random>
#include <thread>

#include <arrow/api.h>
#include <benchmark/benchmark.h>

#include "millstream/exec/group_by.h"
#include "millstream/memory/budget_pool.h"

namespace millstream {
namespace {

constexpr int64_t kRows = 10'000'000;
constexpr int64_t kBatchRows = 64 * 1024;

enum KeyKind { kIntKey, kTextKey, kTwoKeys };

/// Batches of uniformly distributed keys and two values.
std::vector<std::shared_ptr<arrow::RecordBatch>> MakeBatches(KeyKind kind, int64_t groups, int64_t rows) {
  std::mt19937_64 random(42);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  const auto schema =
      arrow::schema({arrow::field("k", kind == kTextKey ? arrow::utf8() : arrow::int64()), arrow::field("k2", arrow::int32()),
                     arrow::field("v", arrow::int64()), arrow::field("f", arrow::float64())});
  for (int64_t done = 0; done < rows; done += kBatchRows) {
    arrow::Int64Builder ints, values;
    arrow::Int32Builder seconds;
    arrow::StringBuilder texts;
    arrow::DoubleBuilder floats;
    for (int64_t i = 0; i < kBatchRows; ++i) {
      const auto key = static_cast<int64_t>(random() % static_cast<uint64_t>(groups));
      char text[16];
      std::snprintf(text, sizeof(text), "id%010ld", key);
      (void)(kind == kTextKey ? texts.Append(text) : ints.Append(key));
      (void)seconds.Append(static_cast<int32_t>(key % 7));
      (void)values.Append(i % 5);
      (void)floats.Append(0.25 * static_cast<double>(i % 100));
    }
    const auto keys = kind == kTextKey ? *texts.Finish() : *ints.Finish();
    batches.push_back(
        arrow::RecordBatch::Make(schema, kBatchRows, {keys, *seconds.Finish(), *values.Finish(), *floats.Finish()}));
  }
  return batches;
}

void Run(benchmark::State& state, KeyKind kind, const std::vector<AggregateSpec>& specs, bool no_keys = false) {
  const auto batches = MakeBatches(kind, state.range(0), kRows);
  auto budget = std::make_shared<MemoryBudget>(state.range(1) << 20);
  BudgetPool pool(budget, budget->limit() / 4);
  TaskContext context = UnlimitedContext();
  context.budget = budget.get();
  context.pool = &pool;
  std::vector<int> keys = kind == kTwoKeys ? std::vector<int>{0, 1} : std::vector<int>{0};
  if (no_keys) keys.clear();
  for (auto _ : state) {
    auto group_by = *GroupBy::Make(batches[0]->schema(), {keys, specs, true, true}, context, 2);
    const auto consume = [&](size_t thread) {
      for (size_t i = thread; i < batches.size(); i += 2) {
        if (!group_by->Consume(static_cast<int>(thread), *batches[i], 0, static_cast<int64_t>(i)).ok()) std::abort();
      }
    };
    std::thread other(consume, 1);
    consume(0);
    other.join();
    if (!group_by->Finish([](const auto&) { return Status::OK(); }).ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

const std::vector<AggregateSpec> kSum = {{"sum", 2, nullptr, "v"}};
const std::vector<AggregateSpec> kSumAndMean = {{"sum", 2, nullptr, "v"}, {"mean", 3, nullptr, "f"}};

BENCHMARK_CAPTURE(Run, text, kTextKey, kSum)
    ->Args({1000, 4096})
    ->Args({1'000'000, 4096})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, int, kIntKey, kSumAndMean)
    ->Args({100, 4096})
    ->Args({1'000'000, 4096})
    ->Args({10'000'000, 4096})
    ->Args({10'000'000, 128})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, two_keys, kTwoKeys, kSum)->Args({1'000'000, 4096})->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, no_keys, kIntKey, kSumAndMean, true)->Args({1000, 4096})->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millstream

BENCHMARK_MAIN();
