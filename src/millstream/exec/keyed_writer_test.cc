#include <sys/resource.h>

#include "millstream/exec/writer_testing.h"

namespace millstream {
namespace {

TEST(KeyedWriter, WritesDirectoriesByValue) {
  Write write;
  const auto columns = schema({field("v", arrow::int64()), field("type", arrow::utf8()), field("repo", arrow::utf8())});
  const auto batch = BatchOf(columns, R"([{"v": 0, "type": "Push", "repo": "a/b"}, {"v": 1, "type": "Fork", "repo": "a/b"},
                                          {"v": 2, "type": "Push", "repo": "c%d"}, {"v": 3, "type": "Push", "repo": "a/b"}])");
  ASSERT_TRUE(write.Begin(columns, {"type", "repo"}).ok());
  ASSERT_TRUE(write.One({batch, batch->Slice(3)}).ok());
  const auto files = write.End().ValueOrDie();
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[1].name, "type=Push/repo=a%2Fb/part.0.parquet");
  EXPECT_EQ(files[1].rows, 3);
  const auto tables = write.Read();
  EXPECT_EQ(Values(*tables.at("type=Push/repo=a%2Fb/part.0.parquet")), (std::vector<int64_t>{0, 3, 3}));
  EXPECT_EQ(Values(*tables.at("type=Push/repo=c%25d/part.0.parquet")), (std::vector<int64_t>{2}));
  EXPECT_EQ(Values(*tables.at("type=Fork/repo=a%2Fb/part.0.parquet")), (std::vector<int64_t>{1}));
  EXPECT_EQ(tables.at("type=Fork/repo=a%2Fb/part.0.parquet")->num_columns(), 1);
}

/// The paths of the rows {k: each of `json`} and the values that come back from them.
std::vector<std::string> Paths(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  const auto values = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(schema({field("k", type)}), values->length(), {values});
  return GroupByPath(*batch, {0}, schema({}), arrow::default_memory_pool()).ValueOrDie().paths;
}

TEST(KeyedWriter, NamesDirectoriesAsPandasPrintsValues) {
  using List = std::vector<std::string>;
  const std::string none = "k=__HIVE_DEFAULT_PARTITION__/";
  EXPECT_EQ(Paths(arrow::utf8(), R"(["a/b", "50%", "é", ".", "..", "a\tb", "", null, "a=b"])"),
            (List{"k=a%2Fb/", "k=50%25/", "k=é/", "k=%2E/", "k=%2E./", "k=a%09b/", none, "k=a%3Db/"}));
  EXPECT_EQ(Paths(arrow::int64(), "[1, -5, null, 9223372036854775807, 1]"),
            (List{"k=1/", "k=-5/", none, "k=9223372036854775807/"}));
  EXPECT_EQ(Paths(arrow::float64(), "[1, 0.1, 0.0, -0.0, NaN, null, 1e16, 1e-5, 123456789.5, Inf]"),
            (List{"k=1.0/", "k=0.1/", "k=0.0/", none, "k=1e+16/", "k=1e-05/", "k=123456789.5/", "k=inf/"}));
  EXPECT_EQ(Paths(arrow::float32(), "[0.1]"), (List{"k=0.1/"}));
  EXPECT_EQ(Paths(arrow::boolean(), "[true, false, null]"), (List{"k=True/", "k=False/", none}));
  EXPECT_EQ(Paths(arrow::date32(), "[0, 18292]"), (List{"k=1970-01-01/", "k=2020-01-31/"}));
  EXPECT_EQ(Paths(arrow::timestamp(arrow::TimeUnit::MILLI), "[1580472000000, 1580472000500]"),
            (List{"k=2020-01-31 12%3A00%3A00/", "k=2020-01-31 12%3A00%3A00.500000/"}));
  EXPECT_EQ(Paths(arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), "[1]"),
            (List{"k=1970-01-01 00%3A00%3A00.000000001+00%3A00/"}));
  EXPECT_EQ(Paths(arrow::decimal128(5, 2), R"(["1.50"])"), (List{"k=1.50/"}));
  EXPECT_EQ(Paths(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a", null, "b", "a"])"), (List{"k=a/", none, "k=b/"}));
  EXPECT_EQ(Paths(arrow::large_utf8(), R"(["a"])"), (List{"k=a/"}));
  EXPECT_EQ(Paths(arrow::binary(), R"(["a"])"), (List{"k=a/"}));
}

