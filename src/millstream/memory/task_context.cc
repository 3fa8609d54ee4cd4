#include "millstream/memory/task_context.h"

#include <limits>

#include <arrow/memory_pool.h>

namespace millstream {

TaskContext UnlimitedContext() {
  static MemoryBudget budget(std::numeric_limits<int64_t>::max());
  TaskContext context;
  context.pool = arrow::default_memory_pool();
  context.budget = &budget;
  context.temp_dir = "/tmp";
  return context;
}

}  // namespace millstream
