#include "millstream/format/csv/record_starts.h"

#include <algorithm>
#include <list>

#include <arrow/buffer.h>

namespace millstream::csv {
namespace {

constexpr int64_t kBlock = 256 * 1024;
constexpr int64_t kPadding = 64;  // the kernels read past the end
constexpr size_t kFilesRemembered = 1024;

struct Remembered {
  std::string uri;
  std::string key;
  std::shared_ptr<RecordStarts> starts;
};

/// Most recently used first.
struct Memory {
  std::mutex mutex;
  std::list<Remembered> files;
};

Memory& GetMemory() {
  static Memory memory;
  return memory;
}

std::string KeyOf(const fs::FileEntry& file, const ReadOptions& options) {
  const Dialect& dialect = options.dialect;
  std::string key = file.uri + '\n' + std::to_string(file.size) + '\n' + file.version;
  for (const int64_t part :
       {int64_t{dialect.delimiter}, int64_t{dialect.quote}, int64_t{dialect.quoting}, int64_t{dialect.double_quote},
        int64_t{dialect.escape}, int64_t{dialect.comment}, options.skiprows, options.header.value_or(-1)}) {
    key += '\n' + std::to_string(part);
  }
  return key;
}

/// Reads a file block by block from a record's start, and finds the first record start at or after `offset`.
Result<int64_t> Scan(const Dialect& dialect, int64_t from, int64_t offset, arrow::io::RandomAccessFile* file,
                     const TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(kBlock + kPadding, context.pool));
  ScanState state = ScanState::kFieldStart;
  int64_t position = from;
  while (true) {
    ARROW_RETURN_NOT_OK(context.CheckCancelled());
    // A record starts at `offset` itself where the byte before ends one.
    const bool before = position < offset - 1;
    const int64_t wanted = before ? std::min(kBlock, offset - 1 - position) : kBlock;
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(position, wanted, buffer->mutable_data()));
    if (read == 0) return position;
    if (before) {
      FindLastRecordEnd(dialect, buffer->data(), read, &state);
    } else if (const int64_t end = FindFirstRecordEnd(dialect, buffer->data(), read, &state); end >= 0) {
      return position + end;
    }
    position += read;
  }
}

}  // namespace

Result<int64_t> RecordStarts::FirstAtOrAfter(int64_t offset, int64_t records_begin, arrow::io::RandomAccessFile* file,
                                             const TaskContext& context) {
  if (offset <= records_begin) return records_begin;
  const std::lock_guard lock(mutex_);
  auto known = starts_.upper_bound(offset);
  int64_t from = records_begin;
  if (known != starts_.begin()) {
    --known;
    if (known->first == offset || known->second >= offset) return known->second;
    from = std::max(from, known->second);
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t start, Scan(dialect_, from, offset, file, context));
  starts_[offset] = start;
  return start;
}

Result<int64_t> RecordStarts::RecordsBegin(const std::function<Result<int64_t>()>& read_header) {
  const std::lock_guard lock(mutex_);
  if (!records_begin_) {
    ARROW_ASSIGN_OR_RAISE(records_begin_, read_header());
  }
  return *records_begin_;
}

void RecordStarts::Tell(int64_t offset, int64_t start) {
  const std::lock_guard lock(mutex_);
  starts_[offset] = start;
}

std::shared_ptr<RecordStarts> RecordStarts::Shared(const fs::FileEntry& file, const ReadOptions& options) {
  Memory& memory = GetMemory();
  std::string key = KeyOf(file, options);
  const std::lock_guard lock(memory.mutex);
  auto& files = memory.files;
  const auto found = std::find_if(files.begin(), files.end(), [&](const Remembered& other) { return other.key == key; });
  if (found != files.end()) {
    files.splice(files.begin(), files, found);
  } else {
    files.push_front({file.uri, std::move(key), std::make_shared<RecordStarts>(options.dialect)});
    if (files.size() > kFilesRemembered) files.pop_back();
  }
  return files.front().starts;
}

void RecordStarts::Forget(const std::string& uri) {
  Memory& memory = GetMemory();
  const std::lock_guard lock(memory.mutex);
  memory.files.remove_if([&uri](const Remembered& file) { return file.uri == uri; });
}

}  // namespace millstream::csv
