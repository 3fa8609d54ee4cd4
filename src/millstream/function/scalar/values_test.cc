// Casts, choices, membership, nested values, strings and times against what pandas 3 gives.
#include "millstream/function/scalar/function_testing.h"

namespace millstream::testing {
namespace {

using arrow::TimeUnit;
using nlohmann::json;
using ::testing::HasSubstr;

const auto i8 = arrow::int8(), i32 = arrow::int32(), i64 = arrow::int64(), u8 = arrow::uint8(), f32 = arrow::float32(),
           f64 = arrow::float64(), text = arrow::utf8(), truth = arrow::boolean(), micros = arrow::timestamp(TimeUnit::MICRO);

json To(const char* type) { return {{"to", type}}; }

TEST(Cast, NumbersToTextAsPythonWritesThem) {
  ExpectFunction(
      "cast", {Column(f64, "[1e16, 1e15, 123456789012345678, 0.0001, 0.00001, 0.1, -0.0, Inf, 100, 5e-324, NaN, null]")}, text,
      R"(["1e+16", "1000000000000000.0", "1.2345678901234568e+17", "0.0001", "1e-05", "0.1", "-0.0", "inf", "100.0",
                     "5e-324", null, null])",
      To("str"));
  ExpectFunction("cast", {Column(f32, "[0.1, 100]")}, text, R"(["0.1", "100.0"])", To("str"));
  ExpectFunction("cast", {Column(i64, "[1, -20, null]")}, text, R"(["1", "-20", null])", To("str"));
  ExpectFunction("cast", {Column(truth, "[true, false, null]")}, text, R"(["True", "False", null])", To("str"));
  ExpectFunction("cast", {Column(micros, R"(["2024-01-01 12:00:00.5", "2024-01-01", null])")}, text,
                 R"(["2024-01-01 12:00:00.500000", "2024-01-01 00:00:00", null])", To("str"));
  ExpectFunction("cast", {Column(arrow::timestamp(TimeUnit::SECOND, "Europe/Berlin"), "[1704067200]")}, text,
                 R"(["2024-01-01 01:00:00+01:00"])", To("str"));
}

TEST(Cast, NumbersToNumbers) {
  ExpectFunction("cast", {Column(f64, "[1.9, -1.9]")}, i64, "[1, -1]", To("int64"));
  ExpectFunction("cast", {Column(i64, "[300, -1]")}, i8, "[44, -1]", To("int8"));
  ExpectFunction("cast", {Column(f64, "[1, NaN, null]")}, i64, "[1, null, null]", To("Int64"));
  ExpectFunction("cast", {Column(f64, "[1.5, NaN, null, 0]")}, truth, "[true, true, true, false]", To("bool"));
  ExpectFunction("cast", {Column(truth, "[true, false]")}, f64, "[1, 0]", To("float64"));
  ExpectFunction("cast", {Column(i64, "[1, null]")}, f64, "[1, null]", To("float"));
  EXPECT_THAT(RunFunction("cast", {Column(f64, "[1, NaN]")}, To("int64")).status().message(), HasSubstr("missing values"));
  EXPECT_THAT(RunFunction("cast", {Column(i64, "[1, null]")}, To("int32")).status().message(), HasSubstr("'Int64'"));
  EXPECT_THAT(RunFunction("cast", {Column(f64, "[1e20]")}, To("int64")).status().message(), HasSubstr("out of range"));
  EXPECT_FALSE(RunFunction("cast", {Column(f64, "[-1]")}, To("uint8")).ok());
  EXPECT_FALSE(RunFunction("cast", {Column(f64, "[9223372036854775808]")}, To("int64")).ok());
  EXPECT_THAT(RunFunction("cast", {Column(f64, "[1]")}, To("int65")).status().message(), HasSubstr("unknown type 'int65'"));
}

