#include "millstream/exec/split_by_key.h"

#include <gtest/gtest.h>

#include "millstream/memory/budget_pool.h"
#include "millstream/row/batch_memory.h"

namespace millstream {
namespace {

constexpr int64_t kTextBytes = 1000;

/// Rows "0", "1", ... padded to `kTextBytes`, `rows[k]` of each key.
GroupedRows Grouped(const std::vector<int64_t>& rows) {
  GroupedRows grouped;
  grouped.offsets = {0};
  arrow::StringBuilder builder;
  for (size_t k = 0; k < rows.size(); ++k) {
    grouped.paths.push_back("k=" + std::to_string(k) + "/");
    grouped.offsets.push_back(grouped.offsets.back() + rows[k]);
  }
  for (int64_t i = 0; i < grouped.offsets.back(); ++i) {
    std::string text = std::to_string(i);
    text.resize(kTextBytes);
    EXPECT_TRUE(builder.Append(text).ok());
  }
  const auto values = builder.Finish().ValueOrDie();
  grouped.batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("s", arrow::utf8())}), values->length(), {values});
  return grouped;
}

/// The numbers of a key's rows.
std::vector<int64_t> NumbersOf(const KeyedRows& piece) {
  const auto& values = static_cast<const arrow::StringArray&>(*piece.batch->column(0));
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < piece.rows; ++i) numbers.push_back(std::stoll(values.GetString(piece.offset + i)));
  return numbers;
}

void ExpectRowsOf(const std::vector<int64_t>& rows, const std::vector<KeyedRows>& pieces) {
  ASSERT_EQ(pieces.size(), rows.size());
  int64_t next = 0;
  for (size_t k = 0; k < rows.size(); ++k) {
    std::vector<int64_t> expected(static_cast<size_t>(rows[k]));
    for (int64_t& number : expected) number = next++;
    EXPECT_EQ(NumbersOf(pieces[k]), expected) << "key " << k;
    EXPECT_GE(pieces[k].bytes, rows[k] * kTextBytes) << "key " << k;
  }
}

TEST(SplitByKey, RowsOfLargeKeysGoOnTheirOwn) {
  const std::vector<int64_t> rows = {3, 200, 1, 2, 100, 20, 5};
  HeldRows held;
  auto pieces = SplitByKey(Grouped(rows), &held, arrow::default_memory_pool()).ValueOrDie();
  ExpectRowsOf(rows, pieces);
  EXPECT_EQ(pieces[0].batch, pieces[2].batch);
  EXPECT_EQ(pieces[0].batch->num_rows(), 31);
  const int64_t before = held.bytes();
  pieces[1].batch.reset();
  EXPECT_LE(held.bytes(), before - 200 * kTextBytes);
  EXPECT_GE(held.bytes(), 131 * kTextBytes);
  pieces.clear();
  EXPECT_EQ(held.bytes(), 0);
}

TEST(SplitByKey, OneKeyAndSmallKeysKeepTheirBatch) {
  for (const std::vector<int64_t>& rows : {std::vector<int64_t>{500}, {1, 2, 3}}) {
    HeldRows held;
    GroupedRows grouped = Grouped(rows);
    const arrow::RecordBatch* batch = grouped.batch.get();
    const auto pieces = SplitByKey(std::move(grouped), &held, arrow::default_memory_pool()).ValueOrDie();
    ExpectRowsOf(rows, pieces);
    for (const KeyedRows& piece : pieces) EXPECT_EQ(piece.batch.get(), batch);
  }
}

TEST(SplitByKey, WithoutMemoryForCopiesAllShareOneBatch) {
  const std::vector<int64_t> rows = {3, 200, 1, 300};
  // Room for the first copies, not for all.
  const auto budget = std::make_shared<MemoryBudget>(256 << 10);
  BudgetPool pool(budget, 0);
  HeldRows held;
  GroupedRows grouped = Grouped(rows);
  const int64_t bytes = RowBytes(*grouped.batch).ValueOrDie();
  {
    const auto pieces = SplitByKey(std::move(grouped), &held, &pool).ValueOrDie();
    ExpectRowsOf(rows, pieces);
    EXPECT_EQ(pieces[1].batch, pieces[3].batch);
    EXPECT_EQ(held.bytes(), bytes);
    EXPECT_GT(budget->peak(), 0);
    EXPECT_EQ(budget->used(), 0);
  }
  EXPECT_EQ(held.bytes(), 0);
}

}  // namespace
}  // namespace millstream
