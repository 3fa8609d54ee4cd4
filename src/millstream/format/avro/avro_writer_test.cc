// Schemas inferred and given, bytes derived by hand, and what the writer refuses.
#include <gmock/gmock.h>

#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/avro_testing.h"

namespace millstream::avro {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

std::shared_ptr<arrow::Table> Ints(std::vector<std::optional<int64_t>> values, bool nullable, const std::string& name = "n") {
  arrow::Int64Builder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return arrow::Table::Make(arrow::schema({arrow::field(name, arrow::int64(), nullable)}), {*builder.Finish()});
}

std::shared_ptr<arrow::Table> Texts(const std::vector<std::string>& values, const std::string& name = "s") {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::Table::Make(arrow::schema({arrow::field(name, arrow::utf8(), false)}), {*builder.Finish()});
}

Json Record(const Json& fields) { return {{"type", "record"}, {"name", "r"}, {"fields", fields}}; }
Json Schema(const std::string& name, const Json& type) { return Record(Json::array({{{"name", name}, {"type", type}}})); }

std::string Error(const arrow::Table& table, const Json& options) { return WriteBytes(table, options).status().message(); }

constexpr const char* kMarker = "30313233343536373839616263646566";  // "0123456789abcdef"

TEST(AvroWriter, BytesOfASmallFile) {
  const auto bytes = WriteBytes(*Ints({1, std::nullopt, -65}, true), {{"sync_marker", kMarker}, {"name", "T"}});
  ASSERT_OK(bytes.status());
  const std::string schema = R"({"fields":[{"default":null,"name":"n","type":["null","long"]}],"name":"T","type":"record"})";
  ASSERT_EQ(schema.size(), 90);  // 180 as a zig-zag number is b4 01
  // Three records in six bytes: branch 1 and 1, branch 0, branch 1 and -65.
  EXPECT_EQ(*bytes, std::string("Obj\x01\x04\x14") + "avro.codec" + "\x08null" + "\x16" + "avro.schema" + "\xb4\x01" + schema +
                        std::string(1, '\0') + "0123456789abcdef" + std::string("\x06\x0c\x02\x02\x00\x02\x81\x01", 8) +
                        "0123456789abcdef");
}

TEST(AvroWriter, InferredSchema) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::uint8(), false), arrow::field("b", arrow::uint32()),
                     arrow::field("c", arrow::timestamp(arrow::TimeUnit::SECOND)),
                     arrow::field("d", arrow::dictionary(arrow::int8(), arrow::utf8()), false),
                     arrow::field("e", arrow::struct_({arrow::field("x", arrow::fixed_size_binary(3), false)}), false),
                     arrow::field("f", arrow::list(arrow::field("item", arrow::float32(), false)), false)});
  const auto json = InferSchema(*schema, "Root", "my.space");
  ASSERT_OK(json.status());
  EXPECT_EQ(*json, Json::parse(R"({"type": "record", "name": "Root", "namespace": "my.space", "fields": [
      {"name": "a", "type": "int"},
      {"name": "b", "type": ["null", "long"], "default": null},
      {"name": "c", "type": ["null", {"type": "long", "logicalType": "local-timestamp-millis"}], "default": null},
      {"name": "d", "type": "string"},
      {"name": "e", "type": {"type": "record", "name": "Root_e", "fields": [
        {"name": "x", "type": {"type": "fixed", "name": "Root_e_x", "size": 3}}]}},
      {"name": "f", "type": {"type": "array", "items": "float"}}]})"));
}

TEST(AvroWriter, TypesAndNamesThatAvroHasNot) {
  const auto refuse = [](const std::string& name, const std::shared_ptr<arrow::DataType>& type) {
    return InferSchema(*arrow::schema({arrow::field(name, type)}), "Root", "").status().message();
  };
  EXPECT_THAT(refuse("d", arrow::duration(arrow::TimeUnit::NANO)), HasSubstr("column 'd': Avro has no type for duration[ns]"));
  EXPECT_THAT(refuse("m", arrow::map(arrow::int32(), arrow::utf8())),
              HasSubstr("column 'm': the keys of an Avro map are strings"));
  EXPECT_THAT(refuse("m", arrow::decimal128(5, -1)), HasSubstr("column 'm': Avro decimals have a scale between"));
  EXPECT_THAT(refuse("trip distance", arrow::int32()), HasSubstr("'trip distance' is not a name Avro allows"));
  EXPECT_THAT(refuse("s", arrow::struct_({arrow::field("0", arrow::int8())})), HasSubstr("column 's': '0' is not a name"));
}

