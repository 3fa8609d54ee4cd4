#include "millstream/cli/commands.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include <arrow/table.h>
#include <arrow/util/formatting.h>

#include "millstream/base/bytes.h"
#include "millstream/cli/progress.h"
#include "millstream/expr/parse.h"
#include "millstream/format/csv/cell_text.h"
#include "millstream/fs/registry.h"
#include "millstream/fs/storage.h"
#include "millstream/plan/nodes.h"
#include "millstream/plan/write_options.h"

namespace millstream::cli {
namespace {

/// By the suffix of a path, an outer .gz aside; nothing where it says none.
std::optional<std::string> FormatOf(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  if (path.ends_with(".gz")) path.resize(path.size() - 3);
  static constexpr std::pair<const char*, const char*> kSuffixes[] = {
      {".csv", "csv"},    {".tsv", "csv"},   {".txt", "csv"},         {".json", "json"},   {".ndjson", "json"},
      {".jsonl", "json"}, {".avro", "avro"}, {".parquet", "parquet"}, {".parq", "parquet"}};
  for (const auto& [suffix, format] : kSuffixes) {
    if (path.ends_with(suffix)) return std::string(format);
  }
  return std::nullopt;
}

Status FormatNotClear(const std::string& path, const char* flag) {
  std::string known;
  for (const std::string& name : FormatNames()) known += (known.empty() ? "" : ", ") + name;
  return Status::Invalid("the format of ", path, " is not clear from its name; name it with ", flag, " (", known, ")");
}

Result<nlohmann::json> ParseObject(const std::string& text, const char* flag) {
  if (text.empty()) return nlohmann::json::object();
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Status::Invalid(flag, " takes a JSON object, such as '{\"sep\": \";\"}', not: ", text);
  return json;
}

Result<std::shared_ptr<Engine>> MakeEngine(const SourceOptions& options) {
  SettingsOverrides overrides;
  if (!options.memory_limit.empty()) {
    ARROW_ASSIGN_OR_RAISE(overrides.memory_limit, ParseBytes(options.memory_limit));
  }
  if (options.threads != 0) overrides.threads = options.threads;
  return Engine::Make(overrides);
}

bool IsTabSeparated(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  return path.ends_with(".tsv");
}

/// Of a folder, what its files are.
Result<std::string> SourceFormat(const SourceOptions& options, const nlohmann::json& storage) {
  if (!options.format.empty()) return options.format;
  if (const auto format = FormatOf(options.source)) return *format;
  ARROW_ASSIGN_OR_RAISE(const auto files, fs::Expand({options.source}, storage));
  for (const fs::FileEntry& file : files) {
    if (const auto format = FormatOf(file.uri)) return *format;
  }
  return FormatNotClear(options.source, "--format");
}

Result<PlanPtr> Scan(const SourceOptions& options, const Engine& engine) {
  ARROW_ASSIGN_OR_RAISE(nlohmann::json reader, ParseObject(options.options, "--options"));
  ARROW_ASSIGN_OR_RAISE(nlohmann::json storage, ParseObject(options.storage_options, "--storage-options"));
  ARROW_ASSIGN_OR_RAISE(const std::string format, SourceFormat(options, storage));
  if (format == "csv" && IsTabSeparated(options.source)) reader.emplace("sep", "\t");
  return MakeScan(format, {options.source}, reader, storage, engine.Context());
}

Result<PlanPtr> Conversion(const ConvertOptions& options, const Engine& engine) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, Scan(options.from, engine));
  if (!options.where.empty()) {
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr predicate, ParseExpression(options.where));
    ARROW_ASSIGN_OR_RAISE(plan, FilterNode::Make(plan, std::move(predicate)));
  }
  if (!options.select.empty()) {
    std::vector<ExpressionPtr> columns;
    for (const std::string& name : options.select) columns.push_back(Expression::Column(name));
    ARROW_ASSIGN_OR_RAISE(plan, ProjectNode::Make(plan, options.select, std::move(columns)));
  }
  const std::optional<std::string> format = options.format.empty() ? FormatOf(options.destination) : options.format;
  if (!format) return FormatNotClear(options.destination, "--to");
  ARROW_ASSIGN_OR_RAISE(nlohmann::json writer, ParseObject(options.options, "--write-options"));
  ARROW_ASSIGN_OR_RAISE(writer["storage_options"], ParseObject(options.storage_options, "--write-storage-options"));
  if (*format == "csv" && IsTabSeparated(options.destination)) writer.emplace("sep", "\t");
  if (!options.partition_on.empty()) writer["partition_on"] = options.partition_on;
  // A destination named like a file is one; else it is a directory of files.
  if (!options.format.empty() || options.destination.ends_with('/') || !options.partition_on.empty()) {
    writer.emplace("single_file", false);
  } else {
    writer.emplace("single_file", true);
  }
  ARROW_ASSIGN_OR_RAISE(auto arguments, ParseWriteOptions(*format, options.destination, std::move(writer)));
  return WriteNode::Make(std::move(plan), std::move(arguments));
}

