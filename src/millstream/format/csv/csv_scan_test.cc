// Scanning: filters, compressed files, cancellation, and splits read on their own.
#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/format/csv/csv_testing.h"

namespace millstream::csv {
namespace {

using ::testing::HasSubstr;

std::string Gzip(const std::string& text) {
  const auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  std::string out(static_cast<size_t>(codec->MaxCompressedLen(size, bytes)), '\0');
  const auto room = static_cast<int64_t>(out.size());
  out.resize(static_cast<size_t>(codec->Compress(size, bytes, room, reinterpret_cast<uint8_t*>(out.data())).ValueOrDie()));
  return out;
}

/// i = 0..rows-1 with a text column that has quotes now and then.
std::string Numbers(int rows) {
  std::string text = "i,s\n";
  for (int i = 0; i < rows; ++i) text += std::to_string(i) + (i % 7 == 0 ? ",\"a,\n\"\"b\"\n" : ",x\n");
  return text;
}

ExpressionPtr LessThan(const std::string& column, int64_t value) {
  return Expression::Call("lt", {Expression::Column(column), Expression::Literal(arrow::MakeScalar(value))});
}

TEST(CsvScan, GivesAtLeastTheRowsAFilterKeeps) {
  for (const int64_t batch_rows : {2, 1000}) {
    const auto table = ReadText(Numbers(20000), {.columns = {"s"}, .filter = LessThan("i", 10), .batch_rows = batch_rows});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ((*table)->num_rows(), 10);
    EXPECT_EQ((*table)->column(0)->GetScalar(7).ValueOrDie()->ToString(), "a,\n\"b");
    EXPECT_EQ((*table)->column(0)->GetScalar(8).ValueOrDie()->ToString(), "x");
  }
}

TEST(CsvScan, LeavesFiltersOnOtherColumnsToTheEngine) {
  // As of a hive partition column, which is not in the file.
  const auto table = ReadText(Numbers(100), {.filter = LessThan("year", 10)});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->num_rows(), 100);
}

TEST(CsvScan, ReadsGzip) {
  const TempDir dir;
  const std::string text = Numbers(200000);
  const auto compressed = ReadFiles({dir.Write("a.csv.gz", Gzip(text))}, {.options = {{"blocksize", 1000}}});
  ASSERT_TRUE(compressed.ok()) << compressed.status();
  const auto plain = ReadFiles({dir.Write("a.csv", text)});
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_TRUE((*compressed)->Equals(**plain));
}

TEST(CsvScan, SaysWhereInACompressedFile) {
  const TempDir dir;
  const auto file = dir.Write("a.csv.gz", Gzip(Numbers(100000) + "oops,x\n"));
  EXPECT_THAT(ReadFiles({file}).status().ToString(), HasSubstr("a.csv.gz, line 114288, column 'i': cannot read 'oops'"));
}

TEST(CsvScan, StopsWhenCancelled) {
  const TempDir dir;
  CancelToken cancel;
  TaskContext context = UnlimitedContext();
  context.cancel = &cancel;
  const auto inspection = CsvFormat()->Inspect({dir.Write("a.csv", Numbers(10))}, nullptr, nullptr, context).ValueOrDie();
  ReadRequest request;
  request.schema = inspection.schema;
  auto reader = CsvFormat()->OpenSplit(inspection.splits[0], request, nullptr, inspection.options, context).ValueOrDie();
  auto morsel = reader->Next().ValueOrDie();
  cancel.Cancel();
  EXPECT_TRUE(reader->Next().status().IsCancelled());
  EXPECT_TRUE(morsel->Decode([](auto) { return Status::OK(); }).IsCancelled());
}

TEST(CsvScan, SplitsCanBeReadInAnyOrder) {
  const TempDir dir;
  const TaskContext context = UnlimitedContext();
  const auto file = dir.Write("a.csv", Numbers(3000));
  auto inspection = CsvFormat()->Inspect({file}, nullptr, {{"blocksize", 997}}, context).ValueOrDie();
  ReadRequest request;
  request.schema = inspection.schema;
  std::vector<std::shared_ptr<arrow::Table>> parts(inspection.splits.size());
  for (size_t i = parts.size(); i-- > 0;) {
    arrow::RecordBatchVector batches;
    auto reader = CsvFormat()->OpenSplit(inspection.splits[i], request, nullptr, inspection.options, context).ValueOrDie();
    while (auto morsel = reader->Next().ValueOrDie()) {
      ASSERT_TRUE(morsel->Decode([&](auto batch) { return batches.push_back(batch), Status::OK(); }).ok());
    }
    parts[i] = arrow::Table::FromRecordBatches(request.schema, batches).ValueOrDie();
  }
  const auto together = arrow::ConcatenateTables(parts).ValueOrDie();
  EXPECT_TRUE(together->Equals(**ReadFiles({file})));
}

TEST(CsvScan, RefusesColumnsItDoesNotHave) {
  const TempDir dir;
  const TaskContext context = UnlimitedContext();
  const auto inspection = CsvFormat()->Inspect({dir.Write("a.csv", "a\n1\n")}, nullptr, nullptr, context).ValueOrDie();
  const auto open = [&](const std::shared_ptr<arrow::Field>& field) {
    ReadRequest request;
    request.schema = arrow::schema({field});
    return CsvFormat()->OpenSplit(inspection.splits[0], request, nullptr, inspection.options, context).status().ToString();
  };
  EXPECT_THAT(open(arrow::field("b", arrow::int64())), HasSubstr("no column 'b'"));
  EXPECT_THAT(open(arrow::field("a", arrow::utf8())), HasSubstr("int64, not as string"));
}

}  // namespace
}  // namespace millstream::csv
