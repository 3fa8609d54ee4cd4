#include "millstream/fs/memory.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/fs/listing.h"
#include "millstream/fs/output_job.h"

namespace millstream::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    filesystem_ = Resolve("memory://", {}).ValueOrDie().filesystem;
    ASSERT_TRUE(filesystem_->DeleteRootDirContents().ok());
  }
  void Put(const std::string& path, const std::string& text) {
    auto stream = filesystem_->OpenOutputStream(path).ValueOrDie();
    ASSERT_TRUE(stream->Write(text.data(), static_cast<int64_t>(text.size())).ok());
    ASSERT_TRUE(stream->Close().ok());
  }
  std::vector<std::string> Tree() {
    arrow::fs::FileSelector selector;
    selector.recursive = true;
    std::vector<std::string> names;
    for (const auto& info : filesystem_->GetFileInfo(selector).ValueOrDie()) {
      names.push_back(info.path() + (info.IsDirectory() ? "/" : ""));
    }
    return names;
  }
  static std::string ReadAll(const std::string& uri) {
    const auto file = Expand({uri}, {}).ValueOrDie().front();
    return OpenInputStream(file, {}, Compression::kNone, UnlimitedContext()).ValueOrDie()->Read(1000).ValueOrDie()->ToString();
  }

  std::shared_ptr<arrow::fs::FileSystem> filesystem_;
};

TEST_F(Memory, FilesAppearWhenClosed) {
  auto stream = filesystem_->OpenOutputStream("a/b.txt").ValueOrDie();
  ASSERT_TRUE(stream->Write("text", 4).ok());
  EXPECT_THAT(Tree(), ElementsAre());
  ASSERT_TRUE(stream->Close().ok());
  EXPECT_THAT(Tree(), ElementsAre("a/", "a/b.txt"));
  EXPECT_EQ(ReadAll("memory://a/b.txt"), "text");
  EXPECT_EQ(ReadAll("memory:///a/b.txt"), "text");
  EXPECT_EQ(ReadAll("memory://a/*"), "text");
  EXPECT_EQ(Expand({"memory://a/b.txt"}, {}).ValueOrDie().front().size, 4);
  EXPECT_TRUE(filesystem_->OpenOutputStream("c").ValueOrDie()->Abort().ok());
  EXPECT_EQ(Tree().size(), 2U);
}

TEST_F(Memory, FoldersMoveWithWhatIsInThem) {
  Put("a/x", "1");
  Put("a/b/y", "2");
  Put("a-sibling", "3");  // '-' sorts before '/'
  EXPECT_TRUE(filesystem_->Move("a", "none/z").IsIOError());
  ASSERT_TRUE(filesystem_->Move("a", "z").ok());
  EXPECT_THAT(Tree(), ElementsAre("a-sibling", "z/", "z/b/", "z/b/y", "z/x"));
  EXPECT_TRUE(filesystem_->Move("z", "z/b/c").IsIOError());
  EXPECT_TRUE(filesystem_->Move("a-sibling", "z").IsIOError());
  ASSERT_TRUE(filesystem_->Move("a-sibling", "z/x").ok());
  EXPECT_EQ(ReadAll("memory://z/x"), "3");
  ASSERT_TRUE(filesystem_->DeleteDirContents("z").ok());
  EXPECT_THAT(Tree(), ElementsAre("z/"));
}

TEST_F(Memory, FoldersHaveFilesAtAnyDepth) {
  ASSERT_TRUE(filesystem_->CreateDir("a/b").ok());
  EXPECT_FALSE(HasFiles(filesystem_.get(), "a").ValueOrDie());
  EXPECT_FALSE(HasFiles(filesystem_.get(), "missing").ValueOrDie());
  Put("a/b/file", "x");
  EXPECT_TRUE(HasFiles(filesystem_.get(), "a").ValueOrDie());
  EXPECT_EQ(ListFolder(filesystem_.get(), "a").ValueOrDie().size(), 1u);
  EXPECT_EQ(ListFolder(filesystem_.get(), "a", /*recursive=*/true).ValueOrDie().size(), 2u);
}

TEST_F(Memory, WhatIsMissingIsAnError) {
  EXPECT_TRUE(filesystem_->OpenInputFile("x").status().IsIOError());
  EXPECT_TRUE(filesystem_->DeleteFile("x").IsIOError());
  EXPECT_TRUE(filesystem_->DeleteDir("x").IsIOError());
  EXPECT_TRUE(filesystem_->CreateDir("x/y", /*recursive=*/false).IsIOError());
  Put("f", "");
  EXPECT_THAT(filesystem_->CreateDir("f/x").message(), HasSubstr("is a file"));
  EXPECT_TRUE(filesystem_->OpenOutputStream("f/x").ValueOrDie()->Close().IsIOError());
  ASSERT_TRUE(filesystem_->CreateDir("d").ok());
  EXPECT_TRUE(filesystem_->OpenOutputStream("d").status().IsIOError());
  EXPECT_THAT(Expand({"memory://none"}, {}).status().message(), HasSubstr("memory://none"));
}

TEST_F(Memory, OutputJobsWorkFromManyThreads) {
  auto job = OutputJob::Begin("memory://out", {}, {}, UnlimitedContext()).ValueOrDie();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        auto stream = job->Create("k=" + std::to_string(i) + "/" + std::to_string(t)).ValueOrDie();
        EXPECT_TRUE(stream->Write("x", 1).ok() && stream->Close().ok());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(Expand({"memory://out"}, {}).status().IsIOError());
  EXPECT_EQ(job->Commit().ValueOrDie().size(), 100U);
  EXPECT_EQ(Expand({"memory://out"}, {}).ValueOrDie().size(), 100U);
  EXPECT_EQ(Tree().size(), 126U);
}

}  // namespace
}  // namespace millstream::fs