/// One line: nested values and JSON text as JSON, control characters of text as spaces.
Result<std::string> CellText(const arrow::ChunkedArray& column, int64_t row) {
  for (const auto& chunk : column.chunks()) {
    if (row >= chunk->length()) {
      row -= chunk->length();
      continue;
    }
    if (chunk->IsNull(row)) return std::string();
    std::string text;
    if (arrow::is_nested(chunk->type_id()) || chunk->type_id() == arrow::Type::EXTENSION) {
      ARROW_RETURN_NOT_OK(csv::AppendJson(*chunk, row, &text));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto scalar, chunk->GetScalar(row));
      text = scalar->ToString();
    }
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    return text;
  }
  return std::string();
}

/// At most `most` bytes of `text`, cut between two characters.
void Shorten(size_t most, std::string* text) {
  if (text->size() <= most) return;
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xC0) == 0x80) --end;
  text->replace(end, std::string::npos, "...");
}

Status PrintTable(const arrow::Table& table) {
  constexpr size_t kWidest = 32;
  std::vector<std::vector<std::string>> cells;
  for (int c = 0; c < table.num_columns(); ++c) {
    std::vector<std::string> column = {table.schema()->field(c)->name()};
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      ARROW_ASSIGN_OR_RAISE(std::string cell, CellText(*table.column(c), row));
      column.push_back(std::move(cell));
    }
    size_t width = 0;
    for (std::string& cell : column) {
      Shorten(kWidest, &cell);
      width = std::max(width, cell.size());
    }
    for (std::string& cell : column) cell.resize(width, ' ');
    cells.push_back(std::move(column));
  }
  for (int64_t row = 0; row <= table.num_rows(); ++row) {
    for (size_t c = 0; c < cells.size(); ++c) std::cout << (c > 0 ? "  " : "") << cells[c][static_cast<size_t>(row)];
    std::cout << "\n";
  }
  return Status::OK();
}

/// File names may be any bytes.
constexpr auto kReplaceBadText = nlohmann::json::error_handler_t::replace;

Status WriteReport(const std::string& file, const nlohmann::json& report) {
  if (file.empty()) return Status::OK();
  if (file == "-") {
    std::cout << report.dump(2, ' ', false, kReplaceBadText) << "\n";
    return Status::OK();
  }
  std::ofstream out(file);
  out << report.dump(2, ' ', false, kReplaceBadText) << "\n";
  out.flush();
  return out ? Status::OK() : Status::IOError("the job is done, but its report cannot be written to ", file);
}

/// Names were checked before the job ran: whatever fails then is the job's failure, not a wrong command line.
Status AsFailure(const Status& status) {
  const bool misuse = status.IsInvalid() || status.IsKeyError() || status.IsTypeError();
  return misuse ? Status::IOError(status.message()) : status;
}

}  // namespace

Status Head(const SourceOptions& options, int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(auto engine, MakeEngine(options));
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, Scan(options, *engine));
  ARROW_ASSIGN_OR_RAISE(plan, LimitNode::Make(std::move(plan), rows));
  auto outcome = engine->Run({plan}, {nullptr, ShowProgress});
  EndProgress();
  ARROW_RETURN_NOT_OK(AsFailure(outcome.status()));
  return PrintTable(*outcome->tables[0][0]);
}

Status ShowSchema(const SourceOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto engine, MakeEngine(options));
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, Scan(options, *engine));
  for (const auto& field : plan->schema()->fields()) std::cout << field->name() << ": " << field->type()->ToString() << "\n";
  return Status::OK();
}

/// The file that a local path or URI leads to; `uri` itself where it is not local.
std::string PlaceOf(const std::string& uri) {
  const auto parsed = fs::ParseUri(uri);
  if (!parsed.ok() || !parsed->kind->follow_links) return uri;
  std::error_code error;  // of an empty path, for one: the write tells what is wrong with it
  const auto file = std::filesystem::absolute(parsed->kind->follow_links(parsed->path).ValueOr(parsed->path), error);
  const std::string place = std::filesystem::weakly_canonical(file, error).string();  // folders may be links, too
  return error ? uri : place;
}

Status Convert(const ConvertOptions& options) {
  if (!options.report.empty() && PlaceOf(options.report) == PlaceOf(options.destination)) {
    return Status::Invalid("--report names the output itself, ", options.report, "; give it a file of its own");
  }
  if (PlaceOf(options.from.source) == PlaceOf(options.destination)) {
    return Status::Invalid("the destination is the source itself, ", options.destination,
                           "; write elsewhere, and move it then");
  }
  ARROW_ASSIGN_OR_RAISE(auto engine, MakeEngine(options.from));
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, Conversion(options, *engine));
  auto outcome = engine->Run({plan}, {nullptr, options.quiet ? CheckInterrupt : ShowProgress});
  EndProgress();
  ARROW_RETURN_NOT_OK(AsFailure(outcome.status()));
  const nlohmann::json& report = outcome->report;
  if (!options.quiet && options.report != "-") {
    std::cout << report["rows_written"] << " rows, " << FormatBytes(report["bytes_written"].get<int64_t>()) << " written in "
              << outcome->tables[0][0]->num_rows() << " files to " << options.destination << "\n";
  }
  return WriteReport(options.report, report);
}

Status Explain(const ConvertOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto engine, MakeEngine(options.from));
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, Conversion(options, *engine));
  ARROW_ASSIGN_OR_RAISE(PlanPtr optimized, OptimizePlan(plan));
  std::cout << "as written:\n" << PrintPlan(*plan) << "\nas run:\n" << PrintPlan(*optimized);
  return Status::OK();
}

}  // namespace millstream::cli
