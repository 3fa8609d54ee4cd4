#include "millstream/format/csv/csv_format.h"

#include <algorithm>

#include "millstream/format/csv/csv_writer.h"
#include "millstream/format/csv/file_head.h"
#include "millstream/format/csv/inference.h"
#include "millstream/format/csv/line_count.h"
#include "millstream/format/csv/record_cursor.h"
#include "millstream/format/csv/record_starts.h"
#include "millstream/format/csv/scan_plan.h"

namespace millstream {
namespace {

/// A first file without records says nothing about types: the next ones are asked, but not all of a thousand.
constexpr size_t kFilesSampled = 8;
constexpr int64_t kLongestSample = int64_t{256} << 20;

/// Names and number of columns: from `names`, the header, or the first record.
Result<std::vector<csv::ColumnSpec>> NameColumns(const csv::ReadOptions& options, const std::string& file,
                                                 const csv::Header& header, std::string_view records, bool at_end) {
  std::vector<std::string> names = options.names ? *options.names : header.names;
  if (names.empty()) {
    csv::RecordCursor cursor(options.dialect, records, at_end);
    std::vector<std::string_view> fields;
    if (cursor.Next(&fields) != csv::RecordCursor::Outcome::kRecord) {
      return Status::Invalid(file, ": no columns to parse, the file is empty; give names to read it as a table without rows");
    }
    for (size_t i = 0; i < fields.size(); ++i) names.push_back(std::to_string(i));
  }
  std::vector<csv::ColumnSpec> columns;
  for (auto& name : names) {
    if (std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; })) {
      return Status::Invalid("CSV option names has '", name, "' twice");
    }
    columns.push_back({.name = std::move(name)});
  }
  if (!options.usecols.is_null()) {
    for (auto& column : columns) column.used = false;
    ARROW_ASSIGN_OR_RAISE(const auto used, csv::FindColumns("usecols", options.usecols, columns));
    for (const size_t position : used) columns[position].used = true;
  }
  return columns;
}

struct FileSample {
  std::vector<csv::ColumnSpec> columns;
  int64_t records = 0;
};

/// Reads the file's head and infers from it; the sample grows until it holds a record.
Result<FileSample> SampleFile(const fs::FileEntry& file, const fs::StorageOptions& storage, const csv::ReadOptions& options,
                              const TaskContext& context) {
  const std::string name = csv::FileName(file);
  ARROW_ASSIGN_OR_RAISE(const auto compression, fs::ParseCompression(options.compression, file.uri));
  ARROW_ASSIGN_OR_RAISE(auto stream, fs::OpenInputStream(file, storage, compression, context));
  csv::FileHead head(stream, context);
  ARROW_ASSIGN_OR_RAISE(const csv::Header header, csv::ReadHeader(options, name, &head));
  FileSample sample;
  for (int64_t bytes = header.records_begin + options.sample;; bytes *= 2) {
    ARROW_RETURN_NOT_OK(head.ExtendTo(bytes));
    // Reading may have gone on for the header; what is beyond the sample must not change the answer.
    const std::string_view text = head.text().substr(0, static_cast<size_t>(bytes));
    const bool at_end = head.at_end() && text.size() == head.text().size();
    const auto begin = static_cast<size_t>(header.records_begin);
    const std::string_view records = text.substr(begin);
    csv::RecordCursor cursor(options.dialect, records, at_end);
    std::vector<std::string_view> fields;
    if (cursor.Next(&fields) == csv::RecordCursor::Outcome::kIncomplete && bytes < kLongestSample) continue;
    ARROW_ASSIGN_OR_RAISE(sample.columns, NameColumns(options, name, header, records, at_end));
    const int64_t first_line = csv::CountLines(text.substr(0, begin)) + 1;
    ARROW_ASSIGN_OR_RAISE(sample.records, csv::InferTypes(options, name, records, at_end, first_line, &sample.columns));
    ARROW_RETURN_NOT_OK(stream->Close());
    return sample;
  }
}

/// Whether the file can be read from the middle. Local files can; of others the store is asked.
Result<bool> HasRanges(const fs::FileEntry& file, const fs::StorageOptions& storage, const TaskContext& context) {
  if (file.uri.find("://") == std::string::npos || file.uri.rfind("file://", 0) == 0) return true;
  const auto opened = fs::OpenInputFile(file, storage, context);
  if (opened.status().IsNotImplemented()) return false;
  ARROW_RETURN_NOT_OK(opened.status());
  return true;
}

/// Byte ranges of even size near the blocksize, as Dask cuts them.
Status AddSplits(const fs::FileEntry& file, const fs::StorageOptions& storage, const csv::ReadOptions& options,
                 const TaskContext& context, std::vector<Split>* splits) {
  ARROW_ASSIGN_OR_RAISE(const auto compression, fs::ParseCompression(options.compression, file.uri));
  int64_t count = 1;
  if (options.blocksize && compression == fs::Compression::kNone && file.size >= 2 * *options.blocksize) {
    ARROW_ASSIGN_OR_RAISE(const bool has_ranges, HasRanges(file, storage, context));
    if (has_ranges) count = file.size / *options.blocksize;
  }
  for (int64_t i = 0; i < count; ++i) {
    Split split;
    split.file = file;
    if (count > 1) {
      const auto cut = [&](int64_t part) { return static_cast<int64_t>(static_cast<__int128>(file.size) * part / count); };
      split.offset = cut(i);
      split.length = i + 1 < count ? cut(i + 1) - split.offset : -1;
    }
    splits->push_back(std::move(split));
  }
  return Status::OK();
}

class Csv final : public Format {
 public:
  std::string name() const override { return "csv"; }
  std::string extension() const override { return ".csv"; }

  Result<Inspection> Inspect(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                             const nlohmann::json& options, const TaskContext& context) const override {
    if (files.empty()) return Status::Invalid("there is no CSV file to read");
    ARROW_ASSIGN_OR_RAISE(const auto parsed, csv::ReadOptions::FromJson(options));
    Inspection inspection;
    FileSample sample;
    for (size_t i = 0; i < std::min(files.size(), kFilesSampled) && sample.records == 0; ++i) {
      auto tried = SampleFile(files[i], storage, parsed, context);
      if (i == 0) ARROW_RETURN_NOT_OK(tried.status());
      if (tried.ok() && (i == 0 || tried->records > 0)) sample = std::move(*tried);
    }
    arrow::FieldVector fields;
    for (const auto& column : sample.columns) {
      if (column.used) fields.push_back(arrow::field(column.name, column.type));
    }
    inspection.schema = arrow::schema(std::move(fields));
    for (const auto& file : files) {
      csv::RecordStarts::Forget(file.uri);
      ARROW_RETURN_NOT_OK(AddSplits(file, storage, parsed, context, &inspection.splits));
    }
    inspection.options = options.is_null() ? nlohmann::json::object() : options;
    inspection.options[csv::kColumnsKey] = csv::ColumnsToJson(sample.columns);
    return inspection;
  }

  Result<std::unique_ptr<SplitReader>> OpenSplit(const Split& split, const ReadRequest& request,
                                                 const fs::StorageOptions& storage, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(auto plan, csv::ScanPlan::Make(split, request, storage, options, context));
    return csv::MakeSplitReader(std::move(plan), split);
  }

  Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                 const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    return csv::MakeCsvWriter(std::move(sink), schema, options, context);
  }
};

}  // namespace

const Format* CsvFormat() {
  static const Csv format;
  return &format;
}

}  // namespace millstream
