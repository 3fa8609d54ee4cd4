#include "millstream/memory/budget_pool.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace millstream {
namespace {

constexpr int64_t kMiB = 1 << 20;

TEST(BudgetPool, RefusesWhatDoesNotFit) {
  auto budget = std::make_shared<MemoryBudget>(4 * kMiB);
  BudgetPool pool(budget, kMiB);
  uint8_t* block = nullptr;
  Status refused = pool.Allocate(8 * kMiB, &block);
  EXPECT_TRUE(refused.IsOutOfMemory()) << refused;
  EXPECT_NE(refused.message().find("memory limit"), std::string::npos);
  EXPECT_EQ(budget->used(), 0);
}

TEST(BudgetPool, EmptiesItsCacheBeforeFailing) {
  auto budget = std::make_shared<MemoryBudget>(8 * kMiB);
  BudgetPool pool(budget, 8 * kMiB);
  uint8_t* small = nullptr;
  ASSERT_TRUE(pool.Allocate(6 * kMiB, &small).ok());
  pool.Free(small, 6 * kMiB);
  EXPECT_EQ(pool.bytes_cached(), 6 * kMiB);
  EXPECT_EQ(budget->available(), 2 * kMiB);
  EXPECT_EQ(budget->obtainable(), 8 * kMiB);
  EXPECT_FALSE(budget->UnderPressure());
  uint8_t* large = nullptr;
  ASSERT_TRUE(pool.Allocate(7 * kMiB, &large).ok());
  EXPECT_EQ(budget->obtainable(), 1 * kMiB);
  EXPECT_TRUE(budget->UnderPressure());
  pool.Free(large, 7 * kMiB);
}

TEST(MemoryBudget, AsksReclaimersForAsLongAsTheyGive) {
  MemoryBudget budget(10);
  int64_t cached = 8;
  ASSERT_TRUE(budget.TryReserve(cached));
  budget.AddReclaimer([&](int64_t) {  // as if others took all but one byte of what it gives
    if (cached == 0) return int64_t{0};
    --cached;
    budget.Release(1);
    return int64_t{1};
  });
  EXPECT_TRUE(budget.TryReserve(6));
  EXPECT_EQ(cached, 4);
  EXPECT_FALSE(budget.TryReserve(5));
  EXPECT_EQ(cached, 0);
  EXPECT_TRUE(budget.TryReserve(4));
}

TEST(MemoryBudget, AsksLaterReclaimersWhereEarlierOnesHaveNothing) {
  MemoryBudget budget(10);
  ASSERT_TRUE(budget.TryReserve(10));
  int64_t first = 2;
  int64_t second = 3;
  const auto give_all = [&](int64_t* left) {
    return [&budget, left](int64_t) {
      const int64_t given = std::exchange(*left, 0);
      budget.Release(given);
      return given;
    };
  };
  budget.AddReclaimer(give_all(&first));
  const int64_t number = budget.AddReclaimer(give_all(&second));
  EXPECT_TRUE(budget.TryReserve(2));
  EXPECT_EQ(second, 3);
  EXPECT_TRUE(budget.TryReserve(1));
  EXPECT_EQ(second, 0);
  EXPECT_TRUE(budget.TryReserve(2));
  second = 1;
  budget.RemoveReclaimer(number);
  EXPECT_FALSE(budget.TryReserve(1));
  EXPECT_EQ(second, 1);
}

TEST(BudgetPool, RefusesSizesThatNoMachineHas) {
  auto budget = std::make_shared<MemoryBudget>(INT64_MAX);
  BudgetPool pool(budget, kMiB);
  uint8_t* block = nullptr;
  EXPECT_TRUE(pool.Allocate(INT64_MAX, &block).IsOutOfMemory());
  ASSERT_TRUE(pool.Allocate(kMiB, &block).ok());
  EXPECT_TRUE(pool.Reallocate(kMiB, INT64_MAX - 1, 64, &block).IsOutOfMemory());
  pool.Free(block, kMiB);
}

TEST(BudgetPool, CutsLargerBlocksOfItsCache) {
  auto budget = std::make_shared<MemoryBudget>(64 * kMiB);
  BudgetPool pool(budget, 32 * kMiB);
  uint8_t* large = nullptr;
  ASSERT_TRUE(pool.Allocate(4 * kMiB, &large).ok());
  pool.Free(large, 4 * kMiB);
  uint8_t* part = nullptr;
  ASSERT_TRUE(pool.Allocate(kMiB, &part).ok());
  EXPECT_EQ(part, large);
  EXPECT_EQ(pool.bytes_cached(), 3 * kMiB);
  EXPECT_EQ(budget->used(), 4 * kMiB);
  // What a buffer gives up when it shrinks is there for the next.
  ASSERT_TRUE(pool.Reallocate(kMiB, kMiB / 2, 64, &part).ok());
  EXPECT_EQ(pool.bytes_cached(), 3 * kMiB + kMiB / 2);
  EXPECT_EQ(budget->used(), 4 * kMiB);
  pool.Free(part, kMiB / 2);
  pool.ReleaseUnused();
  EXPECT_EQ(budget->used(), 0);
}

TEST(BudgetPool, KeepsItsCacheWhereABlockDoesNotFitAnyway) {
  BudgetPool pool(std::make_shared<MemoryBudget>(64 * kMiB), 4 * kMiB);
  uint8_t* warm = nullptr;
  uint8_t* huge = nullptr;
  ASSERT_TRUE(pool.Allocate(kMiB, &warm).ok());
  ASSERT_TRUE(pool.Allocate(8 * kMiB, &huge).ok());
  pool.Free(warm, kMiB);
  pool.Free(huge, 8 * kMiB);
  EXPECT_EQ(pool.bytes_cached(), kMiB);
}

TEST(BudgetPool, GrowsIntoABlockOfItsCache) {
  auto budget = std::make_shared<MemoryBudget>(64 * kMiB);
  BudgetPool pool(budget, 32 * kMiB);
  uint8_t* warm = nullptr;
  uint8_t* growing = nullptr;
  ASSERT_TRUE(pool.Allocate(kMiB, &growing).ok());
  ASSERT_TRUE(pool.Allocate(2 * kMiB, &warm).ok());
  pool.Free(warm, 2 * kMiB);
  std::memset(growing, 7, kMiB);
  ASSERT_TRUE(pool.Reallocate(kMiB, 2 * kMiB, 64, &growing).ok());
  EXPECT_EQ(growing, warm);
  EXPECT_EQ(std::count(growing, growing + kMiB, 7), kMiB);
  EXPECT_EQ(pool.bytes_cached(), kMiB);
  pool.Free(growing, 2 * kMiB);
}

TEST(BudgetPool, AccountsForEveryByteInAnyOrder) {
  const bool held = rc::check("allocate, reallocate and free keep contents and leave nothing behind", [] {
    auto budget = std::make_shared<MemoryBudget>(int64_t{1} << 30);
    {
      BudgetPool pool(budget, 4 * kMiB);
      struct Block {
        uint8_t* data;
        int64_t size;
        uint8_t mark;
      };
      std::vector<Block> blocks;
      const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 3 << 20));
      for (int step : steps) {
        const int64_t size = step;
        if (step % 3 == 0 || blocks.empty()) {
          Block b{nullptr, size, static_cast<uint8_t>(step)};
          RC_ASSERT(pool.Allocate(size, &b.data).ok());
          if (size > 0) b.data[0] = b.data[size - 1] = b.mark;
          blocks.push_back(b);
        } else if (step % 3 == 1) {
          Block& b = blocks[static_cast<size_t>(step) % blocks.size()];
          const bool had = b.size > 0;
          RC_ASSERT(pool.Reallocate(b.size, size, &b.data).ok());
          if (had && size > 0) RC_ASSERT(b.data[0] == b.mark);
          b.size = size;
          if (size > 0) b.data[0] = b.data[size - 1] = b.mark;
        } else {
          Block b = blocks.back();
          blocks.pop_back();
          if (b.size > 0) RC_ASSERT(b.data[b.size - 1] == b.mark);
          pool.Free(b.data, b.size);
        }
      }
      for (Block& b : blocks) pool.Free(b.data, b.size);
      RC_ASSERT(pool.bytes_allocated() == 0);
    }
    RC_ASSERT(budget->used() == 0);
  });
  EXPECT_TRUE(held);
}

