// Writing: the expected bytes are what pandas 3.1 to_csv(index=False) gives, unless a comment says otherwise.
#include <limits>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/json.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "millstream/format/csv/cell_text.h"
#include "millstream/format/csv/csv_testing.h"

namespace millstream::csv {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::Table> OneColumn(const std::shared_ptr<arrow::DataType>& type, const std::string& json,
                                        const std::string& name = "c") {
  return arrow::Table::Make(arrow::schema({arrow::field(name, type)}), {FromJson(type, json)});
}

std::string Written(const arrow::Table& table, const nlohmann::json& options = nullptr) {
  const auto text = WriteToText(table, options);
  return text.ok() ? *text : text.status().ToString();
}

TEST(CsvWrite, QuotesWhatNeedsIt) {
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("s", arrow::utf8()), arrow::field("o,p", arrow::utf8())}),
                                        {FromJson(arrow::utf8(), R"(["a", "b,c", "d\"e", "f\ng", " x ", "", "None", null])"),
                                         FromJson(arrow::utf8(), R"(["1", null, "x", "NaN", "#", "\t", "\\", "'"])")});
  EXPECT_EQ(Written(*table), "s,\"o,p\"\na,1\n\"b,c\",\n\"d\"\"e\",x\n\"f\ng\",NaN\n x ,#\n,\t\nNone,\\\n,'\n");
}

TEST(CsvWrite, QuotesCarriageReturns) {
  // pandas under Python 3.11 does not, and cannot read its file back.
  EXPECT_EQ(Written(*OneColumn(arrow::utf8(), R"(["h\ri"])")), "c\n\"h\ri\"\n");
}

TEST(CsvWrite, KeepsARowThatWouldBeBlank) {
  EXPECT_EQ(Written(*OneColumn(arrow::utf8(), R"(["", null, "a"])")), "c\n\"\"\n\"\"\na\n");
  EXPECT_EQ(Written(*OneColumn(arrow::float64(), "[null, 1]")), "c\n\"\"\n1.0\n");
}

TEST(CsvWrite, WritesFloatsAsPythonDoes) {
  EXPECT_EQ(Written(*OneColumn(arrow::float64(),
                               "[1, 1e16, 1e15, 123456789.123, 1e-5, 0.0001, -0.0, 1.5e300, 5e-324, 1e22, 16777216, "
                               "0.30000000000000004, 12345678901234567]")),
            "c\n1.0\n1e+16\n1000000000000000.0\n123456789.123\n1e-05\n0.0001\n-0.0\n1.5e+300\n5e-324\n1e+22\n16777216.0\n"
            "0.30000000000000004\n1.2345678901234568e+16\n");
  EXPECT_EQ(Written(*OneColumn(arrow::float32(), "[1, 0.1, 1e16, 3.4e38, 1e-5, 16777216, 123456.7, 100000, 1234567]")),
            "c\n1.0\n0.1\n1e+16\n3.4e+38\n1e-05\n1.6777216e+07\n123456.7\n100000.0\n1.234567e+06\n");
  char text[kLongestNumber];
  EXPECT_EQ(std::string(text, FormatFloat(std::numeric_limits<double>::infinity(), text)), "inf");
  EXPECT_EQ(std::string(text, FormatFloat(-std::numeric_limits<double>::infinity(), text)), "-inf");
  EXPECT_EQ(Written(*OneColumn(arrow::float64(), "[1.23456, 1e10, null]"), {{"float_format", "%.2f"}}),
            "c\n1.23\n10000000000.00\n\"\"\n");
}

TEST(CsvWrite, TakesNanForMissing) {
  arrow::DoubleBuilder builder;
  ASSERT_TRUE(builder.AppendValues({1.0, std::numeric_limits<double>::quiet_NaN()}).ok());
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("c", arrow::float64())}), {builder.Finish().ValueOrDie()});
  EXPECT_EQ(Written(*table, {{"na_rep", "NA"}}), "c\n1.0\nNA\n");
}

TEST(CsvWrite, WritesIntegersAndBooleans) {
  EXPECT_EQ(Written(*OneColumn(arrow::int64(), "[-9223372036854775808, 0, null]"), {{"na_rep", "-"}}),
            "c\n-9223372036854775808\n0\n-\n");
  EXPECT_EQ(Written(*OneColumn(arrow::uint8(), "[255]")), "c\n255\n");
  EXPECT_EQ(Written(*OneColumn(arrow::boolean(), "[true, false]")), "c\nTrue\nFalse\n");
  EXPECT_EQ(Written(*OneColumn(arrow::null(), "[null]"), {{"na_rep", "x"}}), "c\nx\n");
}

