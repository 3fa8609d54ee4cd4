// S3 against a real server.
#include "millstream/fs/s3.h"

#include <chrono>
#include <random>

#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/fs/output_job.h"
#include "millstream/testing/server.h"

namespace millstream::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class S3 : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new testing::Server("s3");
    options_ = {{"key", server_->Get("key")},
                {"secret", server_->Get("secret")},
                {"client_kwargs", {{"endpoint_url", server_->Get("endpoint_url")}, {"region_name", "us-east-1"}}},
                {"config_kwargs", {{"s3", {{"signature_version", "s3v4"}}}}}};
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override { ASSERT_TRUE(server_->settings().is_object()) << "no S3 server: see tests/servers/s3.sh"; }

  static void Put(const std::string& name, const std::string& text) {
    auto location = Resolve("s3://etl/" + name, options_).ValueOrDie();
    auto stream = location.filesystem->OpenOutputStream(location.path).ValueOrDie();
    ASSERT_TRUE(stream->Write(text.data(), static_cast<int64_t>(text.size())).ok());
    ASSERT_TRUE(stream->Close().ok());
  }
  static void Write(OutputJob* job, const std::string& name, const std::string& text) {
    auto stream = job->Create(name).ValueOrDie();
    ASSERT_TRUE(stream->Write(text.data(), static_cast<int64_t>(text.size())).ok());
    ASSERT_TRUE(stream->Close().ok());
  }
  /// All objects below, hidden ones and folder markers too, without the bucket.
  static std::vector<std::string> Objects(const std::string& folder) {
    auto location = Resolve("s3://etl/" + folder, options_).ValueOrDie();
    arrow::fs::FileSelector selector;
    selector.base_dir = location.path;
    selector.recursive = true;
    selector.allow_not_found = true;
    std::vector<std::string> names;
    for (const auto& info : location.filesystem->GetFileInfo(selector).ValueOrDie()) {
      if (info.IsFile() || info.path().find("_temporary") != std::string::npos) names.push_back(info.path().substr(4));
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::unique_ptr<OutputJob> Begin(const std::string& folder, OutputMode mode = OutputMode::kOverwrite) {
    OutputJob::Options job_options;
    job_options.mode = mode;
    job_options.success_file = true;
    return OutputJob::Begin("s3://etl/" + folder, options_, job_options, UnlimitedContext()).ValueOrDie();
  }
  static std::string ReadAll(const std::string& uri, Compression compression = Compression::kNone) {
    const auto file = Expand({uri}, options_).ValueOrDie().front();
    auto stream = OpenInputStream(file, options_, compression, UnlimitedContext()).ValueOrDie();
    return stream->Read(1 << 30).ValueOrDie()->ToString();
  }

  static inline testing::Server* server_ = nullptr;
  static inline StorageOptions options_;
};

std::string Noise(size_t bytes) {
  std::mt19937_64 random(11);
  std::string text(bytes, '\0');
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    const uint64_t value = random();
    std::memcpy(text.data() + i, &value, 8);
  }
  return text;
}

TEST_F(S3, ObjectsAreFoundAndRead) {
  const std::vector<std::string> names = {"find/a.csv", "find/b c.csv", "find/100%.csv", "find/größe.csv", "find/k=1/d.csv"};
  for (const auto& name : names) Put(name, "text of " + name);
  for (const auto& name : names) EXPECT_EQ(ReadAll("s3://etl/" + name), "text of " + name);
  auto uris = [](const std::string& pattern) {
    std::vector<std::string> found;
    for (const auto& file : Expand({pattern}, options_).ValueOrDie()) found.push_back(file.uri);
    return found;
  };
  EXPECT_THAT(uris("s3://etl/find/?.csv"), ElementsAre("s3://etl/find/a.csv"));
  EXPECT_THAT(uris("s3://etl/find/*/*.csv"), ElementsAre("s3://etl/find/k=1/d.csv"));
  EXPECT_THAT(uris("s3://etl/fi*/k=*/**"), ElementsAre("s3://etl/find/k=1/d.csv"));
  EXPECT_EQ(uris("s3://etl/find").size(), 5U);
  EXPECT_EQ(uris("s3://etl/find/*.csv").size(), 4U);
  const auto file = Expand({"s3://etl/find/a.csv"}, options_).ValueOrDie().front();
  EXPECT_EQ(file.size, 18);
  EXPECT_FALSE(file.version.empty());
  auto at = OpenInputFile(file, options_, UnlimitedContext()).ValueOrDie();
  EXPECT_EQ(at->ReadAt(5, 2).ValueOrDie()->ToString(), "of");
}

