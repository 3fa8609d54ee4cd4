// Expected values: by hand.
#include "millstream/row/batch_memory.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

using ::testing::ElementsAre;

std::string Text(int64_t number) { return std::to_string(1'000'000'000'000'000 + number); }

/// Row i has text number `codes[i]`, of 16 bytes each, and nothing where the code is negative.
std::shared_ptr<arrow::RecordBatch> Encoded(const std::vector<int32_t>& codes, int64_t values, bool ordered = false) {
  arrow::Int32Builder indices;
  for (const int32_t code : codes) EXPECT_TRUE((code < 0 ? indices.AppendNull() : indices.Append(code)).ok());
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < values; ++i) EXPECT_TRUE(texts.Append(Text(i)).ok());
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8(), ordered);
  const auto column =
      std::make_shared<arrow::DictionaryArray>(type, indices.Finish().ValueOrDie(), texts.Finish().ValueOrDie());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), column->length(), {column});
}

std::vector<std::string> Dictionary(const arrow::RecordBatch& batch) {
  const auto column = batch.column(0);
  const auto& values =
      static_cast<const arrow::StringArray&>(*static_cast<const arrow::DictionaryArray&>(*column).dictionary());
  std::vector<std::string> texts;
  for (int64_t i = 0; i < values.length(); ++i) texts.push_back(values.GetString(i));
  return texts;
}

std::shared_ptr<arrow::Array> Decoded(const arrow::RecordBatch& batch) {
  return arrow::compute::Cast(*batch.column(0), arrow::utf8()).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> Compacted(const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto compacted = WithoutUnusedValues(batch, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(compacted->ValidateFull().ok());
  EXPECT_TRUE(compacted->schema()->Equals(*batch->schema()));
  EXPECT_TRUE(Decoded(*compacted)->Equals(*Decoded(*batch)));
  return compacted;
}

TEST(BatchMemory, CountsTheShareOfADictionary) {
  // A text takes 16 bytes and an offset of 4; a code takes 4.
  const auto batch = Encoded({1, 2, 3, 4}, 10'000);
  EXPECT_NEAR(static_cast<double>(RowBytes(*batch).ValueOrDie()), 4 * 4 + 4 * 20, 2);
  EXPECT_NEAR(static_cast<double>(RowBytes(*batch->Slice(1, 2)).ValueOrDie()), 2 * 4 + 2 * 20, 2);
  EXPECT_EQ(RowBytes(*Encoded(std::vector<int32_t>(100, 1), 2)).ValueOrDie(), 100 * 4 + 2 * 16 + 2 * 4);
  EXPECT_EQ(RowBytes(*Encoded({-1, -1}, 0)).ValueOrDie(), 2 * 4 + 1);
  EXPECT_EQ(RowBytes(*batch->Slice(0, 0)).ValueOrDie(), 0);
}

TEST(BatchMemory, LeavesOutValuesThatNoRowHas) {
  EXPECT_THAT(Dictionary(*Compacted(Encoded({9000, -1, 7, 9000, 8}, 10'000))), ElementsAre(Text(7), Text(8), Text(9000)));
  EXPECT_THAT(Dictionary(*Compacted(Encoded({9000, -1, 7, 9000, 8}, 10'000)->Slice(1, 2))), ElementsAre(Text(7)));
  EXPECT_THAT(Dictionary(*Compacted(Encoded({-1, -1}, 10'000))), ElementsAre());
}

TEST(BatchMemory, LeavesOutUnusedValuesOfAnyTypeOfCode) {
  const std::string long_text(1000, 'x');
  arrow::StringBuilder texts;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(texts.Append(long_text + std::to_string(i)).ok());
  const auto values = texts.Finish().ValueOrDie();
  for (const auto& codes : {arrow::int8(), arrow::uint8(), arrow::int16(), arrow::uint32(), arrow::int64(), arrow::uint64()}) {
    arrow::Int64Builder numbers;
    ASSERT_TRUE(numbers.AppendValues({100, 3, 100}).ok());
    const auto indices = arrow::compute::Cast(*numbers.Finish().ValueOrDie(), codes).ValueOrDie();
    const auto type = arrow::dictionary(codes, arrow::utf8());
    const auto column = std::make_shared<arrow::DictionaryArray>(type, indices, values);
    const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), 3, {column});
    EXPECT_THAT(Dictionary(*Compacted(batch)), ElementsAre(long_text + "3", long_text + "100"));
  }
}

TEST(BatchMemory, KeepsDictionariesThatSayWhatAColumnMayHold) {
  EXPECT_EQ(Dictionary(*Compacted(Encoded({1}, 100))).size(), 100U);                                    // small
  EXPECT_EQ(Dictionary(*Compacted(Encoded({1}, 10'000, /*ordered=*/true))).size(), 10'000U);            // ordered
  EXPECT_EQ(Dictionary(*Compacted(Encoded(std::vector<int32_t>(10'000, 1), 10'000))).size(), 10'000U);  // shared by many
}

TEST(BatchMemory, CopiesSlicesOfLargeBatches) {
  arrow::Int64Builder builder;
  ASSERT_TRUE(builder.AppendEmptyValues(100'000).ok());
  const auto column = builder.Finish().ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("v", arrow::int64())}), 100'000, {column});
  const auto bytes = [](std::shared_ptr<arrow::RecordBatch> rows) {
    const auto detached = Detached(rows, arrow::default_memory_pool()).ValueOrDie();
    EXPECT_TRUE(detached->Equals(*rows));
    return arrow::util::TotalBufferSize(*detached);
  };
  EXPECT_LE(bytes(batch->Slice(50'000, 10)), 10 * 9);
  EXPECT_LE(bytes(batch->Slice(0, 49'000)), 49'000 * 9);
  EXPECT_EQ(bytes(batch->Slice(0, 51'000)), arrow::util::TotalBufferSize(*batch));  // not worth a copy
}

}  // namespace
}  // namespace millstream