TEST(CsvWrite, WritesTimes) {
  using arrow::TimeUnit;
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::MICRO), "[1357053108000000, 1357084800000000, -1, 123000]")),
            // A midnight and a fraction each by themselves: pandas goes by the column.
            "c\n2013-01-01 15:11:48\n2013-01-02 00:00:00\n1969-12-31 23:59:59.999999\n1970-01-01 00:00:00.123\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::NANO), "[1356998400123456789]")),
            "c\n2013-01-01 00:00:00.123456789\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::MILLI, "UTC"), "[1356998400500]")),
            "c\n2013-01-01 00:00:00.500+00:00\n");
  // What the clocks of the zone show, as pandas has it; in Berlin this is the next day, in St. John's 2.5 hours behind UTC.
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::SECOND, "Europe/Berlin"), "[1719786600, null]")),
            "c\n2024-07-01 00:30:00+02:00\n\"\"\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::SECOND, "America/St_Johns"), "[1719786600]")),
            "c\n2024-06-30 20:00:00-02:30\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::MILLI, "Europe/Berlin"), "[1719786600123]"),
                    {{"date_format", "%d.%m. %H:%M:%S.%f %z"}}),
            "c\n01.07. 00:30:00.123000 +0200\n");
  EXPECT_EQ(
      Written(*OneColumn(arrow::timestamp(TimeUnit::SECOND, "Asia/Kolkata"), "[-2208988800]"), {{"date_format", "%F %T%z"}}),
      "c\n1900-01-01 05:21:10+052110\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::SECOND), "[0]"), {{"date_format", "%Y%z%Z%%z"}}), "c\n1970%z\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::SECOND, "UTC"), "[0]"), {{"date_format", "%Y%%Z"}}), "c\n1970%Z\n");
  EXPECT_EQ(Written(*OneColumn(arrow::timestamp(TimeUnit::MICRO), "[1357053108000007, null]"),
                    {{"date_format", "%Y/%m/%d %j %f%%f"}}),
            "c\n2013/01/01 001 000007%f\n\"\"\n");
  EXPECT_EQ(Written(*OneColumn(arrow::date32(), "[18263, -719162]")), "c\n2020-01-02\n0001-01-01\n");
  EXPECT_EQ(Written(*OneColumn(arrow::duration(TimeUnit::SECOND), "[1, 100000, -1]")),
            "c\n0 days 00:00:01\n1 days 03:46:40\n-1 days +23:59:59\n");
  EXPECT_EQ(Written(*OneColumn(arrow::time64(TimeUnit::MICRO), "[54708000001]")), "c\n15:11:48.000001\n");
}

TEST(CsvWrite, WritesNestedValuesAsJson) {
  const auto type = arrow::struct_({arrow::field("a", arrow::int64()), arrow::field("b", arrow::list(arrow::utf8()))});
  EXPECT_EQ(Written(*OneColumn(type, R"([{"a": 1, "b": ["x\"\n", null]}, null, {"a": null, "b": []}])")),
            "c\n\"{\"\"a\"\":1,\"\"b\"\":[\"\"x\\\"\"\\n\"\",null]}\"\n\"\"\n\"{\"\"a\"\":null,\"\"b\"\":[]}\"\n");
  EXPECT_EQ(Written(*OneColumn(arrow::map(arrow::utf8(), arrow::float64()), R"([[["k", 1.5]]])")), "c\n\"{\"\"k\"\":1.5}\"\n");
  EXPECT_EQ(Written(*OneColumn(arrow::decimal128(10, 2), R"(["12.30"])")), "c\n12.30\n");
}

TEST(CsvWrite, WritesJsonTextInNestedValuesAsItIs) {
  const auto storage = FromJson(arrow::utf8(), R"(["{\"b\": [1]}", null])");
  const auto json = arrow::ExtensionType::WrapArray(arrow::extension::json(), storage);
  const auto record = arrow::StructArray::Make({json}, std::vector<std::string>{"p"}).ValueOrDie();
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("c", record->type())}), {record});
  EXPECT_EQ(Written(*table), "c\n\"{\"\"p\"\":{\"\"b\"\": [1]}}\"\n\"{\"\"p\"\":null}\"\n");
}

TEST(CsvWrite, WritesDictionaryColumnsAsTheirValues) {
  const auto array =
      arrow::DictionaryArray::FromArrays(FromJson(arrow::int8(), "[1, null, 0]"), FromJson(arrow::utf8(), R"(["a,", "b"])"));
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("c", (*array)->type())}), {*array});
  EXPECT_EQ(Written(*table, {{"na_rep", "?"}}), "c\nb\n?\n\"a,\"\n");
}

