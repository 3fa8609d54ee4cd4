#include "millstream/base/civil_time.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

// Days from Python's datetime.date.toordinal() - 719163; beyond its years, 400 of which have 146,097 days, by hand.
TEST(CivilTime, CountsDays) {
  EXPECT_EQ(DaysFromCivil(1970, 1, 1), 0);
  EXPECT_EQ(DaysFromCivil(1969, 12, 31), -1);
  EXPECT_EQ(DaysFromCivil(2000, 2, 29), 11016);
  EXPECT_EQ(DaysFromCivil(1, 1, 1), -719162);
  EXPECT_EQ(DaysFromCivil(9999, 12, 31), 2932896);
  EXPECT_EQ(DaysFromCivil(-399, 1, 1), -719162 - 146097);
}

TEST(CivilTime, HasAllDaysOfEightHundredYears) {
  int64_t days = DaysFromCivil(1600, 1, 1);
  for (int64_t year = 1600; year < 2400; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= DaysInMonth(year, month); ++day, ++days) {
        ASSERT_EQ(DaysFromCivil(year, month, day), days);
        const CivilTime time = CivilFromDays(days);
        ASSERT_TRUE(time.year == year && time.month == month && time.day == day) << days;
        ASSERT_EQ(Weekday(days), (Weekday(days - 1) + 1) % 7);
      }
    }
  }
  EXPECT_EQ(days, DaysFromCivil(1600, 1, 1) + 2 * 146097);
  EXPECT_EQ(Weekday(0), 3);  // a Thursday
}

TEST(CivilTime, KnowsWhichDatesExist) {
  EXPECT_TRUE(IsDate(2024, 2, 29) && IsDate(2000, 2, 29) && IsDate(2023, 12, 31));
  EXPECT_FALSE(IsDate(2023, 2, 29) || IsDate(1900, 2, 29) || IsDate(2024, 4, 31));
  EXPECT_FALSE(IsDate(2024, 0, 1) || IsDate(2024, 13, 1) || IsDate(2024, 1, 0));
}

TEST(CivilTime, TicksGoBothWays) {
  const CivilTime before = CivilFromTicks(-1, arrow::TimeUnit::NANO);
  EXPECT_TRUE(before.year == 1969 && before.month == 12 && before.day == 31 && before.hour == 23 && before.minute == 59);
  EXPECT_TRUE(before.second == 59 && before.nanosecond == 999999999);
  for (const auto unit : {arrow::TimeUnit::SECOND, arrow::TimeUnit::MILLI, arrow::TimeUnit::MICRO, arrow::TimeUnit::NANO}) {
    for (const int64_t ticks :
         {int64_t{0}, int64_t{-1}, int64_t{86399}, int64_t{1'704'067'200}, int64_t{-9'000'000'000}, int64_t{4'000'000'000}}) {
      EXPECT_EQ(TicksFromCivil(CivilFromTicks(ticks, unit), unit), ticks);
    }
  }
  // The first and the last that pandas has.
  const CivilTime first = CivilFromTicks(INT64_MIN + 1, arrow::TimeUnit::NANO);
  EXPECT_TRUE(first.year == 1677 && first.month == 9 && first.day == 21 && first.hour == 0 && first.minute == 12);
  EXPECT_TRUE(first.second == 43 && first.nanosecond == 145224193);
  EXPECT_EQ(TicksFromCivil(first, arrow::TimeUnit::NANO), INT64_MIN + 1);
  EXPECT_EQ(TicksFromCivil(CivilFromTicks(INT64_MAX, arrow::TimeUnit::NANO), arrow::TimeUnit::NANO), INT64_MAX);
  CivilTime before_first = first;
  before_first.second = 42;
  EXPECT_EQ(TicksFromCivil(before_first, arrow::TimeUnit::NANO), std::nullopt);
  CivilTime far;
  far.year = 2263;
  EXPECT_EQ(TicksFromCivil(far, arrow::TimeUnit::NANO), std::nullopt);
  far.year = 1970;
  far.offset_seconds = 3600;
  EXPECT_EQ(TicksFromCivil(far, arrow::TimeUnit::SECOND), -3600);
}

TEST(CivilTime, WritesOffsets) {
  const auto text = [](int64_t seconds, std::string_view separator) {
    std::string out;
    AppendOffset(seconds, separator, &out);
    return out;
  };
  EXPECT_EQ(text(0, ":"), "+00:00");
  EXPECT_EQ(text(7200, ":"), "+02:00");
  EXPECT_EQ(text(-12600, ""), "-0330");
  EXPECT_EQ(text(-1800, ":"), "-00:30");
  EXPECT_EQ(text(19270, ":"), "+05:21:10");  // Asia/Kolkata before 1906
  EXPECT_EQ(text(19270, ""), "+052110");
}

}  // namespace
}  // namespace millstream
