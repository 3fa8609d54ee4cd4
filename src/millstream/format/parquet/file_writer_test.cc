#include <arrow/extension/json.h>
#include <arrow/io/memory.h>
#include <arrow/util/byte_size.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include "millstream/format/parquet/test_files.h"
#include "millstream/memory/budget_pool.h"

namespace millstream::parquet_format {
namespace {

using arrow::field;
using arrow::schema;

/// Writes `table` in batches of `batch_rows` and gives the file's bytes.
Result<std::shared_ptr<arrow::Buffer>> WriteFile(const arrow::Table& table, const nlohmann::json& options,
                                                 int64_t batch_rows = 1000, const TaskContext& context = UnlimitedContext()) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, ParquetFormat()->OpenWriter(sink, table.schema(), options, context));
  arrow::TableBatchReader batches(table);
  batches.set_chunksize(batch_rows);
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (!batch) break;
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
  ARROW_RETURN_NOT_OK(writer->Finish());
  return sink->Finish();
}

std::shared_ptr<arrow::Table> ReadBack(const std::shared_ptr<arrow::Buffer>& file) {
  auto source = std::make_shared<arrow::io::BufferReader>(file);
  auto reader = ::parquet::arrow::OpenFile(source, arrow::default_memory_pool()).ValueOrDie();
  return reader->ReadTable().ValueOrDie()->CombineChunks().ValueOrDie();
}

std::shared_ptr<::parquet::FileMetaData> Footer(const std::shared_ptr<arrow::Buffer>& file) {
  return ::parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file))->metadata();
}

std::shared_ptr<arrow::Table> Mixed() {
  const auto columns =
      schema({field("i", arrow::int32()), field("f", arrow::float64()), field("s", arrow::utf8()), field("b", arrow::boolean()),
              field("t", arrow::timestamp(arrow::TimeUnit::NANO, "UTC")), field("d", arrow::date32()),
              field("l", arrow::list(arrow::int64())), field("r", arrow::struct_({field("x", arrow::utf8())})),
              field("c", arrow::dictionary(arrow::int32(), arrow::utf8())), field("u", arrow::uint64()),
              field("n", arrow::null()), field("dec", arrow::decimal128(10, 2))});
  return TableOf(columns, R"([
    {"i": 1, "f": 1.5, "s": "a", "b": true, "t": 1, "d": 1, "l": [1, null], "r": {"x": "y"}, "c": "k", "u": 18446744073709551615, "dec": "1.25"},
    {"i": null, "f": null, "s": null, "b": null, "t": null, "d": null, "l": null, "r": null, "c": null, "u": null, "dec": null},
    {"i": -2, "f": -0.0, "s": "", "b": false, "t": -5, "d": -1, "l": [], "r": {"x": null}, "c": "k", "u": 0, "dec": "-3.50"}])");
}

TEST(ParquetWrite, KeepsValuesAndTypes) {
  for (int64_t batch_rows : {1, 2, 1000}) {
    const auto file = WriteFile(*Mixed(), {}, batch_rows);
    ASSERT_TRUE(file.ok()) << file.status();
    const auto read = ReadBack(*file);
    EXPECT_TRUE(read->schema()->Equals(*Mixed()->schema())) << read->schema()->ToString();
    EXPECT_TRUE(read->Equals(*Mixed())) << read->ToString();
  }
}

TEST(ParquetWrite, ReadsItsOwnFilesBack) {
  TempDir dir;
  const auto file = WriteFile(*Mixed(), {}).ValueOrDie();
  const auto sink = arrow::io::FileOutputStream::Open(dir / "a.parquet").ValueOrDie();
  ASSERT_TRUE(sink->Write(file).ok() && sink->Close().ok());
  for (int64_t rows : {1, 2, 100}) {
    const auto read = ReadFiles({dir / "a.parquet"}, {}, {}, nullptr, std::nullopt, SmallBatches(rows));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ((*read)->num_rows(), 3);
    EXPECT_TRUE((*read)->GetColumnByName("l")->Equals(*Mixed()->GetColumnByName("l")));
    EXPECT_TRUE((*read)->GetColumnByName("s")->Equals(*Mixed()->GetColumnByName("s")));
  }
}

TEST(ParquetWrite, WritesAFileWithoutRows) {
  const auto file = WriteFile(*Mixed()->Slice(0, 0), {}).ValueOrDie();
  EXPECT_EQ(ReadBack(file)->num_rows(), 0);
  EXPECT_TRUE(ReadBack(file)->schema()->Equals(*Mixed()->schema()));
}