TEST(KeyedWriter, RefusesWhatCannotBe) {
  const auto columns = schema({field("v", arrow::int64()), field("l", arrow::list(arrow::int64()))});
  Write write;
  EXPECT_TRUE(write.Begin(columns, {"absent"}).IsKeyError());
  EXPECT_TRUE(write.Begin(columns, {"l"}).IsTypeError());
  EXPECT_TRUE(write.Begin(columns, {"v", "v"}).IsInvalid());
  EXPECT_TRUE(write.Begin(schema({columns->field(0)}), {"v"}).IsInvalid());
  EXPECT_TRUE(write.Begin(columns, {"v"}, [](auto* options) { options->single_file = true; }).IsInvalid());
  EXPECT_TRUE(write.Begin(columns, {"v"}, [](auto* options) { options->name_pattern = "same.parquet"; }).IsInvalid());
}

TEST(KeyedWriter, KeepsTheOrderOfEachPartitionWithinAKey) {
  for (const int64_t share : {int64_t{0}, int64_t{1}, int64_t{3000}}) {
    Write write;
    write.context.threads = 3;
    const auto key = [](int64_t i) { return std::to_string(i % 7); };
    ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {"k"}, [&](auto* options) { options->share = share; }).ok());
    WriteFromThreads(&write, 4, 3, 40, 20, key);
    const auto files = write.End().ValueOrDie();
    EXPECT_TRUE(share != 0 || files.size() == 7u) << files.size();
    // A key's files by their flush; rows of one partition (800 of them) ascend from file to file.
    std::map<std::string, std::map<int64_t, std::vector<int64_t>>> by_key;
    for (const auto& [name, table] : write.Read()) {
      const size_t slash = name.find('/');
      const std::string file = name.substr(slash + 1);
      const size_t first_dot = file.find('.', 5);
      const std::string flush = file.substr(first_dot + 1);
      by_key[name.substr(0, slash)][flush == "parquet" ? 0 : std::stoll(flush)] = Values(*table);
    }
    ASSERT_EQ(by_key.size(), 7u);
    int64_t total = 0;
    for (const auto& [directory, flushes] : by_key) {
      std::map<int64_t, int64_t> last;
      for (const auto& [flush, values] : flushes) {
        for (const int64_t value : values) {
          EXPECT_EQ("k=" + std::to_string(value % 7), directory);
          const auto [at, is_new] = last.try_emplace(value / 800, -1);
          EXPECT_LT(at->second, value) << directory << " flush " << flush;
          at->second = value;
          ++total;
        }
      }
    }
    EXPECT_EQ(total, 2400);
  }
}

TEST(KeyedWriter, WritesThousandsOfKeysWithFewOpenFilesAndLittleMemory) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto budget = std::make_shared<MemoryBudget>(int64_t{32} << 20);
  BudgetPool pool(budget, 0);
  {
    Write write;
    write.context.pool = &pool;
    write.context.budget = budget.get();
    write.context.threads = 2;
    const auto key = [](int64_t i) { return "owner/" + std::to_string(i * 7919 % 1000); };
    ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {"k"}).ok());
    WriteFromThreads(&write, 2, 2, 4, 6000, key);
    const auto files = write.End().ValueOrDie();
    EXPECT_EQ(files.size(), 1000u);
    int64_t rows = 0;
    for (const auto& file : files) rows += file.rows;
    EXPECT_EQ(rows, 48000);
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LT(budget->peak(), int64_t{16} << 20);
}