TEST(AvroWriter, GivenSchemaCastsExactly) {
  const TempDir folder;
  const auto write = [&](const arrow::Table& table, const Json& schema) {
    const auto bytes = WriteBytes(table, {{"schema", schema}});
    if (!bytes.ok()) return bytes.status().message();
    folder.Write("x.avro", *bytes);
    const auto read = ReadFiles({folder.File("x.avro")});
    return read.ok() ? (*read)->schema()->field(0)->type()->ToString() + "\n" + Rows(**read) : read.status().message();
  };
  EXPECT_EQ(write(*Ints({1, 2}, true), Schema("n", "int")), "int32\n1\n2\n");
  EXPECT_EQ(write(*Ints({1, std::nullopt}, true), Schema("n", {"double", "null"})), "double\n1\nnull\n");
  EXPECT_EQ(write(*Texts({"a", "b"}), Schema("s", "bytes")), "binary\na\nb\n");
  EXPECT_EQ(write(*Texts({"b", "a"}), Schema("s", {{"type", "enum"}, {"name", "e"}, {"symbols", {"a", "b"}}})),
            "string\nb\na\n");
  EXPECT_EQ(write(*Ints({5}, false), Record(Json::array({{{"name", "n"}, {"type", {"null", "string", "long"}}}}))),
            "struct<string: string, long: int64>\n{string:string = null, long:int64 = 5}\n");
  EXPECT_EQ(
      write(*Ints({5}, false),
            Record(Json::array({{{"name", "x"}, {"type", "string"}, {"default", "new"}}, {{"name", "n"}, {"type", "long"}}}))),
      "string\nnew | 5\n");
  EXPECT_THAT(write(*Ints({5'000'000'000}, true), Schema("n", "int")),
              AllOf(HasSubstr("Avro column 'n'"), HasSubstr("5000000000")));
}

TEST(AvroWriter, GivenSchemaThatDoesNotFit) {
  const auto table = Ints({1, 2, std::nullopt, 4}, true);
  EXPECT_THAT(Error(*table, {{"schema", Schema("n", "long")}}),
              HasSubstr("Avro column 'n': row 2: a null in a field whose Avro type is not a union with null"));
  EXPECT_THAT(Error(*table, {{"schema", Schema("n", "string")}}),
              HasSubstr("Avro column 'n': int64 cannot be written as Avro string"));
  EXPECT_THAT(Error(*table, {{"schema", Schema("n", {"null", "boolean"})}}),
              HasSubstr("int64 cannot be written as Avro boolean"));
  EXPECT_THAT(Error(*table, {{"schema", Schema("m", "long")}}),
              HasSubstr("Avro column 'm': the Avro schema has a field of this name without a default"));
  EXPECT_THAT(Error(*table, {{"schema", Schema("m", {"null", "long"})}}), HasSubstr("column 'n' is not in the Avro schema"));
  EXPECT_THAT(Error(*Texts({"a", "c"}), {{"schema", Schema("s", {{"type", "enum"}, {"name", "e"}, {"symbols", {"a"}}})}}),
              HasSubstr("Avro column 's': row 1: 'c' is not a symbol of the Avro enum 'e'"));
}

TEST(AvroWriter, UnsignedNumbersThatLongDoesNotHold) {
  arrow::UInt64Builder builder;
  ASSERT_OK(builder.AppendValues({1, UINT64_MAX}));
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("u", arrow::uint64())}), {*builder.Finish()});
  EXPECT_THAT(Error(*table, nullptr), AllOf(HasSubstr("Avro column 'u'"), HasSubstr("18446744073709551615")));
}