TEST(BudgetPool, DisownedBuffersAreOutsideTheBudget) {
  auto budget = std::make_shared<MemoryBudget>(8 * kMiB);
  BudgetPool pool(budget, 8 * kMiB);
  for (const int64_t size : {int64_t{1000}, 3 * kMiB}) {
    uint8_t* result = nullptr;
    ASSERT_TRUE(pool.Allocate(size, &result).ok());
    pool.Disown(result, size);
    pool.Disown(result, size);
    EXPECT_EQ(budget->used(), 0);
    pool.Free(result, size);
    EXPECT_EQ(budget->used(), 0);
    EXPECT_EQ(pool.bytes_allocated(), 0);
  }
}

TEST(Reservation, GivesBackWhatItHeld) {
  MemoryBudget budget(100);
  {
    Reservation r(&budget);
    EXPECT_TRUE(r.TryResize(80));
    EXPECT_FALSE(r.TryResize(101));
    EXPECT_EQ(r.bytes(), 80);
    EXPECT_TRUE(r.Resize(200, "a test").IsOutOfMemory());
    EXPECT_TRUE(r.TryResize(10));
    EXPECT_EQ(budget.used(), 10);
  }
  EXPECT_EQ(budget.used(), 0);
  EXPECT_EQ(budget.peak(), 80);
}

}  // namespace
}  // namespace millstream
