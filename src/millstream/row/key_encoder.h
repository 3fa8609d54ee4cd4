// Packs the key columns of a batch into keys of a KeyLayout and hashes them, a chunk at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/row/column_reader.h"
#include "millstream/row/key_layout.h"

namespace millstream {

/// One thread's encoder. Rows it makes are keyed rows whose long strings still lie in the batch.
class KeyEncoder {
 public:
  static Result<KeyEncoder> Make(const KeyLayout* layout, const std::vector<std::shared_ptr<arrow::DataType>>& types,
                                 arrow::MemoryPool* pool);

  /// `columns`: one for each field; they must outlive the encoding.
  Status Bind(const std::vector<const arrow::ArrayData*>& columns);

  /// Encodes rows [offset, offset + n), n <= kChunkRows. Of a lone dictionary-encoded key it reads the codes only.
  Status Encode(int64_t offset, int64_t n);

  /// Makes the rows of codes that Encode left; does nothing where they are made.
  void MakeRows();

  /// A keyed row of row_width() bytes. After MakeRows.
  const uint8_t* row(int64_t i) const { return rows_.data() + i * row_width_; }
  int64_t row_width() const { return row_width_; }
  /// 1 where all keys are present; nullptr if they are in all rows.
  const uint8_t* present() const { return any_missing_ ? present_.data() : nullptr; }

  /// The codes of a lone dictionary key of the last Encode; nullptr for others.
  const int32_t* lone_codes() const { return lone_codes_; }
  int64_t dictionary_generation() const { return readers_[0].dictionary_generation(); }
  int64_t dictionary_size() const { return readers_[0].dictionary_size(); }

 private:
  KeyEncoder() = default;
  void Pack(const KeyLayout::Field& field, const ColumnChunk& chunk, int64_t n);
  void HashRows(int64_t n);
  void Hash(int64_t n);
  void HashLoneWords(const uint8_t* present, int64_t n);

  const KeyLayout* layout_ = nullptr;
  std::vector<ColumnReader> readers_;
  int64_t row_width_ = 0;
  std::vector<uint8_t> rows_;
  std::vector<uint8_t> present_;
  bool any_missing_ = false;
  const int32_t* lone_codes_ = nullptr;
  ColumnChunk lone_chunk_;     ///< of lone codes
  int64_t rows_not_made_ = 0;  ///< of lone codes
};

}  // namespace millstream
