// Bytes derived by hand from the Avro 1.12 specification, and the resolution of schemas that differ.
#include <gmock/gmock.h>

#include "millstream/format/avro/avro_testing.h"
#include "millstream/format/avro/container.h"

namespace millstream::avro {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr SyncMarker kSync = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};

Json Record(const Json& fields) { return {{"type", "record"}, {"name", "r"}, {"fields", fields}}; }
Json OneField(const Json& type) { return Record(Json::array({{{"name", "f"}, {"type", type}}})); }

/// A file with one block of these bytes.
std::string File(const Json& schema, int rows, const std::string& data, const std::string& codec = "null") {
  std::string bytes = WriteHeader({{"avro.schema", schema.dump()}, {"avro.codec", codec}}, kSync);
  for (const auto number : {static_cast<size_t>(rows) * 2, data.size() * 2}) {
    size_t left = number;
    for (; left >= 0x80; left >>= 7) bytes.push_back(static_cast<char>(left | 0x80));
    bytes.push_back(static_cast<char>(left));
  }
  return bytes + data + std::string(kSync.data(), kSync.size());
}

std::string B(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

class Resolution : public ::testing::Test {
 protected:
  /// The rows of one field, or the error.
  std::string Read(const Json& schema, int rows, const std::string& data, const Json& reader = nullptr) {
    folder_.Write("x.avro", File(schema, rows, data));
    const auto table = ReadFiles({folder_.File("x.avro")}, {.options = {{"schema", reader}}});
    return table.ok() ? Rows(**table) : table.status().message();
  }
  std::string ReadField(const Json& type, int rows, const std::string& data, const Json& reader = nullptr) {
    return Read(OneField(type), rows, data, reader.is_null() ? reader : OneField(reader));
  }

  TempDir folder_;
};

TEST_F(Resolution, NumbersOfTheSpecification) {
  // The specification's own table: 0, -1, 1, -2, 2, -64, 64.
  EXPECT_EQ(ReadField("int", 7, B({0, 1, 2, 3, 4, 0x7f, 0x80, 1})), "0\n-1\n1\n-2\n2\n-64\n64\n");
  EXPECT_EQ(ReadField("long", 2, B({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
                                    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})),
            "-9223372036854775808\n9223372036854775807\n");
  EXPECT_EQ(ReadField("string", 1, B({6, 'f', 'o', 'o'})), "foo\n");
  EXPECT_EQ(ReadField(Json::array({"null", "string"}), 2, B({0, 2, 2, 'a'})), "null\na\n");
  EXPECT_EQ(ReadField(Json{{"type", "array"}, {"items", "long"}}, 1, B({4, 6, 0x36, 0})),
            "list<item: int64 not null>[3, 27]\n");
}

TEST_F(Resolution, ArraysOfSeveralBlocksAndBlocksWithSizes) {
  const Json array = {{"type", "array"}, {"items", "long"}};
  // One item; two items with a negative count and a size of two bytes; the end.
  const std::string data = B({2, 2, 3, 4, 4, 6, 0});
  EXPECT_EQ(ReadField(array, 1, data), "list<item: int64 not null>[1, 2, 3]\n");
  const Json two = Record(Json::array({{{"name", "a"}, {"type", array}}, {{"name", "b"}, {"type", "int"}}}));
  folder_.Write("two.avro", File(two, 1, data + B({0x0e})));
  const auto table = ReadFiles({folder_.File("two.avro")}, {.columns = std::vector<std::string>{"b"}});
  ASSERT_OK(table.status());
  EXPECT_EQ(Rows(**table), "7\n");
}

TEST_F(Resolution, Promotions) {
  EXPECT_EQ(ReadField("int", 1, B({6}), "long"), "3\n");
  EXPECT_EQ(ReadField("long", 1, B({6}), "double"), "3\n");
  EXPECT_EQ(ReadField("float", 1, B({0, 0, 0x80, 0x3f}), "double"), "1\n");
  EXPECT_EQ(ReadField("string", 1, B({2, 'a'}), "bytes"), "a\n");
  EXPECT_EQ(ReadField("bytes", 1, B({2, 'a'}), "string"), "a\n");
  EXPECT_EQ(ReadField("int", 1, B({6}), Json::array({"null", "long"})), "3\n");
  EXPECT_EQ(ReadField(Json::array({"int", "double"}), 2, B({0, 6, 2, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f})), "3\n0.5\n");
  EXPECT_EQ(ReadField({{"type", "long"}, {"logicalType", "timestamp-millis"}}, 1, B({2}),
                      {{"type", "long"}, {"logicalType", "timestamp-micros"}}),
            "1970-01-01 00:00:00.001000Z\n");
  EXPECT_THAT(ReadField("long", 1, B({6}), "int"), HasSubstr("x.avro: field 'f': Avro long cannot be read as int"));
  EXPECT_THAT(ReadField({{"type", "long"}, {"logicalType", "timestamp-micros"}}, 1, B({2}),
                        {{"type", "long"}, {"logicalType", "timestamp-millis"}}),
              HasSubstr("cannot be read as"));
  EXPECT_THAT(ReadField(Json::array({"null", "int"}), 1, B({0}), "int"),
              AllOf(HasSubstr("x.avro: Avro block at offset"), HasSubstr("record 0: field 'f': a null in a field")));
}

TEST_F(Resolution, FieldsAddedAndRemoved) {
  const Json old_schema = Record(Json::array({{{"name", "gone"}, {"type", "string"}}, {{"name", "old"}, {"type", "int"}}}));
  const std::string data = B({4, 'h', 'i', 6});
  const auto with = [](Json field) {
    return Record(Json::array({field, {{"name", "new"}, {"type", "long"}, {"aliases", {"old"}}}}));
  };
  EXPECT_EQ(Read(old_schema, 1, data, with({{"name", "x"}, {"type", "string"}, {"default", "none"}})), "none | 3\n");
  EXPECT_EQ(Read(old_schema, 1, data, with({{"name", "x"}, {"type", {"null", "int"}}})), "null | 3\n");
  EXPECT_EQ(
      Read(old_schema, 1, data, with({{"name", "x"}, {"type", {{"type", "array"}, {"items", "int"}}}, {"default", {1, 2}}})),
      "list<item: int32 not null>[1, 2] | 3\n");
  EXPECT_THAT(Read(old_schema, 1, data, with({{"name", "x"}, {"type", "int"}})),
              HasSubstr("field 'x': the file does not have this field, and the reader's schema has no default for it"));
}

TEST_F(Resolution, TheFirstFileIsTheReaderOfAllOthers) {
  folder_.Write("1.avro", File(OneField("long"), 1, B({2})));
  folder_.Write("2.avro", File(OneField("int"), 1, B({4})));
  folder_.Write("3.avro", File(OneField("string"), 1, B({2, 'a'})));
  const auto good = ReadFiles({folder_.File("1.avro"), folder_.File("2.avro")});
  ASSERT_OK(good.status());
  EXPECT_EQ(Rows(**good), "1\n2\n");
  EXPECT_THAT(ReadFiles({folder_.File("1.avro"), folder_.File("3.avro")}).status().message(),
              HasSubstr("3.avro: field 'f': Avro string cannot be read as long"));
}

TEST_F(Resolution, LogicalTypesThatDoNotFitAreIgnored) {
  EXPECT_EQ(ReadField({{"type", "string"}, {"logicalType", "date"}}, 1, B({2, 'a'})), "a\n");
  EXPECT_EQ(ReadField({{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", 0}}, 1, B({2, 'a'})), "a\n");
  EXPECT_EQ(ReadField({{"type", "fixed"}, {"name", "u"}, {"size", 16}, {"logicalType", "uuid"}}, 1,
                      B({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})),
            "00010203-0405-0607-0809-0a0b0c0d0e0f\n");
}

TEST_F(Resolution, DamagedValuesAreErrors) {
  EXPECT_THAT(ReadField("long", 1, B({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})),
              HasSubstr("the data ends within a value, or is damaged"));
  EXPECT_THAT(ReadField("long", 1, std::string(12, '\xff')), HasSubstr("damaged"));
  EXPECT_THAT(ReadField("int", 1, B({0x80, 0x80, 0x80, 0x80, 0x10})), HasSubstr("is not an Avro int"));
  EXPECT_THAT(ReadField("string", 1, B({0x7e, 'a'})), HasSubstr("the data ends within a value"));
  EXPECT_THAT(ReadField("string", 1, B({1})), HasSubstr("the data ends within a value"));
  EXPECT_THAT(ReadField("string", 1, B({2, 0xff})), HasSubstr("not UTF-8"));
  EXPECT_THAT(ReadField("boolean", 1, B({2})), HasSubstr("damaged"));
  EXPECT_THAT(ReadField(Json::array({"null", "int"}), 1, B({4})), HasSubstr("branch 2 of a union with 2 branches"));
  EXPECT_THAT(ReadField({{"type", "enum"}, {"name", "e"}, {"symbols", {"a"}}}, 1, B({2})),
              HasSubstr("symbol 1 of an enum with 1 symbols"));
  EXPECT_THAT(ReadField({{"type", "array"}, {"items", "int"}}, 1, B({0x7e, 0})),
              HasSubstr("an array of 63 items does not fit"));
  EXPECT_THAT(
      ReadField({{"type", "array"}, {"items", "null"}}, 1, B({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})),
      HasSubstr("does not fit"));
  EXPECT_THAT(ReadField({{"type", "int"}, {"logicalType", "time-millis"}}, 1, B({1})),
              HasSubstr("the time of day -1 is not within a day"));
  EXPECT_THAT(ReadField({{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", 2}}, 1, B({2, 100})),
              HasSubstr("a decimal has more digits"));
  EXPECT_THAT(ReadField("int", 2, B({0})), HasSubstr("says that it has 2 records, more than can be"));
  EXPECT_THAT(ReadField("int", 1, B({0, 0})), HasSubstr("has 1 bytes behind its last record"));
  EXPECT_THAT(ReadField({{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", 4}}, 1,
                        B({34, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})),
              HasSubstr("a decimal has more digits"));
}

TEST_F(Resolution, DamagedFilesAreErrorsWithTheirOffset) {
  const std::string whole = File(OneField("int"), 1, B({6}));
  const auto read = [&](const std::string& bytes) {
    folder_.Write("x.avro", bytes);
    const auto table = ReadFiles({folder_.File("x.avro")});
    return table.ok() ? Rows(**table) : table.status().message();
  };
  const std::string offset = "x.avro: the Avro block at offset " + std::to_string(whole.size() - 19);
  EXPECT_EQ(read(whole), "3\n");
  EXPECT_THAT(read(""), HasSubstr("x.avro: the file is empty"));
  EXPECT_THAT(read("PAR1"), HasSubstr("x.avro: this is not an Avro file"));
  EXPECT_THAT(read(whole.substr(0, 20)), HasSubstr("ends at offset 20 within its Avro header"));
  EXPECT_THAT(read(whole.substr(0, whole.size() - 1)), HasSubstr(offset + " is cut off"));
  EXPECT_THAT(read(whole.substr(0, whole.size() - 18)), HasSubstr(offset + " is cut off"));
  EXPECT_THAT(read(whole.substr(0, whole.size() - 1) + "x"), HasSubstr(offset + " is not followed by the file's sync marker"));
  EXPECT_THAT(read(whole.substr(0, whole.size() - 19) + B({1, 2})), HasSubstr("has a count or size that cannot be right"));
  EXPECT_THAT(read(File(OneField("int"), 1, B({6, 0, 0, 0, 0}), "snappy")), HasSubstr("snappy data of the block is damaged"));
  EXPECT_THAT(read(File(OneField("int"), 1, B({1, 0, 6, 0, 0, 0, 0}), "snappy")),
              HasSubstr("checksum of the snappy block does not match"));
  EXPECT_THAT(read(File(OneField("int"), 1, B({7}), "deflate")), HasSubstr("deflate data of the block"));
  EXPECT_THAT(read(File(OneField("int"), 1, B({7}), "zstandard")), HasSubstr("zstandard data of the block"));
  EXPECT_THAT(read(File(OneField("int"), 1, B({7}), "lzo")), HasSubstr("there is no Avro codec 'lzo'"));
}

TEST_F(Resolution, SchemasThatAreRefused) {
  const auto read = [&](const Json& schema) { return Read(schema, 1, ""); };
  EXPECT_THAT(read("long"), HasSubstr("the Avro schema is 'long'; only files of records make a table"));
  EXPECT_THAT(read(OneField("nothing")), HasSubstr("field 'f': the Avro schema names the type 'nothing'"));
  EXPECT_THAT(read(OneField(Json::array({"null", "r"}))), HasSubstr("the Avro type 'r' contains itself"));
  EXPECT_THAT(read(OneField(Json::array({"int", "int"}))), HasSubstr("holds 'int' twice"));
  EXPECT_THAT(read(OneField(7)), HasSubstr("not number"));
  EXPECT_THAT(read(OneField({{"type", "fixed"}, {"name", "x"}, {"size", -1}})), HasSubstr("has no \"size\""));
  Json deep = "int";
  for (int i = 0; i < 70; ++i) deep = {{"type", "array"}, {"items", deep}};
  EXPECT_THAT(read(OneField(deep)), HasSubstr("nested deeper than 64 levels"));
  // Each record holds two of the one before: 2^20 fields when written out.
  Json fields = Json::array();
  std::string last = "int";
  for (int i = 0; i < 20; ++i) {
    const std::string name = "t" + std::to_string(i);
    fields.push_back({{"name", name},
                      {"type",
                       {{"type", "record"},
                        {"name", name},
                        {"fields", Json::array({{{"name", "a"}, {"type", last}}, {{"name", "b"}, {"type", last}}})}}}});
    last = name;
  }
  EXPECT_THAT(read(Record(fields)), HasSubstr("has more than 65536 types"));
}

}  // namespace
}  // namespace millstream::avro