TEST(ParquetWrite, CompressesAsAsked) {
  const std::vector<std::pair<nlohmann::json, ::parquet::Compression::type>> codecs = {
      {"snappy", ::parquet::Compression::SNAPPY},     {"gzip", ::parquet::Compression::GZIP},
      {"ZSTD", ::parquet::Compression::ZSTD},         {"lz4", ::parquet::Compression::LZ4},
      {"brotli", ::parquet::Compression::BROTLI},     {"none", ::parquet::Compression::UNCOMPRESSED},
      {nullptr, ::parquet::Compression::UNCOMPRESSED}};
  for (const auto& [name, codec] : codecs) {
    const auto file = WriteFile(*Mixed(), {{"compression", name}}).ValueOrDie();
    EXPECT_EQ(Footer(file)->RowGroup(0)->ColumnChunk(0)->compression(), codec) << name;
    EXPECT_TRUE(ReadBack(file)->Equals(*Mixed()));
  }
  const auto mixed = Footer(WriteFile(*Mixed(), {{"compression", {{"s", "zstd"}}}}).ValueOrDie());
  EXPECT_EQ(mixed->RowGroup(0)->ColumnChunk(0)->compression(), ::parquet::Compression::SNAPPY);
  EXPECT_EQ(mixed->RowGroup(0)->ColumnChunk(2)->compression(), ::parquet::Compression::ZSTD);
}

