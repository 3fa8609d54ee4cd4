#include "millstream/format/parquet/parquet_format.h"

#include <cstring>

#include <arrow/compute/api.h>

#include "millstream/format/parquet/test_files.h"
#include "millstream/memory/budget_pool.h"

namespace millstream::parquet_format {
namespace {

using arrow::field;
using arrow::schema;

std::shared_ptr<arrow::Table> Numbers(int64_t rows) {
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(names.Append("name" + std::to_string(i % 100)).ok());
  }
  return arrow::Table::Make(schema({field("id", arrow::int64()), field("name", arrow::utf8())}),
                            {ids.Finish().ValueOrDie(), names.Finish().ValueOrDie()});
}

ExpressionPtr Compare(const char* function, const char* column, std::shared_ptr<arrow::Scalar> value) {
  return Expression::Call(function, {Expression::Column(column), Expression::Literal(std::move(value))});
}

int64_t Sum(const arrow::Table& table, const std::string& column) {
  return arrow::compute::Sum(table.GetColumnByName(column)).ValueOrDie().scalar_as<arrow::Int64Scalar>().value;
}

TEST(ParquetRead, GivesTheRowsOfAFileAtAnyBatchSize) {
  TempDir dir;
  const auto table = Numbers(1000);
  WriteWithArrow(dir / "a.parquet", *table, 300);
  for (int64_t batch_rows : {1, 2, 7, 300, 100000}) {
    const auto read = ReadFiles({dir / "a.parquet"}, {}, {}, nullptr, std::nullopt, SmallBatches(batch_rows));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE((*read)->Equals(*table)) << batch_rows;
  }
}

TEST(ParquetRead, GivesColumnsInTheOrderAskedFor) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(10));
  const auto read = ReadFiles({dir / "a.parquet"}, {}, {"name", "id"}).ValueOrDie();
  EXPECT_EQ(read->schema()->field(0)->name(), "name");
  EXPECT_EQ(Sum(*read, "id"), 45);
}

TEST(ParquetRead, CountsRowsWithoutColumns) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(10), 3);
  ReadRequest request{schema({}), nullptr, std::nullopt};
  const auto reader = ParquetFormat()->OpenSplit({Entry(dir / "a.parquet")}, request, {}, {}, SmallBatches(2)).ValueOrDie();
  int64_t rows = 0;
  while (auto morsel = reader->Next().ValueOrDie()) {
    ASSERT_TRUE(morsel
                    ->Decode([&](auto batch) {
                      rows += batch->num_rows();
                      return Status::OK();
                    })
                    .ok());
  }
  EXPECT_EQ(rows, 10);
}

TEST(ParquetRead, StopsAtTheLimit) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(1000), 100);
  for (int64_t limit : {0, 1, 99, 100, 101, 5000}) {
    const auto read = ReadFiles({dir / "a.parquet"}, {}, {}, nullptr, limit, SmallBatches(7)).ValueOrDie();
    EXPECT_EQ(read->num_rows(), std::min<int64_t>(limit, 1000));
  }
}

TEST(ParquetRead, SkipsRowGroupsThatCannotMatch) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(1000), 100);
  const auto rows = [&](const ExpressionPtr& filter) {
    return ReadFiles({dir / "a.parquet"}, {}, {}, filter).ValueOrDie()->num_rows();
  };
  const auto literal = [](int64_t value) { return arrow::MakeScalar(value); };
  EXPECT_EQ(rows(Compare("eq", "id", literal(250))), 100);
  EXPECT_EQ(rows(Compare("lt", "id", literal(100))), 100);
  EXPECT_EQ(rows(Compare("le", "id", literal(100))), 200);
  EXPECT_EQ(rows(Compare("gt", "id", literal(899))), 100);
  EXPECT_EQ(rows(Compare("ge", "id", literal(5000))), 0);
  EXPECT_EQ(rows(Compare("gt", "id", arrow::MakeScalar(898.5))), 200);
  EXPECT_EQ(rows(Expression::Call("and", {Compare("ge", "id", literal(150)), Compare("lt", "id", literal(350))})), 300);
  EXPECT_EQ(rows(Expression::Call("or", {Compare("lt", "id", literal(50)), Compare("ge", "id", literal(950))})), 200);
  EXPECT_EQ(rows(Expression::Call("not", {Compare("ge", "id", literal(100))})), 100);
  EXPECT_EQ(rows(Compare("eq", "name", arrow::MakeScalar("zebra"))), 0);
  EXPECT_EQ(rows(Expression::Call("is_null", {Expression::Column("id")})), 0);
  EXPECT_EQ(rows(Expression::Call("not_null", {Expression::Column("id")})), 1000);
  EXPECT_EQ(rows(Compare("eq", "unknown", literal(1))), 1000);
}