TEST(KeyedWriter, CopiesWhatIsLeftOfLargeBatches) {
  // One key has nearly all rows and is flushed again and again; the others' few rows must not keep its batches in memory.
  const auto budget = std::make_shared<MemoryBudget>(int64_t{64} << 20);
  BudgetPool pool(budget, 0);
  Write write;
  write.context.pool = &pool;
  write.context.budget = budget.get();
  const auto key = [](int64_t i) { return i % 1000 == 0 ? "rare" + std::to_string(i % 3000) : std::string("common"); };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {"k"}, [](auto* options) { options->share = 1 << 20; }).ok());
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t i = 0; i < 300; ++i) ASSERT_TRUE(write.writer->Consume(0, 0, Rows(i * 20000, (i + 1) * 20000, key)).ok());
  ASSERT_TRUE(write.writer->MorselDone(0, 0).ok() && write.writer->PartitionDone(0, 1).ok());
  EXPECT_LT(budget->peak(), int64_t{16} << 20);  // of 48 MB of values
  const auto files = write.End().ValueOrDie();
  int64_t rare = 0;
  int64_t rows = 0;
  for (const auto& file : files) {
    rare += file.name.starts_with("k=rare");
    rows += file.rows;
  }
  EXPECT_EQ(rare, 3);
  EXPECT_EQ(rows, 6000000);
}

