// The list of node kinds: a new node adds its maker here.
#include "millstream/plan/registry.h"

#include <array>

namespace millstream {

Result<PlanPtr> ScanFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> TableFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> FilterFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> ProjectFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> RowIndexFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> LimitFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> UnionFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> PartitionsFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> RepartitionFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> AggregateFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> MapPartitionsFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> WriteFromJson(const nlohmann::json&, std::vector<PlanPtr>);
Result<PlanPtr> StageInputFromJson(const nlohmann::json&, std::vector<PlanPtr>);

namespace {

struct NodeKind {
  const char* name;
  NodeFromJsonFunction make;
};

constexpr std::array kKinds = {
    NodeKind{"Scan", ScanFromJson},
    NodeKind{"Table", TableFromJson},
    NodeKind{"Filter", FilterFromJson},
    NodeKind{"Project", ProjectFromJson},
    NodeKind{"RowIndex", RowIndexFromJson},
    NodeKind{"Limit", LimitFromJson},
    NodeKind{"Union", UnionFromJson},
    NodeKind{"Partitions", PartitionsFromJson},
    NodeKind{"Repartition", RepartitionFromJson},
    NodeKind{"Aggregate", AggregateFromJson},
    NodeKind{"MapPartitions", MapPartitionsFromJson},
    NodeKind{"Write", WriteFromJson},
    NodeKind{"StageInput", StageInputFromJson},
};

}  // namespace

std::vector<std::string> NodeKinds() {
  std::vector<std::string> names;
  for (const NodeKind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

Result<NodeFromJsonFunction> FindNodeKind(const std::string& kind) {
  std::string known;
  for (const NodeKind& entry : kKinds) {
    if (kind == entry.name) return entry.make;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  return Status::Invalid("there is no plan node '", kind, "'; known are: ", known);
}

}  // namespace millstream
