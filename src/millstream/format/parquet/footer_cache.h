// Opened Parquet files and their footers, which are kept so that inspecting a file and reading its splits parse them once.
#pragma once

#include <memory>
#include <string>

#include <arrow/io/type_fwd.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "millstream/fs/storage.h"
#include "millstream/memory/task_context.h"

namespace millstream::parquet_format {

struct OpenFile {
  std::shared_ptr<arrow::io::RandomAccessFile> source;
  std::shared_ptr<::parquet::FileMetaData> footer;
};

/// Opens `file` and reads its footer, or takes it from the cache (files whose store tells no version are not cached).
/// Errors name the file; IOError or Invalid for one that is no Parquet file, is cut off or encrypted.
Result<OpenFile> OpenParquet(const fs::FileEntry& file, const fs::StorageOptions& storage, const TaskContext& context);

/// The footer alone: does not open the file where the cache has it.
Result<std::shared_ptr<::parquet::FileMetaData>> ReadFooter(const fs::FileEntry& file, const fs::StorageOptions& storage,
                                                            const TaskContext& context);

}  // namespace millstream::parquet_format
