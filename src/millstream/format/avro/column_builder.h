// Columns being decoded: plain arrays of the run's pool that grow, and become Arrow arrays once a batch is full.
#pragma once

#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "millstream/format/avro/avro_type.h"

namespace millstream::avro {

/// What the parts of a decoder share: where memory comes from, and the first thing that went wrong.
struct DecodeState {
  arrow::MemoryPool* pool = nullptr;
  Status status;
  std::string path;         ///< of the field that failed, outermost first
  int64_t empty_items = 0;  ///< how many more items without bytes this block may have

  /// Keeps the first error; the nullptr stands for "stop" in decoding functions.
  std::nullptr_t Fail(Status error) {
    if (status.ok()) status = std::move(error);
    return nullptr;
  }
  std::nullptr_t FailEarly() { return Fail(Status::Invalid("the data ends within a value, or is damaged")); }
};

/// A growing array of plain values.
template <typename T>
class Growable {
 public:
  explicit Growable(DecodeState* state) : state_(state) {}

  bool Push(T value) {
    if (size_ == capacity_ && !Reserve(1)) [[unlikely]]
      return false;
    data_[size_++] = value;
    return true;
  }
  /// Makes room for `more` values behind those there are.
  bool Reserve(int64_t more) {
    if (size_ + more <= capacity_) return true;
    const int64_t wanted = std::max(size_ + more, 2 * capacity_);
    const Status status = Allocate(wanted * static_cast<int64_t>(sizeof(T)));
    if (!status.ok()) {
      state_->Fail(status);
      return false;
    }
    data_ = reinterpret_cast<T*>(buffer_->mutable_data());
    capacity_ = wanted;
    return true;
  }
  void Advance(int64_t count) { size_ += count; }

  T* data() { return data_; }
  int64_t size() const { return size_; }
  int64_t capacity() const { return capacity_; }

  /// Gives the values up, and is empty again.
  Result<std::shared_ptr<arrow::Buffer>> Finish() {
    if (!buffer_) ARROW_RETURN_NOT_OK(Allocate(0));
    ARROW_RETURN_NOT_OK(buffer_->Resize(size_ * static_cast<int64_t>(sizeof(T)), /*shrink_to_fit=*/false));
    std::shared_ptr<arrow::Buffer> done = std::move(buffer_);
    Forget();
    return done;
  }
  /// Empties it and keeps the memory.
  void Clear() { size_ = 0; }

 private:
  Status Allocate(int64_t bytes) {
    if (buffer_) return buffer_->Resize(bytes);
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, state_->pool));
    return Status::OK();
  }
  void Forget() {
    buffer_ = nullptr;
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  DecodeState* state_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  T* data_ = nullptr;
  int64_t size_ = 0;
  int64_t capacity_ = 0;
};

/// A column of any type. Appending functions give false where memory is short; the state then has the error.
class ColumnBuilder {
 public:
  ColumnBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, DecodeState* state)
      : type_(std::move(type)), nullable_(nullable), state_(state), valid_(state) {}
  virtual ~ColumnBuilder() = default;

  /// A null, or in a column that has none a placeholder below a null parent.
  virtual bool AppendNull() = 0;
  /// Room for `rows` more values, so that appending seldom grows.
  virtual bool Reserve(int64_t rows) = 0;
  /// The values so far as an array; starts anew. Invalid for text that is not UTF-8.
  virtual Result<std::shared_ptr<arrow::ArrayData>> Finish() = 0;

  bool nullable() const { return nullable_; }
  DecodeState* state() const { return state_; }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

 protected:
  bool MarkValid() { return !nullable_ || valid_.Push(1); }
  bool MarkNull() {
    ++nulls_;
    return !nullable_ || valid_.Push(0);
  }
  bool ReserveMarks(int64_t rows) { return !nullable_ || valid_.Reserve(rows); }
  /// The validity bitmap (nullptr without nulls) and the array around `buffers`, the first of which is left free for it.
  Result<std::shared_ptr<arrow::ArrayData>> Wrap(int64_t length, std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                                                 std::vector<std::shared_ptr<arrow::ArrayData>> children = {});

  std::shared_ptr<arrow::DataType> type_;
  bool nullable_;
  DecodeState* state_;

 private:
  Growable<uint8_t> valid_;  ///< a byte a value; packed to bits at the end
  int64_t nulls_ = 0;
};

class NullBuilder final : public ColumnBuilder {
 public:
  using ColumnBuilder::ColumnBuilder;
  bool AppendNull() override {
    ++length_;
    return true;
  }
  bool Reserve(int64_t) override { return true; }
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override;

 private:
  int64_t length_ = 0;
};

/// Numbers, and what is stored as numbers.
template <typename T>
class NumberBuilder final : public ColumnBuilder {
 public:
  NumberBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, DecodeState* state)
      : ColumnBuilder(std::move(type), nullable, state), values_(state) {}

  bool Append(T value) { return MarkValid() && values_.Push(value); }
  bool AppendNull() override { return MarkNull() && values_.Push(T{}); }
  bool Reserve(int64_t rows) override { return ReserveMarks(rows) && values_.Reserve(rows); }
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t length = values_.size();
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Finish());
    return Wrap(length, {nullptr, std::move(values)});
  }

 private:
  Growable<T> values_;
};

