// GroupBy against an oracle that keeps every row, over random types, data, threads, batch sizes and memory limits.
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "millstream/exec/group_by.h"
#include "millstream/memory/budget_pool.h"
#include "millstream/testing/arrow_json.h"

namespace millstream {
namespace {

using millstream::testing::BatchFromJson;
using millstream::testing::RowsAsJson;
using nlohmann::json;

/// Key types whose values JSON can write and read back.
const std::vector<std::shared_ptr<arrow::DataType>>& KeyTypes() {
  static const std::vector<std::shared_ptr<arrow::DataType>> types = {
      arrow::int64(),     arrow::int8(),
      arrow::uint32(),    arrow::boolean(),
      arrow::float64(),   arrow::float32(),
      arrow::utf8(),      arrow::large_utf8(),
      arrow::utf8_view(), arrow::decimal128(10, 2),
      arrow::null(),      arrow::dictionary(arrow::int8(), arrow::utf8())};
  return types;
}

json RandomKey(const arrow::DataType& type, std::mt19937* random) {
  const int number = static_cast<int>((*random)() % 20);
  if ((*random)() % 8 == 0 || type.id() == arrow::Type::NA) return nullptr;
  if (type.id() == arrow::Type::BOOL) return number % 2 == 0;
  if (arrow::is_floating(type.id())) return number == 0 ? json("NaN") : number == 1 ? json(-0.0) : json((number - 10) / 2.0);
  if (arrow::is_decimal(type.id())) return std::to_string(number - 10) + ".25";
  if (type.id() == arrow::Type::UINT32) return number;
  if (arrow::is_integer(type.id())) return number - 10;
  return std::string(number, 'x') + std::to_string(number % 5);
}

json RandomText(std::mt19937* random) {
  if ((*random)() % 6 == 0) return nullptr;
  return std::string((*random)() % 30, static_cast<char>('a' + (*random)() % 4));
}

/// All rows of a group, in order.
struct OracleGroup {
  std::vector<json> numbers;
  std::vector<json> texts;
};

/// size, sum, count, min, max, first, last, nunique of what the group has.
json Expected(const OracleGroup& group) {
  int64_t sum = 0;
  int64_t count = 0;
  for (const json& number : group.numbers) {
    if (number.is_null()) continue;
    sum += number.get<int64_t>();
    ++count;
  }
  std::vector<json> present;
  for (const json& text : group.texts) {
    if (!text.is_null()) present.push_back(text);
  }
  const std::set<json> distinct(present.begin(), present.end());
  json row = {group.numbers.size(), sum, count};
  for (const json& value :
       {distinct.empty() ? json() : *distinct.begin(), distinct.empty() ? json() : *distinct.rbegin(),
        present.empty() ? json() : present.front(), present.empty() ? json() : present.back(), json(distinct.size())}) {
    row.push_back(value);
  }
  return row;
}

/// Ascending with missing last.
bool KeysInOrder(const json& a, const json& b, const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  for (size_t i = 0; i < types.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (a[i].is_null() || b[i].is_null()) return b[i].is_null();
    if (arrow::is_decimal(types[i]->id())) return std::stod(a[i].get<std::string>()) < std::stod(b[i].get<std::string>());
    return a[i] < b[i];
  }
  return false;
}

struct Scenario {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  std::shared_ptr<arrow::Schema> schema;
  GroupBy::Options options;
  std::vector<json> batches;
  std::map<json, OracleGroup> oracle;
};

Scenario MakeScenario(uint32_t seed) {
  std::mt19937 random(seed);
  Scenario scenario;
  arrow::FieldVector fields;
  for (size_t keys = random() % 4; scenario.types.size() < keys;) {
    scenario.types.push_back(KeyTypes()[random() % KeyTypes().size()]);
    scenario.options.keys.push_back(static_cast<int>(fields.size()));
    fields.push_back(arrow::field("key", scenario.types.back()));
  }
  const int number = static_cast<int>(fields.size());
  fields.push_back(arrow::field("number", arrow::int32()));
  fields.push_back(arrow::field("text", random() % 2 ? arrow::utf8() : arrow::utf8_view()));
  scenario.schema = arrow::schema(fields);
  scenario.options.aggregates = {
      {"size", -1, nullptr, "size"}, {"sum", number, nullptr, "sum"}, {"count", number, nullptr, "count"}};
  for (const char* function : {"min", "max", "first", "last", "nunique"}) {
    scenario.options.aggregates.push_back({function, number + 1, nullptr, function});
  }
  scenario.options.sort = random() % 2;
  scenario.options.dropna = random() % 2;
  if (scenario.types.empty()) scenario.oracle[json::array()];
  for (size_t batches = random() % 6; scenario.batches.size() < batches;) {
    json batch = json::array();
    for (size_t rows = random() % 300; batch.size() < rows;) {
      json key = json::array();
      bool missing = false;
      json row = json::array();
      for (const auto& type : scenario.types) {
        row.push_back(RandomKey(*type, &random));
        key.push_back(row.back() == "NaN" ? json() : row.back() == -0.0 ? json(0.0) : row.back());
        missing |= key.back().is_null();
      }
      row.push_back(random() % 5 == 0 ? json() : json(static_cast<int>(random() % 1000) - 500));
      row.push_back(RandomText(&random));
      if (!missing || !scenario.options.dropna) {
        auto& group = scenario.oracle[key];
        group.numbers.push_back(row[number]);
        group.texts.push_back(row[number + 1]);
      }
      batch.push_back(std::move(row));
    }
    scenario.batches.push_back(std::move(batch));
  }
  return scenario;
}

TEST(GroupByProperty, AgreesWithAnOracle) {
  EXPECT_TRUE(rc::check("groups are those of the oracle, in order", [] {
    const Scenario scenario = MakeScenario(*rc::gen::arbitrary<uint32_t>());
    TaskContext context = UnlimitedContext();
    context.temp_dir = ::testing::TempDir();
    context.batch_rows = *rc::gen::element<int64_t>(2, 7, 1000);
    context.force_spill = *rc::gen::arbitrary<bool>();
    const int threads = *rc::gen::inRange(1, 4);
    auto group_by = *GroupBy::Make(scenario.schema, scenario.options, context, threads);
    std::vector<std::thread> consumers;
    for (int thread = 0; thread < threads; ++thread) {
      consumers.emplace_back([&, thread] {
        for (size_t i = thread; i < scenario.batches.size(); i += threads) {
          const auto batch = *BatchFromJson(scenario.schema, scenario.batches[i]);
          const Status status = group_by->Consume(thread, *batch, static_cast<int64_t>(i / 3), static_cast<int64_t>(i % 3));
          if (!status.ok()) throw std::runtime_error(status.ToString());
        }
      });
    }
    for (auto& consumer : consumers) consumer.join();
    std::vector<json> rows;
    const Status status = group_by->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) {
      for (auto& row : RowsAsJson(*batch)) rows.push_back(std::move(row));
      return batch->num_rows() <= context.batch_rows ? batch->ValidateFull() : Status::Invalid("too many rows");
    });
    if (!status.ok()) RC_FAIL(status.ToString());
    const size_t keys = scenario.types.size();
    std::map<json, json> results;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i > 0 && scenario.options.sort) RC_ASSERT(KeysInOrder(rows[i - 1], rows[i], scenario.types));
      const auto states = rows[i].begin() + static_cast<std::ptrdiff_t>(keys);
      results[json(std::vector<json>(rows[i].begin(), states))] = json(std::vector<json>(states, rows[i].end()));
    }
    RC_ASSERT(rows.size() == results.size());
    RC_ASSERT(results.size() == scenario.oracle.size());
    for (const auto& [key, group] : scenario.oracle) RC_ASSERT(results[key] == Expected(group));
  }));
}

