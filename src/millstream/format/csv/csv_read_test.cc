// Reading: the expected values are what pandas 3.1 read_csv gives for the same text and options, unless a comment says
// otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/format/csv/csv_testing.h"

namespace millstream::csv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Case {
  const char* what;
  std::string text;
  nlohmann::json options;
  std::string expected;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

class CsvReadCases : public ::testing::TestWithParam<Case> {};

TEST_P(CsvReadCases, GivesWhatPandasGives) {
  const Case& c = GetParam();
  EXPECT_EQ(ReadToText(c.text, {.options = c.options}), c.expected);
}

TEST_P(CsvReadCases, SameAtTwoRowsABatch) {
  const Case& c = GetParam();
  EXPECT_EQ(ReadToText(c.text, {.options = c.options, .batch_rows = 2}), c.expected);
}

TEST_P(CsvReadCases, SameAtEveryBlocksize) {
  const Case& c = GetParam();
  if (c.options.contains("blocksize")) return;
  for (size_t blocksize = 1; blocksize <= c.text.size() + 1; ++blocksize) {
    auto options = c.options;
    options["blocksize"] = blocksize;
    EXPECT_EQ(ReadToText(c.text, {.options = options}), c.expected) << "blocksize " << blocksize;
  }
}

using J = nlohmann::json;
const Case kCases[] = {
    {"integers and floats", "a,b\n1,1.5\n-2,1e3\n+3,.5\n", J::object(), "a:int64|b:double\n1|1.5\n-2|1000\n3|0.5"},
    {"no final line end", "a,b\n1,2\n3,4", J::object(), "a:int64|b:int64\n1|2\n3|4"},
    {"header only", "a,b\n", J::object(), "a:string|b:string"},
    {"carriage returns", "a,b\r1,2\r3,4\r", J::object(), "a:int64|b:int64\n1|2\n3|4"},
    {"CRLF and blank line", "a,b\r\n1,2\r\n\r\n3,4", J::object(), "a:int64|b:int64\n1|2\n3|4"},
    {"blank lines are skipped", "\na,b\n\n   \n1,2\n\n\n", J::object(), "a:int64|b:int64\n1|2"},
    {"one column", "a\n1\n\n2\n", J::object(), "a:int64\n1\n2"},
    {"quoted nothing is a row", "a\n\"\"\n1\n", J::object(), "a:double\nnull\n1"},
    {"quotes", "a,b\n\"1\",\"x\"\"y\"\n2,5\" pipe\n\"3\",\"a,\nb\"\n", J::object(),
     "a:int64|b:string\n1|x\"y\n2|5\" pipe\n3|a,\nb"},
    {"text after quotes", "a,b\n\"x\"y,\"z\" w\n\"ab\"c\"d\",q\n", J::object(), "a:string|b:string\nxy|z w\nabc\"d\"|q"},
    {"quoted CRLF", "a,b\r\n1,\"x\r\ny\"\r\n2,\r\n", J::object(), "a:int64|b:string\n1|x\r\ny\n2|null"},
    {"empty quoted before comma", "a,b,c\n\"\",\"\",\"\"\n1,\"\"\"\",2\n", J::object(),
     "a:double|b:string|c:double\nnull|null|null\n1|\"|2"},
    {"blanks around numbers", "a,b,c\n 1 ,x,1.0 \n2, y, 2\n", J::object(), "a:int64|b:string|c:double\n1|x|1\n2| y|2"},
    {"booleans", "a\nTrue\nfalse\nTRUE\n", J::object(), "a:bool\ntrue\nfalse\ntrue"},
    {"own booleans",
     "a,b\nyes,2\nno,2\n",
     {{"true_values", {"yes"}}, {"false_values", {"no"}}},
     "a:bool|b:int64\ntrue|2\nfalse|2"},
    {"missing integers are floats", "a,b\n1,x\n,y\nNA,null\n", J::object(), "a:double|b:string\n1|x\nnull|y\nnull|null"},
    {"all missing", "a,b\n,1\n,2\n", J::object(), "a:double|b:int64\nnull|1\nnull|2"},
    {"short rows", "a,b\n1,2\n3\n", J::object(), "a:int64|b:double\n1|2\n3|null"},
    {"infinity", "a,b\n1,inf\n2,-Infinity\n3,+5\n", J::object(), "a:int64|b:double\n1|inf\n2|-inf\n3|5"},
    {"not numbers", "a,b,c\n0x10,1_0,1d5\n1,1,1e\n", J::object(), "a:string|b:string|c:string\n0x10|1_0|1d5\n1|1|1e"},
    {"beyond the range of doubles", "a\n1e400\n-1e400\n1e-400\n", J::object(), "a:double\ninf\n-inf\n0"},
    {"unsigned", "a\n9223372036854775808\n1\n", J::object(), "a:uint64\n9223372036854775808\n1"},
    {"too large for integers", "a\n9223372036854775808\n-1\n", J::object(), "a:string\n9223372036854775808\n-1"},
    {"names made unique", "a,a,a.1,,\n1,2,3,4,5\n", J::object(),
     "a:int64|a.2:int64|a.1:int64|Unnamed: 3:int64|Unnamed: 4:int64\n1|2|3|4|5"},
    {"comments", "#x\na,b\n1,2 #c\n#x\n3#,4\n", {{"comment", "#"}}, "a:int64|b:double\n1|2\n3|null"},
    {"quote in a comment", "a,b\n1,2#\"\n3,\"#\"\n", {{"comment", "#"}}, "a:int64|b:string\n1|2\n3|#"},
    {"NA number", "a,b\n-999,1\n-999.0,x\n3,4\n", {{"na_values", {-999}}}, "a:double|b:string\nnull|1\nnull|x\n3|4"},
    {"no default NA", "a,b\n1,NA\n2,\n", {{"keep_default_na", false}}, "a:int64|b:string\n1|NA\n2|"},
    {"own NA only", "a,b\n1,NA\n2,zz\n", {{"keep_default_na", false}, {"na_values", "zz"}}, "a:int64|b:string\n1|NA\n2|null"},
    {"NA of one column", "a,b\nx,1.5\n2,x\n", {{"na_values", {{"b", {"x"}}}}}, "a:string|b:double\nx|1.5\n2|null"},
    {"timestamps",
     "a,b\n1,2020-01-01 01:02:03.123\n2,\n",
     {{"parse_dates", {"b"}}},
     "a:int64|b:timestamp[us]\n1|2020-01-01 01:02:03.123000\n2|null"},
    {"dates",
     "b\n2020-02-29\n1969-12-31T23:59\n",
     {{"parse_dates", {0}}},
     "b:timestamp[us]\n2020-02-29 00:00:00.000000\n1969-12-31 23:59:00.000000"},
    {"UTC", "b\n2020-01-01T00:00:00Z\n", {{"parse_dates", {"b"}}}, "b:timestamp[us, tz=UTC]\n2020-01-01 00:00:00.000000Z"},
    {"nanoseconds",
     "b\n2020-01-01 00:00:00.123456789\n",
     {{"parse_dates", {"b"}}},
     "b:timestamp[ns]\n2020-01-01 00:00:00.123456789"},
    {"skiprows", "x\n\na,b\n1,2\n", {{"skiprows", 1}}, "a:int64|b:int64\n1|2"},
    {"skiprows CRLF", "x\r\ny\r\na,b\r\n1,2\r\n", {{"skiprows", 2}}, "a:int64|b:int64\n1|2"},
    {"header line", "x\n\na,b\n1,2\n", {{"header", 1}}, "a:int64|b:int64\n1|2"},
    {"no header", "1,2\n3,4\n", {{"header", nullptr}}, "0:int64|1:int64\n1|2\n3|4"},
    {"names", "1,2\n3,4\n", {{"names", {"p", "q"}}}, "p:int64|q:int64\n1|2\n3|4"},
    {"names instead of header", "a,b\n3,4\n", {{"names", {"p", "q"}}, {"header", 0}}, "p:int64|q:int64\n3|4"},
    {"more names than fields", "1,2\n3,4\n", {{"names", {"p", "q", "r"}}}, "p:int64|q:int64|r:double\n1|2|null\n3|4|null"},
    {"usecols drops long rows", "a,b,c\n1,2,3\n4,5,6,7\n", {{"usecols", {"a"}}}, "a:int64\n1\n4"},
    {"usecols by position", "a,b,c\n1,2,3\n", {{"usecols", {2, 0}}}, "a:int64|c:int64\n1|3"},
    {"escapes", "a,b\n1,x\\,y\n2,\"x\\\"y\"\n", {{"escapechar", "\\"}}, "a:int64|b:string\n1|x,y\n2|x\"y"},
    {"no double quotes", "a,b\n1,\"x\"\"y\"\n", {{"doublequote", false}}, "a:int64|b:string\n1|x\"y\""},
    {"no quotes", "a,b\n1,\"x\n2,y\"\n", {{"quoting", 3}}, "a:int64|b:string\n1|\"x\n2|y\""},
    {"other quote", "a;b\n1;'x;y'\n", {{"sep", ";"}, {"quotechar", "'"}}, "a:int64|b:string\n1|x;y"},
    {"tabs", "a\tb\n1\t\n\t2\n", {{"sep", "\t"}}, "a:double|b:double\n1|null\nnull|2"},
    {"thousands", "a,b\n\"1,000\",2\n0,2\n", {{"thousands", ","}}, "a:int64|b:int64\n1000|2\n0|2"},
    {"decimal comma", "a;b\n1,5;2\n0;2\n", {{"sep", ";"}, {"decimal", ","}}, "a:double|b:int64\n1.5|2\n0|2"},
    {"dtype",
     "a,b,c\n1,2,3\n0,5,\n",
     {{"dtype", {{"a", "bool"}, {"b", "str"}, {"c", "Int64"}}}},
     "a:bool|b:string|c:int64\ntrue|2|3\nfalse|5|null"},
    {"one dtype for all", "a,b\n1,2\n3,\n", {{"dtype", "str"}}, "a:string|b:string\n1|2\n3|null"},
    {"whole floats as integers", "a,b\n1.0,2\n0,2\n", {{"dtype", {{"a", "int64"}}}}, "a:int64|b:int64\n1|2\n0|2"},
    {"small types",
     "a,b,c\n127,-128,1.5\n",
     {{"dtype", {{"a", "int8"}, {"b", "int8"}, {"c", "float32"}}}},
     "a:int8|b:int8|c:float\n127|-128|1.5"},
    {"category is text", "a\nx\n", {{"dtype", "category"}}, "a:string\nx"},
    {"assume_missing", "a,b\n1,2\n", {{"assume_missing", true}, {"dtype", {{"b", "int64"}}}}, "a:double|b:int64\n1|2"},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "a,b\n1,2\n",
     J::object(), "a:int64|b:int64\n1|2"},
    {"byte order mark and quote", "\xEF\xBB\xBF\"a\",b\n1,2\n", J::object(), "a:int64|b:int64\n1|2"},
    {"utf-8", "é,b\nü,☃\n", J::object(), "é:string|b:string\nü|☃"},
    {"latin-1", "\xE9,b\n\xFC\xFF,\"\xA0\"\n", {{"encoding", "latin-1"}}, "é:string|b:string\nüÿ|\u00a0"},
};

