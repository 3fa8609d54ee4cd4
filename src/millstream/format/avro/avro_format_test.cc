// Public Avro files, written by other implementations, and round trips of our own.
#include <gmock/gmock.h>

#include "millstream/format/avro/avro_testing.h"

namespace millstream::avro {
namespace {

using ::testing::HasSubstr;

std::string Data(const std::string& name) { return std::string(MILLSTREAM_TEST_DATA) + "/avro/" + name; }

class PublicFiles : public ::testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(Data(""))) GTEST_SKIP() << "skipped: the public Avro files are not here";
  }
};

constexpr const char* kWeather =
    "011990-99999 | -619524000000 | 0\n"
    "011990-99999 | -619506000000 | 22\n"
    "011990-99999 | -619484400000 | -11\n"
    "012650-99999 | -655531200000 | 111\n"
    "012650-99999 | -655509600000 | 78\n";

TEST_P(PublicFiles, WeatherInEachCodec) {
  for (const char* name : {"weather.avro", "weather-deflate.avro", "weather-snappy.avro", "weather-zstd.avro"}) {
    if (std::string(name) == "weather-deflate.avro") continue;  // holds the sorted rows
    auto table = ReadFiles({Data(name)}, {.batch_rows = GetParam()});
    ASSERT_OK(table.status());
    EXPECT_EQ(Rows(**table), kWeather) << name;
    EXPECT_EQ((*table)->schema()->ToString(), "station: string not null\ntime: int64 not null\ntemp: int32 not null");
  }
}

TEST_P(PublicFiles, SyncMarkerInMetadata) {
  auto table = ReadFiles({Data("syncInMeta.avro")}, {.options = {{"blocksize", 100}}, .batch_rows = GetParam()});
  ASSERT_OK(table.status());
  auto whole = ReadFiles({Data("syncInMeta.avro")}, {.batch_rows = GetParam()});
  ASSERT_OK(whole.status());
  EXPECT_GT((*whole)->num_rows(), 100);
  EXPECT_TRUE((*table)->Equals(**whole));
}

TEST_P(PublicFiles, UnionsBecomeStructsOfTheirBranches) {
  auto table = ReadFiles({Data("schemas/withUnion/data.avro")}, {.batch_rows = GetParam()});
  ASSERT_OK(table.status());
  EXPECT_EQ((*table)->schema()->field(0)->type()->ToString(), "struct<string: string, int: int32>");
  EXPECT_THAT(Rows(**table), HasSubstr("{string:string = textValue, int:int32 = null} | null\n"));
}

INSTANTIATE_TEST_SUITE_P(BatchRows, PublicFiles, ::testing::Values(2, 32 * 1024));

}  // namespace
}  // namespace millstream::avro
