#include "millstream/fs/output_job.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "millstream/fs/job_id.h"
#include "millstream/fs/storage.h"

namespace millstream::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
namespace stdfs = std::filesystem;

class LocalOutput : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = stdfs::temp_directory_path() / ("millstream_out_" + std::to_string(::getpid()));
    stdfs::remove_all(root_);
    stdfs::create_directories(root_);
    dir_ = root_ / "out";
  }
  void TearDown() override { stdfs::remove_all(root_); }

  std::unique_ptr<OutputJob> Begin(OutputMode mode = OutputMode::kOverwrite, bool success_file = false,
                                   bool only_named = false) {
    auto job = TryBegin(mode, success_file, only_named);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? std::move(*job) : nullptr;
  }
  Result<std::unique_ptr<OutputJob>> TryBegin(OutputMode mode, bool success_file = false, bool only_named = false) {
    OutputJob::Options options;
    options.mode = mode;
    options.success_file = success_file;
    options.only_named = only_named;
    return OutputJob::Begin(dir_, {}, options, UnlimitedContext());
  }
  static void Write(OutputJob* job, const std::string& name, const std::string& text) {
    auto stream = job->Create(name).ValueOrDie();
    ASSERT_TRUE(stream->Write(text.data(), static_cast<int64_t>(text.size())).ok());
    ASSERT_TRUE(stream->Close().ok());
  }
  void Put(const std::string& name, const std::string& text) {
    stdfs::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name) << text;
  }
  /// "name=content" of every file in the output directory, hidden ones too, and "name/" of every empty folder.
  std::vector<std::string> Tree() {
    std::vector<std::string> tree;
    if (!stdfs::exists(dir_)) return {"(none)"};
    for (const auto& entry : stdfs::recursive_directory_iterator(dir_)) {
      const std::string name = stdfs::relative(entry.path(), dir_);
      if (entry.is_directory()) {
        if (stdfs::is_empty(entry.path())) tree.push_back(name + "/");
        continue;
      }
      std::ifstream file(entry.path());
      tree.push_back(name + "=" + std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::sort(tree.begin(), tree.end());
    return tree;
  }

  stdfs::path root_, dir_;
};

TEST_F(LocalOutput, FilesAppearAtCommit) {
  auto job = Begin(OutputMode::kOverwrite, /*success_file=*/true);
  Write(job.get(), "k=2/b.txt", "bb");
  Write(job.get(), "k=1/a.txt", "a");
  Write(job.get(), "top.txt", "");
  for (const std::string& name : Tree()) EXPECT_THAT(name, HasSubstr("_temporary/"));
  const auto files = job->Commit().ValueOrDie();
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].name, "k=1/a.txt");
  EXPECT_EQ(files[1].name, "k=2/b.txt");
  EXPECT_EQ(files[1].bytes, 2);
  EXPECT_EQ(files[2].name, "top.txt");
  EXPECT_THAT(Tree(), ElementsAre("_SUCCESS=", "k=1/a.txt=a", "k=2/b.txt=bb", "top.txt="));
  EXPECT_TRUE(job->Commit().status().IsInvalid());
  EXPECT_TRUE(job->Create("x").status().IsInvalid());
}

TEST_F(LocalOutput, AbortAndDestructionLeaveNothing) {
  auto job = Begin();
  Write(job.get(), "a.txt", "a");
  ASSERT_TRUE(job->Abort().ok());
  EXPECT_THAT(Tree(), ElementsAre("(none)"));
  Put("old.txt", "old");
  job = Begin();
  Write(job.get(), "a.txt", "a");
  job.reset();
  EXPECT_THAT(Tree(), ElementsAre("old.txt=old"));
}

TEST_F(LocalOutput, StreamsThatWereNotClosedAreNotPublished) {
  auto job = Begin();
  Write(job.get(), "whole.txt", "w");
  auto aborted = job->Create("d/aborted.txt").ValueOrDie();
  ASSERT_TRUE(aborted->Write("x", 1).ok());
  ASSERT_TRUE(aborted->Abort().ok());
  job->Create("dropped.txt").ValueOrDie().reset();
  auto open = job->Create("open.txt").ValueOrDie();
  EXPECT_THAT(job->Commit().status().message(), HasSubstr("open.txt"));
  open.reset();
  ASSERT_TRUE(job->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre("d/", "whole.txt=w"));
}

