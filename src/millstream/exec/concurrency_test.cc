// Many threads over files with several morsels a partition and two rows a batch: runs that end well, that are cancelled in the
// middle, and that fail on several threads at once. Meant to be run under a race detector as well.
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "millstream/exec/execute.h"
#include "millstream/exec/stage_runner.h"
#include "millstream/exec/user_function.h"
#include "millstream/format/parquet/test_files.h"
#include "millstream/memory/budget_pool.h"
#include "millstream/optimizer/optimizer.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

using parquet_format::TempDir;
namespace stdfs = std::filesystem;

constexpr int kThreads = 6;
constexpr int64_t kRows = 1500;
constexpr int64_t kTextBytes = 4000;  ///< of a row: few rows make a morsel
constexpr int64_t kLimit = 128 << 20;

/// What a row with this number has as its key; "" is missing.
std::string KeyOf(int64_t id) { return id % 11 == 0 ? "" : "k" + std::to_string(id * 7919 % 13); }

std::shared_ptr<arrow::Table> MakeRows() {
  arrow::Int64Builder ids;
  arrow::StringBuilder keys, texts;
  arrow::DoubleBuilder values;
  std::mt19937 random(1);
  std::string text(kTextBytes, ' ');
  for (int64_t id = 0; id < kRows; ++id) {
    for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
    EXPECT_TRUE(ids.Append(id).ok() && values.Append(static_cast<double>(id) / 2).ok() && texts.Append(text).ok());
    EXPECT_TRUE((KeyOf(id).empty() ? keys.AppendNull() : keys.Append(KeyOf(id))).ok());
  }
  const auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("k", arrow::utf8()),
                                     arrow::field("x", arrow::float64()), arrow::field("text", arrow::utf8())});
  return arrow::Table::Make(schema, {*ids.Finish(), *keys.Finish(), *values.Finish(), *texts.Finish()});
}

/// A pool and a context of its own for some runs; nothing of the pool may be left at the end.
struct Runs {
  std::shared_ptr<MemoryBudget> budget = std::make_shared<MemoryBudget>(kLimit);
  BudgetPool pool{budget, kLimit / 4};
  CancelToken cancel;
  TempDir dir;
  TaskContext context;

  explicit Runs(bool force_spill = false, int64_t batch_rows = 2) {
    context.pool = &pool;
    context.budget = budget.get();
    context.cancel = &cancel;
    context.batch_rows = batch_rows;
    context.force_spill = force_spill;
    context.threads = kThreads;
    context.temp_dir = stdfs::path(dir / "spill/x").parent_path().string();
  }
  ~Runs() {
    EXPECT_EQ(pool.bytes_allocated(), 0);
    pool.ReleaseUnused();
    EXPECT_EQ(budget->used(), 0);
    EXPECT_TRUE(stdfs::is_empty(context.temp_dir));
  }

  Result<std::shared_ptr<arrow::Table>> Run(const PlanPtr& plan) {
    RunMetrics metrics;
    ARROW_ASSIGN_OR_RAISE(const PlanPtr better, Optimize(plan));
    ARROW_ASSIGN_OR_RAISE(const auto outcome, ExecutePlans({better}, context, &metrics));
    return arrow::ConcatenateTables(outcome.tables[0]);
  }
};

ExpressionPtr Column(const char* name) { return Expression::Column(name); }

PlanPtr WriteOf(const PlanPtr& child, const std::string& format, const std::string& path, std::vector<std::string> keys = {}) {
  WriteNode::Arguments arguments;
  arguments.format = format;
  arguments.path = path;
  arguments.partition_on = std::move(keys);
  if (format == "json") arguments.name_pattern = "part.*.json.gz";
  if (format == "parquet") arguments.format_options = {{"row_group_size", 200}};
  return WriteNode::Make(child, std::move(arguments)).ValueOrDie();
}