TEST_F(S3, LargeObjectsAreStreamed) {
  const std::string noise = Noise(13'000'000);
  Put("large/plain.bin", noise);
  EXPECT_TRUE(ReadAll("s3://etl/large/plain.bin") == noise);
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP, 1).ValueOrDie();
  std::string gz(noise.size() + 100000, '\0');
  gz.resize(codec
                ->Compress(noise.size(), reinterpret_cast<const uint8_t*>(noise.data()), gz.size(),
                           reinterpret_cast<uint8_t*>(gz.data()))
                .ValueOrDie());
  Put("large/packed.gz", gz);
  EXPECT_TRUE(ReadAll("s3://etl/large/packed.gz", Compression::kGzip) == noise);
}

TEST_F(S3, OutputAppearsAtCommit) {
  auto job = Begin("commit");
  Write(job.get(), "k=1/a.txt", "a");
  Write(job.get(), "k=2/b.txt", Noise(11'000'000));
  auto dropped = job->Create("dropped.txt").ValueOrDie();
  ASSERT_TRUE(dropped->Write("x", 1).ok());
  dropped.reset();
  for (const auto& name : Objects("commit")) EXPECT_THAT(name, HasSubstr("_temporary"));
  EXPECT_EQ(job->Commit().ValueOrDie().size(), 2U);
  EXPECT_THAT(Objects("commit"), ElementsAre("commit/_SUCCESS", "commit/k=1/a.txt", "commit/k=2/b.txt"));

  auto again = Begin("commit");
  Write(again.get(), "k=1/new.txt", "new");
  Write(again.get(), "k=2/b.txt", "replaced");
  ASSERT_TRUE(again->Commit().ok());
  EXPECT_THAT(Objects("commit"), ElementsAre("commit/_SUCCESS", "commit/k=1/new.txt", "commit/k=2/b.txt"));
  EXPECT_EQ(ReadAll("s3://etl/commit/k=2/b.txt"), "replaced");

  OutputJob::Options strict;
  strict.mode = OutputMode::kError;
  EXPECT_TRUE(OutputJob::Begin("s3://etl/commit", options_, strict, UnlimitedContext()).status().IsAlreadyExists());
  auto append = Begin("commit", OutputMode::kAppend);
  EXPECT_TRUE(append->Create("k=2/b.txt").status().IsAlreadyExists());
  Write(append.get(), "k=3/c.txt", "c");
  ASSERT_TRUE(append->Commit().ok());
  EXPECT_EQ(Objects("commit").size(), 4U);
}

TEST_F(S3, AppendLeavesWhatAnotherJobHasPlacedMeanwhile) {
  auto job = Begin("race", OutputMode::kAppend);
  Write(job.get(), "k=1/part.0.txt", "mine");
  Write(job.get(), "k=2/part.0.txt", "mine");
  Put("race/k=2/part.0.txt", "another's");
  const Status status = job->Commit().status();
  EXPECT_TRUE(status.IsAlreadyExists()) << status;
  EXPECT_THAT(status.message(), HasSubstr("race/k=2/part.0.txt"));
  job.reset();
  EXPECT_THAT(Objects("race"), ElementsAre("race/k=2/part.0.txt"));
  EXPECT_EQ(ReadAll("s3://etl/race/k=2/part.0.txt"), "another's");
}

