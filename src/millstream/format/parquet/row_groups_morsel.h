// The part of a split that is decoded by itself: some row groups that follow each other.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "millstream/format/format.h"
#include "millstream/format/parquet/file_state.h"

namespace millstream::parquet_format {

/// What decoding the chosen columns of some row groups costs.
struct GroupCost {
  int64_t rows = 0;
  int64_t compressed = 0;
  int64_t largest_chunk = 0;
  int64_t decoded = 0;
  bool guessed = false;  ///< dictionary-encoded bytes of unknown size
};

/// Decodes the first `rows` rows of `groups`, which begin at row `first_row` of the split. `undecoded` are those of
/// state->counted of which no value is missing. Memory: a page or a buffer for each column, and one batch, whatever the size
/// of the row groups.
std::unique_ptr<Morsel> MakeRowGroupsMorsel(std::shared_ptr<const FileState> state, std::vector<int> groups, int64_t first_row,
                                            int64_t rows, const GroupCost& cost, const std::vector<Counted>& undecoded);

}  // namespace millstream::parquet_format
