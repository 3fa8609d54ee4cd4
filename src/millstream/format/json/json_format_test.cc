// Reading: types, values, splits and projections. Expected values are those of pandas.read_json(lines=True) unless a test says
// otherwise.
#include <gmock/gmock.h>

#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/test_files.h"

namespace millstream::json_format {
namespace {

using ::testing::HasSubstr;

/// Type and values of the column "a" of some text.
std::string ColumnA(const std::string& text, const nlohmann::json& options = nlohmann::json::object()) {
  ReadSetup setup;
  setup.options = options;
  const auto table = ReadText(text, setup);
  if (!table.ok()) return table.status().ToString();
  const auto field = (*table)->schema()->GetFieldByName("a");
  return field ? field->type()->ToString() + " " + ColumnText(**table, "a") : "no column";
}

TEST(JsonTypes, Numbers) {
  EXPECT_EQ(ColumnA(R"({"a":1}
{"a":-2})"),
            "int64 [1,-2]");
  EXPECT_EQ(ColumnA("{\"a\":1}\n{\"a\":null}"), "double [1,null]");
  EXPECT_EQ(ColumnA("{\"a\":1}\n{\"b\":2}"), "double [1,null]");
  EXPECT_EQ(ColumnA("{\"a\":1}\n{\"a\":2.5}"), "double [1,2.5]");
  EXPECT_EQ(ColumnA("{\"a\":9223372036854775807}\n{\"a\":-9223372036854775808}"),
            "int64 [9223372036854775807,-9223372036854775808]");
  EXPECT_EQ(ColumnA("{\"a\":9223372036854775808}\n{\"a\":1}"), "uint64 [9223372036854775808,1]");
  EXPECT_EQ(ColumnA("{\"a\":9223372036854775808}\n{\"a\":-1}"), "double [9.223372036854776e+18,-1]");
  // pandas refuses these two; Python's json reads them.
  EXPECT_EQ(ColumnA("{\"a\":18446744073709551616}"), "double [1.8446744073709552e+19]");
  EXPECT_EQ(ColumnA("{\"a\":-9223372036854775809}"), "double [-9.223372036854776e+18]");
  EXPECT_EQ(ColumnA("{\"a\":1e400}\n{\"a\":-1e400}\n{\"a\":1e-400}"), "double [inf,-inf,0]");
  EXPECT_EQ(ColumnA("{\"a\":0.1}\n{\"a\":-0.0}\n{\"a\":123456789012345678901234567890e-10}"),
            "double [0.1,-0,1.2345678901234567e+19]");
}

TEST(JsonTypes, IdentifiersBeyondDoublesStayWholeBesideMissingValues) {
  // pandas rounds them to float64.
  EXPECT_EQ(ColumnA("{\"a\":9007199254740993}\n{\"a\":null}"), "int64 [9007199254740993,null]");
  EXPECT_EQ(ColumnA("{\"a\":\"9007199254740993\"}\n{\"a\":null}"), "string [9007199254740993,null]");
}

TEST(JsonTypes, NumbersInQuotesAreNumbers) {
  EXPECT_EQ(ColumnA("{\"a\":\"1\"}\n{\"a\":\"-20\"}"), "int64 [1,-20]");
  EXPECT_EQ(ColumnA("{\"a\":\"1\"}\n{\"a\":\"2.5\"}"), "double [1,2.5]");
  EXPECT_EQ(ColumnA("{\"a\":\"1\"}\n{\"a\":2}"), "int64 [1,2]");
  EXPECT_EQ(ColumnA("{\"a\":\"1\"}\n{\"a\":\"x\"}"), "string [1,x]");
  EXPECT_EQ(ColumnA("{\"a\":\"1\"}", {{"dtype", false}}), "string [1]");
  EXPECT_EQ(ColumnA("{\"a\":\"1\"}", {{"dtype", {{"a", "str"}}}}), "string [1]");
  // pandas reads these as numbers too; their text would be lost.
  EXPECT_EQ(ColumnA("{\"a\":\"01234\"}"), "string [01234]");
  EXPECT_EQ(ColumnA("{\"a\":\"12e34\"}"), "string [12e34]");
}

TEST(JsonTypes, OtherScalars) {
  EXPECT_EQ(ColumnA("{\"a\":true}\n{\"a\":false}"), "bool [true,false]");
  EXPECT_EQ(ColumnA("{\"a\":true}\n{\"a\":null}"), "bool [true,null]");
  EXPECT_EQ(ColumnA("{\"a\":null}\n{\"a\":null}"), "double [null,null]");
  EXPECT_EQ(ColumnA(R"({"a":"x\n\"\\\/\u00e9\ud83d\ude00"})"), "string [x\n\"\\/\u00e9\U0001F600]");
}

TEST(JsonTypes, MixedTypesStayJson) {
  const std::string json = JsonType()->ToString();
  EXPECT_EQ(ColumnA("{\"a\":\"x\"}\n{\"a\":1}\n{\"a\":null}"), json + R"( ["x",1,null])");
  EXPECT_EQ(ColumnA("{\"a\":true}\n{\"a\": [1, {\"b\":2}] }"), json + R"( [true,[1, {"b":2}]])");
}

TEST(JsonTypes, ObjectsWithTheSameKeysAreStructs) {
  const auto table = ReadText(R"({"r":{"id":1,"name":"x","o":{"p":[1,2]}}}
{"r":{"name":"y","o":{"p":[]},"id":2}}
{"q":0})");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->schema()->GetFieldByName("r")->type()->ToString(),
            "struct<id: int64, name: string, o: struct<p: list<item: int64>>>");
  EXPECT_EQ(
      ColumnText(**table, "r"),
      "[{id:int64 = 1, name:string = x, o:struct<p: list<item: int64>> = {p:list<item: int64> = list<item: int64>[1, 2]}},"
      "{id:int64 = 2, name:string = y, o:struct<p: list<item: int64>> = {p:list<item: int64> = list<item: int64>[]}},null]");
}

TEST(JsonTypes, ObjectsWhoseKeysVaryStayJson) {
  EXPECT_EQ(ColumnA("{\"a\":{\"x\":1}}\n{\"a\":{\"y\":2,\"x\":3}}"), JsonType()->ToString() + R"( [{"x":1},{"y":2,"x":3}])");
}

TEST(JsonTypes, TimesByName) {
  const auto type = [](const std::string& name, const std::string& value) {
    const auto table = ReadText("{\"" + name + "\":" + value + "}");
    return table.ok() ? (*table)->schema()->field(0)->type()->ToString() + " " + ColumnText(**table, name)
                      : table.status().ToString();
  };
  EXPECT_EQ(type("created_at", "\"2015-01-01T00:00:01Z\""), "timestamp[us, tz=UTC] [2015-01-01 00:00:01.000000Z]");
  EXPECT_EQ(type("created_at", "\"2015-01-01\""), "timestamp[us] [2015-01-01 00:00:00.000000]");
  EXPECT_EQ(type("created_at", "\"2015-01-01 00:00:01.123456789\""), "timestamp[ns] [2015-01-01 00:00:01.123456789]");
  EXPECT_EQ(type("Start_Time", "1420070401"), "timestamp[us] [2015-01-01 00:00:01.000000]");
  EXPECT_EQ(type("timestamp_x", "1420070401000"), "timestamp[us] [2015-01-01 00:00:01.000000]");
  EXPECT_EQ(type("timestamp", "1420070401000.5"), "timestamp[ns] [2015-01-01 00:00:01.000500000]");
  EXPECT_EQ(type("timestamp", "\"1420070401\""), "timestamp[us] [2015-01-01 00:00:01.000000]");
  EXPECT_EQ(type("date", "5"), "int64 [5]");
  EXPECT_EQ(type("mydate", "\"2015-01-01\""), "string [2015-01-01]");
  EXPECT_EQ(type("modified", "\"x\""), "string [x]");
  EXPECT_THAT(type("date", "\"2015-01-01T00:00:01+02:00\""), HasSubstr("timestamp[us, tz=+02:00]"));
}

TEST(JsonTypes, TimesByOption) {
  EXPECT_EQ(ColumnA("{\"a\":\"2015-01-01\"}", {{"convert_dates", {"a"}}}), "timestamp[us] [2015-01-01 00:00:00.000000]");
  EXPECT_EQ(ColumnA("{\"a\":\"2015-01-01\"}", {{"dtype", {{"a", "datetime64[ms]"}}}}),
            "timestamp[ms] [2015-01-01 00:00:00.000]");
  EXPECT_EQ(ColumnA("{\"a\":1420070401}", {{"dtype", {{"a", "datetime64[ns, UTC]"}}}, {"date_unit", "s"}}),
            "timestamp[ns, tz=UTC] [2015-01-01 00:00:01.000000000Z]");
  const auto table = ReadText("{\"date\":\"2015-01-01\"}", {{{"convert_dates", false}}});
  EXPECT_EQ((*table)->schema()->ToString(), "date: string");
}

TEST(JsonRead, KeysOfAllRecordsInOrderOfAppearance) {
  const auto table = ReadText("{\"b\":\"u\",\"a\":2}\n{\"a\":1,\"c\":true}\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->schema()->ToString(), "b: string\na: int64\nc: bool");
  EXPECT_EQ(ColumnText(**table, "b"), "[u,null]");
  EXPECT_EQ(ColumnText(**table, "c"), "[null,true]");
}

TEST(JsonRead, LastOfRepeatedKeysWins) {
  EXPECT_EQ(ColumnA("{\"a\":1,\"a\":2}"), "int64 [2]");
  EXPECT_EQ(ColumnA("{\"a\":{\"b\":1},\"a\":{\"b\":2,\"b\":3}}"), "struct<b: int64> [{b:int64 = 3}]");
}

TEST(JsonRead, KeysWithEscapes) {
  EXPECT_EQ(ColumnA("{\"\\u0061\":1}\n{\"a\":2}"), "int64 [1,2]");
  const auto table = ReadText("{\"a long key with \\\"quotes\\\" in it\":1}");
  EXPECT_EQ((*table)->schema()->field(0)->name(), "a long key with \"quotes\" in it");
  EXPECT_EQ(ColumnText(**table, "a long key with \"quotes\" in it"), "[1]");
}

TEST(JsonRead, BlankLinesLineEndsAndByteOrderMark) {
  EXPECT_EQ(ColumnA("\xEF\xBB\xBF\n{\"a\":1}\r\n\r\n  \t\n {\"a\" : 2 } \r\n{\"a\":3}"), "int64 [1,2,3]");
  EXPECT_EQ(ColumnA("\n{\"a\":1}\n\n{\"a\":2}\n\n"), "int64 [1,2]");
  EXPECT_EQ(ColumnA(""), "no column");
  EXPECT_EQ(ColumnA("\n \n"), "no column");
}

TEST(JsonRead, LoneSurrogatesBecomeReplacementCharacters) {
  EXPECT_EQ(ColumnA(R"({"a":"x\ud800y\udc00\ud800\ud83d\ude00"})"), "string [x\uFFFDy\uFFFD\uFFFD\U0001F600]");
}

TEST(JsonRead, ProjectionOfColumnsAndOfChildren) {
  ReadSetup setup;
  setup.schema = arrow::schema(
      {arrow::field("c", arrow::utf8()), arrow::field("r", arrow::struct_({arrow::field("name", arrow::utf8())}))});
  const auto table = ReadText(R"({"r":{"id":1,"name":"x"},"b":[1,{}],"c":"u"}
{"r":{"id":2,"name":"y"},"b":{"q":[]},"c":"v"})",
                              setup);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->schema()->ToString(), "c: string\nr: struct<name: string>");
  EXPECT_EQ(ColumnText(**table, "r"), "[{name:string = x},{name:string = y}]");
}

