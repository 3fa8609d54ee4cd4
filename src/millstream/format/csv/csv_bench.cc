// How fast CSV is scanned and written. MILLSTREAM_BENCH_CSV names a file to read instead of the made-up one;
// `-DMILLSTREAM_BENCH=ON` builds this.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <arrow/compute/initialize.h>
#include <arrow/io/memory.h>
#include <benchmark/benchmark.h>

#include "millstream/format/csv/csv_format.h"
#include "millstream/memory/budget_pool.h"

namespace millstream::csv {
namespace {

/// Nine columns as of db-benchmark and taxi rides: id, text, integers, floats, a time.
std::string MakeFile() {
  const std::string path = (std::filesystem::temp_directory_path() / "millstream_csv_bench.csv").string();
  if (std::filesystem::exists(path)) return path;
  std::ofstream out(path);
  std::mt19937_64 random(1);
  out << "id,name,kind,amount,lat,lon,count,when,note\n";
  for (int64_t row = 0; row < 3000000; ++row) {
    const uint64_t bits = random();
    char line[200];
    std::snprintf(line, sizeof(line), "%lld,id%010llu,k%02d,%.2f,%.6f,-%.6f,%d,2013-01-%02d %02d:%02d:%02d,n%d\n",
                  static_cast<long long>(row), static_cast<unsigned long long>(bits % 1000000), static_cast<int>(bits % 100),
                  static_cast<double>(bits % 100000) / 100, 40 + static_cast<double>(bits % 999999) / 1e6,
                  73 + static_cast<double>(bits % 777777) / 1e6, static_cast<int>(bits % 1000), static_cast<int>(bits % 31 + 1),
                  static_cast<int>(bits % 24), static_cast<int>(bits % 60), static_cast<int>(bits / 64 % 60),
                  static_cast<int>(bits % 10));
    out << line;
  }
  return path;
}

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

struct Setup {
  fs::FileEntry file;
  TaskContext context = UnlimitedContext();
  std::shared_ptr<MemoryBudget> budget = std::make_shared<MemoryBudget>(int64_t{4} << 30);
  std::shared_ptr<BudgetPool> pool = std::make_shared<BudgetPool>(budget, int64_t{1} << 29);

  Setup() {
    const char* path = std::getenv("MILLSTREAM_BENCH_CSV");
    file.uri = path != nullptr ? path : MakeFile();
    file.size = static_cast<int64_t>(std::filesystem::file_size(file.uri));
    context.pool = pool.get();
    context.budget = budget.get();
  }
};

/// Reads all splits with threads that share the morsels of one split at a time.
int64_t Scan(const Setup& setup, const Inspection& inspection, const ReadRequest& request, int threads) {
  std::atomic<int64_t> rows{0};
  for (const auto& split : inspection.splits) {
    auto reader = CsvFormat()->OpenSplit(split, request, nullptr, inspection.options, setup.context).ValueOrDie();
    std::mutex mutex;
    const auto work = [&] {
      while (true) {
        std::unique_ptr<Morsel> morsel;
        {
          const std::lock_guard lock(mutex);
          morsel = reader->Next().ValueOrDie();
        }
        if (morsel == nullptr) return;
        Check(morsel->Decode([&](const std::shared_ptr<arrow::RecordBatch>& batch) {
          rows += batch->num_rows();
          return Status::OK();
        }));
      }
    };
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    for (auto& other : others) other.join();
  }
  return rows;
}

/// Columns: 0 all, n the first of every n-th, -1 none.
void BM_Scan(benchmark::State& state) {
  const Setup setup;
  const auto threads = static_cast<int>(state.range(0));
  nlohmann::json options = nlohmann::json::object();
  if (std::getenv("MILLSTREAM_BENCH_CSV") == nullptr) options["parse_dates"] = {"when"};
  const auto inspection = CsvFormat()->Inspect({setup.file}, nullptr, options, setup.context).ValueOrDie();
  ReadRequest request;
  arrow::FieldVector fields;
  for (int i = 0; state.range(1) >= 0 && i < inspection.schema->num_fields(); ++i) {
    if (state.range(1) == 0 || i % state.range(1) == 0) fields.push_back(inspection.schema->field(i));
  }
  request.schema = arrow::schema(fields);
  int64_t rows = 0;
  for (auto _ : state) rows = Scan(setup, inspection, request, threads);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * setup.file.size);
  state.counters["rows"] = static_cast<double>(rows);
}
BENCHMARK(BM_Scan)
    ->ArgNames({"threads", "every"})
    ->Args({1, 0})
    ->Args({1, 5})
    ->Args({1, -1})
    ->Args({2, 0})
    ->Args({2, 5})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_OneColumn(benchmark::State& state) {
  const Setup setup;
  const auto inspection = CsvFormat()->Inspect({setup.file}, nullptr, {{"parse_dates", {"when"}}}, setup.context).ValueOrDie();
  ReadRequest request;
  request.schema = arrow::schema({inspection.schema->field(static_cast<int>(state.range(0)))});
  for (auto _ : state) benchmark::DoNotOptimize(Scan(setup, inspection, request, 1));
  state.SetLabel(inspection.schema->field(static_cast<int>(state.range(0)))->ToString());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * setup.file.size);
}
BENCHMARK(BM_OneColumn)->DenseRange(0, 8)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_Write(benchmark::State& state) {
  const Setup setup;
  const auto inspection = CsvFormat()->Inspect({setup.file}, nullptr, {{"parse_dates", {"when"}}}, setup.context).ValueOrDie();
  ReadRequest request;
  request.schema = inspection.schema;
  request.limit = 500000;
  arrow::RecordBatchVector batches;
  auto reader = CsvFormat()->OpenSplit(inspection.splits[0], request, nullptr, inspection.options, setup.context).ValueOrDie();
  while (auto morsel = reader->Next().ValueOrDie()) {
    Check(morsel->Decode([&](auto batch) {
      batches.push_back(batch);
      return Status::OK();
    }));
  }
  int64_t bytes = 0;
  for (auto _ : state) {
    auto sink = std::make_shared<arrow::io::MockOutputStream>();
    auto writer = CsvFormat()->OpenWriter(sink, inspection.schema, nullptr, setup.context).ValueOrDie();
    for (const auto& batch : batches) Check(writer->Write(*batch));
    Check(writer->Finish());
    bytes += sink->GetExtentBytesWritten();
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_Write)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millstream::csv

BENCHMARK_MAIN();