/// A session's memory, small.
struct SmallMemory {
  explicit SmallMemory(int64_t limit) : budget(std::make_shared<MemoryBudget>(limit)), pool(budget, limit / 8) {
    context.budget = budget.get();
    context.pool = &pool;
    context.temp_dir = ::testing::TempDir();
    context.batch_rows = 4096;
  }
  std::shared_ptr<MemoryBudget> budget;
  BudgetPool pool;
  TaskContext context;
};

/// Feeds `batches` batches of 8,192 rows, made by `fill(row, ints, texts)`, by two threads.
Status ConsumeAll(GroupBy* group_by, const std::shared_ptr<arrow::Schema>& schema, int batches,
                  const std::function<Status(int64_t, arrow::Int64Builder*, arrow::StringBuilder*)>& fill) {
  Status statuses[2];
  const auto consume = [&](int thread) -> Status {
    for (int b = thread; b < batches; b += 2) {
      arrow::Int64Builder ints;
      arrow::StringBuilder texts;
      for (int64_t i = 0; i < 8192; ++i) ARROW_RETURN_NOT_OK(fill(int64_t{8192} * b + i, &ints, &texts));
      const auto batch = arrow::RecordBatch::Make(schema, 8192, {*ints.Finish(), *texts.Finish()});
      ARROW_RETURN_NOT_OK(group_by->Consume(thread, *batch, 0, b));
    }
    return Status::OK();
  };
  std::thread other([&] { statuses[1] = consume(1); });
  statuses[0] = consume(0);
  other.join();
  return statuses[0] & statuses[1];
}