TEST(ParquetRead, LeavesOutValuesThatAreOnlyCounted) {
  TempDir dir;
  // Row groups of two rows: nothing missing, one number missing, one text missing, nothing missing.
  const auto columns = schema({field("i", arrow::int32()), field("b", arrow::boolean()), field("s", arrow::utf8()),
                               field("f", arrow::float64()), field("d", arrow::decimal128(20, 2)),
                               field("t", arrow::timestamp(arrow::TimeUnit::NANO)), field("l", arrow::list(arrow::int64()))});
  const auto rows = TableOf(columns, R"([
    {"i": 1, "b": true, "s": "aaaa", "f": 1.5, "d": "1.00", "t": 1, "l": [1]},
    {"i": 2, "b": true, "s": "b", "f": 2.5, "d": "2.00", "t": 2, "l": [2]},
    {"i": null, "b": true, "s": "c", "f": 3.5, "d": "3.00", "t": 3, "l": [3]},
    {"i": 4, "b": true, "s": "d", "f": null, "d": "4.00", "t": 4, "l": [4]},
    {"i": 5, "b": null, "s": null, "f": 4.5, "d": null, "t": null, "l": null},
    {"i": 6, "b": true, "s": "e", "f": 5.5, "d": "5.00", "t": 5, "l": [5]},
    {"i": 7, "b": true, "s": "f", "f": 6.5, "d": "6.00", "t": 6, "l": [6]}])");
  WriteWithArrow(dir / "a.parquet", *rows, 2);
  const auto request = [&](std::vector<std::string> counted) {
    return ReadRequest{columns, nullptr, std::nullopt, {}, std::move(counted), nullptr};
  };
  const auto read = ReadSplit({Entry(dir / "a.parquet")}, request(columns->field_names()), {}, SmallBatches(1)).ValueOrDie();
  ASSERT_EQ(read->num_rows(), 7);
  for (int c = 0; c < columns->num_fields(); ++c) {
    const bool decoded = columns->field(c)->name() == "f" || columns->field(c)->name() == "l";  // NaN; no single leaf
    EXPECT_EQ(read->column(c)->Equals(rows->column(c)), decoded) << columns->field(c)->name();
    for (int64_t row = 0; row < 7; ++row) {
      EXPECT_EQ(read->column(c)->GetScalar(row).ValueOrDie()->is_valid, rows->column(c)->GetScalar(row).ValueOrDie()->is_valid);
    }
  }
  const auto bytes = [&](const ReadRequest& wanted) {
    const auto reader = ParquetFormat()->OpenSplit({Entry(dir / "a.parquet")}, wanted, {}, {}, UnlimitedContext()).ValueOrDie();
    while (auto morsel = reader->Next().ValueOrDie()) EXPECT_TRUE(morsel->Decode([](auto) { return Status::OK(); }).ok());
    return reader->bytes_read();
  };
  EXPECT_LT(bytes(request({"i", "d", "t"})), bytes(request({})));
}

TEST(ParquetRead, IgnoresTheLimitWhereAFilterDecides) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(1000), 100);
  const auto filter = Compare("ge", "id", arrow::MakeScalar(int64_t{150}));
  EXPECT_EQ(ReadFiles({dir / "a.parquet"}, {}, {}, filter, 10).ValueOrDie()->num_rows(), 900);
}

