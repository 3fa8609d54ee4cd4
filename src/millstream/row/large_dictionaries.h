// Large dictionaries of batches whose rows part ways: each part keeps the values that it uses, not those of all.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"

namespace millstream {

/// For batches of one schema and all that is cut or joined from them. Thread-safe.
class LargeDictionaries {
 public:
  /// `columns`: how many the batches have.
  explicit LargeDictionaries(int columns) : is_large_(static_cast<size_t>(columns)) {}

  /// `batch` with no more values in a large dictionary than it has rows: those that they have, in the dictionary's order. Small
  /// dictionaries and ordered ones stay, as their values say what a column may hold, and in which order. A dictionary is large
  /// as well if an earlier one of its column was: what this has made small once is of no more use whole.
  Result<std::shared_ptr<arrow::RecordBatch>> WithoutUnusedValues(std::shared_ptr<arrow::RecordBatch> batch,
                                                                  arrow::MemoryPool* pool);

 private:
  bool IsLarge(int column, const arrow::Array& values);

  std::vector<std::atomic<bool>> is_large_;  ///< by column
};

}  // namespace millstream
