// Helpers of the Avro tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

#include "millstream/format/avro/avro_format.h"

namespace millstream::avro {

#define ASSERT_OK(expression)                            \
  do {                                                   \
    const ::arrow::Status ok_status = (expression);      \
    ASSERT_TRUE(ok_status.ok()) << ok_status.ToString(); \
  } while (false)

/// A folder that goes with its owner.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "avro_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(File(name), std::ios::binary) << bytes;
    return File(name);
  }

 private:
  std::string path_;
};

inline fs::FileEntry Entry(const std::string& path) {
  return {path, static_cast<int64_t>(std::filesystem::file_size(path)), ""};
}

inline TaskContext TestContext(int64_t batch_rows = 32 * 1024) {
  TaskContext context = UnlimitedContext();
  context.batch_rows = batch_rows;
  return context;
}

/// The bytes of a file of these batches.
inline Result<std::string> WriteBytes(const arrow::Table& table, const nlohmann::json& options = nullptr,
                                      const TaskContext& context = TestContext()) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, AvroFormat()->OpenWriter(sink, table.schema(), options, context));
  arrow::TableBatchReader batches(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (!batch) break;
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
  ARROW_RETURN_NOT_OK(writer->Finish());
  ARROW_ASSIGN_OR_RAISE(auto buffer, sink->Finish());
  return buffer->ToString();
}

struct ReadArguments {
  nlohmann::json options = nullptr;
  std::optional<std::vector<std::string>> columns;
  std::optional<int64_t> limit;
  int64_t batch_rows = 32 * 1024;
};

/// All splits of the files, in order, as one table.
inline Result<std::shared_ptr<arrow::Table>> ReadFiles(const std::vector<std::string>& paths,
                                                       const ReadArguments& arguments = {}) {
  const TaskContext context = TestContext(arguments.batch_rows);
  std::vector<fs::FileEntry> files;
  for (const std::string& path : paths) files.push_back(Entry(path));
  ARROW_ASSIGN_OR_RAISE(const Inspection found, AvroFormat()->Inspect(files, {}, arguments.options, context));
  ReadRequest request;
  request.schema = found.schema;
  request.limit = arguments.limit;
  if (arguments.columns) {
    arrow::FieldVector fields;
    for (const std::string& name : *arguments.columns) fields.push_back(found.schema->GetFieldByName(name));
    request.schema = arrow::schema(fields);
  }
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const Split& split : found.splits) {
    ARROW_ASSIGN_OR_RAISE(auto reader, AvroFormat()->OpenSplit(split, request, {}, found.options, context));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto morsel, reader->Next());
      if (!morsel) break;
      ARROW_RETURN_NOT_OK(morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
        EXPECT_LE(batch->num_rows(), arguments.batch_rows);
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        batches.push_back(std::move(batch));
        return Status::OK();
      }));
    }
  }
  return arrow::Table::FromRecordBatches(request.schema, batches);
}

/// Rows as JSON text, one a line: for comparing with what is written by hand.
inline std::string Rows(const arrow::Table& table) {
  auto whole = table.CombineChunksToBatch();
  if (!whole.ok()) return whole.status().ToString();
  std::string text;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (int column = 0; column < table.num_columns(); ++column) {
      if (column > 0) text += " | ";
      text += (*(*whole)->column(column)->GetScalar(row))->ToString();
    }
    text += "\n";
  }
  return text;
}

}  // namespace millstream::avro