TEST(ParquetWrite, ObeysItsOptions) {
  const auto file = WriteFile(*Mixed(), {{"row_group_size", 2},
                                         {"write_statistics", {"i"}},
                                         {"use_dictionary", false},
                                         {"custom_metadata", {{"made by", "a test"}}},
                                         {"store_schema", false},
                                         {"coerce_timestamps", "us"},
                                         {"allow_truncated_timestamps", true},
                                         {"version", "2.4"},
                                         {"write_page_index", true},
                                         {"data_page_size", 1000},
                                         {"compression_level", nullptr}});
  ASSERT_TRUE(file.ok()) << file.status();
  const auto footer = Footer(*file);
  EXPECT_EQ(footer->num_row_groups(), 2);
  EXPECT_TRUE(footer->RowGroup(0)->ColumnChunk(0)->is_stats_set());
  EXPECT_FALSE(footer->RowGroup(0)->ColumnChunk(1)->is_stats_set());
  EXPECT_FALSE(footer->RowGroup(0)->ColumnChunk(2)->has_dictionary_page());
  EXPECT_EQ(footer->key_value_metadata()->Get("made by").ValueOrDie(), "a test");
  EXPECT_FALSE(footer->key_value_metadata()->Contains("ARROW:schema"));
  EXPECT_TRUE(ReadBack(*file)->schema()->GetFieldByName("t")->type()->Equals(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
}

TEST(ParquetWrite, GivesDictionariesToColumnsThatRepeat) {
  arrow::Int64Builder distinct;
  arrow::Int64Builder repeating;
  arrow::StringBuilder texts;
  arrow::LargeStringBuilder distinct_texts;
  for (int64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(distinct.Append(i).ok() && repeating.Append(i % 10).ok());
    ASSERT_TRUE(texts.Append("text" + std::to_string(i % 7)).ok());
    ASSERT_TRUE(distinct_texts.Append("text" + std::to_string(i)).ok());
  }
  const auto table = arrow::Table::Make(schema({field("distinct", arrow::int64()), field("repeating", arrow::int64()),
                                                field("texts", arrow::utf8()), field("distinct_texts", arrow::large_utf8())}),
                                        {distinct.Finish().ValueOrDie(), repeating.Finish().ValueOrDie(),
                                         texts.Finish().ValueOrDie(), distinct_texts.Finish().ValueOrDie()});
  const auto has_dictionary = [&](const arrow::Table& rows, const nlohmann::json& options) {
    const auto footer = Footer(WriteFile(rows, options, 3).ValueOrDie());
    std::vector<bool> has;
    for (int i = 0; i < 4; ++i) has.push_back(footer->RowGroup(0)->ColumnChunk(i)->has_dictionary_page());
    return has;
  };
  EXPECT_EQ(has_dictionary(*table, {}), (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(has_dictionary(*table->Slice(0, 20), {}), (std::vector<bool>{false, false, false, false}));
  EXPECT_EQ(has_dictionary(*table->Slice(0, 20), {{"use_dictionary", {"texts"}}}),
            (std::vector<bool>{false, false, true, false}));
  EXPECT_TRUE(ReadBack(WriteFile(*table, {}, 3).ValueOrDie())->Equals(*table));
}

TEST(ParquetWrite, KeepsPandasMetadata) {
  const auto with_pandas = Mixed()->ReplaceSchemaMetadata(arrow::key_value_metadata({"pandas"}, {"{}"}));
  const auto file = WriteFile(*with_pandas, {}).ValueOrDie();
  EXPECT_EQ(ReadBack(file)->schema()->metadata()->Get("pandas").ValueOrDie(), "{}");
}

TEST(ParquetWrite, WritesJsonAsText) {
  const auto storage = TableOf(schema({field("j", arrow::utf8())}), R"([{"j": "{}"}, {"j": null}])");
  const auto json = arrow::extension::json(arrow::utf8());
  const auto column = arrow::ExtensionType::WrapArray(json, storage->column(0)->chunk(0));
  const auto file = WriteFile(*arrow::Table::Make(schema({field("j", json)}), {column}), {}).ValueOrDie();
  EXPECT_TRUE(ReadBack(file)->Equals(*storage)) << ReadBack(file)->ToString();
}

TEST(ParquetWrite, RefusesWhatItDoesNotKnow) {
  for (const auto& options :
       {nlohmann::json{{"compresion", "snappy"}}, nlohmann::json{{"compression", "lzo"}}, nlohmann::json{{"row_group_size", 0}},
        nlohmann::json{{"compression", {{"absent", "snappy"}}}}, nlohmann::json{{"version", "3.0"}},
        nlohmann::json{{"write_statistics", 3}}, nlohmann::json{{"use_dictionary", {"absent"}}},
        nlohmann::json{{"custom_metadata", {{"k", 1}}}}, nlohmann::json{{"coerce_timestamps", "s"}},
        nlohmann::json{{"compression_level", "high"}}, nlohmann::json::array()}) {
    EXPECT_TRUE(WriteFile(*Mixed(), options).status().IsInvalid()) << options;
  }
}

TEST(ParquetWrite, NamesTheColumnItCannotHold) {
  const auto interval = TableOf(schema({field("ok", arrow::int32()), field("span", arrow::month_day_nano_interval())}), "[]");
  const Status status = WriteFile(*interval, {}).status();
  EXPECT_TRUE(status.IsTypeError()) << status;
  EXPECT_NE(status.message().find("'span'"), std::string::npos) << status;
}

TEST(ParquetWrite, SaysWhatTheStreamFailedWith) {
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer = ParquetFormat()->OpenWriter(sink, Mixed()->schema(), {}, UnlimitedContext()).ValueOrDie();
  ASSERT_TRUE(sink->Close().ok());
  EXPECT_FALSE(writer->Finish().ok());
  // A writer that is given up, its stream being gone, must not crash.
  const auto other = arrow::io::BufferOutputStream::Create().ValueOrDie();
  writer = ParquetFormat()->OpenWriter(other, Mixed()->schema(), {}, UnlimitedContext()).ValueOrDie();
  ASSERT_TRUE(other->Close().ok());
  writer.reset();
}

TEST(ParquetWrite, HoldsLittleWhateverIsWritten) {
  // 64 MB of incompressible rows, 8 columns, under a budget of 48 MB with two threads: row groups end at 3 MB.
  const auto budget = std::make_shared<MemoryBudget>(int64_t{48} << 20);
  BudgetPool pool(budget, 0);
  TaskContext context = UnlimitedContext();
  context.pool = &pool;
  context.budget = budget.get();
  context.threads = 2;
  TempDir dir;
  const auto sink = arrow::io::FileOutputStream::Open(dir / "a.parquet").ValueOrDie();
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  uint64_t state = 1;
  for (int c = 0; c < 8; ++c) {
    arrow::Int64Builder values;
    for (int i = 0; i < 10000; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      ASSERT_TRUE(values.Append(static_cast<int64_t>(state)).ok());
    }
    fields.push_back(field("c" + std::to_string(c), arrow::int64()));
    columns.push_back(values.Finish().ValueOrDie());
  }
  const auto batch = arrow::RecordBatch::Make(schema(fields), 10000, columns);
  auto writer = ParquetFormat()->OpenWriter(sink, batch->schema(), {}, context).ValueOrDie();
  for (int i = 0; i < 100; ++i) {
    const Status status = writer->Write(*batch);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_LE(writer->buffered_bytes(), int64_t{5} << 20);
  }
  ASSERT_TRUE(writer->Finish().ok() && sink->Close().ok());
  EXPECT_LT(budget->peak(), int64_t{16} << 20);
  EXPECT_EQ(ReadWithArrow(dir / "a.parquet")->num_rows(), 1000000);
}

}  // namespace
}  // namespace millstream::parquet_format