TEST(Cast, NullableTypesKeepEveryValueOrFail) {
  const auto not_safe = HasSubstr("cannot safely cast");
  const auto check = [&](const Argument& values, const char* to) {
    const auto status = RunFunction("cast", {values}, To(to)).status();
    EXPECT_TRUE(status.IsTypeError()) << to;
    EXPECT_THAT(status.message(), not_safe);
  };
  check(Column(arrow::uint64(), "[18446744073709551615]"), "Int64");
  check(Column(i64, "[300]"), "Int8");
  check(Column(i64, "[-1, null]"), "UInt64");
  check(Column(f64, "[1.5, NaN]"), "Int64");
  check(Column(f64, "[0.5]"), "boolean");
  ExpectFunction("cast", {Column(i64, "[1, 0, null]")}, truth, "[true, false, null]", To("boolean"));
  ExpectFunction("cast", {Column(f64, "[1, NaN, null]")}, truth, "[true, null, null]", To("boolean"));
  EXPECT_THAT(RunFunction("cast", {Column(f64, "[Inf]")}, To("Int64")).status().message(), HasSubstr("out of range"));
}

TEST(Cast, TextToNumbers) {
  ExpectFunction("cast", {Column(text, R"(["12", " 7 ", "-3", "+5"])")}, i64, "[12, 7, -3, 5]", To("int"));
  ExpectFunction("cast", {Column(text, R"(["1.5", "nan", null, "inf", "1e5", " 2 "])")}, f64,
                 "[1.5, NaN, null, Inf, 100000, 2]", To("float"));
  ExpectFunction("cast", {Column(text, R"(["1.5", "x", ""])")}, f64, "[1.5, null, null]",
                 {{"to", "float"}, {"errors", "coerce"}});
  ExpectFunction("cast", {Column(text, R"(["a", null, ""])")}, truth, "[true, true, false]", To("bool"));
  EXPECT_THAT(RunFunction("cast", {Column(text, R"(["1.5"])")}, To("int64")).status().message(), HasSubstr("'1.5'"));
  EXPECT_FALSE(RunFunction("cast", {Column(text, R"(["300"])")}, To("int8")).ok());
  EXPECT_FALSE(RunFunction("cast", {Column(text, R"(["x"])")}, To("float")).ok());
}

TEST(Cast, Times) {
  ExpectFunction("cast", {Column(text, R"(["2024-01-01", "2024-01-02 03:04:05", null])")}, micros,
                 R"(["2024-01-01", "2024-01-02 03:04:05", null])", To("datetime64[us]"));
  ExpectFunction("cast", {Column(i64, "[1]")}, arrow::timestamp(TimeUnit::NANO), "[1]", To("datetime64[ns]"));
  ExpectFunction("cast", {Column(micros, R"(["2024-01-01"])")}, i64, "[1704067200000000]", To("int64"));
  ExpectFunction("cast", {Column(micros, "[-1, 1500000, null]")}, arrow::timestamp(TimeUnit::SECOND), "[-1, 1, null]",
                 To("datetime64[s]"));
  ExpectFunction("cast", {Column(arrow::duration(TimeUnit::MILLI), "[-1500]")}, arrow::duration(TimeUnit::SECOND), "[-2]",
                 To("timedelta64[s]"));
  EXPECT_FALSE(RunFunction("cast", {Column(micros, R"(["9999-01-01"])")}, To("datetime64[ns]")).ok());
  const auto zoned = arrow::timestamp(TimeUnit::MICRO, "Europe/Berlin");
  EXPECT_THAT(RunFunction("cast", {Column(zoned, "[0]")}, To("datetime64[us]")).status().message(), HasSubstr("tz_convert"));
}

TEST(Conditional, ChoosesByCondition) {
  const auto ints = Column(i64, "[1, 2, 3]"), flags = Column(truth, "[true, false, null]");
  ExpectFunction("where", {ints, flags}, f64, "[1, null, null]");
  ExpectFunction("where", {ints, flags, Literal(int64_t{0})}, i64, "[1, 0, 0]");
  ExpectFunction("where", {ints, flags, Literal(1.5)}, f64, "[1, 1.5, 1.5]");
  ExpectFunction("mask", {ints, flags, Literal(int64_t{9})}, i64, "[9, 2, 3]");
  ExpectFunction("if_else", {flags, Literal("a"), Literal("b")}, text, R"(["a", "b", "b"])");
  ExpectFunction("case_when", {flags, Literal("one"), Column(truth, "[true, true, false]"), Literal("two")}, text,
                 R"(["one", "two", null])");
  ExpectFunction("case_when", {flags, ints, Literal(int64_t{-1})}, i64, "[1, -1, -1]");
  EXPECT_TRUE(RunFunction("where", {ints, flags, Literal("x")}).status().IsTypeError());
  EXPECT_TRUE(RunFunction("where", {ints, ints}).status().IsTypeError());
}