TEST(ParquetRead, TakesColumnsByNameAndWidensTypes) {
  TempDir dir;
  const auto wide = schema({field("i", arrow::int64()), field("f", arrow::float64()), field("s", arrow::large_utf8())});
  const auto narrow = schema({field("s", arrow::utf8()), field("i", arrow::int32()), field("f", arrow::int32())});
  WriteWithArrow(dir / "1.parquet", *TableOf(wide, R"([{"i": 1, "f": 1.5, "s": "a"}])"));
  WriteWithArrow(dir / "2.parquet", *TableOf(narrow, R"([{"i": 2, "f": 2, "s": "b"}, {"i": null, "f": null, "s": null}])"));
  const auto read = ReadFiles({dir / "1.parquet", dir / "2.parquet"}).ValueOrDie();
  const auto expected = TableOf(wide, R"([{"i": 1, "f": 1.5, "s": "a"}, {"i": 2, "f": 2.0, "s": "b"}, {}])");
  EXPECT_TRUE(read->Equals(*expected)) << read->ToString();
}

TEST(ParquetRead, NamesFileAndColumnWhereSchemasDiffer) {
  TempDir dir;
  WriteWithArrow(dir / "1.parquet", *TableOf(schema({field("x", arrow::int32())}), R"([{"x": 1}])"));
  WriteWithArrow(dir / "2.parquet", *TableOf(schema({field("x", arrow::utf8())}), R"([{"x": "a"}])"));
  WriteWithArrow(dir / "3.parquet", *TableOf(schema({field("y", arrow::int32())}), R"([{"y": 1}])"));
  const Status differs = ReadFiles({dir / "1.parquet", dir / "2.parquet"}).status();
  EXPECT_TRUE(differs.IsTypeError()) << differs;
  EXPECT_NE(differs.message().find(dir / "2.parquet"), std::string::npos) << differs;
  EXPECT_NE(differs.message().find("'x' is string"), std::string::npos) << differs;
  const Status lacks = ReadFiles({dir / "1.parquet", dir / "3.parquet"}).status();
  EXPECT_NE(lacks.message().find(dir / "3.parquet"), std::string::npos) << lacks;
  EXPECT_NE(lacks.message().find("'x'"), std::string::npos) << lacks;
}

TEST(ParquetRead, CutsFilesByRowGroups) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(1000), 100);
  const auto splits = [&](const nlohmann::json& options) {
    return ParquetFormat()->Inspect({Entry(dir / "a.parquet")}, {}, options, UnlimitedContext()).ValueOrDie().splits.size();
  };
  EXPECT_EQ(splits({}), 1u);
  EXPECT_EQ(splits({{"split_row_groups", true}}), 10u);
  EXPECT_EQ(splits({{"split_row_groups", 3}}), 4u);
  EXPECT_EQ(splits({{"split_row_groups", "adaptive"}}), 1u);
  EXPECT_EQ(splits({{"split_row_groups", "adaptive"}, {"blocksize", 1}}), 10u);
  EXPECT_EQ(splits({{"split_row_groups", "infer"}, {"blocksize", "1kB"}}), 10u);
  EXPECT_EQ(splits({{"split_row_groups", false}, {"blocksize", 1}}), 1u);
  const auto read = ReadFiles({dir / "a.parquet"}, {{"split_row_groups", 3}}).ValueOrDie();
  EXPECT_TRUE(read->Equals(*Numbers(1000)));
}

TEST(ParquetRead, RefusesOptionsItDoesNotKnow) {
  for (const auto& options :
       {nlohmann::json{{"split_row_group", true}}, nlohmann::json{{"split_row_groups", 0}},
        nlohmann::json{{"split_row_groups", "often"}}, nlohmann::json{{"blocksize", -1}}, nlohmann::json{{"blocksize", "x"}},
        nlohmann::json{{"partitioning", "directory"}}, nlohmann::json{{"partitioning_types", 3}}}) {
    TempDir dir;
    WriteWithArrow(dir / "k=1/a.parquet", *Numbers(1));
    const Status refused = ReadFiles({dir / "k=1/a.parquet"}, options).status();
    EXPECT_TRUE(refused.IsInvalid()) << options << refused;
  }
}