const std::shared_ptr<arrow::Schema>& IntText() {
  static const auto schema = arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8())});
  return schema;
}

/// Memory for nearly nothing, for some, for all: on disk, deeper on disk, and merged by partition without lookups before.
class GroupByMemoryLimits : public ::testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Megabytes, GroupByMemoryLimits, ::testing::Values(2, 24, 2048));

TEST_P(GroupByMemoryLimits, HoldForAMillionGroups) {
  SmallMemory memory(GetParam() << 20);
  auto group_by = *GroupBy::Make(IntText(), {{0}, {{"size", -1, nullptr, "n"}}, true, true}, memory.context, 2);
  // Every key twice, far apart.
  constexpr int64_t kRows = 256 * 8192;
  ASSERT_EQ(ConsumeAll(group_by.get(), IntText(), 256,
                       [](int64_t row, auto* ints, auto* texts) {
                         ARROW_RETURN_NOT_OK(ints->Append(row % (kRows / 2) * 7919 % (kRows / 2)));
                         return texts->AppendNull();
                       }),
            Status::OK());
  int64_t groups = 0;
  ASSERT_EQ(group_by->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) {
    const auto& keys = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& sizes = static_cast<const arrow::Int64Array&>(*batch->column(1));
    for (int64_t i = 0; i < batch->num_rows(); ++i, ++groups) {
      if (keys.Value(i) != groups || sizes.Value(i) != 2) return Status::Invalid("group ", keys.Value(i), " at ", groups);
    }
    return Status::OK();
  }),
            Status::OK());
  EXPECT_EQ(groups, kRows / 2);
  EXPECT_LE(memory.budget->peak(), memory.budget->limit());
  EXPECT_EQ(group_by->metrics().spilled_bytes > 0, GetParam() < 2048);
  EXPECT_EQ(group_by->metrics().rows_in, kRows);
  EXPECT_EQ(group_by->metrics().groups, kRows / 2);
}

TEST(GroupByMemory, LongTextsAndTheirStatesGoToDiskAndComeBack) {
  SmallMemory memory(3 << 20);
  const std::vector<AggregateSpec> specs = {
      {"first", 0, nullptr, "first"}, {"last", 1, nullptr, "last"}, {"nunique", 0, nullptr, "n"}};
  auto group_by = *GroupBy::Make(IntText(), {{1}, specs, true, true}, memory.context, 2);
  constexpr int64_t kGroups = 20 * 1024;
  const auto text = [](int64_t group) { return "a text of some length, of group " + std::to_string(1000000 + group); };
  ASSERT_EQ(ConsumeAll(group_by.get(), IntText(), 20,
                       [&](int64_t row, auto* ints, auto* texts) {
                         ARROW_RETURN_NOT_OK(ints->Append(row));
                         return texts->Append(text(row % kGroups));
                       }),
            Status::OK());
  int64_t group = 0;
  ASSERT_EQ(group_by->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
    for (const auto& row : RowsAsJson(*batch)) {
      const json expected = {text(group), group, text(group), 8};
      if (row != expected) return Status::Invalid(row.dump(), " is not ", expected.dump());
      ++group;
    }
    return Status::OK();
  }),
            Status::OK());
  EXPECT_EQ(group, kGroups);
  EXPECT_GT(group_by->metrics().spilled_bytes, 0);
}

TEST(GroupByMemory, SaysWhatDidNotFit) {
  SmallMemory memory(64 << 10);
  auto group_by = *GroupBy::Make(IntText(), {{1}, {}, true, true}, memory.context, 1);
  const auto batch = *BatchFromJson(IntText(), json::array({json::array({1, std::string(100 << 10, 'x')})}));
  const Status status = group_by->Consume(0, *batch, 0, 0);
  EXPECT_TRUE(status.IsOutOfMemory()) << status;
  EXPECT_NE(status.message().find("memory limit"), std::string::npos) << status;
}

TEST(GroupByMemory, NamesAFolderItCannotSpillTo) {
  SmallMemory memory(2 << 20);
  memory.context.force_spill = true;
  memory.context.temp_dir = "/nowhere/at/all";
  auto group_by = *GroupBy::Make(IntText(), {{0}, {}, true, true}, memory.context, 1);
  const Status status = group_by->Consume(0, **BatchFromJson(IntText(), json::parse("[[1, null]]")), 0, 0);
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find("/nowhere/at/all"), std::string::npos) << status;
}

