// Rows of one width on pages that never move, with a heap beside them for the bytes of long strings.
#pragma once

#include <cstdint>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/row/string_slot.h"

namespace millstream {

/// All memory comes from the pool. Appending gives nullptr, and changes nothing, where the pool has none left: the owner then
/// spills and tries again.
class RowPages {
 public:
  struct Page {
    uint8_t* data = nullptr;
    int64_t bytes = 0;
    int64_t used = 0;
  };

  RowPages(arrow::MemoryPool* pool, int64_t row_width) : pool_(pool), row_width_(row_width) {}
  ~RowPages() { Clear(); }
  RowPages(RowPages&& other) noexcept;
  RowPages& operator=(RowPages&& other) noexcept;

  /// A new row, not initialised, 8-byte aligned.
  uint8_t* AppendRow() {
    if (pages_.empty() || pages_.back().used + row_width_ > pages_.back().bytes) [[unlikely]] {
      if (!AddPage(&pages_, row_width_)) return nullptr;
    }
    Page& page = pages_.back();
    uint8_t* row = page.data + page.used;
    page.used += row_width_;
    ++rows_;
    return row;
  }

  /// Takes back the row of the last AppendRow.
  void DropLastRow() {
    pages_.back().used -= row_width_;
    --rows_;
  }

  uint8_t* AllocateBytes(int64_t size) {
    if (heap_.empty() || heap_.back().used + size > heap_.back().bytes) [[unlikely]] {
      if (!AddPage(&heap_, size)) return nullptr;
    }
    uint8_t* bytes = heap_.back().data + heap_.back().used;
    heap_.back().used += size;
    return bytes;
  }

  /// Makes a long string's bytes ours; false where there is no memory.
  bool Own(StringSlot* slot) {
    if (!slot->is_long()) return true;
    uint8_t* bytes = AllocateBytes(slot->length);
    if (bytes == nullptr) return false;
    std::memcpy(bytes, slot->pointer, slot->length);
    slot->pointer = reinterpret_cast<const char*>(bytes);
    return true;
  }

  /// Takes over rows that lie in `rows` (a block read from disk, say) and were allocated from the same pool.
  void AdoptPage(Page rows);
  void AdoptHeap(Page heap) { Adopt(&heap_, heap); }

  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }
  int64_t row_width() const { return row_width_; }
  const std::vector<Page>& pages() const { return pages_; }

  template <typename Visit>
  void ForEachRow(Visit visit) const {
    for (const Page& page : pages_) {
      for (uint8_t* row = page.data; row < page.data + page.used; row += row_width_) visit(row);
    }
  }

  void Clear();

 private:
  bool AddPage(std::vector<Page>* pages, int64_t at_least);
  void Adopt(std::vector<Page>* pages, Page page);

  arrow::MemoryPool* pool_;
  int64_t row_width_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  std::vector<Page> pages_;
  std::vector<Page> heap_;
};

}  // namespace millstream