TEST(KeyedWriter, FilesHaveTheirOwnValuesOfLargeDictionariesSpilledOrNot) {
  // 6000 rows of 6000 texts of 16 bytes, in 100 keys.
  arrow::StringBuilder keys;
  arrow::StringBuilder texts;
  arrow::Int32Builder codes;
  for (int i = 0; i < 6000; ++i) {
    ASSERT_TRUE(keys.Append(std::to_string(i % 100)).ok() && codes.Append(i).ok());
    ASSERT_TRUE(texts.Append(std::to_string(1'000'000'000'000'000 + i)).ok());
  }
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto column = arrow::DictionaryArray::FromArrays(type, codes.Finish().ValueOrDie(), texts.Finish().ValueOrDie());
  const auto columns = schema({field("k", arrow::utf8()), field("c", type)});
  const auto batch = arrow::RecordBatch::Make(columns, 6000, {keys.Finish().ValueOrDie(), column.ValueOrDie()});
  for (const bool spills : {false, true}) {
    Write write;
    write.context.force_spill = spills;
    ASSERT_TRUE(write.Begin(columns, {"k"}).ok());
    ASSERT_TRUE(write.One({batch->Slice(0, 3000), batch->Slice(3000)}).ok());
    ASSERT_EQ(write.End().ValueOrDie().size(), 100u);
    EXPECT_EQ(write.writer->spilled_bytes() > 0, spills);
    for (const auto& [name, table] : write.Read()) {
      for (const auto& chunk : table->column(0)->chunks()) {
        EXPECT_EQ(static_cast<const arrow::DictionaryArray&>(*chunk).dictionary()->length(), 60) << name;
      }
    }
  }
}

TEST(KeyedWriter, MakesRoomWhereRowsTakeLessThanAByte) {
  // One key has an open file; then rows of a bit each come, fewer than a byte for each key.
  Write write;
  const auto columns = schema({field("k", arrow::utf8()), field("b", arrow::boolean())});
  const auto rows = [&](int64_t count, const std::function<std::string(int64_t)>& key) {
    arrow::StringBuilder keys;
    arrow::BooleanBuilder values;
    for (int64_t i = 0; i < count; ++i) EXPECT_TRUE(keys.Append(key(i)).ok() && values.Append(i % 2 == 0).ok());
    return arrow::RecordBatch::Make(columns, count, {keys.Finish().ValueOrDie(), values.Finish().ValueOrDie()});
  };
  ASSERT_TRUE(write.Begin(columns, {"k"}, [](auto* options) { options->share = 1; }).ok());
  ASSERT_TRUE(write.writer->Consume(0, 0, rows(600000, [](int64_t) { return "0"; })).ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(write.writer->Consume(0, 0, rows(9, [](int64_t row) { return std::to_string(row); })).ok());
  }
  ASSERT_TRUE(write.writer->MorselDone(0, 0).ok() && write.writer->PartitionDone(0, 1).ok());
  int64_t total = 0;
  for (const auto& file : write.End().ValueOrDie()) total += file.rows;
  EXPECT_EQ(total, 600027);
}

/// Rows of 1 kB with a column of every shape that writers treat in their own way.
std::shared_ptr<arrow::RecordBatch> LargeRows(int64_t rows, arrow::MemoryPool* pool) {
  const auto text = std::make_shared<arrow::StringBuilder>(pool);
  arrow::Int64Builder numbers(pool);
  arrow::ListBuilder lists(pool, std::make_shared<arrow::StringBuilder>(pool));
  arrow::StringDictionaryBuilder encoded(pool);
  for (int64_t i = 0; i < rows; ++i) {
    const std::string value = std::to_string(i) + std::string(1000, 'x');
    EXPECT_TRUE(text->Append(value).ok() && numbers.Append(i).ok() && encoded.Append("a").ok() && lists.Append().ok());
    EXPECT_TRUE(static_cast<arrow::StringBuilder*>(lists.value_builder())->Append("item").ok());
  }
  arrow::ArrayVector columns{text->Finish().ValueOrDie(), numbers.Finish().ValueOrDie(), lists.Finish().ValueOrDie(),
                             encoded.Finish().ValueOrDie()};
  columns.push_back(arrow::StructArray::Make({columns[0]}, {"text"}).ValueOrDie());
  arrow::FieldVector fields;
  for (const auto& column : columns) fields.push_back(field("c" + std::to_string(fields.size()), column->type()));
  return arrow::RecordBatch::Make(schema(fields), rows, std::move(columns));
}

TEST(FileWriter, KeepsNoPartOfALargeBatch) {
  for (const char* name : {"parquet", "avro", "csv", "json"}) {
    TaskContext context = UnlimitedContext();
    BudgetPool pool(std::make_shared<MemoryBudget>(int64_t{1} << 30), 0);
    context.pool = &pool;
    const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
    auto batch = LargeRows(8000, &pool);
    const auto writer = FindFormat(name).ValueOrDie()->OpenWriter(sink, batch->schema(), {}, context).ValueOrDie();
    ASSERT_TRUE(writer->Write(*batch->Slice(100, 20)).ok()) << name;
    ASSERT_TRUE(writer->Write(*batch->Slice(4000, 20)).ok()) << name;
    ASSERT_GT(pool.bytes_allocated(), 4 << 20);
    batch.reset();
    EXPECT_LT(pool.bytes_allocated(), 1 << 20) << name;
    ASSERT_TRUE(writer->Write(*LargeRows(20, &pool)).ok()) << name;
    EXPECT_TRUE(writer->Finish().ok()) << name;
  }
}

TEST(KeyedWriter, KeepsAFileOpenForEachOfFewKeys) {
  // Far more rows than the share: they go to open files as they come. Only what a thread has that falls far behind the others
  // holds rows up until they wait on disk.
  const auto budget = std::make_shared<MemoryBudget>(int64_t{128} << 20);
  BudgetPool pool(budget, 0);
  Write write;
  write.context.pool = &pool;
  write.context.budget = budget.get();
  write.context.threads = 3;
  const auto key = [](int64_t i) { return std::to_string(i % 6); };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {"k"}, [](auto* options) { options->share = 2 << 20; }).ok());
  WriteFromThreads(&write, 3, 2, 20, 20000, key);
  const auto files = write.End().ValueOrDie();
  EXPECT_EQ(files.size(), 6u);
  EXPECT_LT(write.writer->spilled_bytes(), 2 << 20);
  EXPECT_LT(budget->peak(), int64_t{24} << 20);
  int64_t total = 0;
  for (const auto& [name, table] : write.Read()) {
    const std::vector<int64_t> values = Values(*table);
    std::map<int64_t, int64_t> last;  // of each partition
    for (const int64_t value : values) {
      ASSERT_EQ("k=" + std::to_string(value % 6), name.substr(0, name.find('/')));
      const auto [at, is_new] = last.try_emplace(value / 400000, -1);
      ASSERT_LT(at->second, value) << name;
      at->second = value;
    }
    total += table->num_rows();
  }
  EXPECT_EQ(total, 800000);
}

/// The rows of `tables`, by directory; a directory's files in the order of their flushes.
std::map<std::string, std::vector<int64_t>> ByDirectory(const std::map<std::string, std::shared_ptr<arrow::Table>>& tables) {
  std::map<std::string, std::map<int64_t, std::vector<int64_t>>> files;
  for (const auto& [name, table] : tables) {
    const size_t slash = name.rfind('/');
    const std::string flush = name.substr(name.find('.', slash + 6) + 1);  // after "part.0."
    files[name.substr(0, slash)][flush == "parquet" ? INT64_MAX : std::stoll(flush)] = Values(*table);
  }
  std::map<std::string, std::vector<int64_t>> rows;
  for (const auto& [directory, flushes] : files) {
    for (const auto& [flush, values] : flushes) rows[directory].insert(rows[directory].end(), values.begin(), values.end());
  }
  return rows;
}

TEST(KeyedWriter, SpillsAtEveryOpportunityAndKeepsTheOrder) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    Write write;
    write.context.force_spill = true;
    write.context.batch_rows = 2;
    write.context.threads = 3;
    std::mt19937 random(seed);
    const auto key = [](int64_t i) { return i % 5 == 0 ? "" : "x" + std::to_string(i * 7919 % 11); };
    ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {"k"}).ok());
    // Threads take morsels of two batches of two rows, out of order within a window.
    std::vector<int64_t> morsels(90);
    for (size_t i = 0; i < morsels.size(); ++i) morsels[i] = static_cast<int64_t>(i);
    for (size_t i = 0; i + 10 <= morsels.size(); i += 10) std::shuffle(morsels.begin() + i, morsels.begin() + i + 10, random);
    std::atomic<size_t> next{0};
    const Status status = RunOnThreads(3, [&](int) -> Status {
      for (size_t i = next++; i < morsels.size(); i = next++) {
        const int64_t partition = morsels[i] / 30;
        const int64_t morsel = morsels[i] % 30;
        for (const int64_t row : {4 * morsels[i], 4 * morsels[i] + 2}) {
          ARROW_RETURN_NOT_OK(write.writer->Consume(partition, morsel, Rows(row, row + 2, key)));
        }
        ARROW_RETURN_NOT_OK(write.writer->MorselDone(partition, morsel));
      }
      return Status::OK();
    });
    ASSERT_TRUE(status.ok()) << status;
    for (const int64_t partition : {0, 1, 2}) ASSERT_TRUE(write.writer->PartitionDone(partition, 30).ok());
    const auto files = write.End().ValueOrDie();
    EXPECT_GT(write.writer->spilled_bytes(), 0);
    std::map<std::string, std::vector<int64_t>> expected;
    for (int64_t i = 0; i < 360; ++i) {
      expected["k=" + (key(i).empty() ? "__HIVE_DEFAULT_PARTITION__" : key(i))].push_back(i);
    }
    EXPECT_EQ(files.size(), expected.size());
    EXPECT_EQ(ByDirectory(write.Read()), expected);
  }
}

