// The public vectors of N. Seriot's JSONTestSuite, each as the value of a record: y_ must be accepted, n_ refused, and of i_,
// which RFC 8259 leaves open, each has the behaviour that this file states.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "millstream/format/json/test_files.h"

namespace millstream::json_format {
namespace {

std::vector<std::filesystem::path> Vectors(const std::string& prefix) {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder = std::filesystem::path(MILLSTREAM_TEST_DATA) / "json-test-suite";
  if (!std::filesystem::is_directory(folder)) return paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(prefix)) paths.push_back(entry.path());
  }
  return paths;
}

std::string Contents(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Reading the value in a record, in an array of records where lines may end anywhere; as JSON text, and as inferred.
Status ReadValue(const std::string& value) {
  ReadSetup setup;
  setup.options = {{"lines", false}, {"dtype", {{"v", "json"}}}};
  ARROW_RETURN_NOT_OK(ReadText("[{\"v\":" + value + "}]", setup));
  setup.options = {{"lines", false}};
  return ReadText("[{\"v\":" + value + "}]", setup).status();
}

/// The same without a look at the value beforehand, in lines.
Status DecodeValue(const std::string& value) {
  ReadSetup setup;
  setup.options = {{"sample", 1}, {"dtype", {{"v", "json"}}}};
  return ReadText("{\"v\":null}\n{\"v\":" + value + "}\n", setup).status();
}

class JsonVectors : public ::testing::Test {
  void SetUp() override {
    if (Vectors("y_").empty()) GTEST_SKIP() << "skipped: no json-test-suite in " << MILLSTREAM_TEST_DATA;
  }
};

TEST_F(JsonVectors, ValidIsAccepted) {
  for (const auto& path : Vectors("y_")) {
    const std::string text = Contents(path);
    EXPECT_TRUE(ReadValue(text).ok()) << path.filename() << ": " << ReadValue(text);
    if (text.find('\n') == std::string::npos) {
      EXPECT_TRUE(DecodeValue(text).ok()) << path.filename() << ": " << DecodeValue(text);
    }
  }
}

TEST_F(JsonVectors, InvalidIsRefused) {
  for (const auto& path : Vectors("n_")) {
    const std::string text = Contents(path);
    EXPECT_TRUE(ReadValue(text).IsInvalid()) << path.filename() << ": " << ReadValue(text);
    EXPECT_TRUE(DecodeValue(text).IsInvalid()) << path.filename() << ": " << DecodeValue(text);
  }
}

/// Numbers beyond 64 bits or beyond doubles are the nearest double, an infinity or zero; lone surrogates are U+FFFD; text that
/// is not UTF-8 is refused, and so is a byte order mark inside a file; 500 nested arrays are no problem.
TEST_F(JsonVectors, ImplementationDefined) {
  const std::set<std::string> refused = {
      "i_string_UTF-16LE_with_BOM.json",
      "i_string_UTF-8_invalid_sequence.json",
      "i_string_UTF8_surrogate_U+D800.json",
      "i_string_invalid_utf-8.json",
      "i_string_iso_latin_1.json",
      "i_string_lone_utf8_continuation_byte.json",
      "i_string_not_in_unicode_range.json",
      "i_string_overlong_sequence_2_bytes.json",
      "i_string_overlong_sequence_6_bytes.json",
      "i_string_overlong_sequence_6_bytes_null.json",
      "i_string_truncated-utf-8.json",
      "i_string_utf16BE_no_BOM.json",
      "i_string_utf16LE_no_BOM.json",
      "i_structure_UTF-8_BOM_empty_object.json",
  };
  for (const auto& path : Vectors("i_")) {
    const Status status = ReadValue(Contents(path));
    EXPECT_EQ(status.IsInvalid(), refused.contains(path.filename().string())) << path.filename() << ": " << status;
    EXPECT_TRUE(status.ok() || status.IsInvalid());
  }
}

TEST_F(JsonVectors, ByteOrderMarkAtTheStartOfAFile) {
  const auto paths = Vectors("i_structure_UTF-8_BOM");
  ASSERT_EQ(paths.size(), 1);
  const auto table = ReadText(Contents(paths[0]));
  ASSERT_TRUE(table.ok()) << table.status();
}

}  // namespace
}  // namespace millstream::json_format
