// What reading one split takes, shared by its reader and all its morsels.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "millstream/format/csv/column_decoder.h"
#include "millstream/format/csv/options.h"
#include "millstream/format/format.h"

namespace millstream::csv {

struct ScanPlan {
  ReadOptions options;
  fs::FileEntry file;
  fs::StorageOptions storage;
  fs::Compression compression = fs::Compression::kNone;
  TaskContext context;

  std::shared_ptr<arrow::Schema> schema;  ///< of the batches to give
  std::vector<ReadColumn> columns;        ///< of `schema`, in its order

  /// The part of the request's filter that reads only columns of the file; nullptr: none.
  BoundExpressionPtr filter;
  std::shared_ptr<arrow::Schema> filter_schema;
  std::vector<ReadColumn> filter_columns;

  std::optional<int64_t> limit;                  ///< rows that are enough
  mutable std::atomic<int64_t> rows_decoded{0};  ///< by all morsels so far
  mutable std::atomic<bool> filter_pays{true};   ///< false once it was seen to keep most rows

  std::string PlaceOf(int64_t offset) const;

  /// KeyError for a column of the request that the file does not have, TypeError where its type differs.
  static Result<std::shared_ptr<const ScanPlan>> Make(const Split& split, const ReadRequest& request,
                                                      const fs::StorageOptions& storage, const nlohmann::json& options,
                                                      const TaskContext& context);
};

/// A morsel of whole records: `size` bytes at `text`, inside `buffer`, the last byte of which ends a record. kTextPadding
/// bytes on either side are readable. `offset` is the text's place in the (decompressed) file.
std::unique_ptr<Morsel> MakeMorsel(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<arrow::Buffer> buffer,
                                   const uint8_t* text, uint32_t size, int64_t offset);
inline constexpr int64_t kTextPadding = 64;

/// `split`'s reader; see SplitReader.
Result<std::unique_ptr<SplitReader>> MakeSplitReader(std::shared_ptr<const ScanPlan> plan, const Split& split);

}  // namespace millstream::csv