TEST_F(LocalOutput, StreamsThatOutliveTheirJobFail) {
  auto job = Begin();
  auto stream = job->Create("a.txt").ValueOrDie();
  job.reset();
  EXPECT_TRUE(stream->Close().IsCancelled());
  stream.reset();
  EXPECT_THAT(Tree(), ElementsAre("(none)"));
}

TEST_F(LocalOutput, OverwriteReplacesOlderOutputAtCommitOnly) {
  Put("k=1/old.txt", "old");
  Put("old.txt", "old");
  Put("_SUCCESS", "");
  Put(".hidden", "kept");
  auto job = Begin();
  Write(job.get(), "k=1/new.txt", "new");
  EXPECT_THAT(Tree(), testing::IsSupersetOf({"k=1/old.txt=old", "old.txt=old", "_SUCCESS="}));
  ASSERT_TRUE(job->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre(".hidden=kept", "k=1/new.txt=new"));
}

TEST_F(LocalOutput, OnlyNamedReplacesFilesOfTheSameNameOnly) {
  Put("a.csv", "old");
  Put("b.csv", "other");
  auto job = Begin(OutputMode::kOverwrite, false, /*only_named=*/true);
  Write(job.get(), "a.csv", "new");
  ASSERT_TRUE(job->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre("a.csv=new", "b.csv=other"));
  auto strict = Begin(OutputMode::kError, false, /*only_named=*/true);
  EXPECT_TRUE(strict->Create("a.csv").status().IsAlreadyExists());
  Write(strict.get(), "c.csv", "c");
  ASSERT_TRUE(strict->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre("a.csv=new", "b.csv=other", "c.csv=c"));
}

TEST_F(LocalOutput, PartsOfAnOlderOutputAreReplacedWhereNewOnesCome) {
  for (const char* name : {"k=1/part.0.csv", "k=1/part.10.csv", "k=1/part.3.1.csv", "k=1/part.x.csv", "k=1/part..csv",
                           "k=1/notes.txt", "k=2/part.0.csv", "part.0.csv"}) {
    Put(name, "old");
  }
  OutputJob::Options options;
  options.mode = OutputMode::kOverwrite;
  options.only_named = true;
  options.part_pattern = "part.*.csv";
  auto job = OutputJob::Begin(dir_, {}, options, UnlimitedContext()).ValueOrDie();
  Write(job.get(), "k=1/part.0.csv", "new");
  Write(job.get(), "k=3/part.0.csv", "new");
  ASSERT_TRUE(job->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre("k=1/notes.txt=old", "k=1/part..csv=old", "k=1/part.0.csv=new", "k=1/part.x.csv=old",
                                  "k=2/part.0.csv=old", "k=3/part.0.csv=new", "part.0.csv=old"));
}

TEST_F(LocalOutput, ReplacesAFileThatReadersWouldSkip) {
  for (const char* text : {"old", "new"}) {
    auto job = Begin(OutputMode::kOverwrite, false, /*only_named=*/true);
    Write(job.get(), "_x.csv", text);
    ASSERT_TRUE(job->Commit().ok());
  }
  EXPECT_THAT(Tree(), ElementsAre("_x.csv=new"));
}

TEST_F(LocalOutput, ErrorModeRefusesOlderOutput) {
  Put("a.txt", "old");
  auto job = TryBegin(OutputMode::kError);
  EXPECT_TRUE(job.status().IsAlreadyExists()) << job.status();
  EXPECT_THAT(job.status().message(), HasSubstr("a.txt"));
  EXPECT_THAT(Tree(), ElementsAre("a.txt=old"));
  stdfs::remove_all(dir_);
  Put(".hidden", "");
  EXPECT_TRUE(TryBegin(OutputMode::kError).ok());
}

TEST_F(LocalOutput, AppendKeepsAndMerges) {
  Put("k=1/a.txt", "old");
  auto job = Begin(OutputMode::kAppend);
  Write(job.get(), "k=1/b.txt", "new");
  Write(job.get(), "k=2/b.txt", "new");
  EXPECT_TRUE(job->Create("k=1/a.txt").status().IsAlreadyExists());
  ASSERT_TRUE(job->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre("k=1/a.txt=old", "k=1/b.txt=new", "k=2/b.txt=new"));
}

