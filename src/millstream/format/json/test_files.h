// What the tests of the JSON format share: text as a file, a file as a table, tables from JSON.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "millstream/format/json/json_format.h"
#include "millstream/format/json/reader.h"

namespace millstream::json_format {

/// A file with this text, gone with the object.
class TestFile {
 public:
  explicit TestFile(const std::string& text, const std::string& suffix = ".json") {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("json_test_" + std::to_string(getpid()) + "_" + std::to_string(count++) + suffix);
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TestFile() { std::filesystem::remove(path_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  std::string path() const { return path_.string(); }
  fs::FileEntry entry() const { return {path(), static_cast<int64_t>(std::filesystem::file_size(path_)), ""}; }

 private:
  std::filesystem::path path_;
};

/// How a test reads.
struct ReadSetup {
  nlohmann::json options = nlohmann::json::object();
  std::shared_ptr<arrow::Schema> schema;  ///< nullptr: as inspected
  std::optional<int64_t> limit;
  int64_t batch_rows = 32 * 1024;
  int64_t chunk_bytes = 1 << 20;
};

inline Result<std::shared_ptr<arrow::Table>> ReadTable(const TestFile& file, const ReadSetup& setup = {}) {
  TaskContext context = UnlimitedContext();
  context.batch_rows = setup.batch_rows;
  ARROW_ASSIGN_OR_RAISE(const Inspection found, JsonFormat()->Inspect({file.entry()}, {}, setup.options, context));
  ReadRequest request;
  request.schema = setup.schema ? setup.schema : found.schema;
  request.limit = setup.limit;
  request.whole = found.schema;
  ARROW_ASSIGN_OR_RAISE(const ReadOptions options, ReadOptions::Parse(found.options));
  arrow::RecordBatchVector batches;
  for (const Split& split : found.splits) {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenReader(split, request, {}, options, context, setup.chunk_bytes));
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(auto morsel, reader->Next());
      if (!morsel) break;
      ARROW_RETURN_NOT_OK(morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
        EXPECT_LE(batch->num_rows(), setup.batch_rows);
        EXPECT_TRUE(batch->ValidateFull().ok());
        batches.push_back(std::move(batch));
        return Status::OK();
      }));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(request.schema, batches));
  return table->CombineChunks();
}

inline Result<std::shared_ptr<arrow::Table>> ReadText(const std::string& text, const ReadSetup& setup = {}) {
  const TestFile file(text);
  return ReadTable(file, setup);
}

/// The text of the error of reading, "" where there is none.
inline std::string ReadError(const std::string& text, const ReadSetup& setup = {}) {
  const auto table = ReadText(text, setup);
  return table.ok() ? "" : table.status().ToString();
}

/// One column of a table as text, such as "[1,null]": Arrow's own rendering of values, JSON text as it is.
inline std::string ColumnText(const arrow::Table& table, const std::string& name) {
  std::string out = "[";
  const auto column = table.GetColumnByName(name);
  if (!column) return "no column";
  for (int64_t row = 0; row < column->length(); ++row) {
    auto scalar = column->GetScalar(row).ValueOrDie();
    if (column->type()->id() == arrow::Type::EXTENSION && scalar->is_valid) {
      scalar = static_cast<const arrow::ExtensionScalar&>(*scalar).value;
    }
    out += (row > 0 ? "," : "") + scalar->ToString();
  }
  return out + "]";
}

}  // namespace millstream::json_format
