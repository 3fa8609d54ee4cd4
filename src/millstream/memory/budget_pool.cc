#include "millstream/memory/budget_pool.h"

#include <malloc.h>
#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <cstring>

#include "millstream/base/bytes.h"

namespace millstream {
namespace {

constexpr int64_t kLarge = 128 << 10;
#if defined(__SANITIZE_THREAD__)
constexpr bool kRemaps = false;  // TSan does not follow mremap, and takes what was done to the pages that left for a race
#else
constexpr bool kRemaps = true;
#endif
constexpr int64_t kMaxBlock = int64_t{1} << 39;  ///< more is no memory limit's
constexpr int kCutClasses = 8;                   ///< a cached block up to four times as large as what is asked for is cut
alignas(64) uint8_t zero_size_area[64];

/// Index of the smallest class that holds `size`; classes are 2^k * {1, 1.25, 1.5, 1.75}.
int ClassOf(int64_t size) {
  const auto n = static_cast<uint64_t>(size - 1);
  const int log = std::bit_width(n) - 1;
  const int quarter = static_cast<int>((n >> (log - 2)) & 3);
  return 4 * log + quarter + 1;
}

int64_t ClassBytes(int index) {
  const int64_t base = int64_t{1} << (index / 4);
  return base + base / 4 * (index % 4);
}

int64_t Rounded(int64_t size) { return size < kLarge ? size : ClassBytes(ClassOf(size)); }

}  // namespace

BudgetPool::BudgetPool(std::shared_ptr<MemoryBudget> budget, int64_t cache_limit)
    : budget_(std::move(budget)), cache_limit_(cache_limit) {
  reclaimer_ = budget_->AddReclaimer([this](int64_t wanted) { return DropCache(wanted); });
}

BudgetPool::~BudgetPool() {
  budget_->RemoveReclaimer(reclaimer_);
  ReleaseUnused();
}

void BudgetPool::Count(int64_t bytes) {
  allocated_.fetch_add(bytes, std::memory_order_relaxed);
  total_.fetch_add(bytes, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
}

void BudgetPool::CountCached(int64_t bytes) {
  cached_.fetch_add(bytes, std::memory_order_relaxed);
  budget_->AddReclaimable(bytes);
}

/// A block of the class from the cache, or nullptr. Under the mutex.
uint8_t* BudgetPool::TakeCached(int index) {
  const int64_t bytes = ClassBytes(index);
  for (int from = index; from <= std::min(index + kCutClasses, kClasses - 1); ++from) {
    auto& blocks = free_[from];
    if (blocks.empty()) continue;
    uint8_t* block = blocks.back();
    blocks.pop_back();
    CountCached(-ClassBytes(from));
    if (from > index) Keep(block + bytes, ClassBytes(from) - bytes);
    return block;
  }
  return nullptr;
}

/// Puts pages that the budget still counts into the cache, as blocks of the largest classes that fit; what is over, or finds
/// the cache full, goes back to the system. Under the mutex.
void BudgetPool::Keep(uint8_t* start, int64_t bytes) {
  if (bytes <= cache_limit_ && cached_.load(std::memory_order_relaxed) + bytes > cache_limit_) {
    // Blocks of sizes that nobody asks for any more would keep out those that are in use.
    DropCacheLocked(cache_limit_ / 4);
  }
  while (bytes >= kLarge && cached_.load(std::memory_order_relaxed) + bytes <= cache_limit_) {
    int index = ClassOf(bytes);
    if (ClassBytes(index) > bytes) --index;
    free_[index].push_back(start);
    CountCached(ClassBytes(index));
    start += ClassBytes(index);
    bytes -= ClassBytes(index);
  }
  if (bytes == 0) return;
  munmap(start, static_cast<size_t>(bytes));
  budget_->Release(bytes);
}

/// Before the process grows. Rows on small pages that went to disk would stay resident in the arenas of threads.
void BudgetPool::TrimMalloc() {
  if (freed_small_.load(std::memory_order_relaxed) < budget_->limit() / 64) return;
  freed_small_.store(0, std::memory_order_relaxed);
  malloc_trim(0);
}

Status BudgetPool::AllocateLarge(int64_t size, uint8_t** out) {
  if (size > kMaxBlock) return budget_->OutOfMemory(size, "a buffer");
  const int index = ClassOf(size);
  const int64_t bytes = ClassBytes(index);
  {
    std::lock_guard lock(mutex_);
    *out = TakeCached(index);
    if (*out != nullptr) return Status::OK();
  }
  ARROW_RETURN_NOT_OK(budget_->Reserve(bytes, "a buffer"));
  TrimMalloc();
  void* block = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) {
    budget_->Release(bytes);
    return Status::OutOfMemory("the system has no ", FormatBytes(bytes), " left for a buffer: ", std::strerror(errno));
  }
  *out = static_cast<uint8_t*>(block);
  return Status::OK();
}

/// Between two large sizes. A cached block is worth a copy, because its pages are warm; else the pages move.
Status BudgetPool::ReallocateLarge(int64_t old_size, int64_t new_size, uint8_t** ptr) {
  if (new_size > kMaxBlock) return budget_->OutOfMemory(new_size, "a growing buffer");
  const int64_t old_bytes = Rounded(old_size);
  const int64_t new_bytes = Rounded(new_size);
  if (new_bytes < old_bytes) {
    std::lock_guard lock(mutex_);
    Keep(*ptr + new_bytes, old_bytes - new_bytes);
  } else if (new_bytes > old_bytes) {
    uint8_t* cached = nullptr;
    {
      std::lock_guard lock(mutex_);
      cached = TakeCached(ClassOf(new_size));
    }
    if (cached != nullptr) {
      std::memcpy(cached, *ptr, static_cast<size_t>(old_size));
      FreeLarge(*ptr, old_size, false);
      *ptr = cached;
    } else {
      ARROW_RETURN_NOT_OK(budget_->Reserve(new_bytes - old_bytes, "a growing buffer"));
      TrimMalloc();
      void* moved = mremap(*ptr, static_cast<size_t>(old_bytes), static_cast<size_t>(new_bytes), MREMAP_MAYMOVE);
      if (moved == MAP_FAILED) {
        budget_->Release(new_bytes - old_bytes);
        return Status::OutOfMemory("the system has no ", FormatBytes(new_bytes), " left for a growing buffer");
      }
      *ptr = static_cast<uint8_t*>(moved);
    }
  }
  allocated_.fetch_add(new_size - old_size, std::memory_order_relaxed);
  return Status::OK();
}

Status BudgetPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (size < 0) return Status::Invalid("a buffer cannot have ", size, " bytes");
  if (size == 0) {
    *out = zero_size_area;
    return Status::OK();
  }
  if (size >= kLarge) {
    ARROW_RETURN_NOT_OK(AllocateLarge(size, out));
  } else {
    ARROW_RETURN_NOT_OK(budget_->Reserve(size, "a buffer"));
    void* block = nullptr;
    if (posix_memalign(&block, static_cast<size_t>(std::max<int64_t>(alignment, 16)), static_cast<size_t>(size)) != 0) {
      budget_->Release(size);
      return Status::OutOfMemory("the system has no ", FormatBytes(size), " left for a buffer");
    }
    *out = static_cast<uint8_t*>(block);
  }
  Count(size);
  return Status::OK();
}