TEST(CsvWrite, TakesOptions) {
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("s", arrow::utf8()), arrow::field("i", arrow::int64()), arrow::field("f", arrow::float64())}),
      {FromJson(arrow::utf8(), R"(["a", null])"), FromJson(arrow::int64(), "[1, 2]"),
       FromJson(arrow::float64(), "[1.5, null]")});
  EXPECT_EQ(Written(*table, {{"na_rep", "N,A"}, {"quoting", 1}}),
            "\"s\",\"i\",\"f\"\n\"a\",\"1\",\"1.5\"\n\"N,A\",\"2\",\"N,A\"\n");
  EXPECT_EQ(Written(*table, {{"na_rep", "NA"}, {"quoting", 2}}), "\"s\",\"i\",\"f\"\n\"a\",1,1.5\n\"NA\",2,\"NA\"\n");
  EXPECT_EQ(Written(*table, {{"header", false}, {"sep", "\t"}}), "a\t1\t1.5\n\t2\t\n");
  EXPECT_EQ(Written(*table, {{"header", {"x", "y", "z"}}, {"lineterminator", "\r\n"}}), "x,y,z\r\na,1,1.5\r\n,2,\r\n");
  EXPECT_EQ(Written(*OneColumn(arrow::utf8(), R"(["x;'", "\""])"), {{"sep", ";"}, {"quotechar", "'"}}), "c\n'x;'''\n\"\n");
  EXPECT_EQ(Written(*OneColumn(arrow::float64(), "[1.5]"), {{"sep", "."}}), "c\n\"1.5\"\n");
}

TEST(CsvWrite, RefusesBadOptionsAndTypes) {
  const auto table = OneColumn(arrow::int64(), "[1]");
  EXPECT_THAT(Written(*table, {{"indx", false}}), HasSubstr("no option 'indx'"));
  EXPECT_THAT(Written(*table, {{"sep", ""}}), HasSubstr("option sep"));
  EXPECT_THAT(Written(*table, {{"sep", "\""}}), HasSubstr("must differ"));
  EXPECT_THAT(Written(*table, {{"header", {"a", "b"}}}), HasSubstr("2 names for 1 columns"));
  for (const std::string format : {"%s", "%d", "%n", "%.2f%s", "x", "%", "%.*f", "%.200f", "%%"}) {
    EXPECT_THAT(Written(*table, {{"float_format", format}}), HasSubstr("option float_format")) << format;
  }
  EXPECT_THAT(Written(*table, {{"encoding", "utf-16"}}), HasSubstr("option encoding"));
  EXPECT_THAT(Written(*OneColumn(arrow::binary(), R"(["x"])")), HasSubstr("column 'c'"));
}

/// A table of the texts and numbers that are hard on CSV.
rc::Gen<std::shared_ptr<arrow::Table>> AnyTable() {
  using Row = std::tuple<std::string, int64_t, double, std::string>;
  const auto text = rc::gen::resize(8, rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\"\",\n\r 1#\\"))));
  const auto rows = rc::gen::container<std::vector<Row>>(
      rc::gen::tuple(text, rc::gen::arbitrary<int64_t>(), rc::gen::arbitrary<double>(), text));
  return rc::gen::map(rows, [](const std::vector<Row>& values) {
    arrow::StringBuilder first;
    arrow::Int64Builder second;
    arrow::DoubleBuilder third;
    arrow::StringBuilder fourth;
    for (const auto& [a, b, c, d] : values) {
      // An empty text reads back as missing, as in pandas.
      EXPECT_TRUE((a.empty() ? first.AppendNull() : first.Append(a)).ok());
      EXPECT_TRUE(second.Append(b).ok() && third.Append(c).ok());
      EXPECT_TRUE((d.empty() ? fourth.AppendNull() : fourth.Append(d)).ok());
    }
    return arrow::Table::Make(arrow::schema({arrow::field("first", arrow::utf8()), arrow::field("the \"2nd\"", arrow::int64()),
                                             arrow::field("third", arrow::float64()), arrow::field("fourth", arrow::utf8())}),
                              {*first.Finish(), *second.Finish(), *third.Finish(), *fourth.Finish()});
  });
}

TEST(CsvRoundTrip, AnyTableReadsBackAtAnyBlocksize) {
  const nlohmann::json dtype = {{"first", "str"}, {"the \"2nd\"", "int64"}, {"third", "float64"}, {"fourth", "str"}};
  EXPECT_TRUE(rc::check([&] {
    const auto table = *AnyTable();
    const bool crlf = *rc::gen::arbitrary<bool>();
    const std::string text = *WriteToText(*table, {{"lineterminator", crlf ? "\r\n" : "\n"}});
    const auto blocksize = *rc::gen::inRange<int64_t>(1, static_cast<int64_t>(text.size()) + 2);
    for (const int64_t batch_rows : {2, 1000}) {
      const auto read = ReadText(text, {.options = {{"dtype", dtype}, {"blocksize", blocksize}}, .batch_rows = batch_rows});
      RC_ASSERT(read.ok());
      RC_ASSERT(ToText(**read) == ToText(*table));
    }
  }));
}

TEST(CsvRoundTrip, EveryBlocksizeOfOneFile) {
  const std::string text =
      "a,\"b\"\"\nb\",c\r\n1,\"x,\"\"\r\n\"\"\",2.5\r\n\"2\",\",\",\"\"\n\n3,5\" pipe\",1e5\n\"4\",\"\"\"\",\r\n5,\"\n\n\n\",7";
  const std::string expected =
      "a:int64|b\"\nb:string|c:double\n1|x,\"\r\n\"|2.5\n2|,|null\n3|5\" pipe\"|100000\n4|\"|null\n5|\n\n\n|7";
  for (size_t blocksize = 1; blocksize <= text.size() + 1; ++blocksize) {
    for (const int64_t batch_rows : {2, 100}) {
      EXPECT_EQ(ReadToText(text, {.options = {{"blocksize", blocksize}}, .batch_rows = batch_rows}), expected) << blocksize;
    }
  }
}

}  // namespace
}  // namespace millstream::csv
