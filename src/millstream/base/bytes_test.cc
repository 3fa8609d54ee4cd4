#include "millstream/base/bytes.h"

#include <gtest/gtest.h>

namespace millstream {
namespace {

TEST(ParseBytes, ReadsDaskUnits) {
  EXPECT_EQ(*ParseBytes("256MB"), 256'000'000);
  EXPECT_EQ(*ParseBytes("1.5 GiB"), 1'610'612'736);
  EXPECT_EQ(*ParseBytes("64k"), 64'000);
  EXPECT_EQ(*ParseBytes("1048576"), 1'048'576);
  EXPECT_EQ(*ParseBytes("1e3"), 1000);
  EXPECT_EQ(*ParseBytes("0"), 0);
}

TEST(ParseBytes, RefusesEverythingElse) {
  for (const char* text : {"", "MB", "-1", "12 parsecs", "1e99TB", "nan", "0x10"}) {
    auto parsed = ParseBytes(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.status().message().find("is not a byte size"), std::string::npos);
  }
}

TEST(FormatBytes, UsesDecimalUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1500), "1.50 kB");
  EXPECT_EQ(FormatBytes(2'000'000'000), "2.00 GB");
}

}  // namespace
}  // namespace millstream
