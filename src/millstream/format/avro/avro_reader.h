// Reads Avro files split by split and decodes their blocks into record batches.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "millstream/format/format.h"

namespace millstream::avro {

struct ReadOptions {
  nlohmann::json schema;                           ///< of the reader; null: the first file's
  std::optional<int64_t> blocksize = 100'000'000;  ///< bytes a split has; nullopt: one split a file
};

/// Invalid for options that are not known or have a wrong value; names them.
Result<ReadOptions> ParseReadOptions(const nlohmann::json& options);

/// The schema is the reader's, or else that of the first file; only that file is opened. Files of other schemas are resolved
/// to it when they are read.
Result<Inspection> InspectAvro(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                               const ReadOptions& options, const TaskContext& context);

/// Errors name the file, and where it applies the block's offset, the record in the block, and the field.
Result<std::unique_ptr<SplitReader>> OpenAvroSplit(const Split& split, const ReadRequest& request,
                                                   const fs::StorageOptions& storage, const ReadOptions& options,
                                                   const TaskContext& context);

/// The same of a file that is open already.
Result<std::unique_ptr<SplitReader>> OpenAvroFile(const std::shared_ptr<arrow::io::RandomAccessFile>& file, const Split& split,
                                                  const ReadRequest& request, const ReadOptions& options,
                                                  const TaskContext& context);

}  // namespace millstream::avro
