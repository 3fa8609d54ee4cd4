#include "millstream/session.h"

#include <arrow/table.h>

#include "millstream/api/engine.h"
#include "millstream/base/bytes.h"
#include "millstream/plan/nodes.h"
#include "millstream/plan/write_options.h"

namespace millstream {

arrow::Result<Session> Session::Make(const SessionOptions& options) {
  SettingsOverrides overrides;
  overrides.threads = options.threads;
  overrides.temp_dir = options.temp_dir;
  if (options.memory_limit) {
    ARROW_ASSIGN_OR_RAISE(overrides.memory_limit, ParseBytes(*options.memory_limit));
  }
  ARROW_ASSIGN_OR_RAISE(auto engine, Engine::Make(overrides));
  return Session(std::move(engine));
}

DataFrame Session::Read(const std::string& format, const std::vector<std::string>& paths, const Options& options) const {
  auto scan = [&]() -> Result<PlanPtr> {
    nlohmann::json parsed = nlohmann::json::parse(options.ToJson(), nullptr, /*allow_exceptions=*/false);
    if (parsed.is_discarded()) return Status::Invalid("the options are not valid JSON");
    ARROW_ASSIGN_OR_RAISE(auto storage, TakeStorageOptions(&parsed));
    return MakeScan(format, paths, parsed, storage, engine_->Context());
  };
  return DataFrame(engine_, scan());
}

DataFrame Session::ReadCsv(const std::vector<std::string>& paths, const Options& options) const {
  return Read("csv", paths, options);
}
DataFrame Session::ReadJson(const std::vector<std::string>& paths, const Options& options) const {
  return Read("json", paths, options);
}
DataFrame Session::ReadParquet(const std::vector<std::string>& paths, const Options& options) const {
  return Read("parquet", paths, options);
}
DataFrame Session::ReadAvro(const std::vector<std::string>& paths, const Options& options) const {
  return Read("avro", paths, options);
}

DataFrame Session::FromTable(const std::shared_ptr<arrow::Table>& table, int npartitions) const {
  if (npartitions < 1) return DataFrame(engine_, Status::Invalid("npartitions must be at least 1, not ", npartitions));
  if (!table) return DataFrame(engine_, Status::Invalid("FromTable takes a table, not nullptr"));
  std::vector<std::shared_ptr<arrow::Table>> partitions;
  for (int64_t i = 0; i < npartitions; ++i) {
    const int64_t begin = table->num_rows() * i / npartitions;
    partitions.push_back(table->Slice(begin, table->num_rows() * (i + 1) / npartitions - begin));
  }
  return DataFrame(engine_, TableNode::Make(std::move(partitions)));
}

int64_t Session::memory_limit() const { return engine_->settings().memory_limit; }
int Session::threads() const { return engine_->settings().threads; }

}  // namespace millstream
