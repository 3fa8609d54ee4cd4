#include "millstream/fs/storage.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/fs/glob.h"

namespace millstream::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LocalFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("millstream_fs_" + std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
    before_ = std::filesystem::current_path();
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(dir_);
  }
  std::string Put(const std::string& name, const std::string& text = "x") {
    const auto path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  /// What the patterns (below the test's folder) give, without the folder's name.
  std::vector<std::string> Names(std::vector<std::string> patterns) {
    for (std::string& pattern : patterns) pattern = (dir_ / pattern).string();
    std::vector<std::string> names;
    auto files = Expand(patterns, {});
    EXPECT_TRUE(files.ok()) << files.status();
    for (const FileEntry& file : files.ValueOr({})) names.push_back(file.uri.substr(dir_.string().size() + 1));
    return names;
  }
  Status ExpandError(const std::string& pattern) { return Expand({pattern}, {}).status(); }

  std::filesystem::path dir_, before_;
};

Result<std::string> ReadAll(const FileEntry& file, Compression compression = Compression::kNone) {
  ARROW_ASSIGN_OR_RAISE(auto stream, OpenInputStream(file, {}, compression, UnlimitedContext()));
  ARROW_ASSIGN_OR_RAISE(auto buffer, stream->Read(1 << 30));
  return buffer->ToString();
}

TEST_F(LocalFiles, ExpandKeepsTheOrderOfPathsAndSortsMatches) {
  for (const char* name : {"b.csv", "a.csv", "c.txt", "d/e.csv", "d/f/g.csv"}) Put(name);
  EXPECT_THAT(Names({"c.txt", "*.csv"}), ElementsAre("c.txt", "a.csv", "b.csv"));
  EXPECT_THAT(Names({"a.csv", "a.csv"}), ElementsAre("a.csv", "a.csv"));
  EXPECT_THAT(Names({"[ab].csv"}), ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(Names({"[!a].csv"}), ElementsAre("b.csv"));
  EXPECT_THAT(Names({"?.txt"}), ElementsAre("c.txt"));
  EXPECT_THAT(Names({"*/*.csv"}), ElementsAre("d/e.csv"));
  EXPECT_THAT(Names({"*/f/*.csv"}), ElementsAre("d/f/g.csv"));
  EXPECT_THAT(Names({"**/*.csv"}), ElementsAre("a.csv", "b.csv", "d/e.csv", "d/f/g.csv"));
  EXPECT_THAT(Names({"d/**"}), ElementsAre("d/e.csv", "d/f/g.csv"));
}

TEST_F(LocalFiles, FoldersStandForTheirFilesButNotHiddenOnes) {
  for (const char* name : {"t/k=1/p.parquet", "t/k=2/p.parquet", "t/_SUCCESS", "t/.crc", "t/_temporary/1/x", "t/k=1/_x"})
    Put(name);
  EXPECT_THAT(Names({"t"}), ElementsAre("t/k=1/p.parquet", "t/k=2/p.parquet"));
  EXPECT_THAT(Names({"t/"}), ElementsAre("t/k=1/p.parquet", "t/k=2/p.parquet"));
  EXPECT_THAT(Names({"t/k=*"}), ElementsAre("t/k=1/p.parquet", "t/k=2/p.parquet"));
  EXPECT_THAT(Names({"t/k=*/*"}), ElementsAre("t/k=1/_x", "t/k=1/p.parquet", "t/k=2/p.parquet"));
  Put("t/top.csv");
  EXPECT_THAT(Names({"t/*"}), ElementsAre("t/top.csv"));
  std::filesystem::create_directories(dir_ / "empty");
  EXPECT_THAT(ExpandError(dir_ / "empty").message(), HasSubstr("holds no files"));
}

TEST_F(LocalFiles, NamesOfAllKindsAreFound) {
  const std::vector<std::string> names = {"a b.csv", "100%25.csv", "größe.csv", "[1].csv", "q?.csv", "#x.csv"};
  for (const auto& name : names) Put(name, name);
  for (const auto& name : names) {
    EXPECT_THAT(Names({name}), ElementsAre(name));
    EXPECT_EQ(ReadAll({dir_ / name}).ValueOrDie(), name);
    EXPECT_EQ(ReadAll({"file://" + (dir_ / name).string()}).ValueOrDie(), name);
  }
  EXPECT_THAT(Names({"gr??e.csv"}), ElementsAre("größe.csv"));
  EXPECT_THAT(Names({"[[]1].csv"}), ElementsAre("[1].csv"));
}

TEST_F(LocalFiles, RelativePathsStayRelative) {
  Put("a.csv", "text");
  Put("d/b.csv");
  std::filesystem::current_path(dir_);
  auto files = Expand({"*.csv", "d", "./a.csv", "**/b.csv"}, {}).ValueOrDie();
  std::vector<std::string> uris;
  for (const auto& file : files) uris.push_back(file.uri);
  EXPECT_THAT(uris, ElementsAre("a.csv", "d/b.csv", "./a.csv", "d/b.csv"));
  EXPECT_EQ(files[0].size, 4);
  EXPECT_FALSE(files[0].version.empty());
  EXPECT_EQ(ReadAll(files[0]).ValueOrDie(), "text");
}

TEST_F(LocalFiles, FileUrisStayFileUris) {
  Put("a.csv");
  auto files = Expand({"file://" + dir_.string() + "/*"}, {}).ValueOrDie();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].uri, "file://" + dir_.string() + "/a.csv");
}

