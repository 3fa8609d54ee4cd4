// Writes the rows of RowPages to a SpillFile and reads them back.
#pragma once

#include <cstdint>
#include <vector>

#include "millstream/base/result.h"
#include "millstream/row/row_pages.h"
#include "millstream/spill/spill_file.h"

namespace millstream {

/// Some rows on disk: the bytes of their long strings, then the rows, in which pointers are offsets into those bytes.
struct RowBlock {
  SpillBlock block;
  int64_t heap_bytes = 0;
  int64_t rows_bytes = 0;
};

/// Writes rows [begin, end) of `rows`, in order, as blocks small enough to be read one at a time: `block_bytes` of rows and as
/// much of strings, a single larger row aside. Allocates nothing from the pool. The strings of rows written are lost to the
/// pages, so the owner clears them next.
Status SpillRows(RowPages* rows, int64_t begin, int64_t end, const std::vector<StringField>& strings, int64_t block_bytes,
                 SpillFile* file, std::vector<RowBlock>* blocks);

constexpr int64_t kSpillBlockBytes = 64 << 10;

/// Adds the rows of a block to `rows`. OutOfMemory, with `rows` unchanged, where the pool has no room for them.
Status ReadRows(const SpillFile& file, const RowBlock& block, const std::vector<StringField>& strings, arrow::MemoryPool* pool,
                RowPages* rows);

}  // namespace millstream
