#include "millstream/spill/spill_file.h"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

namespace millstream {
namespace {

class SpillFileTest : public ::testing::Test {
 protected:
  SpillFileTest() : folder_(::testing::TempDir() + "/spill_file_test_" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~SpillFileTest() override { std::filesystem::remove_all(folder_); }

  static Result<SpillBlock> Write(SpillFile* file, const std::vector<std::string>& pieces) {
    file->BeginBlock();
    for (const auto& piece : pieces) ARROW_RETURN_NOT_OK(file->Append(piece.data(), static_cast<int64_t>(piece.size())));
    return file->EndBlock();
  }
  static Result<std::string> Read(const SpillFile& file, const SpillBlock& block) {
    std::string text(block.length, '\0');
    const std::span<uint8_t> parts[] = {{reinterpret_cast<uint8_t*>(text.data()), text.size()}};
    ARROW_RETURN_NOT_OK(file.Read(block, parts));
    return text;
  }

  const std::string folder_;
};

TEST_F(SpillFileTest, ReadsBlocksInAnyOrderAndLeavesNoName) {
  auto file = *SpillFile::Create(folder_, {});
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  const std::string large(100 << 10, 'x');
  const auto first = *Write(file.get(), {"one", "", "two"});
  const auto second = *Write(file.get(), {large, "end", large});
  const auto third = *Write(file.get(), {});
  EXPECT_EQ(*Read(*file, third), "");
  EXPECT_EQ(*Read(*file, second), large + "end" + large);
  EXPECT_EQ(*Read(*file, first), "onetwo");
}

TEST_F(SpillFileTest, NoticesACorruptedByte) {
  auto file = *SpillFile::Create(folder_, {});
  const auto block = *Write(file.get(), {"some content"});
  ASSERT_EQ(pwrite(file->descriptor(), "X", 1, block.offset + 20), 1);
  const Status status = Read(*file, block).status();
  EXPECT_TRUE(status.IsIOError());
  EXPECT_NE(status.message().find("corrupted"), std::string::npos) << status;
  EXPECT_NE(status.message().find(folder_), std::string::npos) << status;
}

TEST_F(SpillFileTest, NoticesATruncatedFile) {
  auto file = *SpillFile::Create(folder_, {});
  const auto block = *Write(file.get(), {"some content"});
  ASSERT_EQ(ftruncate(file->descriptor(), 20), 0);
  EXPECT_NE(Read(*file, block).status().message().find("ends early"), std::string::npos);
}

TEST_F(SpillFileTest, KeepsItsQuota) {
  auto file = *SpillFile::Create(folder_, {.quota = 1000});
  const auto block = *Write(file.get(), {std::string(900, 'x')});
  const Status status = Write(file.get(), {std::string(900, 'y')}).status();
  EXPECT_TRUE(status.IsIOError());
  EXPECT_NE(status.message().find("spill quota"), std::string::npos) << status;
  EXPECT_EQ(*Read(*file, block), std::string(900, 'x'));
}

TEST_F(SpillFileTest, SaysThatTheDiskIsFull) {
  // /dev/full takes the place of a full disk.
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "skipped: there is no /dev/full";
  auto file = *SpillFile::Create(folder_, {});
  FILE* full = fopen("/dev/full", "w");
  ASSERT_GE(dup2(fileno(full), file->descriptor()), 0);
  const Status status = Write(file.get(), {"x"}).status();
  fclose(full);
  EXPECT_TRUE(status.IsIOError());
  EXPECT_NE(status.message().find("is full"), std::string::npos) << status;
}

TEST_F(SpillFileTest, NamesAFolderThatIsNotThere) {
  const Status status = SpillFile::Create(folder_ + "/missing", {}).status();
  EXPECT_TRUE(status.IsIOError());
  EXPECT_NE(status.message().find(folder_ + "/missing"), std::string::npos) << status;
}

}  // namespace
}  // namespace millstream