TEST_F(LocalFiles, WhatIsMissingIsNamed) {
  EXPECT_TRUE(ExpandError(dir_ / "none.csv").IsIOError());
  EXPECT_THAT(ExpandError(dir_ / "none.csv").message(), HasSubstr("none.csv: there is no such file or folder"));
  EXPECT_THAT(ExpandError(dir_ / "x*.csv").message(), HasSubstr("x*.csv: no file matches this pattern"));
  EXPECT_THAT(ExpandError(dir_ / "no/*/x.csv").message(), HasSubstr("no file matches"));
  EXPECT_THAT(ReadAll({dir_ / "none.csv"}).status().message(), HasSubstr("none.csv"));
  EXPECT_TRUE(ExpandError("").IsInvalid());
  EXPECT_THAT(ExpandError("gopher://x/y").message(), HasSubstr("no file system for 'gopher://'"));
  EXPECT_THAT(Expand({"x"}, {{"key", "v"}}).status().message(), HasSubstr("unknown key 'key'"));
  EXPECT_THAT(Expand({"x"}, "text").status().message(), HasSubstr("must be a dict"));
}

TEST_F(LocalFiles, CompressedFilesAreInflatedAndCounted) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += std::to_string(i * 7919LL) + "\n";
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
  std::string gz(text.size(), '\0');
  gz.resize(codec
                ->Compress(text.size(), reinterpret_cast<const uint8_t*>(text.data()), gz.size(),
                           reinterpret_cast<uint8_t*>(gz.data()))
                .ValueOrDie());
  const std::string path = Put("t.csv.gz", gz);
  const FileEntry file = Expand({path}, {}).ValueOrDie().front();
  auto stream = OpenInputStream(file, {}, ParseCompression("infer", path).ValueOrDie(), UnlimitedContext()).ValueOrDie();
  EXPECT_EQ(BytesTaken(*stream), 0);
  EXPECT_TRUE(stream->Read(1 << 30).ValueOrDie()->ToString() == text);
  EXPECT_EQ(BytesTaken(*stream), static_cast<int64_t>(gz.size()));

  Put("cut.gz", gz.substr(0, gz.size() / 2));
  EXPECT_THAT(ReadAll({dir_ / "cut.gz"}, Compression::kGzip).status().message(),
              ::testing::AllOf(HasSubstr("cut.gz: gzip: the file is cut short"), HasSubstr(std::to_string(gz.size() / 2))));
}

TEST_F(LocalFiles, FilesOpenForReadsAtAnyOffset) {
  const std::string path = Put("f.bin", "0123456789");
  auto file = OpenInputFile({path}, {}, UnlimitedContext()).ValueOrDie();
  EXPECT_EQ(file->GetSize().ValueOrDie(), 10);
  EXPECT_EQ(file->ReadAt(7, 100).ValueOrDie()->ToString(), "789");
  EXPECT_EQ(file->ReadAt(2, 3).ValueOrDie()->ToString(), "234");
  EXPECT_THAT(OpenInputFile({dir_ / "none"}, {}, UnlimitedContext()).status().message(), HasSubstr("none"));
}

TEST_F(LocalFiles, ReadsDrawFromTheRunsPool) {
  const std::string path = Put("f.bin", std::string(1 << 20, 'x'));
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  TaskContext context = UnlimitedContext();
  context.pool = &pool;
  auto stream = OpenInputStream({path}, {}, Compression::kNone, context).ValueOrDie();
  auto buffer = stream->Read(500000).ValueOrDie();
  EXPECT_GE(pool.bytes_allocated(), 500000);
}

