#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "millstream/format/csv/parse_number.h"
#include "millstream/format/csv/parse_time.h"

namespace millstream::csv {
namespace {

/// Text with bytes around it that would be part of the number if they were looked at.
class Padded {
 public:
  explicit Padded(const std::string& text) : bytes_(std::string(64, '7') + text + "77777777"), size_(text.size()) {}
  const char* text() const { return bytes_.data() + 64; }
  int64_t size() const { return static_cast<int64_t>(size_); }

 private:
  std::string bytes_;
  size_t size_;
};

template <class T>
std::string Integer(const std::string& text) {
  const Padded padded(text);
  T value;
  return ParseIntegerFast(padded.text(), padded.size(), &value) ? std::to_string(value) : "no";
}

std::string Float(const std::string& text) {
  const Padded padded(text);
  double fast;
  double slow;
  if (!ParseFloat(text, '.', &slow)) {
    EXPECT_FALSE(ParseFloatFast(padded.text(), padded.size(), &fast)) << text;
    return "no";
  }
  if (ParseFloatFast(padded.text(), padded.size(), &fast)) {
    EXPECT_EQ(std::memcmp(&fast, &slow, sizeof(fast)), 0) << text;
  }
  char out[40];
  return std::string(out, std::to_chars(out, out + sizeof(out), slow).ptr);
}

TEST(ParseInteger, TakesTheWholeRangeAndNothingElse) {
  EXPECT_EQ(Integer<int64_t>("0"), "0");
  EXPECT_EQ(Integer<int64_t>("-0"), "0");
  EXPECT_EQ(Integer<int64_t>("+12345678"), "12345678");
  EXPECT_EQ(Integer<int64_t>("123456789"), "123456789");
  EXPECT_EQ(Integer<int64_t>("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Integer<int64_t>("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Integer<int64_t>("9223372036854775808"), "no");
  EXPECT_EQ(Integer<int64_t>("-9223372036854775809"), "no");
  EXPECT_EQ(Integer<uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(Integer<uint64_t>("18446744073709551616"), "no");
  EXPECT_EQ(Integer<uint64_t>("99999999999999999999"), "no");
  EXPECT_EQ(Integer<uint64_t>("-1"), "no");
  EXPECT_EQ(Integer<uint64_t>("-0"), "0");
  EXPECT_EQ(Integer<int8_t>("-128"), "-128");
  EXPECT_EQ(Integer<int8_t>("128"), "no");
  EXPECT_EQ(Integer<uint16_t>("65536"), "no");
  EXPECT_EQ(Integer<int64_t>("00000000000000000007"), "7");
  for (const std::string text :
       {"", "-", "+", "1.0", "1 ", " 1", "a", "1a", "--1", "+-1", "1e3", "0x1", "123456789012345678901"}) {
    EXPECT_EQ(Integer<int64_t>(text), "no") << text;
  }
}

TEST(ParseInteger, AgreesWithFromChars) {
  EXPECT_TRUE(rc::check([] {
    const auto text = *rc::gen::resize(24, rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789-"))));
    int64_t expected = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), expected);
    const size_t digits = text.size() - (text.starts_with('-') ? 1 : 0);
    const bool whole =
        result.ec == std::errc() && result.ptr == text.data() + text.size() && digits <= 20;  // as many as are taken
    RC_ASSERT(Integer<int64_t>(text) == (whole ? std::to_string(expected) : "no"));
  }));
}

TEST(ParseFloat, TakesWhatPandasTakes) {
  EXPECT_EQ(Float("1.5"), "1.5");
  EXPECT_EQ(Float("-.5"), "-0.5");
  EXPECT_EQ(Float("5."), "5");
  EXPECT_EQ(Float("-0.0"), "-0");
  EXPECT_EQ(Float("+5"), "5");
  EXPECT_EQ(Float(" 5 "), "5");
  EXPECT_EQ(Float("1e3"), "1000");
  EXPECT_EQ(Float("-73.98766"), "-73.98766");
  EXPECT_EQ(Float("12345678.9012345"), "12345678.9012345");
  EXPECT_EQ(Float("9007199254740993"), "9007199254740992");
  EXPECT_EQ(Float("0.1234567890123456789"), "0.12345678901234568");
  EXPECT_EQ(Float("1e400"), "inf");
  EXPECT_EQ(Float("-Infinity"), "-inf");
  EXPECT_EQ(Float("INF"), "inf");
  for (const std::string text : {"", ".", "-", "-.", "+-1", "1.2.3", "1..2", "1e", "nan", "-nan", "1,5", "0x1", "1 2", "..",
                                 "1.5x", "12345678..", "123456789.1.2"}) {
    EXPECT_EQ(Float(text), "no") << text;
  }
}

TEST(ParseFloat, FastPathRoundsCorrectly) {
  EXPECT_TRUE(rc::check([] {
    const auto text = *rc::gen::resize(20, rc::gen::container<std::string>(rc::gen::elementOf(std::string("00123456789..-"))));
    Float(text);  // compares the two paths
  }));
}

std::string Time(const std::string& text, int64_t units = 1000000, bool utc = false) {
  int64_t value;
  return TimestampParser(units, utc).Parse(text, &value) ? std::to_string(value) : "no";
}

TEST(ParseTime, TakesIsoDatesAndTimes) {
  EXPECT_EQ(Time("1970-01-01", 1), "0");
  EXPECT_EQ(Time("2000-02-29", 1), "951782400");
  EXPECT_EQ(Time("1969-12-31 23:59:59", 1), "-1");
  EXPECT_EQ(Time("0001-01-01", 1), "-62135596800");
  EXPECT_EQ(Time("9999-12-31T23:59:59", 1), "253402300799");
  EXPECT_EQ(Time("2013-01-01 15:11"), "1357053060000000");
  EXPECT_EQ(Time("1970-01-01 00:00:00.5"), "500000");
  EXPECT_EQ(Time("1970-01-01 00:00:00.123456"), "123456");
  EXPECT_EQ(Time("1970-01-01 00:00:00.123456000"), "123456");
  EXPECT_EQ(Time("1970-01-01 00:00:00.123456789", 1000000000), "123456789");
  EXPECT_EQ(Time("1970-01-01T00:00:01Z", 1, true), "1");
  EXPECT_EQ(Time("1970-01-01 00:00:01+00:00", 1, true), "1");
  EXPECT_EQ(Time("1970-01-01 00:00:01+02:30", 1, true), "-8999");
  EXPECT_EQ(Time("1970-01-01 00:00:01-0200", 1, true), "7201");
  EXPECT_EQ(Time("1970-01-01 05:00+05", 1, true), "0");
  EXPECT_EQ(Time("1900-01-01 05:21:10+05:21:10", 1, true), "-2208988800");
}

TEST(ParseTime, RefusesTheRest) {
  for (const std::string text : {"",
                                 "1970",
                                 "1970-1-1",
                                 "1970-00-01",
                                 "1970-13-01",
                                 "1970-01-00",
                                 "1970-01-32",
                                 "1900-02-29",
                                 "1970/01/01",
                                 "1970-01-01 ",
                                 "1970-01-01 1",
                                 "1970-01-01 24:00",
                                 "1970-01-01 00:60",
                                 "1970-01-01 00:00:60",
                                 "1970-01-01 00:00:",
                                 "1970-01-01 00:00:0",
                                 "1970-01-01 00:00:00.",
                                 "1970-01-01 00:00:00.1234567",
                                 "1970-01-01 00:00:00Z",
                                 "1970-01-01 00:00:00+01:00",
                                 "1970-01-01x00:00",
                                 "a970-01-01"}) {
    EXPECT_EQ(Time(text), "no") << text;
  }
  EXPECT_EQ(Time("1970-01-01 00:00:00", 1, true), "no");
  for (const std::string zone :
       {"+1:00", "+24:00", "+01:60", "+", "+1", "+01:0", "+01:000", "01:00", "+01-00", "+a1:00", "+01:00:60", "+01:00-00"}) {
    EXPECT_EQ(Time("1970-01-01 00:00:00" + zone, 1, true), "no") << zone;
  }
  EXPECT_EQ(Time("2263-01-01", 1000000000), "no") << "beyond 64 bits of nanoseconds";
}

TEST(ParseTime, ForgetsABadDate) {
  TimestampParser parser(1, false);
  int64_t value;
  EXPECT_TRUE(parser.Parse("1970-01-02", &value));
  EXPECT_FALSE(parser.Parse("1970-99-02", &value));
  EXPECT_FALSE(parser.Parse("1970-99-02", &value));
  EXPECT_TRUE(parser.Parse("1970-01-02", &value));
  EXPECT_EQ(value, 86400);
}

}  // namespace
}  // namespace millstream::csv
