// What the tests of this folder share: temporary folders, tables from JSON, files written and read by Arrow alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include "millstream/format/format.h"
#include "millstream/format/parquet/parquet_format.h"

namespace millstream::parquet_format {

/// A folder that goes with the object.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "millstream_parquet_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const {
    const auto full = path_ / name;
    std::filesystem::create_directories(full.parent_path());
    return full.string();
  }

 private:
  std::filesystem::path path_;
};

/// Rows as JSON: R"([{"a": 1}, {"a": null}])".
inline std::shared_ptr<arrow::Table> TableOf(const std::shared_ptr<arrow::Schema>& schema, const std::string& json) {
  const auto rows = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json).ValueOrDie();
  return arrow::Table::FromRecordBatches(schema, {arrow::RecordBatch::FromStructArray(rows).ValueOrDie()}).ValueOrDie();
}

/// Writes `table` with Arrow's own writer.
inline void WriteWithArrow(const std::string& path, const arrow::Table& table, int64_t row_group_rows = 1 << 20,
                           bool store_schema = true) {
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  auto arrow_properties = ::parquet::ArrowWriterProperties::Builder();
  if (store_schema) arrow_properties.store_schema();
  const Status status = ::parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, row_group_rows,
                                                     ::parquet::WriterProperties::Builder().build(), arrow_properties.build());
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE(sink->Close().ok());
}

/// Reads a whole file with Arrow's own reader.
inline std::shared_ptr<arrow::Table> ReadWithArrow(const std::string& path) {
  const auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
  auto reader = ::parquet::arrow::OpenFile(file, arrow::default_memory_pool()).ValueOrDie();
  return reader->ReadTable().ValueOrDie()->CombineChunks().ValueOrDie();
}

inline fs::FileEntry Entry(const std::string& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  return {path, missing ? -1 : static_cast<int64_t>(size), ""};
}

/// All rows of a split; batches are checked against the schema and the batch size.
inline Result<std::shared_ptr<arrow::Table>> ReadSplit(const Split& split, const ReadRequest& request,
                                                       const nlohmann::json& options, const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto reader, ParquetFormat()->OpenSplit(split, request, {}, options, context));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto morsel, reader->Next());
    if (!morsel) break;
    ARROW_RETURN_NOT_OK(morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
      EXPECT_TRUE(batch->schema()->Equals(*request.schema)) << batch->schema()->ToString();
      EXPECT_LE(batch->num_rows(), context.batch_rows);
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      batches.push_back(std::move(batch));
      return Status::OK();
    }));
  }
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(request.schema, batches));
  return table->CombineChunks(context.pool);
}

/// All rows of all splits of `paths`; `columns` as in Inspection::schema where none are named.
inline Result<std::shared_ptr<arrow::Table>> ReadFiles(const std::vector<std::string>& paths,
                                                       const nlohmann::json& options = {},
                                                       std::vector<std::string> columns = {}, ExpressionPtr filter = nullptr,
                                                       std::optional<int64_t> limit = std::nullopt,
                                                       const TaskContext& context = UnlimitedContext()) {
  std::vector<fs::FileEntry> files;
  for (const auto& path : paths) files.push_back(Entry(path));
  ARROW_ASSIGN_OR_RAISE(auto inspection, ParquetFormat()->Inspect(files, {}, options, context));
  ReadRequest request{inspection.schema, std::move(filter), limit};
  if (!columns.empty()) {
    arrow::FieldVector fields;
    for (const auto& name : columns) fields.push_back(inspection.schema->GetFieldByName(name));
    request.schema = arrow::schema(fields);
  }
  std::vector<std::shared_ptr<arrow::Table>> tables;
  for (const Split& split : inspection.splits) {
    ARROW_ASSIGN_OR_RAISE(auto table, ReadSplit(split, request, inspection.options, context));
    tables.push_back(std::move(table));
  }
  ARROW_ASSIGN_OR_RAISE(auto all, arrow::ConcatenateTables(tables));
  return all->CombineChunks(context.pool);
}

inline TaskContext SmallBatches(int64_t rows = 2) {
  TaskContext context = UnlimitedContext();
  context.batch_rows = rows;
  return context;
}

}  // namespace millstream::parquet_format