TEST(KeyedWriter, SpillsColumnsOfEveryKind) {
  const auto columns = schema(
      {field("k", arrow::int64()), field("v", arrow::int64()), field("c", arrow::dictionary(arrow::int32(), arrow::utf8())),
       field("l", arrow::list(arrow::struct_({field("x", arrow::utf8())}))), field("b", arrow::boolean())});
  const auto first = BatchOf(columns, R"([{"k": 1, "v": 0, "c": "a", "l": [{"x": "p"}, null], "b": true},
                                          {"k": 2, "v": 1, "c": null, "l": null, "b": null},
                                          {"k": 1, "v": 2, "c": "b", "l": [], "b": false}])");
  const auto second = BatchOf(columns, R"([{"k": 1, "v": 3, "c": "z", "l": [{"x": null}], "b": null}])");
  std::vector<std::map<std::string, std::shared_ptr<arrow::Table>>> read;
  for (const bool force_spill : {false, true}) {
    Write write;
    write.context.force_spill = force_spill;
    ASSERT_TRUE(write.Begin(columns, {"k"}).ok());
    ASSERT_TRUE(write.One({first, second}).ok());
    ASSERT_EQ(write.End().ValueOrDie().size(), 2u);
    EXPECT_EQ(write.writer->spilled_bytes() > 0, force_spill);
    read.push_back(write.Read());
  }
  for (const auto& [name, table] : read[0]) EXPECT_TRUE(read[1].at(name)->CombineChunks().ValueOrDie()->Equals(*table)) << name;
}