TEST(ParquetRead, AddsTheColumnsOfHiveDirectories) {
  TempDir dir;
  WriteWithArrow(dir / "year=2020/repo=a%2Fb/1.parquet",
                 *TableOf(schema({field("x", arrow::int64())}), R"([{"x": 1}, {"x": 2}])"));
  WriteWithArrow(dir / "year=2021/repo=__HIVE_DEFAULT_PARTITION__/1.parquet",
                 *TableOf(schema({field("x", arrow::int64())}), R"([{"x": 3}])"));
  const std::vector<std::string> files = {dir / "year=2020/repo=a%2Fb/1.parquet",
                                          dir / "year=2021/repo=__HIVE_DEFAULT_PARTITION__/1.parquet"};
  const auto expected =
      TableOf(schema({field("x", arrow::int64()), field("year", arrow::int64()), field("repo", arrow::utf8())}),
              R"([{"x": 1, "year": 2020, "repo": "a/b"}, {"x": 2, "year": 2020, "repo": "a/b"},
                                    {"x": 3, "year": 2021, "repo": null}])");
  const auto read = ReadFiles(files, {}, {}, nullptr, std::nullopt, SmallBatches(1));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE((*read)->Equals(*expected)) << (*read)->ToString();

  const auto only = ReadFiles(files, {}, {"year"}).ValueOrDie();
  EXPECT_EQ(Sum(*only, "year"), 2020 + 2020 + 2021);
  EXPECT_EQ(ReadFiles(files, {{"partitioning", nullptr}}).ValueOrDie()->num_columns(), 1);

  const auto filter = Compare("gt", "year", arrow::MakeScalar(int64_t{2020}));
  EXPECT_EQ(ReadFiles(files, {}, {}, filter).ValueOrDie()->num_rows(), 1);
  const auto null_repo = Expression::Call("is_null", {Expression::Column("repo")});
  EXPECT_EQ(ReadFiles(files, {}, {}, null_repo).ValueOrDie()->num_rows(), 1);
}

TEST(ParquetRead, GivesPartitionColumnsTheTypeAskedFor) {
  TempDir dir;
  const auto x = schema({field("x", arrow::int64())});
  WriteWithArrow(dir / "k=1/a.parquet", *TableOf(x, R"([{"x": 1}])"));
  WriteWithArrow(dir / "k=2/a.parquet", *TableOf(x, R"([{"x": 2}])"));
  const std::vector<std::string> files = {dir / "k=1/a.parquet", dir / "k=2/a.parquet"};
  const auto texts = ReadFiles(files, {{"partitioning_types", {{"k", "string"}}}}).ValueOrDie();
  EXPECT_TRUE(texts->GetColumnByName("k")->type()->Equals(arrow::utf8()));
  const auto categories = ReadFiles(files, {{"partitioning_types", "category"}}).ValueOrDie()->GetColumnByName("k");
  ASSERT_TRUE(categories->type()->Equals(arrow::dictionary(arrow::int32(), arrow::int64())));
  const auto& array = static_cast<const arrow::DictionaryArray&>(*categories->chunk(0));
  EXPECT_EQ(array.dictionary()->length(), 2);
  EXPECT_EQ(array.GetValueIndex(1), 1);
  const Status unknown = ReadFiles(files, {{"partitioning_types", {{"k", "str"}}}}).status();
  EXPECT_NE(unknown.message().find("'str'"), std::string::npos) << unknown;
}

TEST(ParquetRead, RefusesFilesWithDifferentPartitionColumns) {
  TempDir dir;
  WriteWithArrow(dir / "k=1/a.parquet", *Numbers(1));
  WriteWithArrow(dir / "b.parquet", *Numbers(1));
  const Status status = ReadFiles({dir / "k=1/a.parquet", dir / "b.parquet"}).status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_NE(status.message().find("b.parquet"), std::string::npos) << status;
}

TEST(ParquetRead, ReadsOnlyTheChildrenAskedFor) {
  TempDir dir;
  const auto repo =
      arrow::struct_({field("id", arrow::int64()), field("name", arrow::utf8()),
                      field("tags", arrow::list(arrow::struct_({field("a", arrow::int32()), field("b", arrow::int32())})))});
  const auto table = TableOf(schema({field("repo", repo)}), R"([{"repo": {"id": 1, "name": "x", "tags": [{"a": 1, "b": 2}]}},
                                                               {"repo": null}, {"repo": {"id": 3, "name": null, "tags": null}}])");
  WriteWithArrow(dir / "a.parquet", *table);
  const auto part =
      arrow::struct_({field("tags", arrow::list(arrow::struct_({field("b", arrow::int32())}))), field("name", arrow::utf8())});
  const ReadRequest request{schema({field("repo", part)}), nullptr, std::nullopt};
  const auto expected = TableOf(request.schema, R"([{"repo": {"name": "x", "tags": [{"b": 2}]}}, {"repo": null},
                                                    {"repo": {"name": null, "tags": null}}])");
  for (int64_t rows : {1, 100}) {
    const auto read = ReadSplit({Entry(dir / "a.parquet")}, request, {}, SmallBatches(rows));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE((*read)->Equals(*expected)) << (*read)->ToString();
  }
}

