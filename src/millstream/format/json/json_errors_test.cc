// What is refused, and how: every message names the file, the line, and where there is one the column, the value and the
// remedy.
#include <gmock/gmock.h>

#include "millstream/format/json/test_files.h"
#include "millstream/memory/budget_pool.h"

namespace millstream::json_format {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// `line` comes after a sample that fits it not; the error names file and line.
std::string ErrorAfterSample(const std::string& sample, const std::string& line) {
  ReadSetup setup;
  setup.options = {{"sample", 1}};  // one line
  return ReadError(sample + "\n\n" + line + "\n" + sample + "\n", setup);
}

TEST(JsonErrors, ValuesThatDoNotFitNameLineColumnValueAndRemedy) {
  EXPECT_THAT(ErrorAfterSample(R"({"b":1,"a":1})", R"({"a":"x"})"),
              AllOf(HasSubstr(".json: line 3: column 'a': the value \"x\" does not fit type int64"),
                    HasSubstr("dtype={'a': 'string'}")));
  EXPECT_THAT(ErrorAfterSample(R"({"a":1})", R"({"a":1.5})"), HasSubstr("1.5 does not fit type int64"));
  EXPECT_THAT(ErrorAfterSample(R"({"a":1})", R"({"a":9223372036854775808})"), HasSubstr("dtype={'a': 'float64'}"));
  EXPECT_THAT(ErrorAfterSample(R"({"a":1.5})", R"({"a":true})"), HasSubstr("true does not fit type double"));
  EXPECT_THAT(ErrorAfterSample(R"({"a":"x"})", R"({"a":7})"), HasSubstr("7 does not fit type string"));
  EXPECT_THAT(ErrorAfterSample(R"({"a":"x"})", R"({"a":{"b":[1]}})"), HasSubstr("dtype={'a': 'json'}"));
  EXPECT_THAT(ErrorAfterSample(R"({"a":true})", R"({"a":1})"), HasSubstr("1 does not fit type bool"));
  EXPECT_THAT(ErrorAfterSample(R"({"date":"2015-01-01"})", R"({"date":"2015-02-30"})"),
              HasSubstr("\"2015-02-30\" does not fit type timestamp[us]"));
  EXPECT_THAT(ErrorAfterSample(R"({"date":"2015-01-01T00:00:00Z"})", R"({"date":"2015-01-01T00:00:00"})"),
              HasSubstr("does not fit type timestamp[us, tz=UTC]"));
  EXPECT_THAT(ErrorAfterSample(R"({"r":{"a.b":[{"c":1}]}})", R"({"r":{"a.b":[{"c":[]}]}})"),
              AllOf(HasSubstr("column 'r.a.b[].c': the value [] does not fit type int64"), HasSubstr("dtype={'r': 'json'}")));
  EXPECT_THAT(ErrorAfterSample(R"({"r":{"a":1}})", R"({"r":[1]})"), HasSubstr("[1] does not fit type struct<a: int64>"));
  EXPECT_THAT(ErrorAfterSample(R"({"r":[1]})", R"({"r":1})"), HasSubstr("1 does not fit type list<item: int64>"));
  EXPECT_THAT(ErrorAfterSample(R"({"a":1})", "{\"a\":\"" + std::string(500, 'y') + "\"}"), HasSubstr("yyy... does not fit"));
}

TEST(JsonErrors, DtypeThatDoesNotFit) {
  ReadSetup setup;
  setup.options = {{"dtype", {{"a", "int8"}}}};
  EXPECT_THAT(ReadError("{\"a\":127}\n{\"a\":-128}\n{\"a\":128}", setup), HasSubstr("line 3: column 'a': the value 128"));
}

TEST(JsonErrors, StringsOfTheUserTakeEveryValue) {
  ReadSetup setup;
  setup.options = {{"dtype", {{"a", "string"}}}};
  const auto table = ReadText("{\"a\":1.50}\n{\"a\":null}\n{\"a\":[1, 2]}\n{\"a\":\"x\"}\n", setup);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(ColumnText(**table, "a"), "[1.50,null,[1, 2],x]");
}

/// The error of a second line that is not JSON, with the good lines around it in the sample or not.
void ExpectBroken(const std::string& line, const std::string& message) {
  const std::string good = R"({"a":[1],"b":"x"})";
  EXPECT_THAT(ReadError(good + "\n" + line + "\n" + good), AllOf(HasSubstr("line 2: "), HasSubstr(message))) << line;
  ReadSetup setup;
  setup.options = {{"sample", 1}};
  EXPECT_THAT(ReadError(good + "\n" + line + "\n" + good, setup), AllOf(HasSubstr("line 2: "), HasSubstr(message))) << line;
}

TEST(JsonErrors, BrokenLines) {
  ExpectBroken(R"({"a":[1],"b":"x"} {})", "something stands behind");
  ExpectBroken(R"({"a":[1],"b":"x"}})", "something stands behind");
  ExpectBroken(R"({"a":[1],"b":})", "a value is missing");
  ExpectBroken(R"({"a":[1],"b" "x"})", "a ':' is missing");
  ExpectBroken(R"({"a":[1],b:1})", "a key in quotes is missing");
  ExpectBroken(R"({"a":[1],})", "a key in quotes is missing");
  ExpectBroken(R"({"a":[1] "b":1})", "a ',' or '}' is missing");
  ExpectBroken(R"({"b":"x)", "a string is not closed");
  ExpectBroken(R"({"b":"\x"})", "a string has a broken escape");
  ExpectBroken(R"({"b":"\ud80"})", "a string has a broken escape");
  ExpectBroken("{\"b\":\"\xFF\"}", "not valid UTF-8");
  ExpectBroken("{\"b\":\"\t\"}", "control character");
  ExpectBroken(std::string("{\"b\":\"\0\"}", 9), "control character");
  ExpectBroken("7", "the record is not an object");
  ExpectBroken("[1]", "lines=False");
}

TEST(JsonErrors, RecordsOnSeveralLines) {
  EXPECT_THAT(ReadError("{\"a\":1}\n{\"a\":\n2}\n"), HasSubstr("line 2: "));
  ReadSetup setup;
  setup.options = {{"sample", 1}};
  EXPECT_THAT(ReadError("{\"a\":1}\n{\"a\":\n2}\n", setup),
              AllOf(HasSubstr("line 2: "), HasSubstr("does not end on its line")));
  // Brackets and record counts that balance over lines.
  EXPECT_THAT(ReadError("{\"a\":1}\n{\"a\":\n2}\n{\"a\":1}{\"a\":2}\n", setup), HasSubstr("line 2: "));
  EXPECT_THAT(ReadError("{\"a\":1}\n{\"x\":[1}\n,\"a\":3}\n", setup), HasSubstr("line 2: "));
}

TEST(JsonErrors, LastRecordCutShort) {
  ReadSetup setup;
  setup.options = {{"sample", 1}};
  EXPECT_THAT(ReadError("{\"a\":1}\n{\"a\":2}\n{\"a\":", setup), HasSubstr("line 3: "));
}

TEST(JsonErrors, SplitsInsideFilesNameTheByte) {
  ReadSetup setup;
  setup.options = {{"sample", 1}, {"blocksize", 10}};
  EXPECT_THAT(ReadError("{\"a\":1}\n{\"a\":2}\n{\"a\":\"x\"}\n", setup), HasSubstr("the record at byte 16: column 'a'"));
}

TEST(JsonErrors, BrokenArrays) {
  ReadSetup setup;
  setup.options = {{"lines", false}, {"dtype", {{"a", "int64"}}}};
  EXPECT_THAT(ReadError("[{\"a\":1},\n{\"a\":2}", setup), HasSubstr("',' or ']' is missing"));
  EXPECT_THAT(ReadError("[{\"a\":1}]]", setup), HasSubstr("something stands behind"));
  EXPECT_THAT(ReadError("[{\"a\":1},]", setup), HasSubstr("a value is missing"));
  EXPECT_THAT(ReadError("[{\"a\":1},\n2]", setup), HasSubstr("line 2: the record is not an object"));
  EXPECT_THAT(ReadError("{\"a\":1}", setup), HasSubstr("must begin with '['"));
  EXPECT_THAT(ReadError("[{\"a\":1},\n{\"a\":\"x\"}]", setup), HasSubstr("line 2: column 'a': the value \"x\""));
}

TEST(JsonErrors, DeepNestingIsNoCrash) {
  const auto nested = [](size_t depth) { return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
  EXPECT_EQ(ReadError(nested(1023)), "");
  EXPECT_THAT(ReadError(nested(1024)), HasSubstr("line 1: values are nested deeper than 1024"));
  EXPECT_THAT(ReadError("{\"a\":" + std::string(1000000, '[')), HasSubstr("line 1: "));
  ReadSetup setup;
  setup.options = {{"sample", 1}};
  EXPECT_THAT(ReadError("{\"a\":[[1],\"x\"]}\n" + nested(100000), setup), HasSubstr("line 2: column 'a': values are nested"));
}

TEST(JsonErrors, Options) {
  const auto error = [](const nlohmann::json& options) {
    ReadSetup setup;
    setup.options = options;
    return ReadError("{\"a\":1}", setup);
  };
  EXPECT_THAT(error({{"blocksiz", 1}}), AllOf(HasSubstr("no option 'blocksiz'"), HasSubstr("blocksize")));
  EXPECT_THAT(error({{"lines", 1}}), HasSubstr("option 'lines' of the json format must be true or false, not 1"));
  EXPECT_THAT(error({{"orient", "split"}}), HasSubstr("records"));
  EXPECT_THAT(error({{"encoding", "latin-1"}}), HasSubstr("utf-8"));
  EXPECT_THAT(error({{"blocksize", -1}}), HasSubstr("more than 0"));
  EXPECT_THAT(error({{"blocksize", "x"}}), HasSubstr("blocksize"));
  EXPECT_THAT(error({{"dtype", {{"a", "complex"}}}}), AllOf(HasSubstr("column 'a'"), HasSubstr("'complex'")));
  EXPECT_THAT(error({{"dtype", 1}}), HasSubstr("dtype"));
  EXPECT_THAT(error({{"convert_dates", {1}}}), HasSubstr("a list of column names"));
  EXPECT_THAT(error({{"columns", {"b"}}}), AllOf(HasSubstr("no column 'b'"), HasSubstr("[\"a\"]")));
  EXPECT_THAT(error({{"compression", "rar"}}), HasSubstr("rar"));
}

TEST(JsonErrors, LinesLongerThanTheBudget) {
  const auto budget = std::make_shared<MemoryBudget>(8 << 20);
  BudgetPool pool(budget, 0);
  TaskContext context = UnlimitedContext();
  context.budget = budget.get();
  context.pool = &pool;
  const TestFile file("{\"a\":\"" + std::string(20 << 20, 'x') + "\"}\n");
  const auto found = JsonFormat()->Inspect({file.entry()}, {}, {}, context);
  ASSERT_TRUE(found.status().IsOutOfMemory()) << found.status();
  EXPECT_THAT(found.status().message(), HasSubstr(".json: line 1: "));
}

TEST(JsonErrors, LongLinesWithinTheBudgetAreRead) {
  const std::string value(3 << 20, 'x');
  ReadSetup setup;
  setup.chunk_bytes = 1000;
  const auto table = ReadText("{\"a\":\"" + value + "\"}\n{\"a\":\"y\"}\n", setup);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(ColumnText(**table, "a"), "[" + value + ",y]");
}

TEST(JsonErrors, TypesThatJsonCannotBe) {
  ReadSetup setup;
  setup.schema = arrow::schema({arrow::field("a", arrow::binary())});
  const auto table = ReadText("{\"a\":1}", setup);
  EXPECT_TRUE(table.status().IsTypeError());
  EXPECT_THAT(table.status().message(), HasSubstr("column 'a': JSON cannot be read as binary"));
}

TEST(JsonErrors, Cancelled) {
  CancelToken cancel;
  cancel.Cancel();
  TaskContext context = UnlimitedContext();
  context.cancel = &cancel;
  const TestFile file("{\"a\":1}\n");
  EXPECT_TRUE(JsonFormat()->Inspect({file.entry()}, {}, {}, context).status().IsCancelled());
}

}  // namespace
}  // namespace millstream::json_format