TEST_F(LocalOutput, AFailedCommitPutsEverythingBack) {
  Put("b", "a file where a folder is to go");
  Put("k=1/a.txt", "old");
  auto job = Begin(OutputMode::kAppend);
  Write(job.get(), "a.txt", "new");
  Write(job.get(), "b.txt", "new");
  Write(job.get(), "k=1/b.txt", "new");
  // Appears while the job runs, so that only the commit can find it.
  Put("k=1/b.txt", "somebody else's");
  const Status status = job->Commit().status();
  EXPECT_TRUE(status.IsAlreadyExists()) << status;
  EXPECT_THAT(status.message(), HasSubstr("k=1/b.txt' is there already"));
  EXPECT_THAT(Tree(), ElementsAre("b=a file where a folder is to go", "k=1/a.txt=old", "k=1/b.txt=somebody else's"));
}

TEST_F(LocalOutput, ACommitThatCannotGivePermissionsLeavesNothing) {
  Put("a.csv", "old");
  auto job = Begin();
  Write(job.get(), "a.csv", "new");
  for (const auto& entry : stdfs::recursive_directory_iterator(dir_ / "_temporary")) {
    if (entry.is_regular_file()) stdfs::remove(entry.path());
  }
  const Status status = job->Commit().status();
  EXPECT_THAT(status.message(), HasSubstr("commit failed"));
  EXPECT_THAT(status.message(), HasSubstr("permissions"));
  EXPECT_THAT(Tree(), ElementsAre("a.csv=old"));
}

TEST_F(LocalOutput, NamesThatLeadElsewhereAreRefused) {
  auto job = Begin();
  for (const char* name : {"", "/etc/x", "../x", "a/../x", "a//b", "a/", "./a", "_temporary/x"}) {
    EXPECT_TRUE(job->Create(name).status().IsInvalid()) << name;
  }
  auto open = job->Create("a").ValueOrDie();
  EXPECT_TRUE(job->Create("a").status().IsAlreadyExists());
  Write(job.get(), "b", "");
  EXPECT_TRUE(job->Create("b").status().IsAlreadyExists());
  EXPECT_TRUE(OutputJob::Begin("/", {}, {}, UnlimitedContext()).status().IsInvalid());
  std::ofstream(root_ / "file") << "x";
  EXPECT_THAT(OutputJob::Begin(root_ / "file", {}, {}, UnlimitedContext()).status().message(), HasSubstr("is a file"));
  EXPECT_THAT(OutputJob::Begin(root_ / "file" / "sub", {}, {}, UnlimitedContext()).status().message(), HasSubstr("file/sub"));
}

TEST_F(LocalOutput, ManyThreadsWriteOneJob) {
  auto job = Begin();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) Write(job.get(), "k=" + std::to_string(i) + "/" + std::to_string(t), "x");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(job->Commit().ValueOrDie().size(), 200U);
  EXPECT_EQ(Tree().size(), 200U);
}

TEST_F(LocalOutput, ThousandsOfPartitionsCommitFast) {
  using Clock = std::chrono::steady_clock;
  auto job = Begin();
  const auto start = Clock::now();
  for (int i = 0; i < 4200; ++i)
    Write(job.get(), "type=" + std::to_string(i % 14) + "/repo=" + std::to_string(i) + "/0.txt", "x");
  const auto written = Clock::now();
  EXPECT_EQ(job->Commit().ValueOrDie().size(), 4200U);
  const std::chrono::duration<double> writing = written - start, commit = Clock::now() - written;
  // 14 renames; on a busy disk still next to nothing beside the writing.
  EXPECT_LT(commit.count(), std::max(0.3, writing.count() / 10));
  RecordProperty("commit_seconds", std::to_string(commit.count()));
}