/// Two records, of which the sample sees only the first.
ReadSetup SampleOfOneLine(const std::string& first) {
  ReadSetup setup;
  setup.options = {{"sample", first.size()}};
  return setup;
}

TEST(JsonRead, KeysBehindTheSampleAreErrors) {
  const std::string first = R"({"a":1,"r":{"x":1},"l":[{"p":1}]})"
                            "\n";
  for (const auto& [record, key] : {std::pair{R"({"a":2,"late":null,"r":{"x":2}})", "\"late\""},
                                    {R"({"a":2,"r":{"x":2,"late":3}})", "column 'r': the key \"late\""},
                                    {R"({"a":2,"l":[{},{"late":[]}]})", "column 'l[]': the key \"late\""}}) {
    ReadSetup setup = SampleOfOneLine(first);
    const std::string text = first + "\n" + record + "\n";
    const std::string error = ReadError(text, setup);
    EXPECT_THAT(error, HasSubstr("line 3"));
    EXPECT_THAT(error, HasSubstr(key));
    EXPECT_THAT(error, HasSubstr("larger sample"));
    setup.options["unexpected_field_behavior"] = "ignore";
    EXPECT_EQ(ReadError(text, setup), "");
  }
  ReadSetup array = SampleOfOneLine("[" + first);
  array.options["lines"] = false;
  EXPECT_EQ(ReadError("[" + first + R"(, {"late":1}])", array), "");  // an array is sampled whole
}