INSTANTIATE_TEST_SUITE_P(All, CsvReadCases, ::testing::ValuesIn(kCases));

struct BadCase {
  const char* what;
  std::string text;
  nlohmann::json options;
  std::vector<std::string> parts;  ///< of the message
};

void PrintTo(const BadCase& c, std::ostream* out) { *out << c.what; }

class CsvReadErrors : public ::testing::TestWithParam<BadCase> {};

TEST_P(CsvReadErrors, SayWhatWhereAndWhatToDo) {
  const BadCase& c = GetParam();
  const std::string message = ReadToText(c.text, {.options = c.options});
  for (const auto& part : c.parts) EXPECT_THAT(message, HasSubstr(part));
}

/// Enough rows to be beyond a sample of 64 bytes.
std::string Rows(const std::string& row, int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) rows += row;
  return rows;
}

const BadCase kBadCases[] = {
    {"text after integers",
     "a,x\n" + Rows("1,2\n", 100) + "3,oops\n",
     {{"sample", 64}},
     {"t.csv, line 102, column 'x'", "cannot read 'oops' as int64", "dtype={'x': 'str'}"}},
    {"float after integers",
     "a,x\n" + Rows("1,2\n", 100) + "3,2.5\n",
     {{"sample", 64}},
     {"line 102, column 'x'", "'2.5'", "dtype={'x': 'float64'} or assume_missing=True"}},
    {"missing after integers",
     "a,x\r\n" + Rows("1,2\r\n", 100) + "3,\r\n",
     {{"sample", 64}},
     {"line 102, column 'x'", "missing", "dtype={'x': 'Int64'} or assume_missing=True"}},
    {"lines inside quotes count",
     "a,x\n\"\n\n\",1\n" + Rows("1,2\n", 100) + "3,?\n",
     {{"sample", 64}},
     {"line 105, column 'x'"}},
    {"missing where int64 was asked for", "a,b\n1,2\n,2\n", {{"dtype", {{"a", "int64"}}}}, {"line 3, column 'a'", "missing"}},
    {"missing where bool was asked for",
     "a,b\nTrue,2\n,2\n",
     {{"dtype", {{"a", "bool"}}}},
     {"line 3, column 'a'", "dtype={'a': 'boolean'}"}},
    {"out of range", "a\n300\n", {{"dtype", "int8"}}, {"line 2, column 'a'", "'300' as int8; say dtype={'a': 'int64'}"}},
    {"negative unsigned", "a\n-1\n", {{"dtype", "uint8"}}, {"'-1' as uint8"}},
    {"float for an integer", "a\n1.5\n", {{"dtype", "int64"}}, {"'1.5' as int64", "'float64'"}},
    {"too many fields", "a,b\n1,2\n1,2,3\n", J::object(), {"t.csv, line 3: expected 2 fields, saw 3"}},
    {"too many fields behind the sample",
     "a,b\n" + Rows("1,2\n", 100) + "1,2,3\n",
     {{"sample", 64}},
     {"t.csv, line 102: expected 2 fields, saw 3"}},
    {"unclosed quote", "a,b\n1,2\n1,\"x\n", J::object(), {"t.csv, line 3", "inside quotes"}},
    {"escape at the end", "a,b\n1,2\\", {{"escapechar", "\\"}}, {"line 2", "after an escape character"}},
    {"empty file", "", J::object(), {"t.csv", "no columns to parse"}},
    {"empty file without header", "", {{"header", nullptr}}, {"no columns to parse"}},
    {"header beyond the end", "a\n", {{"header", 3}}, {"ends before line 3 of the header"}},
    {"date", "a\n2020-13-01\n", {{"parse_dates", {"a"}}}, {"line 2, column 'a'", "'2020-13-01'", "YYYY-MM-DD"}},
    {"date behind the sample",
     "a\n" + Rows("2020-01-01\n", 100) + "01/02/2020\n",
     {{"parse_dates", {"a"}}, {"sample", 64}},
     {"line 102, column 'a'", "'01/02/2020'", "YYYY-MM-DD", "parse_dates"}},
    {"leap day", "a\n2021-02-29\n", {{"parse_dates", {"a"}}}, {"'2021-02-29'"}},
    {"hour", "a\n2021-02-28 24:00\n", {{"parse_dates", {"a"}}}, {"'2021-02-28 24:00'"}},
    {"invalid UTF-8", "a,b\n1,x\n2,\xFFy\n", J::object(), {"line 3, column 'b'", "\\xffy", "UTF-8", "latin-1"}},
    {"invalid UTF-8 in the header", "a,\xFF\n1,x\n", J::object(), {"header", "\\xff", "latin-1"}},
    {"unknown option", "a\n1\n", {{"sepp", ","}}, {"no CSV option 'sepp'", "usecols"}},
    {"long separator", "a\n1\n", {{"sep", "||"}}, {"option sep", "one ASCII character"}},
    {"no separator", "a\n1\n", {{"sep", nullptr}}, {"option sep"}},
    {"same bytes", "a\n1\n", {{"sep", "\""}}, {"must name different characters"}},
    {"encoding", "a\n1\n", {{"encoding", "utf-16"}}, {"option encoding", "utf-16"}},
    {"dtype", "a\n1\n", {{"dtype", {{"a", "complex"}}}}, {"'a'", "'complex' is not a type"}},
    {"blocksize", "a\n1\n", {{"blocksize", -1}}, {"option blocksize"}},
    {"bad lines", "a\n1\n", {{"on_bad_lines", "skip"}}, {"option on_bad_lines"}},
    {"usecols", "a\n1\n", {{"usecols", {"z"}}}, {"usecols names column \"z\"", "columns are: a"}},
    {"parse_dates", "a\n1\n", {{"parse_dates", {"z"}}}, {"parse_dates names column \"z\""}},
    {"names twice", "1,2\n", {{"names", {"a", "a"}}}, {"'a' twice"}},
};

