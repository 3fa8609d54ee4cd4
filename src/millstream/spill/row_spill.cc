#include "millstream/spill/row_spill.h"

#include <algorithm>
#include <array>

#include <arrow/memory_pool.h>

namespace millstream {
namespace {

StringSlot* SlotAt(uint8_t* row, const StringField& field) { return reinterpret_cast<StringSlot*>(row + field.offset); }

/// Writes the long strings of a row; the slots then hold their offsets.
Status WriteStrings(uint8_t* row, const std::vector<StringField>& strings, SpillFile* file, int64_t* heap_bytes) {
  for (const StringField& field : strings) {
    StringSlot* slot = SlotAt(row, field);
    if (!slot->is_long()) continue;
    ARROW_RETURN_NOT_OK(file->Append(slot->pointer, slot->length));
    slot->tail_word = static_cast<uint64_t>(*heap_bytes);
    *heap_bytes += slot->length;
  }
  return Status::OK();
}

/// Writes one block from the rows at `begin`; `next` is the row after it.
Result<RowBlock> WriteBlock(uint8_t* begin, uint8_t* end, int64_t row_width, const std::vector<StringField>& strings,
                            int64_t block_bytes, SpillFile* file, uint8_t** next) {
  RowBlock block;
  file->BeginBlock();
  uint8_t* row = begin;
  do {
    ARROW_RETURN_NOT_OK(WriteStrings(row, strings, file, &block.heap_bytes));
    row += row_width;
  } while (row < end && block.heap_bytes < block_bytes && row - begin < block_bytes);
  block.rows_bytes = row - begin;
  ARROW_RETURN_NOT_OK(file->Append(begin, block.rows_bytes));
  ARROW_ASSIGN_OR_RAISE(block.block, file->EndBlock());
  *next = row;
  return block;
}

void RestoreStrings(const RowPages::Page& page, int64_t row_width, const std::vector<StringField>& strings, uint8_t* heap) {
  for (uint8_t* row = page.data; row < page.data + page.used; row += row_width) {
    for (const StringField& field : strings) {
      StringSlot* slot = SlotAt(row, field);
      if (slot->is_long()) slot->pointer = reinterpret_cast<const char*>(heap + slot->tail_word);
      if (field.reusable) reinterpret_cast<ReusableString*>(slot)->SetRelocated();
    }
  }
}

}  // namespace

Status SpillRows(RowPages* rows, int64_t begin, int64_t end, const std::vector<StringField>& strings, int64_t block_bytes,
                 SpillFile* file, std::vector<RowBlock>* blocks) {
  const int64_t width = rows->row_width();
  int64_t first = 0;  // row of the page
  for (const RowPages::Page& page : rows->pages()) {
    const int64_t count = page.used / width;
    uint8_t* next = page.data + std::clamp<int64_t>(begin - first, 0, count) * width;
    uint8_t* stop = page.data + std::clamp<int64_t>(end - first, 0, count) * width;
    while (next < stop) {
      ARROW_ASSIGN_OR_RAISE(auto block, WriteBlock(next, stop, width, strings, block_bytes, file, &next));
      blocks->push_back(block);
    }
    first += count;
  }
  return Status::OK();
}

Status ReadRows(const SpillFile& file, const RowBlock& block, const std::vector<StringField>& strings, arrow::MemoryPool* pool,
                RowPages* rows) {
  RowPages::Page page;
  page.bytes = page.used = block.rows_bytes;
  RowPages::Page heap;
  heap.bytes = heap.used = block.heap_bytes;
  ARROW_RETURN_NOT_OK(pool->Allocate(page.bytes, &page.data));
  Status status = pool->Allocate(heap.bytes, &heap.data);
  if (!status.ok()) {
    pool->Free(page.data, page.bytes);
    return status;
  }
  const std::array<std::span<uint8_t>, 2> parts{std::span(heap.data, heap.bytes), std::span(page.data, page.bytes)};
  status = file.Read(block.block, parts);
  if (!status.ok()) {
    pool->Free(page.data, page.bytes);
    pool->Free(heap.data, heap.bytes);
    return status;
  }
  RestoreStrings(page, rows->row_width(), strings, heap.data);
  rows->AdoptPage(page);
  rows->AdoptHeap(heap);
  return Status::OK();
}

}  // namespace millstream