TEST(ParquetRead, KeepsPandasMetadata) {
  TempDir dir;
  const auto with_pandas =
      Numbers(3)->ReplaceSchemaMetadata(arrow::key_value_metadata({"pandas"}, {"{\"index_columns\": []}"}));
  WriteWithArrow(dir / "a.parquet", *with_pandas);
  const auto inspection = ParquetFormat()->Inspect({Entry(dir / "a.parquet")}, {}, {}, UnlimitedContext()).ValueOrDie();
  EXPECT_EQ(inspection.schema->metadata()->Get("pandas").ValueOrDie(), "{\"index_columns\": []}");
  EXPECT_FALSE(inspection.schema->metadata()->Contains("ARROW:schema"));
}

TEST(ParquetRead, StreamsARowGroupFarLargerThanTheBudget) {
  TempDir dir;
  // 200,000 rows of 1 kB in one row group, in one dictionary value: small in the file, 200 MB decoded.
  arrow::StringBuilder texts;
  const std::string text(1000, 'x');
  for (int i = 0; i < 200000; ++i) ASSERT_TRUE(texts.Append(text).ok());
  WriteWithArrow(dir / "a.parquet", *arrow::Table::Make(schema({field("t", arrow::utf8())}), {texts.Finish().ValueOrDie()}));

  const auto budget = std::make_shared<MemoryBudget>(int64_t{24} << 20);
  BudgetPool pool(budget, 0);
  TaskContext context = UnlimitedContext();
  context.pool = &pool;
  context.budget = budget.get();
  int64_t rows = 0;
  const ReadRequest request{schema({field("t", arrow::utf8())}), nullptr, std::nullopt};
  const auto reader = ParquetFormat()->OpenSplit({Entry(dir / "a.parquet")}, request, {}, {}, context).ValueOrDie();
  while (auto morsel = reader->Next().ValueOrDie()) {
    const Status status = morsel->Decode([&](auto batch) {
      rows += batch->num_rows();
      return Status::OK();
    });
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(rows, 200000);
  EXPECT_LT(budget->peak(), int64_t{12} << 20);
}

TEST(ParquetRead, StopsWhenCancelled) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(1000));
  CancelToken cancel;
  cancel.Cancel();
  TaskContext context = UnlimitedContext();
  context.cancel = &cancel;
  EXPECT_TRUE(ReadFiles({dir / "a.parquet"}, {}, {}, nullptr, std::nullopt, context).status().IsCancelled());
}

TEST(ParquetRead, PassesOnWhatTheConsumerFailsWith) {
  TempDir dir;
  WriteWithArrow(dir / "a.parquet", *Numbers(10));
  const ReadRequest request{Numbers(0)->schema(), nullptr, std::nullopt};
  const auto reader = ParquetFormat()->OpenSplit({Entry(dir / "a.parquet")}, request, {}, {}, UnlimitedContext()).ValueOrDie();
  const auto morsel = reader->Next().ValueOrDie();
  const Status status = morsel->Decode([](auto) { return Status::KeyError("mine"); });
  EXPECT_TRUE(status.IsKeyError());
  EXPECT_EQ(status.message(), "mine");
}

TEST(ParquetRead, KeepsTextEncodedWhateverTheWidthOfItsOffsets) {
  TempDir dir;
  for (const auto& type : {arrow::utf8(), arrow::large_utf8(), arrow::binary(), arrow::large_binary()}) {
    const auto names = arrow::compute::Cast(Numbers(1000)->GetColumnByName("name"), type).ValueOrDie().chunked_array();
    const auto table = arrow::Table::Make(schema({field("name", type)}), {names});
    WriteWithArrow(dir / "a.parquet", *table);
    ReadRequest request{table->schema(), nullptr, std::nullopt};
    request.encoded = {"name"};
    const auto reader =
        ParquetFormat()->OpenSplit({Entry(dir / "a.parquet")}, request, {}, {}, UnlimitedContext()).ValueOrDie();
    arrow::ArrayVector decoded;
    const Status status = reader->Next().ValueOrDie()->Decode([&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      EXPECT_TRUE(batch->column(0)->type()->Equals(arrow::dictionary(arrow::int32(), type))) << batch->schema()->ToString();
      ARROW_ASSIGN_OR_RAISE(const auto plain, arrow::compute::Cast(*batch->column(0), type));
      decoded.push_back(plain);
      return Status::OK();
    });
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_TRUE(arrow::ChunkedArray(decoded, type).Equals(*names)) << *type;
  }
}