Status BudgetPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  if (old_size == new_size) return Status::OK();
  const bool in_place = (kRemaps || new_size < old_size) && old_size >= kLarge && new_size >= kLarge &&
                        disowned_count_.load(std::memory_order_relaxed) == 0;
  if (in_place) return ReallocateLarge(old_size, new_size, ptr);
  uint8_t* fresh = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &fresh));
  std::memcpy(fresh, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
  Free(*ptr, old_size, alignment);
  *ptr = fresh;
  return Status::OK();
}

void BudgetPool::Disown(const uint8_t* buffer, int64_t size) {
  if (buffer == nullptr || buffer == zero_size_area || size == 0) return;
  {
    std::lock_guard lock(mutex_);
    if (!disowned_.insert(buffer).second) return;
    disowned_count_.store(static_cast<int64_t>(disowned_.size()), std::memory_order_relaxed);
  }
  budget_->Release(Rounded(size));
}

bool BudgetPool::ForgetDisowned(const uint8_t* buffer) {
  if (disowned_count_.load(std::memory_order_relaxed) == 0) return false;
  std::lock_guard lock(mutex_);
  if (disowned_.erase(buffer) == 0) return false;
  disowned_count_.store(static_cast<int64_t>(disowned_.size()), std::memory_order_relaxed);
  return true;
}

void BudgetPool::FreeLarge(uint8_t* block, int64_t size, bool disowned) {
  const int64_t bytes = Rounded(size);
  if (disowned) {
    munmap(block, static_cast<size_t>(bytes));
    return;
  }
  std::lock_guard lock(mutex_);
  Keep(block, bytes);
}

void BudgetPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  if (buffer == zero_size_area) return;
  allocated_.fetch_sub(size, std::memory_order_relaxed);
  const bool disowned = ForgetDisowned(buffer);
  if (size >= kLarge) {
    FreeLarge(buffer, size, disowned);
  } else {
    std::free(buffer);
    if (!disowned) budget_->Release(size);
    freed_small_.fetch_add(size, std::memory_order_relaxed);
  }
}

int64_t BudgetPool::DropCache(int64_t wanted) {
  std::lock_guard lock(mutex_);
  return DropCacheLocked(wanted);
}

int64_t BudgetPool::DropCacheLocked(int64_t wanted) {
  int64_t freed = 0;
  for (int index = kClasses - 1; index >= 0 && freed < wanted; --index) {
    auto& blocks = free_[index];
    while (!blocks.empty() && freed < wanted) {
      munmap(blocks.back(), static_cast<size_t>(ClassBytes(index)));
      blocks.pop_back();
      freed += ClassBytes(index);
    }
  }
  CountCached(-freed);
  budget_->Release(freed);
  return freed;
}

void BudgetPool::ReleaseUnused() { DropCache(INT64_MAX); }

}  // namespace millstream
