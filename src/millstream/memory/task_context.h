// What code below the stage runner needs from the run it serves.
#pragma once

#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "millstream/base/cancel.h"
#include "millstream/memory/budget.h"

namespace millstream {

/// Limits and services of one run. Cheap to copy; everything it points to outlives the run. Thread-safe.
struct TaskContext {
  arrow::MemoryPool* pool = nullptr;    ///< every buffer is allocated here; it draws from `budget`
  MemoryBudget* budget = nullptr;       ///< for memory that is not an Arrow buffer
  const CancelToken* cancel = nullptr;  ///< checked at least once a batch
  int64_t batch_rows = 32 * 1024;       ///< rows a batch should have at most; 2 in the small-batch test mode
  bool force_spill = false;             ///< test mode: spill at every opportunity
  int threads = 1;                      ///< threads of the session
  std::string temp_dir;                 ///< folder for spill files, made by the session

  Status CheckCancelled() const { return cancel ? cancel->Check() : Status::OK(); }
};

/// A context for tests and tools: unlimited budget over the default pool, no cancellation.
TaskContext UnlimitedContext();

}  // namespace millstream
