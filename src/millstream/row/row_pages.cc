#include "millstream/row/row_pages.h"

#include <algorithm>
#include <utility>

#include <arrow/memory_pool.h>

namespace millstream {
namespace {

constexpr int64_t kSmallestPage = 4 << 10;
constexpr int64_t kLargestPage = 256 << 10;

}  // namespace

RowPages::RowPages(RowPages&& other) noexcept
    : pool_(other.pool_),
      row_width_(other.row_width_),
      rows_(std::exchange(other.rows_, 0)),
      bytes_(std::exchange(other.bytes_, 0)),
      pages_(std::move(other.pages_)),
      heap_(std::move(other.heap_)) {
  other.pages_.clear();
  other.heap_.clear();
}

RowPages& RowPages::operator=(RowPages&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(row_width_, other.row_width_);
  std::swap(rows_, other.rows_);
  std::swap(bytes_, other.bytes_);
  std::swap(pages_, other.pages_);
  std::swap(heap_, other.heap_);
  return *this;
}

bool RowPages::AddPage(std::vector<Page>* pages, int64_t at_least) {
  // Pages double in size, so that hundreds of small partitions stay small.
  const int64_t previous = pages->empty() ? 0 : pages->back().bytes;
  Page page;
  page.bytes = std::max(std::clamp(2 * previous, kSmallestPage, kLargestPage), at_least);
  Status allocated = pool_->Allocate(page.bytes, &page.data);
  if (!allocated.ok() && page.bytes > std::max(kSmallestPage, at_least)) {
    page.bytes = std::max(kSmallestPage, at_least);
    allocated = pool_->Allocate(page.bytes, &page.data);
  }
  if (!allocated.ok()) return false;
  bytes_ += page.bytes;
  pages->push_back(page);
  return true;
}

void RowPages::AdoptPage(Page rows) {
  rows_ += rows.used / row_width_;
  Adopt(&pages_, rows);
}

void RowPages::Adopt(std::vector<Page>* pages, Page page) {
  bytes_ += page.bytes;
  pages->push_back(page);
}

void RowPages::Clear() {
  for (auto* pages : {&pages_, &heap_}) {
    for (const Page& page : *pages) pool_->Free(page.data, page.bytes);
    pages->clear();
  }
  rows_ = 0;
  bytes_ = 0;
}

}  // namespace millstream
