// Strings, and JSON text.
#include <emmintrin.h>

#include <bit>

#include <arrow/array/array_binary.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/extension_type.h>

#include "millstream/format/json/column_decoder_internal.h"
#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/scalars.h"

namespace millstream::json_format {
namespace {

/// Copies up to the first backslash, 16 bytes at a time, and returns how many bytes that were. Reads and writes up to 15
/// bytes too many.
inline size_t CopyPlain(const char* from, size_t size, char* to) {
  const __m128i backslash = _mm_set1_epi8('\\');
  for (size_t i = 0; i < size; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), bytes);
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, backslash)));
    if (found) return std::min(size, i + static_cast<size_t>(std::countr_zero(found)));
  }
  return size;
}

class TextDecoder : public ColumnDecoderBase {
 public:
  TextDecoder(std::shared_ptr<arrow::DataType> type, std::string path, DecodeState* state)
      : ColumnDecoderBase(std::move(type), std::move(path), state), offsets_(pool()), bytes_(pool()) {}

  Result<std::shared_ptr<arrow::Array>> Finish() final {
    const int64_t rows = validity_.length();
    const int64_t nulls = validity_.nulls();
    if (rows == 0) ARROW_RETURN_NOT_OK(offsets_.Append(0));
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish(/*shrink_to_fit=*/false));
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Finish(/*shrink_to_fit=*/false));
    return arrow::MakeArray(
        arrow::ArrayData::Make(type_, rows, {std::move(bitmap), std::move(offsets), std::move(bytes)}, nulls));
  }

 protected:
  /// Calls `append(k, row)` for each slot that has a value; it appends bytes, or marks the row as null.
  template <typename AppendValue>
  Status AppendAll(const Slots& slots, AppendValue&& append) {
    const int64_t row = validity_.length();
    ARROW_RETURN_NOT_OK(validity_.Extend(slots.count));
    ARROW_RETURN_NOT_OK(offsets_.Reserve(slots.count + 1));
    if (offsets_.length() == 0) offsets_.UnsafeAppend(0);
    for (uint32_t i = 0; i < slots.count; ++i) {
      ARROW_RETURN_NOT_OK(slots[i] == 0 ? validity_.SetNull(row + i) : append(slots[i], row + i));
      offsets_.UnsafeAppend(static_cast<int32_t>(bytes_.length()));
    }
    return Status::OK();
  }

  /// Room for `size` bytes and the overrun of CopyPlain. OutOfRange where 32-bit offsets do not suffice.
  Status ReserveBytes(size_t size) {
    if (bytes_.length() + static_cast<int64_t>(size) > INT32_MAX) {
      return Status::CapacityError("column '", path_, "' has more than 2 GiB of text in one batch; use a smaller blocksize");
    }
    return bytes_.Reserve(static_cast<int64_t>(size) + 16);
  }

  Status AppendRaw(std::string_view text) {
    ARROW_RETURN_NOT_OK(ReserveBytes(text.size()));
    bytes_.UnsafeAppend(text.data(), static_cast<int64_t>(text.size()));
    return Status::OK();
  }

  char* tail() { return reinterpret_cast<char*>(bytes_.mutable_data() + bytes_.length()); }

  arrow::TypedBufferBuilder<int32_t> offsets_;
  arrow::BufferBuilder bytes_;
};

class StringDecoder final : public TextDecoder {
 public:
  StringDecoder(std::shared_ptr<arrow::DataType> type, std::string path, DecodeState* state)
      : TextDecoder(std::move(type), std::move(path), state), accepts_all_(state->text_columns.contains(path_)) {}

  Status Append(const Block& block, const Slots& slots) override {
    return AppendAll(slots, [&](uint32_t k, int64_t row) {
      if (block.Byte(k) == '"') return AppendString(block, k);
      return AppendOther(block, k, row);
    });
  }

 private:
  Status AppendString(const Block& block, uint32_t k) {
    const std::string_view raw = RawString(block, k);
    ARROW_RETURN_NOT_OK(ReserveBytes(raw.size()));
    const size_t plain = CopyPlain(raw.data(), raw.size(), tail());
    bytes_.UnsafeAdvance(static_cast<int64_t>(plain));
    if (plain == raw.size()) return Status::OK();
    const char* end = Unescape(raw.substr(plain), tail());
    if (end == nullptr) return Broken(block, {"a string has a broken escape", k});
    bytes_.UnsafeAdvance(end - tail());
    return Status::OK();
  }

  Status AppendOther(const Block& block, uint32_t k, int64_t row) {
    if (IsLiteral(block.Pointer(k), "null")) return validity_.SetNull(row);
    if (!accepts_all_) return Refuse(block, k);
    SyntaxError error;
    const uint32_t next = CheckValue(block, k, &error);
    if (error.message) return Broken(block, error);
    return AppendRaw(ValueText(block, k, next));
  }

  const bool accepts_all_;
};

class JsonDecoder final : public TextDecoder {
 public:
  using TextDecoder::TextDecoder;

  Status Append(const Block& block, const Slots& slots) override {
    return AppendAll(slots, [&](uint32_t k, int64_t row) {
      if (IsLiteral(block.Pointer(k), "null")) return validity_.SetNull(row);
      SyntaxError error;
      const uint32_t next = CheckValue(block, k, &error);
      return error.message ? Broken(block, error) : AppendRaw(ValueText(block, k, next));
    });
  }
};

}  // namespace

DecoderPtr MakeStringDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state) {
  return std::make_unique<StringDecoder>(type, path, state);
}

DecoderPtr MakeJsonDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state) {
  return std::make_unique<JsonDecoder>(type, path, state);
}

}  // namespace millstream::json_format