TEST(ParquetRead, DecodesDictionariesThatNobodyAskedFor) {
  TempDir dir;
  const auto names = Numbers(100)->GetColumnByName("name");
  const auto categories = arrow::compute::DictionaryEncode(names).ValueOrDie().chunked_array();
  WriteWithArrow(
      dir / "a.parquet",
      *arrow::Table::Make(schema({field("asked", arrow::utf8()), field("not", categories->type())}), {names, categories}));
  WriteWithArrow(dir / "b.parquet",
                 *arrow::Table::Make(schema({field("asked", arrow::utf8()), field("not", arrow::utf8())}), {names, names}));
  const auto plain = schema({field("asked", arrow::utf8()), field("not", arrow::utf8())});
  ReadRequest request{plain, nullptr, std::nullopt};
  request.encoded = {"asked"};
  for (const char* name : {"a.parquet", "b.parquet"}) {
    const auto reader = ParquetFormat()->OpenSplit({Entry(dir / name)}, request, {}, {}, UnlimitedContext()).ValueOrDie();
    const Status status = reader->Next().ValueOrDie()->Decode([&](const std::shared_ptr<arrow::RecordBatch>& batch) {
      EXPECT_EQ(batch->column(0)->type_id(), arrow::Type::DICTIONARY);
      EXPECT_EQ(batch->column(1)->type_id(), arrow::Type::STRING) << name;
      EXPECT_TRUE(batch->column(1)->Equals(names->chunk(0)));
      return Status::OK();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST(ParquetRead, NamesTheFileThatIsNoParquet) {
  TempDir dir;
  for (const std::string& content : {std::string(), std::string("PAR1"), std::string(1000, 'x'), std::string("PAR1xxxxPAR1")}) {
    const std::string path = dir / "broken.parquet";
    {
      const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
      ASSERT_TRUE(sink->Write(content.data(), static_cast<int64_t>(content.size())).ok());
    }
    const Status status = ReadFiles({path}).status();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(path), std::string::npos) << status;
  }
}

TEST(ParquetRead, RefusesMoreRowsThanCanBeCounted) {
  TempDir dir;
  const std::string path = dir / "hostile.parquet";
  WriteWithArrow(path, *Numbers(4), 1);
  std::string content;
  {
    const auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
    content = file->Read(file->GetSize().ValueOrDie()).ValueOrDie()->ToString();
  }
  // RowGroup in Thrift's compact protocol: num_rows = 1 (field 3, an i64, zigzag), then file_offset (field 5). Makes it 2^62.
  uint32_t footer_size = 0;
  std::memcpy(&footer_size, content.data() + content.size() - 8, sizeof(footer_size));
  const size_t footer_start = content.size() - 8 - footer_size;
  std::string footer = content.substr(footer_start, content.size() - 8 - footer_start);
  const std::string one("\x16\x02\x26"), huge("\x16\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x26");
  int changed = 0;
  for (size_t at = 0; (at = footer.find(one, at)) != std::string::npos; at += huge.size(), ++changed) {
    footer.replace(at, one.size(), huge);
  }
  ASSERT_EQ(changed, 4);
  const auto length = static_cast<uint32_t>(footer.size());
  content = content.substr(0, footer_start) + footer + std::string(reinterpret_cast<const char*>(&length), 4) + "PAR1";
  {
    const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
    ASSERT_TRUE(sink->Write(content.data(), static_cast<int64_t>(content.size())).ok());
  }
  const Status status = ReadFiles({path}).status();
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find("damaged"), std::string::npos) << status;
}

}  // namespace
}  // namespace millstream::parquet_format