/// A group-by of `threads` threads that holds most of `memory`, having taken `rows` rows of groups 0, 1, ...
std::unique_ptr<GroupBy> Full(const SmallMemory& memory, int threads, int64_t* rows) {
  auto group_by = *GroupBy::Make(IntText(), {{0}, {{"sum", 0, nullptr, "sum"}}, true, true}, memory.context, threads);
  *rows = 0;
  for (int i = 0; memory.budget->available() > memory.budget->limit() * 3 / 10; ++i) {
    json batch = json::array();
    for (int j = 0; j < 256; ++j) batch.push_back({(*rows)++, nullptr});
    EXPECT_EQ(group_by->Consume(i % threads, **BatchFromJson(IntText(), batch), 0, i), Status::OK());
  }
  return group_by;
}

TEST(GroupByMemory, GivesMemoryBackToOthersThatAreShort) {
  for (const int threads : {1, 3}) {
    SmallMemory memory(4 << 20);
    int64_t rows = 0;
    auto group_by = Full(memory, threads, &rows);
    const int64_t wanted = memory.budget->limit() * 8 / 10;
    uint8_t* block = nullptr;
    ASSERT_EQ(memory.context.pool->Allocate(wanted, &block), Status::OK());
    memory.context.pool->Free(block, wanted);
    int64_t group = 0;
    ASSERT_EQ(group_by->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
      for (const auto& row : RowsAsJson(*batch)) {
        if (row != json({group, group})) return Status::Invalid(row.dump(), " is not of group ", group);
        ++group;
      }
      return Status::OK();
    }),
              Status::OK());
    EXPECT_EQ(group, rows);
    EXPECT_GT(group_by->metrics().spilled_bytes, 0);
  }
}

/// A disk that is full from `bytes` of each file on.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_;
  void (*handler_)(int);
};

TEST(GroupByMemory, ATableOfWhichHalfWentToDiskIsNotUsedAgain) {
  SmallMemory memory(16 << 20);
  const auto schema = arrow::schema({arrow::field("s", arrow::utf8())});
  auto group_by = *GroupBy::Make(schema, {{0}, {{"nunique", 0, nullptr, "n"}}, true, true}, memory.context, 2);
  const std::string tail(100, 'x');
  for (int b = 0; memory.budget->available() > memory.budget->limit() / 2; ++b) {
    json batch = json::array();
    for (int i = 0; i < 256; ++i) batch.push_back({std::to_string(b * 256 + i) + tail});
    ASSERT_EQ(group_by->Consume(b % 2, **BatchFromJson(schema, batch), 0, b), Status::OK());
  }
  const FullDisk full(100'000);
  uint8_t* block = nullptr;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(memory.context.pool->Allocate(memory.budget->limit() * 9 / 10, &block).IsOutOfMemory());
  }
  const auto again = *BatchFromJson(schema, json::array({json::array({"0" + tail})}));
  EXPECT_TRUE(group_by->Consume(0, *again, 0, 1'000).IsIOError());
  EXPECT_TRUE(group_by->Finish([](const auto&) { return Status::OK(); }).IsIOError());
}

TEST(GroupByMemory, ATableThatCannotBeginToGoToDiskIsWhole) {
  SmallMemory memory(4 << 20);
  memory.context.temp_dir = "/nowhere/at/all";
  int64_t rows = 0;
  auto group_by = Full(memory, 1, &rows);
  const int64_t wanted = memory.budget->limit() * 8 / 10;
  uint8_t* block = nullptr;
  EXPECT_TRUE(memory.context.pool->Allocate(wanted, &block).IsOutOfMemory());
  int64_t found = 0;
  EXPECT_EQ(group_by->Finish([&](const std::shared_ptr<arrow::RecordBatch>& batch) {
    found += batch->num_rows();
    return Status::OK();
  }),
            Status::OK());
  EXPECT_EQ(found, rows);
}

TEST(GroupByMemory, StopsWhenCancelled) {
  CancelToken cancel;
  TaskContext context = UnlimitedContext();
  context.cancel = &cancel;
  auto group_by = *GroupBy::Make(IntText(), {{0}, {}, true, true}, context, 1);
  cancel.Cancel();
  EXPECT_TRUE(group_by->Consume(0, **BatchFromJson(IntText(), json::parse("[[1, null]]")), 0, 0).IsCancelled());
}

}  // namespace
}  // namespace millstream