INSTANTIATE_TEST_SUITE_P(All, CsvReadErrors, ::testing::ValuesIn(kBadCases));

TEST(CsvRead, DecodesOnlyTheColumnsAskedForInTheirOrder) {
  // Column b would be an error.
  const std::string text = "a,b,c\n" + Rows("1,2,x\n", 50) + "1,oops,y\n";
  const auto table = ReadText(text, {.options = {{"sample", 16}}, .columns = {"c", "a"}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->num_rows(), 51);
  EXPECT_EQ((*table)->schema()->field_names(), (std::vector<std::string>{"c", "a"}));
}

TEST(CsvRead, GivesRowsWithoutColumns) {
  const TempDir dir;
  const TaskContext context = UnlimitedContext();
  const auto inspection = CsvFormat()->Inspect({dir.Write("a.csv", "a,b\n1,2\n\n3,4\n")}, nullptr, nullptr, context);
  ASSERT_TRUE(inspection.ok()) << inspection.status();
  ReadRequest request;
  request.schema = arrow::schema({});
  auto reader = CsvFormat()->OpenSplit(inspection->splits[0], request, nullptr, inspection->options, context).ValueOrDie();
  int64_t rows = 0;
  auto morsel = reader->Next().ValueOrDie();
  ASSERT_TRUE(morsel
                  ->Decode([&](auto batch) {
                    rows += batch->num_rows();
                    return Status::OK();
                  })
                  .ok());
  EXPECT_EQ(rows, 2);
}

TEST(CsvRead, TakesALimit) {
  const std::string text = "a\n" + Rows("1\n", 300000);
  const auto table = ReadText(text, {.limit = 5});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_GE((*table)->num_rows(), 5);
  EXPECT_LT((*table)->num_rows(), 1000);
}

TEST(CsvRead, ReadsSeveralFilesEachWithItsHeader) {
  const TempDir dir;
  const auto first = dir.Write("1.csv", "a,b\n1,2\n");
  const auto second = dir.Write("2.csv", "a,b\n3,4\n");
  EXPECT_EQ(ToText(**ReadFiles({first, second})), "a:int64|b:int64\n1|2\n3|4");
  const auto other = dir.Write("3.csv", "a,c\n3,4\n");
  EXPECT_THAT(ReadFiles({first, other}).status().ToString(), AllOf(HasSubstr("3.csv"), HasSubstr("a, c"), HasSubstr("a, b")));
}

TEST(CsvRead, TakesTypesFromTheFirstFileWithRows) {
  const TempDir dir;
  EXPECT_EQ(ToText(**ReadFiles({dir.Write("1.csv", "a\n"), dir.Write("2.csv", "a\n7\n")})), "a:int64\n7");
}

TEST(CsvRead, ReadsRecordsLongerThanAChunk) {
  const std::string text = "a,b\n1,\"" + std::string(5 << 20, '\n') + "\"\n2,x\n";
  const auto table = ReadText(text);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->num_rows(), 2);
  EXPECT_EQ((*table)->column(1)->GetScalar(0).ValueOrDie()->ToString(), std::string(5 << 20, '\n'));
}

TEST(CsvInspect, CutsPlainFilesIntoEvenBlocksAsDask) {
  const TempDir dir;
  const TaskContext context = UnlimitedContext();
  const auto file = dir.Write("a.csv", "a\n" + Rows("1\n", 49));  // 100 bytes
  const auto splits_at = [&](nlohmann::json blocksize) {
    std::vector<int64_t> offsets;
    const auto inspection = CsvFormat()->Inspect({file}, nullptr, {{"blocksize", blocksize}}, context).ValueOrDie();
    for (const auto& split : inspection.splits) offsets.push_back(split.offset);
    return offsets;
  };
  EXPECT_EQ(splits_at(25), (std::vector<int64_t>{0, 25, 50, 75}));
  EXPECT_EQ(splits_at(30), (std::vector<int64_t>{0, 33, 66}));
  EXPECT_EQ(splits_at("60B"), (std::vector<int64_t>{0}));
  EXPECT_EQ(splits_at(nullptr), (std::vector<int64_t>{0}));
}

}  // namespace
}  // namespace millstream::csv
