// Both ways against fastavro, where MILLSTREAM_TEST_PYTHON names a Python that has it.
#include <cstdlib>

#include "millstream/format/avro/avro_testing.h"

namespace millstream::avro {
namespace {

class Fastavro : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("MILLSTREAM_TEST_PYTHON") == nullptr) GTEST_SKIP() << "skipped: MILLSTREAM_TEST_PYTHON is not set";
  }

  /// Runs fastavro_check.py beside this file.
  int Run(const std::string& verb) const {
    // __FILE__ may be relative to the build folder, which holds tests/ with this program.
    const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
    const auto script = (build / __FILE__).parent_path() / "fastavro_check.py";
    const std::string command =
        std::string(std::getenv("MILLSTREAM_TEST_PYTHON")) + " " + script.string() + " " + verb + " " + folder_.File("");
    return std::system(command.c_str());
  }

  TempDir folder_;
};

std::shared_ptr<arrow::Scalar> Parse(const std::shared_ptr<arrow::DataType>& type, const std::string& text) {
  if (type->id() != arrow::Type::DECIMAL128) return *arrow::Scalar::Parse(type, text);
  return std::make_shared<arrow::Decimal128Scalar>(*arrow::Decimal128::FromString(text), type);
}

/// A column of values written as text.
std::shared_ptr<arrow::Array> Column(const std::shared_ptr<arrow::DataType>& type,
                                     std::vector<std::optional<std::string>> values) {
  auto builder = *arrow::MakeBuilder(type);
  for (const auto& value : values) {
    const Status status = value ? builder->AppendScalar(*Parse(type, *value)) : builder->AppendNull();
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return *builder->Finish();
}

TEST_F(Fastavro, ReadsWhatWeWrite) {
  using arrow::TimeUnit;
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  const auto add = [&](const char* name, const std::shared_ptr<arrow::DataType>& type,
                       std::vector<std::optional<std::string>> values) {
    fields.push_back(arrow::field(name, type));
    arrays.push_back(Column(type, std::move(values)));
  };
  add("i8", arrow::int8(), {"-128", std::nullopt, "127"});
  add("u32", arrow::uint32(), {"4294967295", "0", std::nullopt});
  add("i64", arrow::int64(), {"-9223372036854775808", "9223372036854775807", "-1"});
  add("f64", arrow::float64(), {"0.1", std::nullopt, "-1e300"});
  add("text", arrow::utf8(), {"", "h\xc3\xa9llo", std::nullopt});
  add("large", arrow::large_utf8(), {"a", std::nullopt, "c"});
  add("flag", arrow::boolean(), {"true", "false", std::nullopt});
  add("day", arrow::date32(), {"1969-12-31", "2024-02-29", std::nullopt});
  add("clock", arrow::time64(TimeUnit::MICRO), {"23:59:59.123456", "00:00:00.000001", std::nullopt});
  add("seconds", arrow::timestamp(TimeUnit::SECOND), {"2013-01-01 00:00:00", std::nullopt, "1960-01-01 00:00:01"});
  add("instant", arrow::timestamp(TimeUnit::MICRO, "UTC"),
      {"2013-01-01 00:00:00.000001Z", std::nullopt, "1960-01-01 00:00:01Z"});
  add("price", arrow::decimal128(12, 2), {"-0.01", "9999999999.99", std::nullopt});
  arrays.push_back(
      *arrow::DictionaryArray::FromArrays(Column(arrow::int8(), {"1", "0", std::nullopt}), Column(arrow::utf8(), {"a", "bc"})));
  fields.push_back(arrow::field("code", arrays.back()->type()));
  arrays.push_back(*arrow::ListArray::FromArrays(*Column(arrow::int32(), {"0", "2", "2", "3"}),
                                                 *Column(arrow::int64(), {"7", std::nullopt, "9"})));
  fields.push_back(arrow::field("list", arrays.back()->type()));
  arrays.push_back(*arrow::StructArray::Make({arrays[0], arrays[4]}, std::vector<std::string>{"x", "y"}));
  fields.push_back(arrow::field("inner", arrays.back()->type(), false));
  const auto table = arrow::Table::Make(arrow::schema(fields), arrays);

  const char* expected = R"([
    {"i8": -128, "u32": 4294967295, "i64": -9223372036854775808, "f64": 0.1, "text": "", "large": "a", "flag": true,
     "day": "1969-12-31", "clock": "23:59:59.123456", "seconds": "2013-01-01 00:00:00.000000",
     "instant": "2013-01-01 00:00:00.000001+00:00", "price": "-0.01", "code": "bc", "list": [7, null], "inner": {"x": -128, "y": ""}},
    {"i8": null, "u32": 0, "i64": 9223372036854775807, "f64": null, "text": "h\u00e9llo", "large": null, "flag": false,
     "day": "2024-02-29", "clock": "00:00:00.000001", "seconds": null, "instant": null, "price": "9999999999.99", "code": "a",
     "list": [], "inner": {"x": null, "y": "h\u00e9llo"}},
    {"i8": 127, "u32": null, "i64": -1, "f64": -1e300, "text": null, "large": "c", "flag": null, "day": null, "clock": null,
     "seconds": "1960-01-01 00:00:01.000000", "instant": "1960-01-01 00:00:01.000000+00:00", "price": null, "code": null,
     "list": [9], "inner": {"x": 127, "y": null}}])";
  for (const char* codec : {"null", "deflate"}) {
    for (const int interval : {1, 1 << 18}) {
      const auto bytes = WriteBytes(*table, {{"codec", codec}, {"sync_interval", interval}});
      ASSERT_OK(bytes.status());
      const std::string name = std::string(codec) + std::to_string(interval);
      folder_.Write(name + ".avro", *bytes);
      folder_.Write(name + ".json", expected);
    }
  }
  EXPECT_EQ(Run("check"), 0);
}

TEST_F(Fastavro, WritesWhatWeRead) {
  ASSERT_EQ(Run("write"), 0);
  for (const char* name : {"null.avro", "deflate.avro"}) {
    for (const int64_t batch_rows : {2, 1000}) {
      for (const nlohmann::json& blocksize : {nlohmann::json(nullptr), nlohmann::json(700)}) {
        const auto table = ReadFiles({folder_.File(name)}, {.options = {{"blocksize", blocksize}}, .batch_rows = batch_rows});
        ASSERT_OK(table.status());
        ASSERT_EQ((*table)->num_rows(), 40);
        EXPECT_EQ((*table)->schema()->field(17)->type()->ToString(), "struct<x: int32 not null, again: fixed_size_binary[4]>");
        // Record 3 by the rules of fastavro_check.py's records().
        EXPECT_EQ(Rows(*(*table)->Slice(3, 1)),
                  "false | null | 3000000000000000 | 0.375 | 0.75 | \xc3\xa9\xc3\xa9\xc3\xa9 | \x03\xff | 1970-01-02 | "
                  "03:59:59.123456 | "
                  "1969-12-31 23:59:59.000003Z | 2024-02-29 12:00:00.003 | 187.57 | 00000000-0000-0000-0000-000000000003 | "
                  "\x03\x03\x03\x03 | HEARTS | list<item: int64>[0, null, 2] | "
                  "map<string, int32>[{key:string = k, value:int32 = 3}] | "
                  "{x:int32 = 3, again:fixed_size_binary[4] = abcd} | {string:string = null, int:int32 = 3} | 3\n");
      }
    }
  }
}

}  // namespace
}  // namespace millstream::avro