class BooleanBuilder final : public ColumnBuilder {
 public:
  BooleanBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, DecodeState* state)
      : ColumnBuilder(std::move(type), nullable, state), values_(state) {}

  bool Append(bool value) { return MarkValid() && values_.Push(value ? 1 : 0); }
  bool AppendNull() override { return MarkNull() && values_.Push(0); }
  bool Reserve(int64_t rows) override { return ReserveMarks(rows) && values_.Reserve(rows); }
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override;

 private:
  Growable<uint8_t> values_;
};

/// utf8 and binary.
class BytesBuilder final : public ColumnBuilder {
 public:
  BytesBuilder(std::shared_ptr<arrow::DataType> type, bool nullable, DecodeState* state)
      : ColumnBuilder(std::move(type), nullable, state), offsets_(state), bytes_(state) {}

  /// `readable`: how many bytes may be read from `from` on, at least `size`; sixteen make the copy of a short value cheap.
  bool Append(const uint8_t* from, int64_t size, int64_t readable) {
    if (!PushOffset() || !bytes_.Reserve(std::max<int64_t>(size, 16))) [[unlikely]]
      return false;
    if (bytes_.size() + size > std::numeric_limits<int32_t>::max()) [[unlikely]]
      return TooLong();
    uint8_t* to = bytes_.data() + bytes_.size();
    if (size <= 16 && readable >= 16) {
      std::memcpy(to, from, 16);
    } else if (size > 0) {
      std::memcpy(to, from, static_cast<size_t>(size));
    }
    bytes_.Advance(size);
    return MarkValid();
  }
  bool AppendNull() override { return PushOffset() && MarkNull(); }
  bool Reserve(int64_t rows) override { return ReserveMarks(rows) && offsets_.Reserve(rows + 1); }
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override;

 private:
  bool PushOffset() { return offsets_.Push(static_cast<int32_t>(bytes_.size())); }
  bool TooLong();
  Status CheckText(int64_t length);

  Growable<int32_t> offsets_;  ///< where each value starts; the end of the last is added by Finish
  Growable<uint8_t> bytes_;
};

/// fixed_size_binary and decimals.
class FixedBuilder final : public ColumnBuilder {
 public:
  FixedBuilder(std::shared_ptr<arrow::DataType> type, int64_t width, bool nullable, DecodeState* state)
      : ColumnBuilder(std::move(type), nullable, state), width_(width), bytes_(state) {}

  /// Where to write the next value, width() bytes; nullptr where memory is short.
  uint8_t* Append() {
    if (!MarkValid() || !bytes_.Reserve(std::max<int64_t>(width_, 1))) return nullptr;
    uint8_t* at = bytes_.data() + bytes_.size();
    bytes_.Advance(width_);
    ++length_;
    return at;
  }
  bool AppendNull() override;
  bool Reserve(int64_t rows) override {
    return ReserveMarks(rows) && bytes_.Reserve(std::min<int64_t>(rows * width_, 1 << 20));
  }
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override;
  int64_t width() const { return width_; }

 private:
  int64_t width_;
  int64_t length_ = 0;
  Growable<uint8_t> bytes_;
};

class StructBuilder final : public ColumnBuilder {
 public:
  StructBuilder(std::shared_ptr<arrow::DataType> type, std::vector<std::unique_ptr<ColumnBuilder>> children, bool nullable,
                DecodeState* state)
      : ColumnBuilder(std::move(type), nullable, state), children_(std::move(children)) {}

  /// A value; the caller appends to each child.
  bool Append() {
    ++length_;
    return MarkValid();
  }
  bool AppendNull() override;
  bool Reserve(int64_t rows) override;
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override;
  ColumnBuilder* child(size_t index) { return children_[index].get(); }
  size_t num_children() const { return children_.size(); }

 private:
  std::vector<std::unique_ptr<ColumnBuilder>> children_;
  int64_t length_ = 0;
};

/// Lists and maps; a map has keys beside its items.
class ListBuilder final : public ColumnBuilder {
 public:
  ListBuilder(std::shared_ptr<arrow::DataType> type, std::unique_ptr<ColumnBuilder> keys, std::unique_ptr<ColumnBuilder> items,
              bool nullable, DecodeState* state)
      : ColumnBuilder(std::move(type), nullable, state), keys_(std::move(keys)), items_(std::move(items)), offsets_(state) {}

  /// A value; the caller appends its items and counts them with AddItems.
  bool Append() { return MarkValid() && offsets_.Push(static_cast<int32_t>(count_)); }
  bool AddItems(int64_t count);
  bool AppendNull() override { return MarkNull() && offsets_.Push(static_cast<int32_t>(count_)); }
  bool Reserve(int64_t rows) override { return ReserveMarks(rows) && offsets_.Reserve(rows + 1); }
  Result<std::shared_ptr<arrow::ArrayData>> Finish() override;
  ColumnBuilder* keys() { return keys_.get(); }
  ColumnBuilder* items() { return items_.get(); }

 private:
  std::unique_ptr<ColumnBuilder> keys_;
  std::unique_ptr<ColumnBuilder> items_;
  Growable<int32_t> offsets_;
  int64_t count_ = 0;
};

/// A builder of columns of this Avro type; ToArrowType says which Arrow type they have.
std::unique_ptr<ColumnBuilder> MakeColumnBuilder(const TypePtr& type, DecodeState* state);

}  // namespace millstream::avro