TEST(JsonRead, KeysBehindTheSampleDoNotMatterWhereColumnsWereChosen) {
  const std::string first = R"({"a":1,"r":{"x":1,"y":2}})"
                            "\n";
  const std::string text = first + R"({"late":1,"a":2,"r":{"x":2,"late":3}})"
                                   "\n";
  const auto part_of_r = arrow::field("r", arrow::struct_({arrow::field("x", arrow::int64())}));
  for (const auto& chosen :
       {arrow::schema({arrow::field("a", arrow::int64())}), arrow::schema({part_of_r}), arrow::schema({})}) {
    ReadSetup setup = SampleOfOneLine(first);
    setup.schema = chosen;
    EXPECT_EQ(ReadError(text, setup), "") << chosen->ToString();
  }
  ReadSetup setup = SampleOfOneLine(first);
  setup.options["columns"] = {"a"};
  EXPECT_EQ(ReadError(text, setup), "");
}

TEST(JsonRead, KeysBehindTheSampleAreFoundWhateverColumnsAreCalled) {
  const std::string first = R"({"a.b":{"x":1},"a":{"b":{"x":1,"y":2}},"":{"p":1},"l":[{"q":1,"r":2}],"l[]":{"q":1}})"
                            "\n";
  // Of a.b and of l's items only a part is wanted, which must not make their namesakes partial.
  const auto part = [](const char* name) { return arrow::struct_({arrow::field(name, arrow::int64())}); };
  ReadSetup setup = SampleOfOneLine(first);
  setup.schema =
      arrow::schema({arrow::field("a.b", part("x")), arrow::field("a", arrow::struct_({arrow::field("b", part("x"))})),
                     arrow::field("", part("p")), arrow::field("l", arrow::list(part("q"))), arrow::field("l[]", part("q"))});
  EXPECT_EQ(ReadError(first + R"({"a":{"b":{"late":1}},"l":[{"late":1}]})" + "\n", setup), "");
  for (const char* record : {R"({"a.b":{"late":1}})", R"({"":{"late":1}})", R"({"l[]":{"late":1}})", R"({"late":1})"}) {
    EXPECT_THAT(ReadError(first + record + "\n", setup), HasSubstr("\"late\"")) << record;
  }
}

