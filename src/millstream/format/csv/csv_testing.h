// Helpers of the CSV tests: files with given contents, tables read and written through the format.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <arrow/array/concatenate.h>
#include <arrow/io/memory.h>
#include <arrow/pretty_print.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "millstream/format/csv/csv_format.h"

namespace millstream::csv {

/// A folder that goes with the test.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millstream_csv_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }

  fs::FileEntry Write(const std::string& name, const std::string& text) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
    return {path, static_cast<int64_t>(text.size()),
            std::to_string(std::filesystem::hash_value(path) ^ std::hash<std::string>()(text))};
  }

 private:
  std::string path_;
};

struct ReadSetup {
  nlohmann::json options = nlohmann::json::object();
  std::vector<std::string> columns;  ///< empty: all
  ExpressionPtr filter;
  std::optional<int64_t> limit;
  int64_t batch_rows = 32 * 1024;
};

inline Result<std::shared_ptr<arrow::Table>> ReadFiles(const std::vector<fs::FileEntry>& files, const ReadSetup& setup = {}) {
  TaskContext context = UnlimitedContext();
  context.batch_rows = setup.batch_rows;
  const Format& csv = *CsvFormat();
  ARROW_ASSIGN_OR_RAISE(const auto inspection, csv.Inspect(files, nullptr, setup.options, context));
  ReadRequest request;
  request.schema = inspection.schema;
  if (!setup.columns.empty()) {
    arrow::FieldVector fields;
    for (const auto& name : setup.columns) fields.push_back(inspection.schema->GetFieldByName(name));
    request.schema = arrow::schema(fields);
  }
  request.filter = setup.filter;
  request.limit = setup.limit;
  arrow::RecordBatchVector batches;
  for (const auto& split : inspection.splits) {
    ARROW_ASSIGN_OR_RAISE(auto reader, csv.OpenSplit(split, request, nullptr, inspection.options, context));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto morsel, reader->Next());
      if (morsel == nullptr) break;
      ARROW_RETURN_NOT_OK(morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
        EXPECT_LE(batch->num_rows(), setup.batch_rows);
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        batches.push_back(std::move(batch));
        return Status::OK();
      }));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(request.schema, batches));
  return table->CombineChunks();
}

inline Result<std::shared_ptr<arrow::Table>> ReadText(const std::string& text, const ReadSetup& setup = {}) {
  const TempDir dir;
  return ReadFiles({dir.Write("t.csv", text)}, setup);
}

/// The table as rows of texts: "1|x|null\n...", with a first line of "name:type".
inline std::string ToText(const arrow::Table& table) {
  std::string text;
  for (int c = 0; c < table.num_columns(); ++c) {
    text += (c > 0 ? "|" : "") + table.field(c)->name() + ":" + table.field(c)->type()->ToString();
  }
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (int c = 0; c < table.num_columns(); ++c) {
      const auto scalar = table.column(c)->GetScalar(row).ValueOrDie();
      text += (c > 0 ? "|" : "\n") + (scalar->is_valid ? scalar->ToString() : "null");
    }
  }
  return text;
}

/// What reading gave, or the error's message.
inline std::string ReadToText(const std::string& text, const ReadSetup& setup = {}) {
  const auto table = ReadText(text, setup);
  return table.ok() ? ToText(**table) : table.status().ToString();
}

inline Result<std::string> WriteToText(const arrow::Table& table, const nlohmann::json& options = nullptr) {
  const TaskContext context = UnlimitedContext();
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, CsvFormat()->OpenWriter(sink, table.schema(), options, context));
  arrow::TableBatchReader batches(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
  ARROW_RETURN_NOT_OK(writer->Finish());
  ARROW_ASSIGN_OR_RAISE(const auto buffer, sink->Finish());
  return buffer->ToString();
}

}  // namespace millstream::csv
