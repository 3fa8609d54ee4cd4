// Reads any column in small chunks of one of four kinds, so that kernels need not know Arrow's types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/row/string_slot.h"

namespace millstream {

/// Rows that are processed at a time: scratch columns of this length stay in the first-level cache.
constexpr int64_t kChunkRows = 1024;

/// How a type's values are held in chunks and rows.
enum class ValueKind {
  kInt,     ///< signed integers, booleans, dates, times, timestamps, durations: words are int64
  kUInt,    ///< unsigned integers: words are uint64
  kFloat,   ///< floating point: words are double
  kString,  ///< text, binary, and decimals and intervals as their bytes
};

/// Up to kChunkRows values of a column.
struct ColumnChunk {
  const uint64_t* words = nullptr;      ///< for all kinds but kString; undefined where missing
  const StringSlot* strings = nullptr;  ///< for kString; Missing() where missing
  const uint8_t* present = nullptr;     ///< 1 where there is a value; nullptr if no value is missing
  const int32_t* codes = nullptr;       ///< of a dictionary column, -1 where the code is null; else nullptr
};

/// `type` without its extension wrapper, if it has one.
std::shared_ptr<arrow::DataType> StorageTypeOf(const std::shared_ptr<arrow::DataType>& type);

/// The type values of `type` have without dictionary and extension.
std::shared_ptr<arrow::DataType> ValueTypeOf(const std::shared_ptr<arrow::DataType>& type);

/// TypeError for nested types, which have no order and no hash in pandas either.
Result<ValueKind> ValueKindOf(const std::shared_ptr<arrow::DataType>& type);

/// Null and NaN are missing. Not thread-safe: it owns the scratch its chunks point to.
class ColumnReader {
 public:
  /// Of nested types, chunks say which values are present and nothing else.
  static Result<ColumnReader> Make(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool);

  /// Starts reading `column`, which must outlive the chunks: of the reader's type, or a dictionary of such values. OutOfMemory
  /// if the dictionary does not fit.
  Status Bind(const arrow::ArrayData& column);

  /// Reads rows [offset, offset + n) of the bound column; n <= kChunkRows. Valid until the next Read.
  Result<ColumnChunk> Read(int64_t offset, int64_t n);

  /// Whether the bound column is dictionary-encoded.
  bool is_encoded() const { return column_->dictionary != nullptr; }
  /// Reads the codes of a dictionary-encoded column and which values are present, and nothing else.
  ColumnChunk ReadCodes(int64_t offset, int64_t n);
  /// Adds the values of the codes that were read last, for its `n` rows.
  void ReadValues(int64_t n, ColumnChunk* chunk);

  /// A number of its own for each dictionary that any reader met, so that what was computed for its codes can be kept.
  int64_t dictionary_generation() const { return generation_; }
  int64_t dictionary_size() const { return dictionary_size_; }

 private:
  ColumnReader() = default;

  Status BindDictionary(const std::shared_ptr<arrow::ArrayData>& dictionary);
  Result<ColumnChunk> ReadPlain(const arrow::ArrayData& column, int64_t offset, int64_t n);
  bool ReadPresent(const arrow::ArrayData& column, int64_t offset, int64_t n);
  Status ReadStrings(const arrow::ArrayData& column, int64_t offset, int64_t n, bool all_present);

  arrow::MemoryPool* pool_ = nullptr;
  std::shared_ptr<arrow::DataType> type_;        ///< of the values
  std::shared_ptr<arrow::DataType> index_type_;  ///< of the codes
  std::optional<ValueKind> kind_;                ///< none: nested
  const arrow::ArrayData* column_ = nullptr;
  std::vector<uint64_t> words_;
  std::vector<StringSlot> strings_;
  std::vector<uint8_t> present_;
  std::vector<int32_t> codes_;

  std::shared_ptr<arrow::ArrayData> dictionary_;
  int64_t dictionary_size_ = 0;
  int64_t generation_ = 0;
  std::shared_ptr<arrow::Buffer> dictionary_values_;  ///< words or slots
  std::shared_ptr<arrow::Buffer> dictionary_present_;
};

}  // namespace millstream