PlanPtr ScanOf(const std::string& format, const std::string& path, const TaskContext& context) {
  nlohmann::json options = nlohmann::json::object();
  if (format == "csv") options["blocksize"] = 2 << 20;
  return MakeScan(format, {path}, options, {}, context).ValueOrDie();
}

PlanPtr GroupedByKey(const PlanPtr& child) {
  AggregateNode::Arguments arguments;
  arguments.keys = {"k"};
  arguments.aggregates = {{"n", "size", "", nullptr},       {"sum", "sum", "id", nullptr},     {"max", "max", "x", nullptr},
                          {"texts", "nunique", "text", {}}, {"first", "first", "id", nullptr}, {"last", "last", "id", nullptr}};
  return AggregateNode::Make(child, std::move(arguments)).ValueOrDie();
}

class Concurrency : public ::testing::Test {
 protected:
  /// The same rows in three formats.
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    Runs runs(false, 1000);
    const auto table = TableNode::Make({MakeRows()}).ValueOrDie();
    for (const char* format : {"csv", "json", "parquet"}) {
      const auto written = runs.Run(WriteOf(table, format, *folder_ / format));
      ASSERT_TRUE(written.ok()) << written.status();
    }
  }
  static void TearDownTestSuite() { folder_.reset(); }

  /// The rows of all three, one format after the other, but for every second one.
  static PlanPtr OddRows(const TaskContext& context) {
    std::vector<PlanPtr> scans;
    for (const char* format : {"csv", "json", "parquet"}) {
      scans.push_back(ProjectNode::Make(ScanOf(format, *folder_ / format, context), {"id", "k", "x", "text"},
                                        {Column("id"), Column("k"), Column("x"), Column("text")})
                          .ValueOrDie());
    }
    const auto two = Expression::Literal(arrow::MakeScalar(int64_t{2}));
    const auto one = Expression::Literal(arrow::MakeScalar(int64_t{1}));
    const auto odd = Expression::Call("eq", {Expression::Call("mod", {Column("id"), two}), one});
    return FilterNode::Make(UnionNode::Make(std::move(scans)).ValueOrDie(), odd).ValueOrDie();
  }

  /// What GroupedByKey gives of `copies` times OddRows' rows of one format.
  static void ExpectGroups(const arrow::Table& table, int64_t copies, bool in_order) {
    struct Group {
      int64_t rows = 0, sum = 0, first = -1, last = 0;
    };
    std::map<std::string, Group> groups;
    for (int64_t id = 1; id < kRows; id += 2) {
      if (KeyOf(id).empty()) continue;
      Group& group = groups[KeyOf(id)];
      group.rows += 1;
      group.sum += id;
      if (group.first < 0) group.first = id;
      group.last = id;
    }
    ASSERT_EQ(table.num_rows(), static_cast<int64_t>(groups.size()));
    const auto value = [&](const char* column, int64_t row) {
      return table.GetColumnByName(column)->GetScalar(row).ValueOrDie()->ToString();
    };
    int64_t row = 0;
    for (const auto& [key, group] : groups) {
      EXPECT_EQ(value("k", row), key);
      EXPECT_EQ(value("n", row), std::to_string(copies * group.rows)) << key;
      EXPECT_EQ(value("sum", row), std::to_string(copies * group.sum)) << key;
      EXPECT_EQ(std::stod(value("max", row)), static_cast<double>(group.last) / 2) << key;
      EXPECT_EQ(value("texts", row), std::to_string(group.rows)) << key;
      if (in_order) {
        EXPECT_EQ(value("first", row), std::to_string(group.first)) << key;
        EXPECT_EQ(value("last", row), std::to_string(group.last)) << key;
      }
      ++row;
    }
  }

  static inline std::unique_ptr<TempDir> folder_;
};

