// Loops over text columns, and values as the text that Python's str() gives.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>

#include "millstream/function/scalar/kernels.h"
#include "millstream/function/scalar/support.h"

namespace millstream::scalar {

/// Python's repr of a float: the shortest digits that read back equal; "1.0", "1e+16", "nan", "inf".
void AppendFloat(double value, std::string* out);
void AppendFloat(float value, std::string* out);

/// Without the white space that Python's str.strip() takes off ASCII text.
std::string_view TrimSpaces(std::string_view text);

/// `write(i, &text)` appends row i of `array` to an empty string; nulls stay. Gives utf8.
template <typename Write>
Result<Datum> WriteText(const arrow::Array& array, ExecContext* context, Write&& write) {
  arrow::StringBuilder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
  std::string text;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    text.clear();
    write(i, &text);
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  std::shared_ptr<arrow::Array> result;
  ARROW_RETURN_NOT_OK(builder.Finish(&result));
  return Datum(std::move(result));
}

/// Row i of `array` as text of `length(i)` bytes, which `write(i, append)` gives piece by piece: append(view). Nulls stay. For
/// rows that may be far longer than their input: all memory is the pool's. Gives utf8; CapacityError beyond what that holds.
template <typename Length, typename Write>
Result<Datum> WriteSizedText(const arrow::Array& array, ExecContext* context, Length&& length, Write&& write) {
  arrow::StringBuilder builder(context->memory_pool());
  int64_t total = 0;
  for (int64_t i = 0; i < array.length(); ++i) {
    const int64_t bytes = array.IsNull(i) ? 0 : length(i);
    if (bytes > arrow::kBinaryMemoryLimit - total) return Status::CapacityError("text of more than 2 GB in one batch");
    total += bytes;
  }
  ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
  ARROW_RETURN_NOT_OK(builder.ReserveData(total));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    builder.UnsafeAppend(std::string_view(""));
    write(i, [&](std::string_view piece) {
      if (!piece.empty()) builder.UnsafeExtendCurrent(piece);  // what is empty may have no address
    });
  }
  std::shared_ptr<arrow::Array> result;
  ARROW_RETURN_NOT_OK(builder.Finish(&result));
  return Datum(std::move(result));
}

/// How many characters `text` has, which is UTF-8.
inline int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// `read(view, &value)` says whether `view` could be read; what could not is null, or with `strict` the error of `fail(view)`.
template <typename T, typename Read, typename Fail>
Result<Datum> ReadText(const arrow::StringArray& array, const DataTypePtr& type, bool strict, ExecContext* context, Read&& read,
                       Fail&& fail) {
  using Value = typename T::c_type;
  arrow::MemoryPool* pool = context->memory_pool();
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(array.length() * sizeof(Value), pool));
  ARROW_ASSIGN_OR_RAISE(auto validity, CopyValidity(*array.data(), pool));
  bool owned = false;
  Value* values = reinterpret_cast<Value*>(buffer->mutable_data());
  for (int64_t i = 0; i < array.length(); ++i) {
    values[i] = Value{};
    if (array.IsNull(i) || read(array.GetView(i), &values[i])) continue;
    if (strict) return fail(array.GetView(i));
    if (!std::exchange(owned, true)) {
      ARROW_ASSIGN_OR_RAISE(auto own, arrow::AllocateBitmap(array.length(), pool));
      if (validity) {
        arrow::internal::CopyBitmap(validity->data(), 0, array.length(), own->mutable_data(), 0);
      } else {
        std::memset(own->mutable_data(), 0xff, own->size());
      }
      validity = std::move(own);
    }
    arrow::bit_util::ClearBit(validity->mutable_data(), i);
  }
  return Datum(arrow::ArrayData::Make(type, array.length(), {std::move(validity), std::move(buffer)}));
}

}  // namespace millstream::scalar
