// The rules; optimizer.cc lists them in their order.
#pragma once

#include "millstream/plan/plan.h"

namespace millstream {

/// Computes what reads no column once, and drops filters that let everything pass.
Result<PlanPtr> FoldConstants(const PlanPtr& plan);
/// Merges filters and moves them towards the scans, and into them.
Result<PlanPtr> PushDownFilters(const PlanPtr& plan);
/// Reads and computes only columns that are used.
Result<PlanPtr> PushDownProjections(const PlanPtr& plan);
/// Reads only those fields of a struct column that are used.
Result<PlanPtr> PruneStructs(const PlanPtr& plan);
/// Merges projections that follow each other, and drops those that change nothing.
Result<PlanPtr> FuseProjections(const PlanPtr& plan);
/// Lets scans leave the columns of a group-by in the dictionaries they have in the file.
Result<PlanPtr> KeepDictionaries(const PlanPtr& plan);
/// Lets scans leave out the values of columns that are only counted.
Result<PlanPtr> CountWithoutValues(const PlanPtr& plan);
/// Tells scans under a limit how many rows are enough.
Result<PlanPtr> PushDownLimits(const PlanPtr& plan);

}  // namespace millstream
