// Expected values: by hand.
#include "millstream/row/large_dictionaries.h"

#include <arrow/compute/api.h>
#include <gmock/gmock.h>

#include "millstream/row/dictionary_testing.h"

namespace millstream {
namespace {

using ::testing::ElementsAre;

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

std::shared_ptr<arrow::RecordBatch> Compacted(LargeDictionaries* dictionaries,
                                              const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto compacted = dictionaries->WithoutUnusedValues(batch, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(compacted->ValidateFull().ok());
  EXPECT_TRUE(compacted->schema()->Equals(*batch->schema()));
  EXPECT_TRUE(Decoded(*compacted)->Equals(*Decoded(*batch)));
  return compacted;
}

std::shared_ptr<arrow::RecordBatch> Compacted(const std::shared_ptr<arrow::RecordBatch>& batch) {
  LargeDictionaries dictionaries(1);
  return Compacted(&dictionaries, batch);
}

TEST(LargeDictionaries, LeavesOutValuesThatNoRowHas) {
  EXPECT_THAT(Dictionary(*Compacted(Encoded({9000, -1, 7, 9000, 8}, 10'000))), ElementsAre(Text(7), Text(8), Text(9000)));
  EXPECT_THAT(Dictionary(*Compacted(Encoded({9000, -1, 7, 9000, 8}, 10'000)->Slice(1, 2))), ElementsAre(Text(7)));
  EXPECT_THAT(Dictionary(*Compacted(Encoded({-1, -1}, 10'000))), ElementsAre());
}

TEST(LargeDictionaries, LeavesOutUnusedValuesOfAnyTypeOfCode) {
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

TEST(LargeDictionaries, KeepsDictionariesThatSayWhatAColumnMayHold) {
  EXPECT_EQ(Dictionary(*Compacted(Encoded({1}, 100))).size(), 100U);                                    // small
  EXPECT_EQ(Dictionary(*Compacted(Encoded({1}, 10'000, /*ordered=*/true))).size(), 10'000U);            // ordered
  EXPECT_EQ(Dictionary(*Compacted(Encoded(std::vector<int32_t>(10'000, 1), 10'000))).size(), 10'000U);  // shared by many
}

TEST(LargeDictionaries, WhatWasLargeOnceStaysSo) {
  LargeDictionaries dictionaries(1);
  EXPECT_EQ(Dictionary(*Compacted(&dictionaries, Encoded({1}, 100))).size(), 100U);
  const auto some = Compacted(&dictionaries, Encoded({9000, 7, 8}, 10'000));
  EXPECT_THAT(Dictionary(*Compacted(&dictionaries, some->Slice(2))), ElementsAre(Text(8)));
  // A dictionary that its own rows need whole is large all the same.
  LargeDictionaries others(1);
  const auto whole = Compacted(&others, Encoded(std::vector<int32_t>(10'000, 1), 10'000));
  EXPECT_EQ(Dictionary(*whole).size(), 10'000U);
  EXPECT_THAT(Dictionary(*Compacted(&others, Encoded({1}, 100))), ElementsAre(Text(1)));
}

TEST(LargeDictionaries, CodesWithoutAValueAreErrors) {
  LargeDictionaries dictionaries(1);
  const Status status = dictionaries.WithoutUnusedValues(Encoded({3, 10'000}, 10'000), arrow::default_memory_pool()).status();
  EXPECT_TRUE(status.IsIndexError()) << status;
  EXPECT_THAT(status.message(), ::testing::HasSubstr("column 'c'"));
}

}  // namespace
}  // namespace millstream