TEST(Membership, IsInAndBetween) {
  ExpectFunction("is_in", {Column(i64, "[1, 2, null]")}, truth, "[true, false, false]", {{"values", {1, "a", 2.5}}});
  ExpectFunction("is_in", {Column(i64, "[1, 2]")}, truth, "[true, false]", {{"values", {1.0}}});
  ExpectFunction("is_in", {Column(f64, "[1.5, NaN, null]")}, truth, "[true, true, true]", {{"values", {1.5, nullptr}}});
  ExpectFunction("is_in", {Column(text, R"(["a", null, ""])")}, truth, "[false, true, false]",
                 {{"values", json::array({nullptr})}});
  for (const double zero : {0.0, -0.0}) {
    ExpectFunction("is_in", {Column(f64, "[-0.0, 0.0, 1]"), Literal(zero)}, truth, "[true, true, false]");
    ExpectFunction("is_in", {Column(f32, "[-0.0, 0.0, 1]"), Literal(zero)}, truth, "[true, true, false]");
  }
  ExpectFunction("is_in", {Column(f64, "[-0.0, 0.0]"), Literal(int64_t{0})}, truth, "[true, true]");
  ExpectFunction("is_in", {Column(text, R"(["a", "b"])"), Literal("a")}, truth, "[true, false]");
  ExpectFunction("is_in", {Column(text, R"(["a", "b"])")}, truth, "[false, false]", {{"values", json::array()}});
  const Argument list = {nullptr, Array(arrow::list(i64), "[[2, 3]]")->GetScalar(0).ValueOrDie()};
  ExpectFunction("is_in", {Column(i64, "[1, 2, null]"), list}, truth, "[false, true, false]");
  const Argument with_gaps = {nullptr, Array(arrow::list(f64), "[[0, NaN]]")->GetScalar(0).ValueOrDie()};
  ExpectFunction("is_in", {Column(f64, "[-0.0, null, 1]"), with_gaps}, truth, "[true, true, false]");
  ExpectFunction("is_in", {Column(i8, "[1, 2]"), list}, truth, "[false, true]");
  ExpectFunction("is_in", {Column(micros, R"(["2024-01-01", "2024-01-02"])")}, truth, "[true, false]",
                 {{"values", {"2024-01-01"}}});
  ExpectFunction("is_in", {Column(arrow::dictionary(i8, text), R"(["a", "b"])")}, truth, "[true, false]", {{"values", {"a"}}});
  ExpectFunction("between", {Column(f64, "[1.5, NaN, 2]"), Literal(int64_t{1}), Literal(int64_t{2})}, truth,
                 "[true, false, true]");
  ExpectFunction("between", {Column(f64, "[1.5, 1.7]"), Literal(1.5), Literal(int64_t{2})}, truth, "[false, true]",
                 {{"inclusive", "neither"}});
  EXPECT_THAT(RunFunction("is_in", {Column(i64, "[1]"), Column(i64, "[1]")}).status().message(), HasSubstr("join"));
}