/// Runs `body` in a child process that ends without any clean-up, and returns what it printed to `out`.
std::string InDyingProcess(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = body();
    ARROW_UNUSED(::write(ends[1], text.data(), text.size()));
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char chunk[256];
  for (ssize_t got; (got = ::read(ends[0], chunk, sizeof(chunk))) > 0;) text.append(chunk, static_cast<size_t>(got));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

TEST_F(LocalOutput, WhatADeadProcessLeftIsRemoved) {
  InDyingProcess([this] {
    auto job = TryBegin(OutputMode::kOverwrite).ValueOrDie();
    Write(job.get(), "a.txt", "dead");
    return std::string();
  });
  EXPECT_THAT(Tree(), Not(IsEmpty()));
  auto alive = Begin();  // a job of this process must survive the next Begin
  Write(alive.get(), "alive.txt", "x");
  auto job = Begin(OutputMode::kAppend);
  for (const std::string& name : Tree()) EXPECT_THAT(name, Not(HasSubstr("a.txt=dead")));
  ASSERT_TRUE(job->Commit().ok());
  ASSERT_TRUE(alive->Commit().ok());
  EXPECT_THAT(Tree(), ElementsAre("alive.txt=x"));
}

TEST_F(LocalOutput, ACommitCutShortEarlyIsUndone) {
  const std::string id = InDyingProcess(NewJobId);
  Put("_temporary/" + id + "/replaced/k=1/old.txt", "old");
  Put("k=2/old.txt", "old");
  Put("_temporary/" + id + "/files/k=1/new.txt", "new");
  Begin(OutputMode::kAppend);
  EXPECT_THAT(Tree(), ElementsAre("k=1/old.txt=old", "k=2/old.txt=old"));
}

TEST_F(LocalOutput, ACommitCutShortLateIsCompleted) {
  const std::string id = InDyingProcess(NewJobId);
  Put("_temporary/" + id + "/replaced/k=1/old.txt", "old");
  Put("_temporary/" + id + "/moving/k=2/new.txt", "new");
  Put("k=1/new.txt", "new");
  Begin(OutputMode::kAppend);
  EXPECT_THAT(Tree(), ElementsAre("k=1/new.txt=new", "k=2/new.txt=new"));
}

TEST_F(LocalOutput, AJobThatDiesMeanwhileIsEndedBeforeACommit) {
  Put("k=1/old.txt", "old");
  for (const auto mode : {OutputMode::kAppend, OutputMode::kOverwrite}) {
    auto job = Begin(mode);
    Write(job.get(), "k=1/b.txt", "b");
    const std::string dead = "_temporary/" + InDyingProcess(NewJobId);
    if (mode == OutputMode::kAppend) {
      Put(dead + "/moving/k=1/a.txt", "a");
    } else {
      Put(dead + "/files/k=2/c.txt", "c");
      Put(dead + "/replaced/k=3/old.txt", "old");
    }
    ASSERT_EQ(job->Commit().status(), Status::OK());
    if (mode == OutputMode::kAppend) {
      EXPECT_THAT(Tree(), ElementsAre("k=1/a.txt=a", "k=1/b.txt=b", "k=1/old.txt=old"));
    } else {
      EXPECT_THAT(Tree(), ElementsAre("k=1/b.txt=b"));
    }
  }
}

TEST_F(LocalOutput, AFileInTheWayOfADeadJobStays) {
  const std::string dead = "_temporary/" + InDyingProcess(NewJobId);
  Put("k=1/a.txt", "alive");
  for (const std::string state : {"moving", "replaced"}) {
    if (state == "replaced") Put(dead + "/files/k=1/n.txt", "new");
    Put(dead + "/" + state + "/k=1/a.txt", "dead");
    const auto before = Tree();
    const Status status = TryBegin(OutputMode::kOverwrite).status();
    EXPECT_TRUE(status.IsAlreadyExists()) << status;
    EXPECT_THAT(status.message(), HasSubstr("/k=1/a.txt' is there already, and a job that was killed"));
    EXPECT_EQ(Tree(), before);
    stdfs::remove_all(dir_ / dead / state);
  }
}

TEST_F(LocalOutput, AFolderIsListedAsItWasAtOneTime) {
  const auto write = [this](int version) {
    auto job = Begin();
    for (int k = 0; k < 30; ++k) Write(job.get(), "k=" + std::to_string(k) + "/a.txt", std::string(version, 'x'));
    EXPECT_EQ(job->Commit().status(), Status::OK());
  };
  write(1);
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (int version = 2; version < 60; ++version) write(version);
    is_done = true;
  });
  int listed = 0;
  while (!is_done || listed == 0) {
    const auto files = Expand({dir_}, {});
    if (!files.ok()) {  // between two outputs
      EXPECT_TRUE(files.status().IsIOError()) << files.status();
      continue;
    }
    ++listed;
    std::set<int64_t> versions;
    for (const FileEntry& file : *files) versions.insert(file.size);
    EXPECT_EQ(files->size(), 30);
    EXPECT_EQ(versions.size(), 1);
  }
  writer.join();
}

