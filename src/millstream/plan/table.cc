#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>

#include "millstream/plan/checks.h"
#include "millstream/plan/nodes.h"

namespace millstream {
namespace {

Result<std::string> TableToText(const arrow::Table& table) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, table.schema()));
  ARROW_RETURN_NOT_OK(writer->WriteTable(table));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(auto buffer, sink->Finish());
  return arrow::util::base64_encode(std::string_view(*buffer));
}

Result<std::shared_ptr<arrow::Table>> TableFromText(const std::string& text) {
  ARROW_ASSIGN_OR_RAISE(std::string bytes, arrow::util::base64_decode(text));
  arrow::io::BufferReader source(arrow::Buffer::FromString(std::move(bytes)));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(&source));
  return reader->ToTable();
}

}  // namespace

Result<PlanPtr> TableNode::Make(std::vector<std::shared_ptr<arrow::Table>> partitions) {
  if (partitions.empty()) return Status::Invalid("a frame in memory needs at least one partition, which may be empty");
  for (const auto& partition : partitions) {
    if (!partition->schema()->Equals(*partitions[0]->schema())) {
      return Status::TypeError("all partitions need one schema; one has\n", partitions[0]->schema()->ToString(),
                               "\nand another\n", partition->schema()->ToString());
    }
  }
  ARROW_RETURN_NOT_OK(ExpectDistinct(partitions[0]->schema()->field_names()));
  auto node = std::make_shared<TableNode>();
  node->schema_ = partitions[0]->schema();
  node->npartitions_ = static_cast<int>(partitions.size());
  node->partitions_ = std::move(partitions);
  return node;
}

std::string TableNode::Describe() const {
  int64_t rows = 0;
  for (const auto& partition : partitions_) rows += partition->num_rows();
  return "[" + JoinNames(schema_->field_names()) + "] " + std::to_string(rows) + " rows, " + std::to_string(npartitions_) +
         (npartitions_ == 1 ? " partition" : " partitions");
}

nlohmann::json TableNode::ArgumentsToJson() const {
  nlohmann::json tables = nlohmann::json::array();
  for (const auto& partition : partitions_) tables.push_back(TableToText(*partition).ValueOrDie());
  return {{"partitions", std::move(tables)}};
}

Result<PlanPtr> TableFromJson(const nlohmann::json& arguments, std::vector<PlanPtr> children) {
  ARROW_RETURN_NOT_OK(ExpectChildren(children, 0, "Table"));
  std::vector<std::shared_ptr<arrow::Table>> partitions;
  for (const nlohmann::json& text : arguments.at("partitions")) {
    ARROW_ASSIGN_OR_RAISE(auto table, TableFromText(text.get<std::string>()));
    partitions.push_back(std::move(table));
  }
  return TableNode::Make(std::move(partitions));
}

bool TableNode::ArgumentsEqual(const PlanNode& other) const {
  const auto& others = static_cast<const TableNode&>(other).partitions_;
  return std::equal(partitions_.begin(), partitions_.end(), others.begin(), others.end(),
                    [](const auto& a, const auto& b) { return a == b || a->Equals(*b, /*check_metadata=*/true); });
}

Result<PlanPtr> TableNode::WithChildren(std::vector<PlanPtr>) const { return Make(partitions_); }

Result<PlanPtr> TableNode::Pruned(const std::set<std::string>& wanted, std::vector<PlanPtr>) const {
  std::vector<int> indices;
  for (int i = 0; i < schema_->num_fields(); ++i) {
    if (wanted.contains(schema_->field(i)->name())) indices.push_back(i);
  }
  std::vector<std::shared_ptr<arrow::Table>> partitions;
  for (const auto& partition : partitions_) {
    ARROW_ASSIGN_OR_RAISE(auto selected, partition->SelectColumns(indices));
    partitions.push_back(std::move(selected));
  }
  return Make(std::move(partitions));
}

}  // namespace millstream
