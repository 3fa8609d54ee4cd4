#include "millstream/format/parquet/footer_cache.h"

#include <list>
#include <mutex>
#include <unordered_map>

#include <parquet/file_reader.h>

#include "millstream/format/parquet/exceptions.h"

namespace millstream::parquet_format {
namespace {

/// A footer in memory takes a few times its size in the file, outside of any session's budget: hence the small bound.
constexpr int64_t kCacheBytes = 2 << 20;

/// Least recently used footers, bounded by their size in the file. Thread-safe; shared by all sessions.
class FooterCache {
 public:
  static FooterCache& Get() {
    static FooterCache cache;
    return cache;
  }

  std::shared_ptr<::parquet::FileMetaData> Find(const std::string& key) {
    std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->footer;
  }

  void Insert(const std::string& key, std::shared_ptr<::parquet::FileMetaData> footer) {
    const int64_t bytes = footer->size();
    if (bytes > kCacheBytes / 4) return;
    std::lock_guard lock(mutex_);
    if (by_key_.contains(key)) return;
    entries_.push_front({key, std::move(footer)});
    by_key_[key] = entries_.begin();
    bytes_ += bytes;
    while (bytes_ > kCacheBytes) {
      bytes_ -= entries_.back().footer->size();
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<::parquet::FileMetaData> footer;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  int64_t bytes_ = 0;
};

/// "" where a changed file could not be told from the old one.
std::string CacheKey(const fs::FileEntry& file, const fs::StorageOptions& storage) {
  if (file.version.empty()) return "";
  const size_t where = std::hash<std::string>()(storage.dump());  // the same name at another endpoint is another file
  return file.uri + '\n' + file.version + '\n' + std::to_string(file.size) + '\n' + std::to_string(where);
}

}  // namespace

Result<OpenFile> OpenParquet(const fs::FileEntry& file, const fs::StorageOptions& storage, const TaskContext& context) {
  OpenFile opened;
  ARROW_ASSIGN_OR_RAISE(opened.source, fs::OpenInputFile(file, storage, context));
  const std::string key = CacheKey(file, storage);
  if (!key.empty()) opened.footer = FooterCache::Get().Find(key);
  if (opened.footer) return opened;
  ARROW_ASSIGN_OR_RAISE(opened.footer, Guarded(file.uri, [&]() -> Result<std::shared_ptr<::parquet::FileMetaData>> {
                          // The footer outlives this run in the cache, so it must not hold buffers of the run's pool.
                          const ::parquet::ReaderProperties properties;
                          return ::parquet::ParquetFileReader::Open(opened.source, properties)->metadata();
                        }));
  if (!key.empty()) FooterCache::Get().Insert(key, opened.footer);
  return opened;
}

Result<std::shared_ptr<::parquet::FileMetaData>> ReadFooter(const fs::FileEntry& file, const fs::StorageOptions& storage,
                                                            const TaskContext& context) {
  const std::string key = CacheKey(file, storage);
  if (!key.empty()) {
    if (auto footer = FooterCache::Get().Find(key)) return footer;
  }
  ARROW_ASSIGN_OR_RAISE(OpenFile opened, OpenParquet(file, storage, context));
  return opened.footer;
}

}  // namespace millstream::parquet_format