TEST_F(S3, AbortLeavesNothing) {
  auto job = Begin("abort");
  Write(job.get(), "small.txt", "a");
  auto large = job->Create("large.bin").ValueOrDie();
  const std::string noise = Noise(25'000'000);  // more than two parts of an upload
  ASSERT_TRUE(large->Write(noise.data(), static_cast<int64_t>(noise.size())).ok());
  ASSERT_TRUE(job->Abort().ok());
  EXPECT_TRUE(large->Close().IsCancelled());
  large.reset();
  EXPECT_THAT(Objects("abort"), ElementsAre());
}

TEST_F(S3, FailuresNameTheObjectAndNoSecret) {
  const auto missing = Expand({"s3://etl/none.csv"}, options_).status();
  EXPECT_TRUE(missing.IsIOError());
  EXPECT_THAT(missing.message(), HasSubstr("s3://etl/none.csv: there is no such file"));
  EXPECT_FALSE(Expand({"s3://nobucket/x.csv"}, options_).ok());
  EXPECT_FALSE(Expand({"s3://nobucket/*.csv"}, options_).ok());
  StorageOptions wrong = options_;
  wrong["secret"] = "wrongsecret";
  const auto refused = Expand({"s3://etl/find/a.csv"}, wrong).status();
  EXPECT_THAT(refused.message(), HasSubstr("s3://etl/find/a.csv"));
  EXPECT_THAT(refused.message(), Not(HasSubstr("wrongsecret")));
}

TEST_F(S3, AnUnreachableServerIsAnErrorSoon) {
  StorageOptions nobody = options_;
  nobody["client_kwargs"]["endpoint_url"] = "http://127.0.0.1:1";
  nobody["config_kwargs"]["retries"] = {{"max_attempts", 2}};
  const auto start = std::chrono::steady_clock::now();
  const auto status = Expand({"s3://etl/x.csv"}, nobody).status();
  EXPECT_THAT(status.message(), HasSubstr("s3://etl/x.csv"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(S3Options, MistakesAreNamed) {
  auto message = [](const char* options) {
    return Resolve("s3://bucket/key", StorageOptions::parse(options)).status().message();
  };
  EXPECT_THAT(message(R"({"anon": "false"})"), HasSubstr("'anon' must be the boolean true or false, not the text \"false\""));
  EXPECT_THAT(message(R"({"keys": "x"})"), HasSubstr("unknown key 'keys'; known are key, secret"));
  EXPECT_THAT(message(R"({"client_kwargs": {"endpoint": "x"}})"), HasSubstr("client_kwargs: unknown key 'endpoint'"));
  EXPECT_THAT(message(R"({"config_kwargs": {"s3": {"style": "x"}}})"), HasSubstr("config_kwargs, s3: unknown key 'style'"));
  EXPECT_THAT(message(R"({"config_kwargs": {"s3": {"signature_version": "s3v2"}}})"), HasSubstr("must be s3v4"));
  EXPECT_THAT(message(R"({"key": "abc"})"), HasSubstr("'key' is given without 'secret'"));
  EXPECT_THAT(message(R"({"key": 5})"), HasSubstr("'key' must be a string"));
  EXPECT_THAT(message(R"({"client_kwargs": "x"})"), HasSubstr("must be a dict"));
  EXPECT_THAT(message(R"({"endpoint_url": "http://h/path"})"), HasSubstr("like http://host:port"));
  EXPECT_THAT(message(R"({"endpoint_url": "ftp://h"})"), HasSubstr("http:// or https://"));
  EXPECT_THAT(message(R"({"endpoint_url": "http://a", "client_kwargs": {"endpoint_url": "http://b"}})"), HasSubstr("differs"));
  EXPECT_THAT(message(R"({"config_kwargs": {"connect_timeout": -1}})"), HasSubstr("above 0"));
}

}  // namespace
}  // namespace millstream::fs
