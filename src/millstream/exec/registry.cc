// The list of node kinds that run inside a stage: a new one adds its lowering here.
#include <array>

#include "millstream/exec/lower.h"

namespace millstream {

Result<PartitionSources> LowerScan(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerTable(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerFilter(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerProject(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerRowIndex(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerUnion(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerPartitions(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerRepartition(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerMapPartitions(const PlanNode&, const LowerContext&);
Result<PartitionSources> LowerStageInput(const PlanNode&, const LowerContext&);

namespace {

struct Entry {
  std::string_view kind;
  LowerFunction lower;
};

constexpr std::array kLowerings = {
    Entry{"Scan", LowerScan},
    Entry{"Table", LowerTable},
    Entry{"Filter", LowerFilter},
    Entry{"Project", LowerProject},
    Entry{"RowIndex", LowerRowIndex},
    Entry{"Union", LowerUnion},
    Entry{"Partitions", LowerPartitions},
    Entry{"Repartition", LowerRepartition},
    Entry{"MapPartitions", LowerMapPartitions},
    Entry{"StageInput", LowerStageInput},
};

}  // namespace

LowerFunction FindLowering(std::string_view kind) {
  for (const Entry& entry : kLowerings) {
    if (entry.kind == kind) return entry.lower;
  }
  return nullptr;
}

}  // namespace millstream
