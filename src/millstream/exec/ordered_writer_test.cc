#include "millstream/exec/writer_testing.h"

namespace millstream {
namespace {

TEST(OrderedWriter, WritesAFilePerPartitionAlsoForEmptyOnes) {
  Write write;
  const auto rows = Rows(0, 3, [](int64_t) { return "x"; });
  ASSERT_TRUE(write.Begin(rows->schema(), {}).ok());
  ASSERT_TRUE(write.One({rows}).ok());
  ASSERT_TRUE(write.writer->PartitionDone(1, 0).ok());
  const auto files = write.End().ValueOrDie();
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].name, "part.0.parquet");
  EXPECT_EQ(files[0].rows, 3);
  EXPECT_EQ(files[0].bytes, static_cast<int64_t>(std::filesystem::file_size(write.dir / "out/part.0.parquet")));
  EXPECT_EQ(files[1].rows, 0);
  const auto tables = write.Read();
  EXPECT_TRUE(tables.at("part.1.parquet")->schema()->Equals(*rows->schema()));
  EXPECT_EQ(Values(*tables.at("part.0.parquet")), (std::vector<int64_t>{0, 1, 2}));
}

TEST(OrderedWriter, PutsMorselsIntoOrder) {
  Write write;
  const auto key = [](int64_t) { return "x"; };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {}).ok());
  auto& writer = *write.writer;
  ASSERT_TRUE(writer.Consume(0, 2, Rows(4, 6, key)).ok());
  ASSERT_TRUE(writer.MorselDone(0, 2).ok());
  ASSERT_TRUE(writer.Consume(0, 0, Rows(0, 1, key)).ok());
  ASSERT_TRUE(writer.Consume(0, 0, Rows(1, 4, key)).ok());
  ASSERT_TRUE(writer.MorselDone(0, 0).ok());
  ASSERT_TRUE(writer.MorselDone(0, 1).ok());  // a morsel without rows
  ASSERT_TRUE(writer.PartitionDone(0, 3).ok());
  ASSERT_EQ(write.End().ValueOrDie().size(), 1u);
  EXPECT_EQ(Values(*write.Read().at("part.0.parquet")), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(OrderedWriter, KeepsOrderUnderThreadsWithinItsBound) {
  for (const bool single_file : {false, true}) {
    Write write;
    const auto key = [](int64_t) { return "x"; };
    ASSERT_TRUE(write
                    .Begin(Rows(0, 0, key)->schema(), {},
                           [&](auto* options) {
                             options->share = 2000;  // a few batches: threads that are ahead have to wait
                             options->single_file = single_file;
                             if (single_file) options->name_pattern = "all.parquet";
                           })
                    .ok());
    WriteFromThreads(&write, 4, 5, 20, 10, key);
    ASSERT_EQ(write.End().ValueOrDie().size(), single_file ? 1u : 5u);
    int64_t expected = 0;
    for (const auto& [name, table] : write.Read()) {
      for (const int64_t value : Values(*table)) ASSERT_EQ(value, expected++) << name;
    }
    EXPECT_EQ(expected, 1000);
  }
}

TEST(OrderedWriter, WritesOneFileWithoutPartitions) {
  Write write;
  ASSERT_TRUE(write
                  .Begin(Rows(0, 0, {})->schema(), {},
                         [](auto* options) {
                           options->single_file = true;
                           options->name_pattern = "all.parquet";
                         })
                  .ok());
  EXPECT_EQ(write.End().ValueOrDie().size(), 1u);
  EXPECT_EQ(write.Read().at("all.parquet")->num_rows(), 0);
}

TEST(OrderedWriter, StopWakesAThreadThatWaits) {
  Write write;
  const auto key = [](int64_t) { return "x"; };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {}, [](auto* options) { options->share = 1; }).ok());
  ASSERT_TRUE(write.writer->Consume(0, 1, Rows(0, 10, key)).ok());
  Status ahead;
  std::thread waits([&] { ahead = write.writer->Consume(0, 2, Rows(10, 20, key)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  write.writer->Stop();
  waits.join();
  EXPECT_TRUE(ahead.IsCancelled()) << ahead;
}

TEST(OrderedWriter, CancellingWakesAThreadThatWaits) {
  Write write;
  CancelToken cancel;
  write.context.cancel = &cancel;
  const auto key = [](int64_t) { return "x"; };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {}, [](auto* options) { options->share = 1; }).ok());
  ASSERT_TRUE(write.writer->Consume(0, 1, Rows(0, 10, key)).ok());
  Status ahead;
  std::thread waits([&] { ahead = write.writer->Consume(0, 2, Rows(10, 20, key)); });
  cancel.Cancel();
  waits.join();
  EXPECT_TRUE(ahead.IsCancelled()) << ahead;
}

/// A format whose files cannot be written.
struct FullDisk final : Format {
  std::string name() const override { return "full"; }
  std::string extension() const override { return ".full"; }
  Result<Inspection> Inspect(const std::vector<fs::FileEntry>&, const fs::StorageOptions&, const nlohmann::json&,
                             const TaskContext&) const override {
    return Status::NotImplemented("this format is only written");
  }
  Result<std::unique_ptr<SplitReader>> OpenSplit(const Split&, const ReadRequest&, const fs::StorageOptions&,
                                                 const nlohmann::json&, const TaskContext&) const override {
    return Status::NotImplemented("this format is only written");
  }
  Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream>,
                                                 const std::shared_ptr<arrow::Schema>&, const nlohmann::json&,
                                                 const TaskContext&) const override {
    return Status::IOError("the disk is full");
  }
};

TEST(OrderedWriter, AllThreadsLearnWhyTheFirstFailed) {
  Write write;
  const FullDisk format;
  const auto key = [](int64_t) { return "x"; };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {}, [&](auto* options) { options->output.format = &format; }).ok());
  // Whichever of them reports first, the run's error must be the cause and not that it was stopped.
  for (const int64_t partition : {0, 1}) {
    const Status status = write.writer->Consume(partition, 0, Rows(0, 10, key));
    EXPECT_TRUE(status.IsIOError()) << status;
    EXPECT_NE(status.message().find("the disk is full"), std::string::npos) << status;
  }
}

TEST(OrderedWriter, LeavesNothingBehindWhereItIsGivenUp) {
  Write write;
  const auto key = [](int64_t) { return "x"; };
  ASSERT_TRUE(write.Begin(Rows(0, 0, key)->schema(), {}).ok());
  ASSERT_TRUE(write.writer->Consume(0, 0, Rows(0, 10, key)).ok());
  write.writer.reset();
  ASSERT_TRUE(write.job->Abort().ok());
  EXPECT_FALSE(std::filesystem::exists(write.dir / "out"));
}

TEST(OrderedWriter, CompressesWholeFiles) {
  Write write;
  const auto rows = Rows(0, 3, [](int64_t) { return "x"; });
  ASSERT_TRUE(write
                  .Begin(rows->schema(), {},
                         [](auto* options) {
                           options->output.compression = fs::Compression::kGzip;
                           options->name_pattern = "*.gz";
                         })
                  .ok());
  ASSERT_TRUE(write.One({rows}).ok());
  const auto files = write.End().ValueOrDie();
  std::ifstream file(write.dir / "out/0.gz", std::ios::binary);
  EXPECT_EQ(file.get(), 0x1f);
  EXPECT_EQ(file.get(), 0x8b);
  EXPECT_EQ(files[0].bytes, static_cast<int64_t>(std::filesystem::file_size(write.dir / "out/0.gz")));
}

}  // namespace
}  // namespace millstream
