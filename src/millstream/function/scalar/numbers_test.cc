// Arithmetic, comparison, boolean and math functions against what pandas 3 gives.
#include "millstream/function/scalar/function_testing.h"

namespace millstream::testing {
namespace {

const auto i8 = arrow::int8(), i16 = arrow::int16(), i32 = arrow::int32(), i64 = arrow::int64(), u8 = arrow::uint8(),
           u64 = arrow::uint64(), f32 = arrow::float32(), f64 = arrow::float64(), text = arrow::utf8(),
           truth = arrow::boolean();

TEST(Arithmetic, TypesAreNumpys) {
  const auto ints = Column(i64, "[7, -7]"), zeros = Column(i64, "[0, 2]");
  ExpectFunction("add", {ints, zeros}, i64, "[7, -5]");
  ExpectFunction("divide", {ints, zeros}, f64, "[Inf, -3.5]");
  ExpectFunction("add", {Column(i8, "[100, 100]"), Column(i8, "[100, 100]")}, i8, "[-56, -56]");
  ExpectFunction("add", {Column(i8, "[100, 100]"), Literal(int64_t{1})}, i8, "[101, 101]");
  ExpectFunction("add", {Column(i8, "[1, 2]"), Literal(int64_t{1000})}, i64, "[1001, 1002]");
  ExpectFunction("multiply", {Column(i8, "[100, 100]"), Literal(1.5)}, f64, "[150, 150]");
  ExpectFunction("divide", {Column(i8, "[100, 1]"), Literal(int64_t{2})}, f64, "[50, 0.5]");
  ExpectFunction("divide", {Column(f32, "[1, 2]"), Literal(int64_t{2})}, f32, "[0.5, 1]");
  ExpectFunction("add", {Column(f32, "[1, 2]"), Literal(1.5)}, f32, "[2.5, 3.5]");
  ExpectFunction("add", {Column(u64, "[1, 2]"), ints}, f64, "[8, -5]");
  ExpectFunction("add", {Column(u8, "[1, 2]"), Column(i8, "[1, 2]")}, i16, "[2, 4]");
  ExpectFunction("add", {Column(i32, "[1]"), Column(f32, "[1]")}, f64, "[2]");
  ExpectFunction("multiply", {Column(i64, "[4611686018427387904, 3]"), Literal(int64_t{4})}, i64, "[0, 12]");
  ExpectFunction("power", {Column(i8, "[2, 3]"), Literal(int64_t{2})}, i8, "[4, 9]");
  ExpectFunction("power", {ints, Literal(0.5)}, f64, "[2.6457513110645907, NaN]");
  ExpectFunction("add", {Column(i64, "[1, null]"), Literal(int64_t{1})}, i64, "[2, null]");
}

TEST(Arithmetic, BooleansAreNumpys) {
  const auto flags = Column(truth, "[true, false]");
  ExpectFunction("add", {flags, flags}, truth, "[true, false]");
  ExpectFunction("multiply", {flags, flags}, truth, "[true, false]");
  ExpectFunction("add", {flags, Literal(int64_t{1})}, i64, "[2, 1]");
  ExpectFunction("add", {flags, Literal(1.5)}, f64, "[2.5, 1.5]");
  ExpectFunction("mod", {flags, flags}, i8, "[0, null]");
  ExpectFunction("negate", {flags}, truth, "[false, true]");
  ExpectFunction("abs", {flags}, truth, "[true, false]");
  for (const char* name : {"subtract", "divide", "floor_divide", "power"}) {
    EXPECT_TRUE(RunFunction(name, {flags, flags}).status().IsTypeError()) << name;
  }
}

TEST(Arithmetic, FloorDivideAndModFollowPython) {
  ExpectFunction("floor_divide", {Column(i64, "[7, -7, 7, -7]"), Column(i64, "[2, 2, -2, -2]")}, i64, "[3, -4, -4, 3]");
  ExpectFunction("mod", {Column(i64, "[7, -7, 7, -7]"), Column(i64, "[2, 2, -2, -2]")}, i64, "[1, 1, -1, -1]");
  ExpectFunction("floor_divide", {Column(f64, "[-7.5, 7.5, Inf]"), Literal(int64_t{2})}, f64, "[-4, 3, NaN]");
  ExpectFunction("mod", {Column(f64, "[-7.5, 7.5]"), Literal(int64_t{2})}, f64, "[0.5, 1.5]");
  ExpectFunction("mod", {Column(f64, "[-7.5, Inf, -Inf]"), Literal(int64_t{-2})}, f64, "[-1.5, NaN, NaN]");
  ExpectFunction("floor_divide", {Column(i64, "[5, 0, -5]"), Literal(int64_t{0})}, f64, "[Inf, NaN, -Inf]");
  ExpectFunction("mod", {Column(i64, "[5, 0]"), Literal(int64_t{0})}, f64, "[NaN, NaN]");
  ExpectFunction("floor_divide", {Column(i64, "[7, 7]"), Column(i64, "[0, 2]")}, i64, "[null, 3]");
  ExpectFunction("floor_divide", {Column(i64, "[-9223372036854775808, 5]"), Literal(int64_t{-1})}, i64,
                 "[-9223372036854775808, -5]");
  ExpectFunction("mod", {Column(i64, "[-9223372036854775808, 5]"), Literal(int64_t{-1})}, i64, "[0, 0]");
  ExpectFunction("floor_divide", {Literal(int64_t{7}), Column(f64, "[2, null, 0]")}, f64, "[3, null, Inf]");
}

TEST(Arithmetic, PowersThatNoMissingValueChanges) {
  ExpectFunction("power", {Column(f64, "[NaN, null, 2]"), Literal(int64_t{0})}, f64, "[1, 1, 1]");
  ExpectFunction("power", {Literal(int64_t{1}), Column(f64, "[NaN, null, 2]")}, f64, "[1, 1, 1]");
  ExpectFunction("power", {Column(f64, "[null, null, 2]"), Column(u8, "[0, 2, null]")}, f64, "[1, null, null]");
}

TEST(Arithmetic, RoundsHalfToEven) {
  ExpectFunction("round", {Column(f64, "[2.5, 3.5, -0.125, NaN, null, Inf]")}, f64, "[2, 4, -0.0, NaN, null, Inf]");
  ExpectFunction("round", {Column(f64, "[2.675, 1.005]")}, f64, "[2.68, 1]", {{"decimals", 2}});
  ExpectFunction("round", {Column(i64, "[7, -7, 15, 25]")}, i64, "[10, -10, 20, 20]", {{"decimals", -1}});
  ExpectFunction("round", {Column(f64, "[1234.5]")}, f64, "[1200]", {{"decimals", -2}});
}

TEST(Arithmetic, TextAndTimes) {
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  ExpectFunction("add", {Column(text, R"(["a", null])"), Literal("x")}, text, R"(["ax", null])");
  ExpectFunction("subtract", {Column(micros, R"(["2024-01-02", null])"), Column(micros, R"(["2024-01-01", "2024-01-01"])")},
                 arrow::duration(arrow::TimeUnit::MICRO), "[86400000000, null]");
  const auto status = RunFunction("add", {Column(i64, "[1]"), Column(text, R"(["a"])")}).status();
  EXPECT_TRUE(status.IsTypeError());
  EXPECT_THAT(status.message(), ::testing::HasSubstr("add does not take (int64, string)"));
  EXPECT_FALSE(RunFunction("power", {Column(i64, "[2]"), Literal(int64_t{-1})}).ok());
  EXPECT_THAT(RunFunction("round", {Column(i64, "[2]")}, {{"decimal", 1}}).status().message(),
              ::testing::HasSubstr("unknown option 'decimal'; known are: decimals"));
}

TEST(Comparison, SignedAndUnsignedCompareAsIntegers) {
  // As floats, 2^63 - 1 and 2^63 are equal.
  const auto ints = Column(i64, "[9223372036854775807, -1, 5, null, 9223372036854775807]");
  const auto words = Column(u64, "[9223372036854775808, 18446744073709551615, 5, 1, 9223372036854775807]");
  ExpectFunction("eq", {ints, words}, truth, "[false, false, true, false, true]");
  ExpectFunction("ne", {ints, words}, truth, "[true, true, false, true, false]");
  ExpectFunction("lt", {ints, words}, truth, "[true, true, false, false, false]");
  ExpectFunction("le", {ints, words}, truth, "[true, true, true, false, true]");
  ExpectFunction("gt", {words, ints}, truth, "[true, true, false, false, false]");
  ExpectFunction("ge", {words, ints}, truth, "[true, true, true, false, true]");
  ExpectFunction("gt", {ints, words}, truth, "[false, false, false, false, false]");
  ExpectFunction("lt", {words, Literal(int64_t{-1})}, truth, "[false, false, false, false, false]");
  ExpectFunction("lt", {ints, Literal(uint64_t{1} << 63)}, truth, "[true, true, true, false, true]");
  ExpectFunction("between", {words, Literal(int64_t{-1}), Column(i8, "[1, 1, 5, 1, 1]")}, truth,
                 "[false, false, true, true, false]");
}

TEST(Comparison, MissingIsFalseAndUnequal) {
  const auto ints = Column(i64, "[1, null, 3]"), floats = Column(f64, "[1, NaN, null]");
  ExpectFunction("eq", {ints, floats}, truth, "[true, false, false]");
  ExpectFunction("ne", {ints, floats}, truth, "[false, true, true]");
  ExpectFunction("lt", {floats, Literal(int64_t{2})}, truth, "[true, false, false]");
  ExpectFunction("ge", {Literal(int64_t{2}), ints}, truth, "[true, false, false]");
  ExpectFunction("ne", {floats, floats}, truth, "[false, true, true]");
  ExpectFunction("eq", {ints, Null()}, truth, "[false, false, false]");
  ExpectFunction("ne", {ints, Null()}, truth, "[true, true, true]");
}

TEST(Comparison, MixedNumbersAndText) {
  ExpectFunction("eq", {Column(i64, "[1, 2]"), Literal(1.5)}, truth, "[false, false]");
  ExpectFunction("gt", {Column(i64, "[9007199254740993]"), Literal(1.5)}, truth, "[true]");
  ExpectFunction("eq", {Column(text, R"(["a", null, ""])"), Literal("a")}, truth, "[true, false, false]");
  ExpectFunction("ne", {Column(text, R"(["a", null])"), Literal("a")}, truth, "[false, true]");
  ExpectFunction("lt", {Column(text, R"(["a", null])"), Literal("b")}, truth, "[true, false]");
  ExpectFunction("eq", {Column(arrow::dictionary(i8, text), R"(["a", null, "b"])"), Literal("a")}, truth,
                 "[true, false, false]");
  ExpectFunction("eq", {Column(text, R"(["a", null])"), Literal(int64_t{1})}, truth, "[false, false]");
  ExpectFunction("ne", {Column(i64, "[1, null]"), Literal("a")}, truth, "[true, true]");
  EXPECT_TRUE(RunFunction("lt", {Column(text, R"(["a"])"), Literal(int64_t{1})}).status().IsTypeError());
}

TEST(Comparison, TimesReadTextLiterals) {
  const auto seconds = arrow::timestamp(arrow::TimeUnit::SECOND),
             berlin = arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin");
  const auto times = Column(seconds, R"(["2024-01-01 00:00:00", "2024-01-01 00:00:01", null])");
  ExpectFunction("eq", {times, Literal("2024-01-01")}, truth, "[true, false, false]");
  ExpectFunction("gt", {times, Literal("2024-01-01 00:00:00.5")}, truth, "[false, true, false]");
  ExpectFunction("ge", {Literal("2024-01-01"), times}, truth, "[true, false, false]");
  // 2024-01-01 in Berlin begins at 23:00 UTC.
  ExpectFunction("ge", {Column(berlin, "[1704063600000000, 1704063599999999]"), Literal("2024-01-01")}, truth, "[true, false]");
  ExpectFunction("lt", {Column(arrow::date32(), "[19722, 19723]"), Literal("2024-01-01")}, truth, "[true, false]");
  EXPECT_THAT(RunFunction("gt", {times, Literal("soon")}).status().message(), ::testing::HasSubstr("cannot read 'soon'"));
}

TEST(Boolean, MissingCountsAsFalse) {
  const auto a = Column(truth, "[true, true, null, false]"), b = Column(truth, "[true, null, null, true]");
  ExpectFunction("and", {a, b}, truth, "[true, false, false, false]");
  ExpectFunction("or", {a, b}, truth, "[true, true, false, true]");
  ExpectFunction("xor", {a, b}, truth, "[false, true, false, true]");
  ExpectFunction("not", {a}, truth, "[false, false, true, true]");
  ExpectFunction("and", {a, Literal(true)}, truth, "[true, true, false, false]");
  ExpectFunction("and", {Column(i64, "[6, 5]"), Literal(int64_t{3})}, i64, "[2, 1]");
  EXPECT_TRUE(RunFunction("and", {Column(f64, "[1]"), a}).status().IsTypeError());
}

TEST(Missing, TestsAndFills) {
  ExpectFunction("is_null", {Column(f64, "[1, NaN, null]")}, truth, "[false, true, true]");
  ExpectFunction("not_null", {Column(text, R"(["", null])")}, truth, "[true, false]");
  ExpectFunction("is_null", {Column(arrow::dictionary(i8, text), R"(["a", null])")}, truth, "[false, true]");
  ExpectFunction("fill_null", {Column(f64, "[1.5, NaN, null]"), Literal(int64_t{0})}, f64, "[1.5, 0, 0]");
  ExpectFunction("fill_null", {Column(f32, "[1.5, NaN]"), Literal(0.5)}, f32, "[1.5, 0.5]");
  ExpectFunction("fill_null", {Column(i64, "[1, null]"), Literal(int64_t{0})}, i64, "[1, 0]");
  ExpectFunction("fill_null", {Column(text, R"(["a", null])"), Literal("x")}, text, R"(["a", "x"])");
  ExpectFunction("fill_null", {Column(truth, "[true, null]"), Literal(false)}, truth, "[true, false]");
  ExpectFunction("fill_null",
                 {Column(arrow::timestamp(arrow::TimeUnit::MICRO), R"(["2024-01-01", null])"), Literal("2020-01-01")},
                 arrow::timestamp(arrow::TimeUnit::MICRO), R"(["2024-01-01", "2020-01-01"])");
  ExpectFunction("coalesce", {Column(f64, "[NaN, null, 1]"), Column(f64, "[null, 5, 6]"), Literal(7.0)}, f64, "[7, 5, 1]");
  EXPECT_TRUE(RunFunction("fill_null", {Column(f64, "[1]"), Literal("x")}).status().IsTypeError());
}

TEST(Math, FunctionsOfOneNumber) {
  ExpectFunction("sqrt", {Column(f64, "[-1, 4, null]")}, f64, "[NaN, 2, null]");
  ExpectFunction("log", {Column(i64, "[0, -1, 1]")}, f64, "[-Inf, NaN, 0]");
  ExpectFunction("floor", {Column(i64, "[1, 2]")}, i64, "[1, 2]");
  ExpectFunction("ceil", {Column(f64, "[1.5, -1.5]")}, f64, "[2, -1]");
  ExpectFunction("sign", {Column(f64, "[1.5, -1.5, 0]")}, f64, "[1, -1, 0]");
  ExpectFunction("isnan", {Column(f64, "[1, NaN, null]")}, truth, "[false, true, true]");
  ExpectFunction("isfinite", {Column(f64, "[1, Inf, null]")}, truth, "[true, false, false]");
  ExpectFunction("clip", {Column(i64, "[1, 2, null]"), Literal(int64_t{1}), Literal(int64_t{1})}, i64, "[1, 1, null]");
  ExpectFunction("clip", {Column(f64, "[1.5, NaN]"), Null(), Literal(int64_t{1})}, f64, "[1, NaN]");
  ExpectFunction("clip", {Column(i64, "[1, 2]"), Literal(0.5), Literal(1.5)}, f64, "[1, 1.5]");
  EXPECT_TRUE(RunFunction("sqrt", {Column(text, R"(["a"])")}).status().IsTypeError());
}

}  // namespace
}  // namespace millstream::testing