TEST(AvroWriter, DictionariesWithNullValues) {
  const TempDir folder;
  arrow::StringBuilder values;
  ASSERT_OK(values.Append("x"));
  ASSERT_OK(values.AppendNull());
  arrow::Int32Builder codes;
  ASSERT_OK(codes.AppendValues({0, 1, 0}));
  const auto column = *arrow::DictionaryArray::FromArrays(*codes.Finish(), *values.Finish());
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("d", column->type())}), {column});
  const auto bytes = WriteBytes(*table);
  ASSERT_OK(bytes.status());
  folder.Write("d.avro", *bytes);
  EXPECT_EQ(Rows(**ReadFiles({folder.File("d.avro")})), "x\nnull\nx\n");
}

TEST(AvroWriter, OptionsThatAreWrong) {
  const auto table = Ints({1}, true);
  EXPECT_THAT(Error(*table, {{"codecs", "null"}}), HasSubstr("the Avro writer has no option 'codecs'"));
  EXPECT_THAT(Error(*table, {{"codec", "brotli"}}), HasSubstr("there is no Avro codec 'brotli'"));
  EXPECT_THAT(Error(*table, {{"codec", 7}}), HasSubstr("the Avro option 'codec' is a string, not 7"));
  EXPECT_THAT(Error(*table, {{"codec", "deflate"}, {"level", 10}}), HasSubstr("level 10 of codec deflate"));
  EXPECT_THAT(Error(*table, {{"level", 1}}), HasSubstr("have no level"));
  EXPECT_THAT(Error(*table, {{"sync_interval", 0}}), HasSubstr("'sync_interval' is a number of bytes"));
  EXPECT_THAT(Error(*table, {{"sync_marker", "00"}}), HasSubstr("32 hexadecimal digits"));
  EXPECT_THAT(Error(*table, {{"name", "a b"}}), HasSubstr("the Avro option 'name'"));
  EXPECT_THAT(Error(*table, {{"metadata", {{"avro.x", "1"}}}}), HasSubstr("are reserved"));
  EXPECT_THAT(Error(*table, Json::array()), HasSubstr("are an object"));
}

TEST(AvroReader, OptionsThatAreWrong) {
  const TempDir folder;
  folder.Write("x.avro", *WriteBytes(*Ints({1}, true)));
  const auto read = [&](const Json& options) {
    return ReadFiles({folder.File("x.avro")}, {.options = options}).status().message();
  };
  EXPECT_THAT(read({{"block", 1}}), HasSubstr("the Avro reader has no option 'block'"));
  EXPECT_THAT(read({{"blocksize", 0}}), HasSubstr("'blocksize' is a number of bytes"));
  EXPECT_THAT(read({{"schema", "long"}}), HasSubstr("'schema' is a record schema"));
}

TEST(AvroReader, LimitStopsEarlyAndCountsNeedNoDecoding) {
  const TempDir folder;
  std::vector<std::optional<int64_t>> numbers;
  for (int64_t i = 0; i < 100'000; ++i) numbers.push_back(i);
  folder.Write("x.avro", *WriteBytes(*Ints(numbers, true), {{"sync_interval", 1000}}));
  const auto some = ReadFiles({folder.File("x.avro")}, {.limit = 10});
  ASSERT_OK(some.status());
  EXPECT_GE((*some)->num_rows(), 10);
  EXPECT_LT((*some)->num_rows(), 1000);
  const auto none = ReadFiles({folder.File("x.avro")}, {.columns = std::vector<std::string>{}});
  ASSERT_OK(none.status());
  EXPECT_EQ((*none)->num_rows(), 100'000);
}

TEST(AvroReader, SplitsHaveEachBlockOnce) {
  const TempDir folder;
  std::vector<std::optional<int64_t>> numbers;
  for (int64_t i = 0; i < 1000; ++i) numbers.push_back(i * i);
  const auto table = Ints(numbers, true);
  folder.Write("x.avro", *WriteBytes(*table, {{"sync_interval", 60}}));
  for (const int blocksize : {1, 15, 16, 17, 83, 1000, 100'000}) {
    const auto read = ReadFiles({folder.File("x.avro")}, {.options = {{"blocksize", blocksize}}});
    ASSERT_OK(read.status());
    EXPECT_TRUE((*read)->Equals(*table)) << blocksize;
  }
}

}  // namespace
}  // namespace millstream::avro
