// Expected values: by hand.
#include "millstream/row/batch_memory.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <gtest/gtest.h>

#include "millstream/row/dictionary_testing.h"

namespace millstream {
namespace {

TEST(BatchMemory, CountsTheShareOfADictionary) {
  // A text takes 16 bytes and an offset of 4; a code takes 4.
  const auto batch = Encoded({1, 2, 3, 4}, 10'000);
  EXPECT_NEAR(static_cast<double>(RowBytes(*batch).ValueOrDie()), 4 * 4 + 4 * 20, 2);
  EXPECT_NEAR(static_cast<double>(RowBytes(*batch->Slice(1, 2)).ValueOrDie()), 2 * 4 + 2 * 20, 2);
  EXPECT_EQ(RowBytes(*Encoded(std::vector<int32_t>(100, 1), 2)).ValueOrDie(), 100 * 4 + 2 * 16 + 2 * 4);
  EXPECT_EQ(RowBytes(*Encoded({-1, -1}, 0)).ValueOrDie(), 2 * 4 + 1);
  EXPECT_EQ(RowBytes(*batch->Slice(0, 0)).ValueOrDie(), 0);
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
