// Any bytes as a CSV file, under options that the first bytes choose: reading ends, with batches that are valid or an error.
// What is read does not depend on how the file is cut.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <arrow/array.h>
#include <arrow/table.h>
#include <unistd.h>

#include "millstream/format/csv/csv_format.h"

namespace millstream {
namespace {

nlohmann::json ChooseOptions(uint8_t a, uint8_t b) {
  nlohmann::json options = nlohmann::json::object();
  if (a & 1) options["sep"] = ";";
  if (a & 2) options["escapechar"] = "\\";
  if (a & 4) options["comment"] = "#";
  if (a & 8) options["doublequote"] = false;
  if (a & 16) options["encoding"] = "latin-1";
  if (a & 32) options["header"] = nullptr;
  if (a & 64) options["dtype"] = "str";
  if (a & 128) options["skiprows"] = 1;
  if (b & 1) options["na_values"] = {-1, "x"};
  if (b & 2) options["usecols"] = {0};
  if (b & 4) options["parse_dates"] = {0};
  if (b & 8) options["thousands"] = "'";
  options["sample"] = 64;
  return options;
}

struct Outcome {
  Status status;
  std::shared_ptr<arrow::Table> table;
};

Outcome ReadAll(const fs::FileEntry& file, const nlohmann::json& options, int64_t batch_rows) {
  TaskContext context = UnlimitedContext();
  context.batch_rows = batch_rows;
  const auto inspection = CsvFormat()->Inspect({file}, nullptr, options, context);
  if (!inspection.ok()) return {inspection.status(), nullptr};
  ReadRequest request;
  request.schema = inspection->schema;
  arrow::RecordBatchVector batches;
  for (const auto& split : inspection->splits) {
    auto reader = CsvFormat()->OpenSplit(split, request, nullptr, inspection->options, context);
    if (!reader.ok()) return {reader.status(), nullptr};
    while (true) {
      auto morsel = (*reader)->Next();
      if (!morsel.ok()) return {morsel.status(), nullptr};
      if (*morsel == nullptr) break;
      const Status status = (*morsel)->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
        if (!batch->ValidateFull().ok()) std::abort();
        batches.push_back(std::move(batch));
        return Status::OK();
      });
      if (!status.ok()) return {status, nullptr};
    }
  }
  return {Status::OK(), arrow::Table::FromRecordBatches(inspection->schema, batches).ValueOrDie()};
}

}  // namespace
}  // namespace millstream

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millstream;
  if (size < 3) return 0;
  const auto options = ChooseOptions(data[0], data[1]);
  static const std::string path = "/tmp/millstream_csv_fuzz_" + std::to_string(getpid()) + ".csv";
  std::FILE* out = std::fopen(path.c_str(), "wb");
  std::fwrite(data + 3, 1, size - 3, out);
  std::fclose(out);
  const fs::FileEntry file{path, static_cast<int64_t>(size - 3), ""};
  const Outcome whole = ReadAll(file, options, 1000);
  auto cut_options = options;
  cut_options["blocksize"] = 1 + data[2];
  const Outcome cut = ReadAll(file, cut_options, 2);
  if (whole.status.ok() != cut.status.ok()) std::abort();
  if (whole.status.ok() && !whole.table->Equals(*cut.table, arrow::EqualOptions::Defaults().nans_equal(true))) std::abort();
  return 0;
}
