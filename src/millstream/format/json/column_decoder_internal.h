// What the column decoders have in common.
#pragma once

#include <cstring>

#include <arrow/util/bit_util.h>

#include "millstream/format/json/column_decoder.h"
#include "millstream/format/json/walk.h"

namespace millstream::json_format {

/// Which rows are null; costs nothing while none is.
class Validity {
 public:
  explicit Validity(arrow::MemoryPool* pool) : bits_(pool) {}

  /// Adds `rows` rows that are not null.
  Status Extend(int64_t rows) {
    length_ += rows;
    return nulls_ > 0 ? Fill() : Status::OK();
  }
  Status SetNull(int64_t row) {
    if (nulls_++ == 0) ARROW_RETURN_NOT_OK(Fill());
    arrow::bit_util::ClearBit(bits_.mutable_data(), row);
    return Status::OK();
  }
  int64_t length() const { return length_; }
  int64_t nulls() const { return nulls_; }

  /// The bitmap, nullptr where no row is null; starts anew.
  Result<std::shared_ptr<arrow::Buffer>> Finish() {
    std::shared_ptr<arrow::Buffer> out;
    if (nulls_ > 0) {
      ARROW_ASSIGN_OR_RAISE(out, bits_.Finish(/*shrink_to_fit=*/false));
    }
    length_ = nulls_ = 0;
    return out;
  }

 private:
  Status Fill() { return bits_.Append(arrow::bit_util::BytesForBits(length_) - bits_.length(), 0xFF); }

  arrow::BufferBuilder bits_;
  int64_t length_ = 0;
  int64_t nulls_ = 0;
};

/// Path, type and the two ways to end a value, for all decoders.
class ColumnDecoderBase : public ColumnDecoder {
 protected:
  ColumnDecoderBase(std::shared_ptr<arrow::DataType> type, std::string path, DecodeState* state)
      : type_(std::move(type)), path_(std::move(path)), state_(state), validity_(state->context.pool) {}

  arrow::MemoryPool* pool() const { return state_->context.pool; }
  /// The error for the value at k.
  Status Refuse(const Block& block, uint32_t k) const;
  /// The error for a value at k that is not JSON.
  Status Broken(const Block& block, const SyntaxError& error) const;
  /// Null where the value at k is the literal, else an error.
  Status NullOrRefuse(const Block& block, uint32_t k, int64_t row);

  const std::shared_ptr<arrow::DataType> type_;
  const std::string path_;
  DecodeState* const state_;
  Validity validity_;
};

inline bool IsLiteral(const uint8_t* text, std::string_view literal) {
  return std::memcmp(text, literal.data(), literal.size()) == 0 && EndsScalar(text[literal.size()]);
}

}  // namespace millstream::json_format