TEST(JsonRead, NoColumnsStillHasRows) {
  const TestFile file("{\"a\":1}\n{\"a\":2}\n{}\n");
  const TaskContext context = UnlimitedContext();
  const Inspection found = *JsonFormat()->Inspect({file.entry()}, {}, {}, context);
  ReadRequest request;
  request.schema = arrow::schema({});
  auto reader = *JsonFormat()->OpenSplit(found.splits[0], request, {}, found.options, context);
  int64_t rows = 0;
  ASSERT_TRUE((*reader->Next())
                  ->Decode([&](auto batch) {
                    rows += batch->num_rows();
                    return Status::OK();
                  })
                  .ok());
  EXPECT_EQ(rows, 3);
}

TEST(JsonRead, LimitReadsNoMoreThanNeeded) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\n{\"a\":" + std::to_string(i) + "}\n";
  ReadSetup setup;
  setup.limit = 3;
  EXPECT_EQ(ColumnText(**ReadText(text, setup), "a"), "[0,1,2]");
}

TEST(JsonRead, ArrayOfRecords) {
  ReadSetup setup;
  setup.options = {{"lines", false}};
  setup.batch_rows = 2;
  const auto table = ReadText("\xEF\xBB\xBF[ {\"a\":1},\n {\"a\":\n2},{\"a\":3} ]\n", setup);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(ColumnText(**table, "a"), "[1,2,3]");
  EXPECT_EQ((*ReadText("[]", setup))->num_rows(), 0);
}

TEST(JsonSplits, EveryBlockSizeAndChunkSizeGivesTheSameRows) {
  std::string text;
  std::string expected = "[";
  for (int i = 0; i < 40; ++i) {
    text += "{\"b\":\"" + std::string(static_cast<size_t>(i * 7 % 23), 'x') + "\",\"a\":" + std::to_string(i) + "}\n";
    if (i % 5 == 0) text += "\r\n";
    expected += (i > 0 ? "," : "") + std::to_string(i);
  }
  text.pop_back();
  expected += "]";
  const TestFile file(text);
  for (const int64_t blocksize : {1, 2, 3, 7, 30, 31, 100, 1000, 100000}) {
    for (const int64_t chunk_bytes : {1, 5, 64, 100000}) {
      ReadSetup setup;
      setup.options = {{"blocksize", blocksize}};
      setup.chunk_bytes = chunk_bytes;
      setup.batch_rows = 2;
      const auto table = ReadTable(file, setup);
      ASSERT_TRUE(table.ok()) << table.status();
      EXPECT_EQ(ColumnText(**table, "a"), expected) << blocksize << " " << chunk_bytes;
    }
  }
}

}  // namespace
}  // namespace millstream::json_format
