// Expected values: what was written, by Arrow's own writer.
#include "millstream/format/parquet/flat_columns.h"

#include <cstring>
#include <random>

#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <parquet/file_reader.h>

#include "millstream/format/parquet/test_files.h"

namespace millstream::parquet_format {
namespace {

using arrow::field;
using arrow::schema;

/// `rows` random values of `type`, as numbers of `Builder`; of a hundred about `missing` are null.
template <typename Builder>
std::shared_ptr<arrow::Array> Values(const std::shared_ptr<arrow::DataType>& type, int64_t rows, int missing, int distinct,
                                     std::mt19937* random) {
  std::unique_ptr<arrow::ArrayBuilder> made;
  EXPECT_TRUE(arrow::MakeBuilder(arrow::default_memory_pool(), type, &made).ok());
  auto& builder = static_cast<Builder&>(*made);
  for (int64_t i = 0; i < rows; ++i) {
    const bool is_missing = static_cast<int>((*random)() % 100) < missing;
    using Value = typename Builder::value_type;
    const auto value = static_cast<Value>((*random)() % static_cast<unsigned>(distinct)) / Value{2};
    EXPECT_TRUE((is_missing ? builder.AppendNull() : builder.Append(value)).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Texts(const std::shared_ptr<arrow::DataType>& type, int64_t rows, int missing,
                                    std::mt19937* random) {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < rows; ++i) {
    const bool is_missing = static_cast<int>((*random)() % 100) < missing;
    EXPECT_TRUE((is_missing ? builder.AppendNull() : builder.Append(std::to_string((*random)() % 50))).ok());
  }
  return arrow::compute::Cast(*builder.Finish().ValueOrDie(), type).ValueOrDie();
}

struct Layout {
  int missing = 0;  ///< of a hundred
  bool nullable = true;
  bool dictionary = true;
  ::parquet::ParquetDataPageVersion pages = ::parquet::ParquetDataPageVersion::V1;
  ::parquet::Compression::type codec = ::parquet::Compression::SNAPPY;
};

std::shared_ptr<arrow::Table> TableOf(const Layout& layout, int64_t rows, int distinct, std::mt19937* random) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  const auto add = [&](const std::shared_ptr<arrow::Array>& column) {
    fields.push_back(field(std::to_string(fields.size()), column->type(), layout.nullable));
    columns.push_back(column);
  };
  const auto m = layout.missing;
  for (const auto& type : {arrow::int32(), arrow::date32(), arrow::time32(arrow::TimeUnit::MILLI)}) {
    add(Values<arrow::Int32Builder>(type, rows, m, distinct, random));
  }
  add(Values<arrow::UInt32Builder>(arrow::uint32(), rows, m, distinct, random));
  for (const auto& type : {arrow::int64(), arrow::timestamp(arrow::TimeUnit::MILLI),
                           arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin"), arrow::timestamp(arrow::TimeUnit::NANO),
                           arrow::time64(arrow::TimeUnit::MICRO), arrow::duration(arrow::TimeUnit::NANO)}) {
    add(Values<arrow::Int64Builder>(type, rows, m, distinct, random));
  }
  add(Values<arrow::UInt64Builder>(arrow::uint64(), rows, m, distinct, random));
  add(Values<arrow::FloatBuilder>(arrow::float32(), rows, m, distinct, random));
  add(Values<arrow::DoubleBuilder>(arrow::float64(), rows, m, distinct, random));
  // Beside these, columns that are not flat:
  add(Values<arrow::Int16Builder>(arrow::int16(), rows, m, distinct, random));
  const auto inner = Values<arrow::Int64Builder>(arrow::int64(), rows, 10, distinct, random);
  add(arrow::StructArray::Make({inner}, {field("x", arrow::int64())}).ValueOrDie());
  add(Texts(arrow::utf8(), rows, m, random));
  add(Texts(arrow::large_utf8(), rows, m, random));
  add(Texts(arrow::large_binary(), rows, m, random));
  return arrow::Table::Make(schema(fields), columns, rows);
}

void WriteAs(const std::string& path, const arrow::Table& table, const Layout& layout, int64_t row_group_rows) {
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  ::parquet::WriterProperties::Builder properties;
  properties.data_pagesize(4096)->write_batch_size(512)->data_page_version(layout.pages)->compression(layout.codec);
  if (!layout.dictionary) properties.disable_dictionary();
  const auto arrow_properties = ::parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const Status status = ::parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, row_group_rows,
                                                     properties.build(), arrow_properties);
  ASSERT_TRUE(status.ok() && sink->Close().ok()) << status;
}

/// The table read with every column that may be welcome as dictionary codes, decoded again.
std::shared_ptr<arrow::Table> ReadEncoded(const std::string& path, const std::shared_ptr<arrow::Schema>& wanted,
                                          const TaskContext& context, int64_t* encoded_batches) {
  const auto inspection = ParquetFormat()->Inspect({Entry(path)}, {}, {}, context).ValueOrDie();
  ReadRequest request{wanted, nullptr, std::nullopt};
  request.encoded = wanted->field_names();
  std::vector<std::shared_ptr<arrow::Table>> tables;
  for (const Split& split : inspection.splits) {
    const auto reader = ParquetFormat()->OpenSplit(split, request, {}, inspection.options, context).ValueOrDie();
    while (const auto morsel = reader->Next().ValueOrDie()) {
      const Status status = morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        arrow::ArrayVector columns;
        for (int i = 0; i < batch->num_columns(); ++i) {
          *encoded_batches += batch->column(i)->type_id() == arrow::Type::DICTIONARY;
          ARROW_ASSIGN_OR_RAISE(auto column, arrow::compute::Cast(*batch->column(i), wanted->field(i)->type()));
          columns.push_back(std::move(column));
        }
        tables.push_back(arrow::Table::Make(wanted, columns, batch->num_rows()));
        return Status::OK();
      });
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  return arrow::ConcatenateTables(tables).ValueOrDie()->CombineChunks().ValueOrDie();
}

TEST(FlatColumns, GiveBackWhatWasWritten) {
  TempDir dir;
  std::mt19937 random(20261122);
  std::vector<Layout> layouts;
  for (const int missing : {0, 1, 50, 100}) {
    for (const bool dictionary : {false, true}) layouts.push_back({missing, true, dictionary});
  }
  layouts.push_back({0, false, false});
  layouts.push_back({0, false, true});
  layouts.push_back({20, true, true, ::parquet::ParquetDataPageVersion::V2});
  layouts.push_back({20, true, false, ::parquet::ParquetDataPageVersion::V2, ::parquet::Compression::UNCOMPRESSED});
  int number = 0;
  for (const Layout& layout : layouts) {
    // Few distinct values stay a dictionary; many fall back to plain values within a chunk.
    for (const int distinct : {7, 1 << 26}) {
      const auto table = TableOf(layout, 25'000, distinct, &random);
      const std::string path = dir / (std::to_string(number++) + ".parquet");
      WriteAs(path, *table, layout, 10'000);
      for (const int64_t batch_rows : {999, 1 << 16}) {
        SCOPED_TRACE(testing::Message() << path << ": missing " << layout.missing << ", dictionary " << layout.dictionary
                                        << ", distinct " << distinct << ", batches of " << batch_rows);
        const TaskContext context = SmallBatches(batch_rows);
        const auto read = ReadFiles({path}, {}, {}, nullptr, std::nullopt, context).ValueOrDie();
        EXPECT_TRUE(read->Equals(*table));
        const auto first = ReadFiles({path}, {}, {}, nullptr, 12'345, context).ValueOrDie();
        EXPECT_TRUE(first->Equals(*table->Slice(0, 12'345)));
        int64_t encoded = 0;
        EXPECT_TRUE(ReadEncoded(path, table->schema(), context, &encoded)->Equals(*table));
        EXPECT_EQ(encoded > 0, layout.dictionary);
      }
    }
  }
}

TEST(FlatColumns, ShareOneDictionaryInARowGroup) {
  TempDir dir;
  std::mt19937 random(1);
  const auto column = Texts(arrow::utf8(), 20'000, 5, &random);
  const auto table = arrow::Table::Make(schema({field("s", arrow::utf8())}), {column});
  const std::string path = dir / "a.parquet";
  WriteAs(path, *table, {}, 10'000);
  const auto file = ::parquet::ParquetFileReader::OpenFile(path);
  const auto group = file->RowGroup(1);
  ASSERT_TRUE(IsDictionaryEncoded(*group->metadata()->ColumnChunk(0)));
  const auto codes = OpenFlatCodes(group.get(), 0, arrow::utf8(), arrow::default_memory_pool()).ValueOrDie();
  const auto first = codes->Read(4'000).ValueOrDie();
  const auto second = codes->Read(6'000).ValueOrDie();
  EXPECT_EQ(first->data()->dictionary, second->data()->dictionary);
  EXPECT_TRUE(arrow::compute::Cast(*second, arrow::utf8()).ValueOrDie()->Equals(*column->Slice(14'000)));
  const Status more = codes->Read(1).status();
  EXPECT_TRUE(more.IsIOError()) << more;
  EXPECT_NE(more.message().find("1 values fewer"), std::string::npos) << more;
}

/// The file at `path` with the one place where it has `from` made to `to`.
void Damage(const std::string& path, const std::string& from, const std::string& to) {
  std::string content;
  {
    const auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
    content = file->Read(file->GetSize().ValueOrDie()).ValueOrDie()->ToString();
  }
  const size_t at = content.find(from);
  ASSERT_NE(at, std::string::npos);
  ASSERT_EQ(content.find(from, at + 1), std::string::npos);
  content.replace(at, from.size(), to);
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  ASSERT_TRUE(sink->Write(content.data(), static_cast<int64_t>(content.size())).ok() && sink->Close().ok());
}

/// A file of 20,000 rows: "a", "b", then "c" only, which is a run of code 2.
std::string RunOfCodes(const TempDir& dir) {
  arrow::StringBuilder builder;
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(builder.Append(i == 0 ? "aaaaaaaa" : i == 1 ? "bbbbbbbb" : "cccccccc").ok());
  const auto table = arrow::Table::Make(schema({field("s", arrow::utf8(), false)}), {builder.Finish().ValueOrDie()});
  const std::string path = dir / "codes.parquet";
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const auto properties = ::parquet::WriterProperties::Builder().compression(::parquet::Compression::UNCOMPRESSED)->build();
  EXPECT_TRUE(::parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 1 << 20, properties).ok());
  EXPECT_TRUE(sink->Close().ok());
  return path;
}

Status ReadCodes(const std::string& path) {
  const auto file = ::parquet::ParquetFileReader::OpenFile(path);
  const auto group = file->RowGroup(0);
  ARROW_ASSIGN_OR_RAISE(const auto codes, OpenFlatCodes(group.get(), 0, arrow::utf8(), arrow::default_memory_pool()));
  return codes->Read(20'000).status();
}

TEST(FlatColumns, RefuseCodesOutsideTheDictionary) {
  TempDir dir;
  const std::string path = RunOfCodes(dir);
  ASSERT_TRUE(ReadCodes(path).ok());
  // Parquet's RLE: 8 values are packed, then 19,992 of code 2 follow as a run, whose header is the varint of 2 * 19,992.
  Damage(path, "\xb0\xb8\x02\x02", "\xb0\xb8\x02\x03");
  const Status status = ReadCodes(path);
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_NE(status.message().find("code 3 is not in the dictionary of 3 values"), std::string::npos) << status;
}

TEST(FlatColumns, RefuseDictionariesThatAreNotUtf8) {
  TempDir dir;
  const std::string path = RunOfCodes(dir);
  Damage(path, std::string("\x08\0\0\0cccccccc", 12),
         std::string("\x08\0\0\0ccc\xff"
                     "cccc",
                     12));
  const Status status = ReadCodes(path);
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_NE(status.message().find("UTF8"), std::string::npos) << status;
}

}  // namespace
}  // namespace millstream::parquet_format