TEST(KeyedWriter, WritesFewFilesWithinAHardLimit) {
  constexpr int64_t kLimit = 64 << 20;
  const auto budget = std::make_shared<MemoryBudget>(kLimit);
  BudgetPool pool(budget, 0);
  Write write;
  write.context.pool = &pool;
  write.context.budget = budget.get();
  write.context.threads = 2;
  const std::string filler(80, 'f');
  const auto rows = [&](int64_t from, int64_t to) {
    arrow::StringBuilder keys(&pool), texts(&pool);
    arrow::Int64Builder values(&pool);
    for (int64_t i = from; i < to; ++i) {
      ARROW_UNUSED(keys.Append("owner/" + std::to_string(i * 7919 % 1500)));
      ARROW_UNUSED(values.Append(i));
      ARROW_UNUSED(texts.Append(std::to_string(i) + filler));
    }
    return arrow::RecordBatch::Make(schema({field("k", arrow::utf8()), field("v", arrow::int64()), field("t", arrow::utf8())}),
                                    to - from, {*keys.Finish(), *values.Finish(), *texts.Finish()});
  };
  constexpr int64_t kMorselRows = 30000;
  constexpr int64_t kMorsels = 40;  // 1.2 M rows of about 100 bytes
  ASSERT_TRUE(write.Begin(rows(0, 0)->schema(), {"k"}).ok());
  std::atomic<int64_t> next{0};
  const Status status = RunOnThreads(2, [&](int) -> Status {
    for (int64_t i = next++; i < kMorsels; i = next++) {
      ARROW_RETURN_NOT_OK(write.writer->Consume(0, i, rows(i * kMorselRows, (i + 1) * kMorselRows)));
      ARROW_RETURN_NOT_OK(write.writer->MorselDone(0, i));
    }
    return Status::OK();
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE(write.writer->PartitionDone(0, kMorsels).ok());
  const auto files = write.End();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_LE(files->size(), 3000u);
  EXPECT_GT(write.writer->spilled_bytes(), int64_t{50} << 20);
  EXPECT_LE(budget->peak(), kLimit);
  const auto by_directory = ByDirectory(write.Read());
  EXPECT_EQ(by_directory.size(), 1500u);
  int64_t count = 0;
  for (const auto& [directory, values] : by_directory) {
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end())) << directory;
    for (const int64_t value : values) ASSERT_EQ("k=owner%2F" + std::to_string(value * 7919 % 1500), directory);
    count += static_cast<int64_t>(values.size());
  }
  EXPECT_EQ(count, kMorsels * kMorselRows);
}

TEST(KeyedWriter, SaysWhereItCannotSpill) {
  Write write;
  write.context.force_spill = true;
  write.context.temp_dir = write.dir / "absent/folder";
  std::filesystem::remove_all(write.context.temp_dir);
  const auto key = [](int64_t i) { return std::to_string(i); };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {"k"}).ok());
  const Status status = write.writer->Consume(0, 0, Rows(0, 3, key));
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find("absent/folder"), std::string::npos) << status;
}

}  // namespace
}  // namespace millstream
