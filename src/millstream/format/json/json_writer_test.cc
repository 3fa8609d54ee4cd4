// Writing, and reading back what was written. Expected text is that of pandas.to_json(orient="records").
#include <arrow/extension_type.h>
#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/test_files.h"

namespace millstream::json_format {
namespace {

using ::testing::HasSubstr;

Result<std::string> WriteText(const arrow::RecordBatch& batch, const nlohmann::json& options = nlohmann::json::object()) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, JsonFormat()->OpenWriter(sink, batch.schema(), options, UnlimitedContext()));
  ARROW_RETURN_NOT_OK(writer->Write(batch));
  ARROW_RETURN_NOT_OK(writer->Finish());
  ARROW_ASSIGN_OR_RAISE(auto text, sink->Finish());
  return text->ToString();
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::shared_ptr<arrow::DataType>& type, const std::string& values) {
  const auto array = arrow::json::ArrayFromJSONString(type, values).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("a", type)}), array->length(), {array});
}

/// The values of one column as they are written, one a line, without the key.
std::string Written(const std::shared_ptr<arrow::DataType>& type, const std::string& values,
                    const nlohmann::json& options = nlohmann::json::object()) {
  const auto text = WriteText(*BatchOf(type, values), options);
  if (!text.ok()) return text.status().ToString();
  std::string out;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("{\"a\":") && line.ends_with("}")) << line;
    out += line.substr(5, line.size() - 6) + " ";
  }
  return out;
}

TEST(JsonWriter, Scalars) {
  EXPECT_EQ(Written(arrow::int64(), "[1, -9223372036854775808, null]"), "1 -9223372036854775808 null ");
  EXPECT_EQ(Written(arrow::uint64(), "[18446744073709551615]"), "18446744073709551615 ");
  EXPECT_EQ(Written(arrow::boolean(), "[true, false, null]"), "true false null ");
  EXPECT_EQ(Written(arrow::float64(), "[1, 0.1, -0.0, 1e300, 123456789.125, NaN, Inf, -Inf, null]"),
            "1.0 0.1 -0.0 1e+300 123456789.125 null null null null ");
  EXPECT_EQ(Written(arrow::float32(), "[0.1]"), "0.1 ");
  EXPECT_EQ(Written(arrow::utf8(), R"(["a/b\"\u00e9\n\\\u0001\u001f", ""])"), R"("a/b\"é\n\\\u0001\u001f" "" )");
  EXPECT_EQ(Written(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", null, "x"])"), R"("x" null "x" )");
  EXPECT_EQ(Written(arrow::decimal128(5, 2), R"(["1.50"])"), "1.50 ");
  EXPECT_EQ(Written(arrow::null(), "[null]"), "null ");
}

TEST(JsonWriter, Times) {
  const auto naive = arrow::timestamp(arrow::TimeUnit::NANO);
  const std::string values = "[1420070401123456789, null]";
  EXPECT_EQ(Written(naive, values), "1420070401123 null ");
  EXPECT_EQ(Written(naive, values, {{"date_unit", "ns"}}), "1420070401123456789 null ");
  EXPECT_EQ(Written(naive, values, {{"date_format", "iso"}}), "\"2015-01-01T00:00:01.123\" null ");
  EXPECT_EQ(Written(naive, values, {{"date_format", "iso"}, {"date_unit", "us"}}), "\"2015-01-01T00:00:01.123456\" null ");
  const auto zoned = arrow::timestamp(arrow::TimeUnit::SECOND, "America/New_York");
  EXPECT_EQ(Written(zoned, "[1420070400]", {{"date_format", "iso"}}), "\"2015-01-01T00:00:00.000Z\" ");
  EXPECT_EQ(Written(zoned, "[-1]", {{"date_format", "iso"}, {"date_unit", "s"}}), "\"1969-12-31T23:59:59Z\" ");
  EXPECT_EQ(Written(arrow::date32(), "[16436]"), "1420070400000 ");
  EXPECT_EQ(Written(arrow::date32(), "[16436, -719162]", {{"date_format", "iso"}}),
            "\"2015-01-01T00:00:00.000\" \"0001-01-01T00:00:00.000\" ");
  EXPECT_EQ(Written(arrow::duration(arrow::TimeUnit::SECOND), "[1]"), "1000 ");
  EXPECT_EQ(Written(arrow::duration(arrow::TimeUnit::MILLI), "[1500, -1]", {{"date_format", "iso"}}),
            "\"P0DT0H0M1.5S\" \"P-1DT23H59M59.999S\" ");
  EXPECT_THAT(Written(arrow::timestamp(arrow::TimeUnit::SECOND), "[9223372036854775807]"),
              HasSubstr("column 'a': a time does not fit"));
}

TEST(JsonWriter, Nested) {
  const auto type = arrow::struct_({arrow::field("x", arrow::list(arrow::int64())), arrow::field("y", arrow::utf8())});
  EXPECT_EQ(Written(type, R"([{"x": [1, null], "y": "u"}, null, {"x": null, "y": null}, {"x": [], "y": ""}])"),
            R"({"x":[1,null],"y":"u"} null {"x":null,"y":null} {"x":[],"y":""} )");
}