TEST(Nested, FieldsAndElements) {
  const auto repo = arrow::struct_({arrow::field("id", i64), arrow::field("name", text)});
  const auto rows = Column(repo, R"([{"id": 1, "name": "a"}, null, {"id": 3, "name": null}])");
  ExpectFunction("struct_field", {rows}, text, R"(["a", null, null])", {{"name", "name"}});
  ExpectFunction("struct_field", {rows}, i64, "[1, null, 3]", {{"name", "id"}});
  const auto status = RunFunction("struct_field", {rows}, {{"name", "url"}}).status();
  EXPECT_TRUE(status.IsKeyError());
  EXPECT_THAT(status.message(), HasSubstr("its fields are: id, name"));
  EXPECT_TRUE(RunFunction("struct_field", {Column(i64, "[1]")}, {{"name", "x"}}).status().IsTypeError());
  const auto lists = Column(arrow::list(i64), "[[1, 2], [], null, [5]]");
  ExpectFunction("list_len", {lists}, i64, "[2, 0, null, 1]");
  ExpectFunction("list_get", {lists}, i64, "[2, null, null, null]", {{"i", 1}});
  ExpectFunction("list_get", {lists}, i64, "[2, null, null, 5]", {{"i", -1}});
}

TEST(Strings, Plain) {
  const auto words = Column(text, R"(["aXb", null, "", "héllo"])");
  ExpectFunction("str_lower", {words}, text, R"(["axb", null, "", "héllo"])");
  ExpectFunction("str_upper", {words}, text, R"(["AXB", null, "", "HÉLLO"])");
  ExpectFunction("str_len", {words}, i64, "[3, null, 0, 5]");
  ExpectFunction("str_title", {Column(text, R"(["héllo wORLD they're"])")}, text, R"(["Héllo World They'Re"])");
  ExpectFunction("str_capitalize", {Column(text, R"(["hELLO w"])")}, text, R"(["Hello w"])");
  ExpectFunction("str_strip", {Column(text, R"(["  a ", "\ta\n"])")}, text, R"(["a", "a"])");
  ExpectFunction("str_lstrip", {Column(text, R"(["xxaxx"])")}, text, R"(["axx"])", {{"to_strip", "x"}});
  ExpectFunction("str_startswith", {words}, truth, "[true, false, false, false]", {{"pat", "aX"}});
  ExpectFunction("str_endswith", {words}, truth, "[true, false, false, true]", {{"pat", {"b", "o"}}});
  ExpectFunction("str_slice", {words}, text, R"(["X", null, "", "éll"])", {{"start", 1}, {"stop", -1}});
  ExpectFunction("str_slice", {words}, text, R"(["bXa", null, "", "olléh"])", {{"step", -1}});
  ExpectFunction("str_get", {words}, text, R"(["a", null, null, "h"])", {{"i", 0}});
  ExpectFunction("str_get", {words}, text, R"(["b", null, null, "o"])", {{"i", -1}});
  ExpectFunction("str_find", {words}, i64, "[-1, null, -1, 2]", {{"sub", "l"}});
  ExpectFunction("str_rfind", {words}, i64, "[-1, null, -1, 3]", {{"sub", "l"}});
  ExpectFunction("str_zfill", {Column(text, R"(["-5", "5", "+5", "abcdef"])")}, text, R"(["-005", "0005", "+005", "abcdef"])",
                 {{"width", 4}});
  ExpectFunction("str_pad", {Column(text, R"(["abc"])")}, text, R"(["*abc**"])",
                 {{"width", 6}, {"side", "both"}, {"fillchar", "*"}});
  const auto shorts = Column(text, R"(["ab", "é", null, "abcd", ""])");
  ExpectFunction("str_pad", {shorts}, text, R"(["**ab*", "**é**", null, "*abcd", "*****"])",
                 {{"width", 5}, {"side", "both"}, {"fillchar", "*"}});
  ExpectFunction("str_pad", {Column(text, R"(["abc"])")}, text, R"(["abcé"])",
                 {{"width", 4}, {"side", "both"}, {"fillchar", "é"}});
  EXPECT_FALSE(RunFunction("str_pad", {shorts}, {{"width", int64_t{1} << 40}, {"side", "both"}}).ok());
  EXPECT_TRUE(RunFunction("str_pad", {shorts}, {{"width", 5}, {"fillchar", "ab"}}).status().IsTypeError());
  ExpectFunction("str_repeat", {Column(text, R"(["ab", null])")}, text, R"(["abab", null])", {{"repeats", 2}});
  ExpectFunction("str_cat", {words, words}, text, R"(["aXb-aXb", null, "-", "héllo-héllo"])", {{"sep", "-"}});
  ExpectFunction("str_cat", {words, Literal("x")}, text, R"(["aXbx", "_x", "x", "héllox"])", {{"na_rep", "_"}});
  ExpectFunction("str_isdigit", {Column(text, R"(["12", "a", null, ""])")}, truth, "[true, false, false, false]");
  ExpectFunction("str_removeprefix", {words}, text, R"(["Xb", null, "", "héllo"])", {{"prefix", "a"}});
  ExpectFunction("str_lower", {Column(arrow::dictionary(i8, text), R"(["A", null, "B", "A"])")}, text,
                 R"(["a", null, "b", "a"])");
  EXPECT_TRUE(RunFunction("str_lower", {Column(i64, "[1]")}).status().IsTypeError());
}

TEST(Strings, Patterns) {
  const auto words = Column(text, R"(["a.b", null, "acb", "A.B"])");
  ExpectFunction("str_contains", {words}, truth, "[true, false, true, false]", {{"pat", "a.b"}});
  ExpectFunction("str_contains", {words}, truth, "[true, false, false, false]", {{"pat", "a.b"}, {"regex", false}});
  ExpectFunction("str_contains", {words}, truth, "[true, true, true, true]", {{"pat", "a.b"}, {"case", false}, {"na", true}});
  ExpectFunction("str_match", {words}, truth, "[false, false, true, false]", {{"pat", "ac|b"}});
  ExpectFunction("str_fullmatch", {words}, truth, "[false, false, true, false]", {{"pat", "ac|acb"}});
  ExpectFunction("str_replace", {words}, text, R"(["a-b", null, "acb", "A-B"])", {{"pat", "."}, {"repl", "-"}});
  ExpectFunction("str_replace", {words}, text, R"(["<a>.b", null, "<a>cb", "<A>.B"])",
                 {{"pat", "(a)"}, {"repl", "<\\1>"}, {"regex", true}, {"case", false}});
  ExpectFunction("str_replace", {Column(text, R"(["aXbX"])")}, text, R"(["a.bX"])", {{"pat", "X"}, {"repl", "."}, {"n", 1}});
  const auto any = Column(text, R"(["abc", "", null, "é!"])");
  ExpectFunction("str_replace", {any}, text, R"(["ZaZbZcZ", "Z", null, "ZéZ!Z"])", {{"pat", ""}, {"repl", "Z"}});
  ExpectFunction("str_replace", {any}, text, R"(["ZZaZZbc", "ZZ", null, "ZZéZZ!"])",
                 {{"pat", ""}, {"repl", "ZZ"}, {"n", 2}, {"case", false}});
  ExpectFunction("str_replace", {any}, text, R"(["abc", "", null, "é!"])", {{"pat", ""}, {"repl", "Z"}, {"n", 0}});
  ExpectFunction("str_replace", {any}, text, R"(["abc", "", null, "é!"])", {{"pat", ""}, {"repl", ""}});
  ExpectFunction("str_replace", {any}, text, R"(["ZaZbZcZ", "Z", null, "ZéZ!Z"])",
                 {{"pat", ""}, {"repl", "Z"}, {"regex", true}});
  const auto long_text = Column(text, "[\"" + std::string(4096, 'x') + "\"]");
  EXPECT_TRUE(
      RunFunction("str_replace", {long_text}, {{"pat", ""}, {"repl", std::string(1 << 20, 'y')}}).status().IsCapacityError());
  ExpectFunction("str_count", {Column(text, R"(["aaa", "", null])")}, i64, "[3, 0, null]", {{"pat", "a"}});
  ExpectFunction("str_split", {Column(text, R"(["a,b", "", null])")}, arrow::list(text), R"([["a", "b"], [""], null])",
                 {{"pat", ","}});
  ExpectFunction("str_split", {Column(text, R"(["a b  c", null, " x "])")}, arrow::list(text),
                 R"([["a", "b", "c"], null, ["x"]])");
  ExpectFunction("str_extract", {Column(text, R"(["x1y2", "Z", null])")}, text, R"(["1", null, null])",
                 {{"pat", "([a-z])(\\d)"}, {"group", 2}});
  EXPECT_THAT(RunFunction("str_contains", {words}, {{"pat", "a(?=b)"}}).status().message(), HasSubstr("a(?=b)"));
  EXPECT_THAT(RunFunction("str_contains", {words}).status().message(), HasSubstr("'pat' must be given"));
}

TEST(Strings, PatternsArePythons) {
  const auto odd = Column(text, R"(["٣", "é", "a\u00a0b", "x\u2003", "\u000b", "_", "-", "a\n"])");
  const auto contains = [&](const char* pattern, const char* expected) {
    ExpectFunction("str_contains", {odd}, truth, expected, {{"pat", pattern}});
  };
  contains("\\d", "[true, false, false, false, false, false, false, false]");
  contains("[\\dx]", "[true, false, false, true, false, false, false, false]");
  contains("^[\\D]", "[false, true, true, true, true, true, true, true]");
  contains("^\\w$", "[true, true, false, false, false, true, false, true]");
  contains("[]\\s]", "[false, false, true, true, true, false, false, true]");
  contains("^\\W$", "[false, false, false, false, true, false, true, false]");
  contains("^\\S+$", "[true, true, false, false, false, true, true, true]");
  contains("a\\\\d|a[$]", "[false, false, false, false, false, false, false, false]");
  ExpectFunction("str_fullmatch", {odd}, truth, "[false, false, false, false, false, false, false, false]", {{"pat", "a$"}});
  for (const nlohmann::json& options :
       {nlohmann::json({{"pat", "a$"}}), nlohmann::json({{"pat", "a$"}, {"repl", "b"}, {"regex", true}})}) {
    const auto refused = RunFunction(options.contains("repl") ? "str_replace" : "str_count", {odd}, options).status();
    EXPECT_TRUE(refused.IsNotImplemented()) << refused;
    EXPECT_THAT(refused.message(), HasSubstr("'a$'"));
  }
  for (const char* beyond : {"(?im)a$", "a$\n", "(a$)\n", "(b|a$|[)c])?", "(?:a$|(b))c"}) {
    EXPECT_TRUE(RunFunction("str_contains", {odd}, {{"pat", beyond}}).status().IsNotImplemented()) << beyond;
  }
  EXPECT_TRUE(RunFunction("str_extract", {odd}, {{"pat", "(a$)"}}).status().IsNotImplemented());
  const auto ends = Column(text, R"(["a\n", "ac", "c", "b"])");
  ExpectFunction("str_contains", {ends}, arrow::boolean(), "[true, true, true, false]", {{"pat", "(?:(a$|[)x])|c)"}});
  ExpectFunction("str_count", {odd}, i64, "[0, 0, 1, 0, 0, 0, 0, 0]", {{"pat", "b\\z"}});
  ExpectFunction("str_extract", {odd}, text, R"([null, null, null, null, null, null, null, "a"])", {{"pat", "(a)$"}});
  ExpectFunction("str_count", {Column(text, R"(["٣3", "é"])")}, i64, "[2, 0]", {{"pat", "\\d"}});
  ExpectFunction("str_replace", {Column(text, R"(["a٣b"])")}, text, R"(["a<٣>b"])",
                 {{"pat", "(\\d)"}, {"repl", "<\\1>"}, {"regex", true}});
  ExpectFunction("str_replace", {Column(text, R"(["abc"])")}, text, R"(["a\u0000c"])",
                 {{"pat", "b"}, {"repl", "\\0"}, {"regex", true}});
  for (const char* beyond : {"\\10", "\\g<1>", "\\n", "\\"}) {
    const auto status = RunFunction("str_replace", {odd}, {{"pat", "(b)"}, {"repl", beyond}, {"regex", true}}).status();
    EXPECT_TRUE(status.IsNotImplemented()) << beyond << status.ToString();
  }
}

TEST(Datetime, PartsAndRounding) {
  const auto times = Column(micros, R"(["2024-02-29 13:45:59.123456", null, "1969-12-31 23:59:59"])");
  ExpectFunction("dt_year", {times}, i32, "[2024, null, 1969]");
  ExpectFunction("dt_month", {times}, i32, "[2, null, 12]");
  ExpectFunction("dt_hour", {times}, i32, "[13, null, 23]");
  ExpectFunction("dt_microsecond", {times}, i32, "[123456, null, 0]");
  ExpectFunction("dt_dayofweek", {times}, i32, "[3, null, 2]");
  ExpectFunction("dt_dayofyear", {times}, i32, "[60, null, 365]");
  ExpectFunction("dt_quarter", {times}, i32, "[1, null, 4]");
  ExpectFunction("dt_days_in_month", {times}, i32, "[29, null, 31]");
  ExpectFunction("dt_is_month_end", {times}, truth, "[true, false, true]");
  ExpectFunction("dt_date", {times}, arrow::date32(), "[19782, null, -1]");
  ExpectFunction("dt_floor", {times}, micros, R"(["2024-02-29 13:45:00", null, "1969-12-31 23:45:00"])", {{"freq", "15min"}});
  ExpectFunction("dt_ceil", {times}, micros, R"(["2024-02-29 14:00:00", null, "1970-01-01"])", {{"freq", "h"}});
  ExpectFunction("dt_normalize", {times}, micros, R"(["2024-02-29", null, "1969-12-31"])");
  ExpectFunction("dt_strftime", {times}, text,
                 R"(["29/02/24 01:45:59.123456 PM Thu Feb 060", null, "31/12/69 11:59:59.000000 PM Wed Dec 365"])",
                 {{"format", "%d/%m/%y %I:%M:%S.%f %p %a %b %j"}});
  ExpectFunction("dt_day_name", {times}, text, R"(["Thursday", null, "Wednesday"])");
  ExpectFunction("dt_year", {Column(arrow::date32(), "[19782]")}, i32, "[2024]");
  const auto zoned = arrow::timestamp(TimeUnit::MICRO, "Europe/Berlin");
  ExpectFunction("dt_tz_localize", {Column(micros, R"(["2024-01-01"])")}, zoned, "[1704063600000000]",
                 {{"tz", "Europe/Berlin"}});
  ExpectFunction("dt_hour", {Column(zoned, "[1704067200000000]")}, i32, "[1]");
  ExpectFunction("dt_tz_convert", {Column(zoned, "[5, null]")}, arrow::timestamp(TimeUnit::MICRO, "UTC"), "[5, null]",
                 {{"tz", "UTC"}});
  ExpectFunction("dt_as_unit", {Column(micros, "[1500000]")}, arrow::timestamp(TimeUnit::SECOND), "[1]", {{"unit", "s"}});
  ExpectFunction("dt_as_unit", {Column(micros, "[-1000, null]")}, arrow::timestamp(TimeUnit::SECOND), "[-1, null]",
                 {{"unit", "s"}});
  const auto kolkata = arrow::timestamp(TimeUnit::SECOND, "Asia/Kolkata");  // in 1900 as in Python's zoneinfo
  ExpectFunction("dt_strftime", {Column(kolkata, "[-2208988800, 0]")}, text, R"(["05:21:10 +052110", "05:30:00 +0530"])",
                 {{"format", "%T %z"}});
  EXPECT_TRUE(RunFunction("dt_year", {Column(text, R"(["2024"])")}).status().IsTypeError());
  EXPECT_THAT(RunFunction("dt_floor", {times}, {{"freq", "2 weeks"}}).status().message(), HasSubstr("2 weeks"));
  EXPECT_FALSE(RunFunction("dt_tz_localize", {times}, {{"tz", "Mars/Olympus"}}).ok());
}

TEST(Datetime, RoundsHalfToEven) {
  const auto times = Column(micros, R"(["2000-02-29 12:00", "2000-03-01 12:00", "1969-12-30 12:00:00.000001", null])");
  ExpectFunction("dt_round", {times}, micros, R"(["2000-02-29", "2000-03-02", "1969-12-31", null])", {{"freq", "D"}});
  ExpectFunction("dt_round", {Column(micros, "[1500, 2500, -1500, -2500, -2501]")}, micros, "[2000, 2000, -2000, -2000, -3000]",
                 {{"freq", "ms"}});
  ExpectFunction("dt_round", {Column(micros, R"(["2024-01-01 00:07:30", "2024-01-01 00:22:30"])")}, micros,
                 R"(["2024-01-01 00:00:00", "2024-01-01 00:30:00"])", {{"freq", "15min"}});
  ExpectFunction("dt_round", {Column(arrow::timestamp(TimeUnit::SECOND), "[7]")}, arrow::timestamp(TimeUnit::SECOND), "[7]",
                 {{"freq", "ms"}});
  const auto zoned = arrow::timestamp(TimeUnit::SECOND, "Asia/Kolkata");  // +05:30: noon there is 06:30 UTC
  ExpectFunction("dt_round", {Column(zoned, "[23400, 23401]")}, zoned, "[-19800, 66600]", {{"freq", "D"}});
  EXPECT_FALSE(RunFunction("dt_round", {times}, {{"freq", "999999D"}}).ok());
}

TEST(Datetime, Durations) {
  const auto spans = Column(arrow::duration(TimeUnit::MILLI), "[86400500, -500, null]");
  ExpectFunction("dt_total_seconds", {spans}, f64, "[86400.5, -0.5, null]");
  ExpectFunction("dt_days", {spans}, i64, "[1, -1, null]");
  ExpectFunction("dt_seconds", {spans}, i32, "[0, 86399, null]");
  ExpectFunction("dt_microseconds", {spans}, i32, "[500000, 500000, null]");
}

TEST(ToDatetime, TextAndNumbers) {
  ExpectFunction("to_datetime", {Column(text, R"(["2024-01-01", "2024-01-01T12:30:00.5", "20240131", null, "2024-1-2"])")},
                 micros, R"(["2024-01-01", "2024-01-01 12:30:00.5", "2024-01-31", null, "2024-01-02"])");
  ExpectFunction("to_datetime", {Column(text, R"(["2024-01-01", "x", "2024-02-30", "2024-01-01 25:00"])")}, micros,
                 R"(["2024-01-01", null, null, null])", {{"errors", "coerce"}});
  ExpectFunction("to_datetime", {Column(text, R"(["01/02/2024", "12/31/1999"])")}, micros, R"(["2024-01-02", "1999-12-31"])",
                 {{"format", "%m/%d/%Y"}});
  ExpectFunction("to_datetime", {Column(text, R"(["29 Feb 2024 01:30 PM"])")}, micros, R"(["2024-02-29 13:30:00"])",
                 {{"format", "%d %b %Y %I:%M %p"}});
  ExpectFunction("to_datetime", {Column(text, R"(["2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00"])")},
                 arrow::timestamp(TimeUnit::MICRO, "UTC"), "[1704067200000000, 1704067200000000]", {{"utc", true}});
  ExpectFunction("to_datetime", {Column(i64, "[1, null]")}, micros, R"(["1970-01-01 00:00:01", null])", {{"unit", "s"}});
  ExpectFunction("to_datetime", {Column(f64, "[1.5, NaN]")}, arrow::timestamp(TimeUnit::NANO), "[1500000000, null]",
                 {{"unit", "s"}});
  EXPECT_THAT(RunFunction("to_datetime", {Column(text, R"(["2024-01-01T00:00:00Z"])")}).status().message(),
              HasSubstr("utc=True"));
  EXPECT_THAT(RunFunction("to_datetime", {Column(text, R"(["soon"])")}).status().message(), HasSubstr("'soon'"));
  EXPECT_THAT(RunFunction("to_datetime", {Column(text, R"(["soon"])")}, {{"format", "%Q"}}).status().message(),
              HasSubstr("%Q"));
}

TEST(Registry, NamesAreUniqueAndClose) {
  auto names = ScalarFunctionRegistry::Get().Names();
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  EXPECT_THAT(ScalarFunctionRegistry::Get().Find("str_lowr").status().message(), HasSubstr("str_lower"));
}

}  // namespace
}  // namespace millstream::testing
