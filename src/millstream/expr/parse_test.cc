#include "millstream/expr/parse.h"

#include <gtest/gtest.h>

namespace millstream {
namespace {

std::string Parsed(const char* text) {
  auto parsed = ParseExpression(text);
  return parsed.ok() ? (*parsed)->ToJson().dump() : parsed.status().message();
}

/// Both texts must mean the same.
void ExpectSame(const char* text, const char* spelled_out) { EXPECT_EQ(Parsed(text), Parsed(spelled_out)) << text; }

TEST(ParseExpression, BindsAsUsual) {
  ExpectSame("a + b * c > 3 and not d or e", "(((a + (b * c)) > 3) and (not d)) or e");
  ExpectSame("a - b - c", "(a - b) - c");
  ExpectSame("a not in (1, 2) AND b IS NOT NULL", "not (a in (1, 2)) and not_null(b)");
  ExpectSame("x between 1 and 2 and y", "between(x, 1, 2) and y");
  ExpectSame("`a` = 'it''s'", "eq(a, \"it's\")");
  ExpectSame("--a", "a");
}

TEST(ParseExpression, ReadsMembersAndLiterals) {
  auto member = ParseExpression("repo.name == 'x'").ValueOrDie();
  EXPECT_TRUE(member->arguments()[0]->IsCall("struct_field"));
  EXPECT_EQ(ParseExpression("1e3").ValueOrDie()->value()->ToString(), "1000");
  EXPECT_EQ(ParseExpression("12").ValueOrDie()->value()->type->ToString(), "int64");
  EXPECT_FALSE(ParseExpression("null").ValueOrDie()->value()->is_valid);
}

TEST(ParseExpression, SaysWhereItFailed) {
  EXPECT_NE(Parsed("a > ").find("a column or a value is expected at position 5"), std::string::npos) << Parsed("a > ");
  EXPECT_NE(Parsed("'abc").find("is not closed"), std::string::npos);
  EXPECT_NE(Parsed("a b").find("position 3"), std::string::npos);
  EXPECT_NE(Parsed("a in 3").find("'(' is expected"), std::string::npos);
  EXPECT_NE(Parsed("f(a").find("')' is expected"), std::string::npos);
  EXPECT_NE(Parsed(std::string(1000, '(').c_str()).find("nested too deeply"), std::string::npos);
  EXPECT_FALSE(ParseExpression("").ok());
}

}  // namespace
}  // namespace millstream
