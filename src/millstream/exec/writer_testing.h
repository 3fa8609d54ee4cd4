// What the tests of the partitioned writers share: batches, a write into a folder of its own, and what it left there.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>

#include "millstream/exec/partition_path.h"
#include "millstream/exec/partitioned_writer.h"
#include "millstream/format/parquet/test_files.h"
#include "millstream/memory/budget_pool.h"
#include "millstream/scheduler/parallel.h"

namespace millstream {

using arrow::field;
using arrow::schema;
using parquet_format::ReadWithArrow;
using parquet_format::TempDir;

inline std::shared_ptr<arrow::RecordBatch> BatchOf(const std::shared_ptr<arrow::Schema>& schema, const std::string& json) {
  const auto rows = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json).ValueOrDie();
  return arrow::RecordBatch::FromStructArray(rows).ValueOrDie()->ReplaceSchemaMetadata(nullptr);
}

/// Rows {k: key(i), v: i} for i in [from, to).
inline std::shared_ptr<arrow::RecordBatch> Rows(int64_t from, int64_t to, const std::function<std::string(int64_t)>& key) {
  arrow::StringBuilder keys;
  arrow::Int64Builder values;
  for (int64_t i = from; i < to; ++i) {
    EXPECT_TRUE(keys.Append(key(i)).ok() && values.Append(i).ok());
  }
  return arrow::RecordBatch::Make(schema({field("k", arrow::utf8()), field("v", arrow::int64())}), to - from,
                                  {keys.Finish().ValueOrDie(), values.Finish().ValueOrDie()});
}

/// A write into a folder of its own.
struct Write {
  TempDir dir;
  TaskContext context = UnlimitedContext();
  std::unique_ptr<fs::OutputJob> job;
  std::unique_ptr<PartitionedWriter> writer;

  Status Begin(const std::shared_ptr<arrow::Schema>& columns, std::vector<std::string> partition_on,
               const std::function<void(PartitionedWriter::Options*)>& change = {}) {
    ARROW_ASSIGN_OR_RAISE(job, fs::OutputJob::Begin(dir / "out", {}, {}, context));
    PartitionedWriter::Options options;
    options.output = {job.get(), ParquetFormat(), nullptr, fs::Compression::kNone, context};
    options.schema = columns;
    options.partition_on = std::move(partition_on);
    options.name_pattern = "part.*.parquet";
    if (change) change(&options);
    return PartitionedWriter::Make(std::move(options)).Value(&writer);
  }

  /// Everything as one partition of one morsel.
  Status One(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
    for (const auto& batch : batches) ARROW_RETURN_NOT_OK(writer->Consume(0, 0, batch));
    ARROW_RETURN_NOT_OK(writer->MorselDone(0, 0));
    return writer->PartitionDone(0, 1);
  }

  Result<std::vector<WrittenFile>> End() {
    ARROW_ASSIGN_OR_RAISE(auto files, writer->Finish());
    ARROW_RETURN_NOT_OK(job->Commit().status());
    return files;
  }

  /// The files below the output folder, as they are on disk.
  std::map<std::string, std::shared_ptr<arrow::Table>> Read() {
    std::map<std::string, std::shared_ptr<arrow::Table>> tables;
    const std::filesystem::path root = dir / "out";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) {
        tables[std::filesystem::relative(entry.path(), root).string()] = ReadWithArrow(entry.path().string());
      }
    }
    return tables;
  }
};

inline std::vector<int64_t> Values(const arrow::Table& table) {
  std::vector<int64_t> values;
  for (const auto& chunk : table.GetColumnByName("v")->chunks()) {
    const auto& array = static_cast<const arrow::Int64Array&>(*chunk);
    values.insert(values.end(), array.raw_values(), array.raw_values() + array.length());
  }
  return values;
}

/// Threads take the morsels of all partitions in order and are slow at random, as a scan's are.
inline void WriteFromThreads(Write* write, int threads, int64_t partitions, int64_t morsels, int64_t rows,
                             const std::function<std::string(int64_t)>& key) {
  std::atomic<int64_t> next{0};
  std::vector<std::atomic<int64_t>> done(static_cast<size_t>(partitions));
  const Status status = RunOnThreads(
      threads,
      [&](int thread) -> Status {
        std::mt19937 random(static_cast<unsigned>(thread));
        for (int64_t i = next++; i < partitions * morsels; i = next++) {
          const int64_t partition = i / morsels;
          const int64_t morsel = i % morsels;
          const int64_t first = i * rows;
          if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
          ARROW_RETURN_NOT_OK(write->writer->Consume(partition, morsel, Rows(first, first + rows / 2, key)));
          ARROW_RETURN_NOT_OK(write->writer->Consume(partition, morsel, Rows(first + rows / 2, first + rows, key)));
          ARROW_RETURN_NOT_OK(write->writer->MorselDone(partition, morsel));
          if (++done[static_cast<size_t>(partition)] == morsels) {
            ARROW_RETURN_NOT_OK(write->writer->PartitionDone(partition, morsels));
          }
        }
        return Status::OK();
      },
      [&] { write->writer->Stop(); });
  ASSERT_TRUE(status.ok()) << status;
}

}  // namespace millstream