TEST_F(Concurrency, GroupsRowsOfAllFormats) {
  for (const bool force_spill : {false, true}) {
    Runs runs(force_spill);
    const auto groups = runs.Run(GroupedByKey(OddRows(runs.context)));
    ASSERT_TRUE(groups.ok()) << groups.status();
    ExpectGroups(**groups, 3, /*in_order=*/true);
  }
}

TEST_F(Concurrency, WritesByKey) {
  for (const bool force_spill : {false, true}) {
    Runs runs(force_spill);
    const std::string out = runs.dir / "out";
    const auto written = runs.Run(WriteOf(OddRows(runs.context), "parquet", out, {"k"}));
    ASSERT_TRUE(written.ok()) << written.status();
    const auto groups = runs.Run(GroupedByKey(ScanOf("parquet", out, runs.context)));
    ASSERT_TRUE(groups.ok()) << groups.status();
    ExpectGroups(**groups, 3, /*in_order=*/false);
  }
}

TEST_F(Concurrency, WritesOneFileInOrder) {
  Runs runs;
  const std::string out = runs.dir / "all.json.gz";
  WriteNode::Arguments arguments;
  arguments.format = "json";
  arguments.path = out;
  arguments.single_file = true;
  const auto written = runs.Run(WriteNode::Make(OddRows(runs.context), std::move(arguments)).ValueOrDie());
  ASSERT_TRUE(written.ok()) << written.status();
  const auto read = runs.Run(ProjectNode::Make(ScanOf("json", out, runs.context), {"id"}, {Column("id")}).ValueOrDie());
  ASSERT_TRUE(read.ok()) << read.status();
  const auto ids = (*read)->CombineChunks().ValueOrDie()->column(0)->chunk(0);
  ASSERT_EQ(ids->length(), 3 * kRows / 2);
  for (int64_t i = 0; i < ids->length(); ++i) {
    ASSERT_EQ(static_cast<const arrow::Int64Array&>(*ids).Value(i), i % (kRows / 2) * 2 + 1);
  }
}

TEST_F(Concurrency, RunsShareAPool) {
  Runs runs;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&runs] {
      const auto groups = runs.Run(GroupedByKey(OddRows(runs.context)));
      ASSERT_TRUE(groups.ok()) << groups.status();
      ExpectGroups(**groups, 3, /*in_order=*/true);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Concurrency, CancelledRunsLeaveNothing) {
  int cancelled = 0;
  for (int i = 0; i < 12; ++i) {
    Runs runs(/*force_spill=*/i % 2 == 1);
    const std::string out = runs.dir / "out";
    const PlanPtr rows = OddRows(runs.context);
    const PlanPtr plan = i % 3 == 0   ? GroupedByKey(rows)
                         : i % 3 == 1 ? WriteOf(rows, "parquet", out, {"k"})
                                      : WriteOf(rows, "json", out);
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5 * i));
      runs.cancel.Cancel();
    });
    const Status status = runs.Run(plan).status();
    canceller.join();
    EXPECT_TRUE(status.ok() || status.IsCancelled()) << status;
    if (status.ok()) continue;
    ++cancelled;
    EXPECT_FALSE(stdfs::exists(out)) << "after " << 5 * i << " ms";
  }
  EXPECT_GT(cancelled, 0);
}

TEST_F(Concurrency, TheCauseIsReportedWhereAllThreadsFail) {
  RegisterNativeFunction("always_fails", [](const auto&, int64_t, const auto&) -> Result<std::shared_ptr<arrow::Table>> {
    return Status::Invalid("no luck");
  });
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  for (int i = 0; i < 12; ++i) {
    Runs runs(/*force_spill=*/i % 2 == 1);
    const std::string out = runs.dir / "out";
    PlanPtr failing = OddRows(runs.context);
    if (i % 3 == 0) {
      failing = MapPartitionsNode::Make(failing, {"unlucky", "native", "always_fails", schema}).ValueOrDie();
    } else {
      const auto number = Expression::Call("cast", {Column("text")}, {{"to", "int64"}});
      failing = ProjectNode::Make(failing, {"n", "k"}, {number, Column("k")}).ValueOrDie();
    }
    const Status status = runs.Run(i % 4 < 2 ? WriteOf(failing, "json", out) : failing).status();
    EXPECT_TRUE(status.IsInvalid()) << status;
    EXPECT_FALSE(stdfs::exists(out));
  }
}