std::shared_ptr<arrow::RecordBatch> JsonBatch(const std::string& values) {
  const auto storage = arrow::json::ArrayFromJSONString(arrow::utf8(), values).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("a", JsonType())}), storage->length(),
                                  {arrow::ExtensionType::WrapArray(JsonType(), storage)});
}

TEST(JsonWriter, JsonTextStandsAsItIs) {
  EXPECT_EQ(*WriteText(*JsonBatch(R"(["{\"b\": [1, 2]}", null, "\"x\"", "{\n}"])")),
            "{\"a\":{\"b\": [1, 2]}}\n{\"a\":null}\n{\"a\":\"x\"}\n{\"a\":{ }}\n");
  EXPECT_THAT(WriteText(*JsonBatch(R"(["{"])")).status().message(),
              HasSubstr("column 'a': text of type json is not one JSON value"));
  EXPECT_THAT(WriteText(*JsonBatch(R"(["1,2"])")).status().message(), HasSubstr("not one JSON value"));
  EXPECT_THAT(WriteText(*JsonBatch(R"([""])")).status().message(), HasSubstr("not one JSON value"));
}

TEST(JsonWriter, ArrayOfRecords) {
  EXPECT_EQ(*WriteText(*BatchOf(arrow::int64(), "[1, 2]"), {{"lines", false}}), R"([{"a":1},{"a":2}])");
  EXPECT_EQ(*WriteText(*BatchOf(arrow::int64(), "[]"), {{"lines", false}}), "[]");
}

TEST(JsonWriter, Refused) {
  EXPECT_THAT(Written(arrow::binary(), R"(["x"])"), HasSubstr("column 'a' of type binary cannot be written as JSON"));
  EXPECT_THAT(Written(arrow::int64(), "[1]", {{"date_format", "x"}}), HasSubstr("date_format"));
}

rc::Gen<std::string> AnyText() {
  return rc::gen::map(rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(0, 0x11000)), [](const auto& codes) {
    std::string text;
    for (uint32_t code : codes) {
      if (code >= 0x10000) code = "\"\\/\n\b{}[]:,"[code % 11];  // often what JSON treats specially
      if (code >= 0xD800 && code < 0xE000) code = 0x1F600;
      if (code < 0x80) {
        text += static_cast<char>(code);
      } else if (code < 0x800) {
        text += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
      } else if (code < 0x10000) {
        text += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
                 static_cast<char>(0x80 | (code & 63))};
      } else {
        text += {static_cast<char>(0xF0), static_cast<char>(0x80 | (code >> 12 & 63)),
                 static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
      }
    }
    return text;
  });
}

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> RandomArray(Builder builder, int64_t rows, const rc::Gen<Value>& values) {
  for (int64_t i = 0; i < rows; ++i) {
    const bool is_null = *rc::gen::weightedElement<bool>({{1, true}, {4, false}});
    const Status status = is_null ? builder.AppendNull() : builder.Append(*values);
    RC_ASSERT(status.ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> RandomBatch() {
  const auto rows = *rc::gen::inRange<int64_t>(0, 20);
  auto* pool = arrow::default_memory_pool();
  const auto finite = rc::gen::map(rc::gen::arbitrary<std::pair<int64_t, int>>(), [](const auto& parts) {
    return std::ldexp(static_cast<double>(parts.first), parts.second % 900);
  });
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto some_time = rc::gen::inRange<int64_t>(-62135596800000000, 253402300799999999);  // the years 1 to 9999
  const auto ints = RandomArray(arrow::Int64Builder(pool), rows, rc::gen::arbitrary<int64_t>());
  const auto texts = RandomArray(arrow::StringBuilder(pool), rows, AnyText());
  const arrow::ArrayVector columns = {
      ints,
      RandomArray(arrow::DoubleBuilder(pool), rows, finite),
      RandomArray(arrow::BooleanBuilder(pool), rows, rc::gen::arbitrary<bool>()),
      texts,
      RandomArray(arrow::TimestampBuilder(time, pool), rows, some_time),
      arrow::StructArray::Make({texts, ints}, {std::string("te\"xt"), std::string("n")}).ValueOrDie(),
  };
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns.size(); ++i) fields.push_back(arrow::field("column " + std::to_string(i), columns[i]->type()));
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, columns);
}

TEST(JsonWriter, WhatIsWrittenReadsBackAtEveryChunkSize) {
  EXPECT_TRUE(rc::check([] {
    const auto batch = RandomBatch();
    const bool lines = *rc::gen::arbitrary<bool>();
    const auto text = WriteText(*batch, {{"date_format", "iso"}, {"date_unit", "us"}, {"lines", lines}});
    RC_ASSERT(text.ok());
    ReadSetup setup;
    setup.schema = batch->schema();
    setup.options = {{"lines", lines}};
    setup.batch_rows = *rc::gen::element<int64_t>(2, 7, 32768);
    setup.chunk_bytes = *rc::gen::element<int64_t>(1, 50, 1000, 1 << 20);
    const auto table = ReadText(*text, setup);
    RC_ASSERT(table.status().ToString() == "OK");
    const auto expected = arrow::Table::FromRecordBatches(batch->schema(), {batch}).ValueOrDie();
    RC_ASSERT((*table)->Equals(*expected));
  }));
}

}  // namespace
}  // namespace millstream::json_format