TEST_F(LocalOutput, ARemovalCutShortIsCompleted) {
  const std::string id = InDyingProcess(NewJobId);
  Put("_temporary/" + id + "/replaced/k=1/old.txt", "old");
  Put("k=1/new.txt", "new");
  EXPECT_TRUE(Expand({dir_}, {}).ok());
  Begin(OutputMode::kAppend);
  EXPECT_THAT(Tree(), ElementsAre("k=1/new.txt=new"));
}

TEST_F(LocalOutput, ACommitOfNoFilesReplacesOlderOutput) {
  Put("k=1/old.txt", "old");
  ASSERT_TRUE(Begin()->Commit().ok());
  EXPECT_THAT(Tree(), IsEmpty());
}

TEST_F(LocalOutput, NothingIsReadThatIsNotWhole) {
  const auto read = [this](const std::string& inside) { return Expand({dir_ / inside}, {}).status(); };
  Put("k=1/old.txt", "old");
  Put("k=2/old.txt", "old");
  const std::string dead = "_temporary/" + InDyingProcess(NewJobId);
  const std::string alive = "_temporary/" + NewJobId();
  const std::vector<std::string> places = {"", "*/*.txt", "k=*", "**/*.txt", "k=1", "k=1/*.txt"};
  for (const std::string& job : {dead, alive}) {
    Put(job + "/files/k=1/new.txt", "new");
    for (const std::string& place : places) EXPECT_TRUE(read(place).ok()) << place;
    for (const std::string state : {"replaced", "moving"}) {
      if (state == "moving") stdfs::remove_all(dir_ / job / "files");
      Put(job + "/" + state + "/k=3/x.txt", "x");
      for (const std::string& place : places) {
        EXPECT_THAT(read(place).message(), HasSubstr(job == dead ? "was killed here" : "at this moment")) << place;
      }
      EXPECT_THAT(Expand({root_}, {}).status().message(), HasSubstr(job));
      EXPECT_TRUE(read("k=1/old.txt").ok());  // a file is whole
      stdfs::remove_all(dir_ / job / state);
    }
  }
  Begin();
}

TEST(JobId, OnlyDeadProcessesOfThisHostAreDead) {
  EXPECT_NE(NewJobId(), NewJobId());
  EXPECT_FALSE(IsDeadJob(NewJobId()));
  const std::string dead = InDyingProcess(NewJobId);
  EXPECT_TRUE(IsDeadJob(dead));
  EXPECT_FALSE(IsDeadJob("otherhost" + dead.substr(dead.find('.'))));
  EXPECT_FALSE(IsDeadJob("0"));
  EXPECT_FALSE(IsDeadJob(""));
  // Names without a namespace tell too little.
  const size_t first = dead.find('.'), second = dead.find('.', first + 1);
  EXPECT_FALSE(IsDeadJob(dead.substr(0, first) + dead.substr(second)));
  // The same process id, started at another time.
  std::string reused = NewJobId();
  reused.insert(reused.rfind('.'), 1, '1');
  EXPECT_TRUE(IsDeadJob(reused));
}

TEST(JobId, JobsOfAnotherPidNamespaceAreNotDead) {
  const std::string id = InDyingProcess([] {
    constexpr int kContainer = CLONE_NEWPID | CLONE_NEWNS;
    if (::unshare(kContainer) != 0 && ::unshare(kContainer | CLONE_NEWUSER) != 0) return std::string();
    return InDyingProcess([] {
      if (::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) return std::string();
      return ::mount("proc", "/proc", "proc", 0, nullptr) == 0 ? NewJobId() : std::string();
    });
  });
  if (id.empty()) GTEST_SKIP() << "no namespace of process ids can be made here";
  EXPECT_FALSE(IsDeadJob(id)) << id;  // its process has ended, but one that lives would look the same from here
}