/// Fails at the first read, slowly enough for all threads to wait for it.
struct FailingReader final : SplitReader {
  explicit FailingReader(std::atomic<int>* reads) : reads(reads) {}
  Result<std::unique_ptr<Morsel>> Next() override {
    ++*reads;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return Status::IOError("the disk is gone");
  }
  int64_t bytes_read() const override { return 0; }
  std::atomic<int>* reads;
};

/// Runs `partitions` partitions of a morsel each, which takes what `work` does, on kThreads threads; returns how many morsels
/// were decoded at once at most.
int MostAtOnce(
    const TaskContext& context, int partitions,
    const std::function<void()>& work = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  PartitionSources sources;
  for (int i = 0; i < partitions; ++i) {
    sources.push_back(SourceFromFunction([&](const EmitBatch&) {
      const int together = ++now;
      for (int seen = most; seen < together && !most.compare_exchange_weak(seen, together);) {
      }
      work();
      --now;
      return Status::OK();
    }));
  }
  RunMetrics metrics;
  std::map<const PlanNode*, OperatorMetrics*> node_metrics;
  const auto runner = MakeLocalStageRunner(context, &metrics, &node_metrics);
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  const auto input = StageInputNode::Make(0, schema, partitions).ValueOrDie();
  EXPECT_TRUE(runner->Submit({1, input, {0}}, {{0, sources}}).ok());
  EXPECT_TRUE(runner->NextCompleted().ok());
  EXPECT_EQ(metrics.steps_total, partitions + 1);
  EXPECT_EQ(metrics.steps_done, partitions + 1);
  return most;
}

TEST(LocalStageRunner, BeginsOneMorselAfterTheOtherWhereMemoryIsScarce) {
  Runs runs;
  EXPECT_GT(MostAtOnce(runs.context, 20), 1);
  Reservation taken(runs.budget.get());
  ASSERT_TRUE(taken.TryResize(kLimit / 32 * 31));
  EXPECT_EQ(MostAtOnce(runs.context, 20), 1);
}

TEST(LocalStageRunner, HoldsNoMorselBackForOneThatWaitsForIt) {
  Runs runs;
  Reservation taken(runs.budget.get());
  ASSERT_TRUE(taken.TryResize(kLimit / 32 * 31));
  std::mutex mutex;
  std::condition_variable changed;
  int there = 0;
  EXPECT_EQ(MostAtOnce(runs.context, kThreads,
                       [&] {
                         std::unique_lock lock(mutex);
                         ++there;
                         changed.notify_all();
                         changed.wait(lock, [&] { return there == kThreads; });
                       }),
            kThreads);
}

TEST(LocalStageRunner, AsksNoReaderAgainThatFailed) {
  for (const bool opens : {true, false}) {
    Runs runs;
    std::atomic<int> reads{0};
    PartitionSource source;
    source.open = [&]() -> Result<std::unique_ptr<SplitReader>> {
      if (!opens) return FailingReader(&reads).Next().status();
      return std::make_unique<FailingReader>(&reads);
    };
    RunMetrics metrics;
    std::map<const PlanNode*, OperatorMetrics*> node_metrics;
    const auto runner = MakeLocalStageRunner(runs.context, &metrics, &node_metrics);
    const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
    ASSERT_TRUE(runner->Submit({1, StageInputNode::Make(0, schema, 1).ValueOrDie(), {0}}, {{0, {source}}}).ok());
    const Status status = runner->NextCompleted().status();
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_EQ(reads, 1);
  }
}

}  // namespace
}  // namespace millstream