TEST(Glob, MatchesAsShellsDo) {
  EXPECT_TRUE(MatchPart("*", "abc"));
  EXPECT_FALSE(MatchPart("*", ".abc"));
  EXPECT_TRUE(MatchPart(".*", ".abc"));
  EXPECT_TRUE(MatchPart("a*b*c", "aXXbYYbc"));
  EXPECT_FALSE(MatchPart("a*b*c", "aXXbYYb"));
  EXPECT_TRUE(MatchPart("[a-c]x", "bx"));
  EXPECT_FALSE(MatchPart("[!a-c]x", "bx"));
  EXPECT_TRUE(MatchPart("[]]x", "]x"));
  EXPECT_TRUE(MatchPart("[ä-ü]", "ö"));
  EXPECT_TRUE(MatchPart("[abc", "[abc"));
  EXPECT_TRUE(MatchPart("[a-]", "-"));
  EXPECT_TRUE(MatchPart("", ""));
  EXPECT_FALSE(MatchPart("", "a"));
  EXPECT_FALSE(MatchPart("?", ""));
  EXPECT_FALSE(MatchPart(std::string(50, '*') + "b", std::string(5000, 'a')));
  EXPECT_TRUE(MatchPath({"a", "**", "b"}, {"a", "b"}));
  EXPECT_TRUE(MatchPath({"a", "**", "b"}, {"a", "x", "y", "b"}));
  EXPECT_FALSE(MatchPath({"a", "**", "b"}, {"a", "x", "y"}));
  EXPECT_TRUE(MatchPath({"**", "**"}, {"x"}));
}

TEST(ParseCompression, NamesAndSuffixes) {
  EXPECT_EQ(ParseCompression("infer", "a/b.json.gz").ValueOrDie(), Compression::kGzip);
  EXPECT_EQ(ParseCompression("infer", "a/b.json").ValueOrDie(), Compression::kNone);
  EXPECT_EQ(ParseCompression("infer", "https://h/b.gz?x=.csv").ValueOrDie(), Compression::kGzip);
  EXPECT_EQ(ParseCompression("gzip", "x").ValueOrDie(), Compression::kGzip);
  EXPECT_EQ(ParseCompression("gz", "x").ValueOrDie(), Compression::kGzip);
  EXPECT_EQ(ParseCompression("none", "x.gz").ValueOrDie(), Compression::kNone);
  EXPECT_EQ(ParseCompression("", "x.gz").ValueOrDie(), Compression::kNone);
  EXPECT_THAT(ParseCompression("rar", "x").status().message(), HasSubstr("'rar'"));
}

TEST(DisplayUri, HidesSecrets) {
  EXPECT_EQ(DisplayUri("https://user:pass@host/x.csv"), "https://***@host/x.csv");
  EXPECT_EQ(DisplayUri("https://user:p@ss@host/x@y.csv"), "https://***@host/x@y.csv");
  EXPECT_EQ(DisplayUri("https://host/x.csv?X-Amz-Signature=abc"), "https://host/x.csv?***");
  EXPECT_EQ(DisplayUri("HTTPS://host/x.csv?sig=abc"), "HTTPS://host/x.csv?***");
  EXPECT_EQ(DisplayUri("s3://key:sec/ret@bucket/x.csv"), "s3://***@bucket/x.csv");
  EXPECT_EQ(DisplayUri("http://host:8080/a@b/x.csv"), "http://host:8080/a@b/x.csv");
  for (const char* password : {"/SECRET", "/SEC/RET", "123/SECRET", "12345/SECRET"}) {  // buckets have no ports
    EXPECT_EQ(DisplayUri("s3://key:" + std::string(password) + "@bucket/x.csv"), "s3://***@bucket/x.csv");
  }
  EXPECT_EQ(DisplayUri("https://user:/SECRET@host/x.csv"), "https://***@host/x.csv");
  EXPECT_EQ(DisplayUri("https://user:123456/SECRET@host/x.csv"), "https://***@host/x.csv");
  EXPECT_EQ(DisplayUri("s3://bucket/user@x/what?.csv"), "s3://bucket/user@x/what?.csv");
  EXPECT_EQ(DisplayUri("s3://bucket/key?x"), "s3://bucket/key?x");
  EXPECT_EQ(DisplayUri("/a/b@c"), "/a/b@c");
}

}  // namespace
}  // namespace millstream::fs