TEST_F(LocalOutput, AFileThatGrowsTooLargeIsAClearError) {
  Put("old.txt", "old");
  const std::string message = InDyingProcess([this]() -> std::string {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto job = TryBegin(OutputMode::kOverwrite).ValueOrDie();
    auto stream = job->Create("k=1/big.txt").ValueOrDie();
    const std::string text(60000, 'x');
    Status status;
    for (int i = 0; i < 4 && status.ok(); ++i) status = stream->Write(text.data(), 60000);
    if (status.ok()) status = stream->Close();
    stream.reset();
    job.reset();
    return status.ToString();
  });
  EXPECT_THAT(message, HasSubstr("out/k=1/big.txt: "));
  EXPECT_THAT(message, HasSubstr("older output is untouched"));
  EXPECT_THAT(Tree(), ElementsAre("old.txt=old"));
}

TEST_F(LocalOutput, AFullDiskIsAClearError) {
  stdfs::create_directories(dir_);
  if (::mount("tmpfs", dir_.c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "mounting a small disk needs root";
  Put("old.txt", "old");
  {
    auto job = Begin();
    auto stream = job->Create("big.txt").ValueOrDie();
    const std::string text(100000, 'x');
    Status status;
    for (int i = 0; i < 4 && status.ok(); ++i) status = stream->Write(text.data(), 100000);
    EXPECT_THAT(status.message(), HasSubstr("out/big.txt: "));
    EXPECT_THAT(status.message(), HasSubstr("the disk is full"));
  }
  EXPECT_THAT(Tree(), ElementsAre("old.txt=old"));
  ::umount2(dir_.c_str(), MNT_DETACH);
}

TEST(PartitionValue, EncodesAsHiveDoes) {
  // Left: values; right: what Hive's FileUtils.escapePathName gives, but for the last group, which is ours alone.
  const std::pair<std::string, std::string> table[] = {
      {"plain", "plain"},
      {"a b", "a b"},
      {"a/b", "a%2Fb"},
      {"50%", "50%25"},
      {"a=b", "a%3Db"},
      {"12:30", "12%3A30"},
      {"what?", "what%3F"},
      {"*", "%2A"},
      {"\"q'", "%22q%27"},
      {"back\\slash", "back%5Cslash"},
      {"{[x]}^#", "%7B%5Bx%5D%7D%5E%23"},
      {"tab\there", "tab%09here"},
      {"\x7f", "%7F"},
      {"größe", "größe"},
      {"日本", "日本"},
      {"", "__HIVE_DEFAULT_PARTITION__"},
      {".", "%2E"},
      {"..", "%2E."},
      {"...", "..."},
      {"<|>", "%3C%7C%3E"},
      {"__HIVE_DEFAULT_PARTITION__", "%5F_HIVE_DEFAULT_PARTITION__"},
      {std::string("\0", 1), "%00"},
      {"\xff", "%FF"},
      {"\xc2\x85", "%C2%85"},
      {"\xed\xa0\x80", "%ED%A0%80"},
  };
  for (const auto& [value, path] : table) EXPECT_EQ(EncodePartitionValue(value, false), path);
  EXPECT_EQ(EncodePartitionValue("anything", true), "__HIVE_DEFAULT_PARTITION__");
  EXPECT_TRUE(DecodePartitionValue("__HIVE_DEFAULT_PARTITION__").second);
  EXPECT_EQ(DecodePartitionValue("a%2fb%2").first, "a/b%2");
  EXPECT_EQ(DecodePartitionValue("%zz%").first, "%zz%");
}

RC_GTEST_PROP(PartitionValue, DecodesToWhatWasEncoded, (const std::string& value)) {
  const std::string path = EncodePartitionValue(value, false);
  RC_ASSERT(path.find('/') == std::string::npos);
  RC_ASSERT(path != "." && path != ".." && !path.empty());
  if (!value.empty()) RC_ASSERT(DecodePartitionValue(path) == std::make_pair(value, false));
}

}  // namespace
}  // namespace millstream::fs
