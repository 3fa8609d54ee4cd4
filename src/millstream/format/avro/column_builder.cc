#include "millstream/format/avro/column_builder.h"

#include <mutex>

#include <arrow/api.h>
#include <arrow/util/bitmap_builders.h>
#include <arrow/util/utf8.h>

#include "millstream/format/avro/arrow_type.h"

namespace millstream::avro {
namespace {

void InitializeUtf8() {
  static std::once_flag once;
  std::call_once(once, arrow::util::InitializeUTF8);
}

std::unique_ptr<ColumnBuilder> MakeStructBuilder(const TypePtr& type, const Shape& shape, DecodeState* state) {
  std::vector<std::unique_ptr<ColumnBuilder>> children;
  if (shape.single) {
    for (const Field& field : shape.single->fields) children.push_back(MakeColumnBuilder(field.type, state));
  }
  for (const TypePtr& member : shape.members) {
    // A member is null where the union holds another one.
    auto optional = std::make_shared<Type>();
    optional->kind = Kind::kUnion;
    optional->branches = {Primitive(Kind::kNull), member};
    children.push_back(MakeColumnBuilder(optional, state));
  }
  return std::make_unique<StructBuilder>(ToArrowType(type), std::move(children), shape.nullable, state);
}

}  // namespace

Result<std::shared_ptr<arrow::ArrayData>> ColumnBuilder::Wrap(int64_t length,
                                                              std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                                                              std::vector<std::shared_ptr<arrow::ArrayData>> children) {
  const int64_t nulls = nullable_ ? std::exchange(nulls_, 0) : 0;
  if (nulls > 0) {
    const std::span<const uint8_t> marks(valid_.data(), static_cast<size_t>(valid_.size()));
    ARROW_ASSIGN_OR_RAISE(buffers[0], arrow::internal::BytesToBits(marks, state_->pool));
  }
  valid_.Clear();
  return arrow::ArrayData::Make(type_, length, std::move(buffers), std::move(children), nulls);
}

Result<std::shared_ptr<arrow::ArrayData>> NullBuilder::Finish() {
  const int64_t length = std::exchange(length_, 0);
  return arrow::ArrayData::Make(type_, length, {nullptr}, length);
}

Result<std::shared_ptr<arrow::ArrayData>> BooleanBuilder::Finish() {
  const std::span<const uint8_t> bytes(values_.data(), static_cast<size_t>(values_.size()));
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::internal::BytesToBits(bytes, state_->pool));
  const int64_t length = values_.size();
  values_.Clear();
  return Wrap(length, {nullptr, std::move(bits)});
}

bool BytesBuilder::TooLong() {
  state_->Fail(Status::CapacityError("the text of one batch takes more than 2 GiB; read with smaller batches"));
  return false;
}

/// The bytes of all values are checked at once; then no value may start inside a character.
Status BytesBuilder::CheckText(int64_t length) {
  InitializeUtf8();
  const uint8_t* bytes = bytes_.data();
  bool valid = arrow::util::ValidateUTF8(bytes, bytes_.size());
  for (int64_t i = 0; valid && i < length; ++i) {
    const int32_t start = offsets_.data()[i];
    valid = start == bytes_.size() || (bytes[start] & 0xc0) != 0x80;
  }
  if (valid) return Status::OK();
  return Status::Invalid("a string holds bytes that are not UTF-8; declare the field as bytes in a reader 'schema'");
}

Result<std::shared_ptr<arrow::ArrayData>> BytesBuilder::Finish() {
  const int64_t length = offsets_.size();
  if (type_->id() == arrow::Type::STRING) ARROW_RETURN_NOT_OK(CheckText(length));
  if (!PushOffset()) return state_->status;
  ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish());
  ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Finish());
  return Wrap(length, {nullptr, std::move(offsets), std::move(bytes)});
}

bool FixedBuilder::AppendNull() {
  if (!MarkNull() || !bytes_.Reserve(std::max<int64_t>(width_, 1))) return false;
  std::memset(bytes_.data() + bytes_.size(), 0, static_cast<size_t>(width_));
  bytes_.Advance(width_);
  ++length_;
  return true;
}

Result<std::shared_ptr<arrow::ArrayData>> FixedBuilder::Finish() {
  ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Finish());
  return Wrap(std::exchange(length_, 0), {nullptr, std::move(bytes)});
}

bool StructBuilder::AppendNull() {
  ++length_;
  if (!MarkNull()) return false;
  for (const auto& child : children_) {
    if (!child->AppendNull()) return false;
  }
  return true;
}

bool StructBuilder::Reserve(int64_t rows) {
  if (!ReserveMarks(rows)) return false;
  for (const auto& child : children_) {
    if (!child->Reserve(rows)) return false;
  }
  return true;
}

Result<std::shared_ptr<arrow::ArrayData>> StructBuilder::Finish() {
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (const auto& child : children_) {
    ARROW_ASSIGN_OR_RAISE(auto data, child->Finish());
    children.push_back(std::move(data));
  }
  return Wrap(std::exchange(length_, 0), {nullptr}, std::move(children));
}

bool ListBuilder::AddItems(int64_t count) {
  count_ += count;
  if (count_ <= std::numeric_limits<int32_t>::max()) return true;
  state_->Fail(Status::CapacityError("the arrays of one batch have more than 2^31 items; read with smaller batches"));
  return false;
}

Result<std::shared_ptr<arrow::ArrayData>> ListBuilder::Finish() {
  const int64_t length = offsets_.size();
  if (!offsets_.Push(static_cast<int32_t>(count_))) return state_->status;
  ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish());
  ARROW_ASSIGN_OR_RAISE(auto items, items_->Finish());
  const int64_t count = std::exchange(count_, 0);
  if (!keys_) return Wrap(length, {nullptr, std::move(offsets)}, {std::move(items)});
  ARROW_ASSIGN_OR_RAISE(auto keys, keys_->Finish());
  const auto& entry_type = static_cast<const arrow::MapType&>(*type_).value_type();
  auto entries = arrow::ArrayData::Make(entry_type, count, {nullptr}, {std::move(keys), std::move(items)}, 0);
  return Wrap(length, {nullptr, std::move(offsets)}, {std::move(entries)});
}

std::unique_ptr<ColumnBuilder> MakeColumnBuilder(const TypePtr& type, DecodeState* state) {
  const Shape shape = ShapeOf(type);
  if (!shape.single || shape.single->kind == Kind::kRecord) return MakeStructBuilder(type, shape, state);
  auto arrow_type = ToArrowType(type);
  const bool nullable = shape.nullable;
  switch (arrow_type->id()) {
    case arrow::Type::NA:
      return std::make_unique<NullBuilder>(std::move(arrow_type), nullable, state);
    case arrow::Type::BOOL:
      return std::make_unique<BooleanBuilder>(std::move(arrow_type), nullable, state);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
      return std::make_unique<NumberBuilder<int32_t>>(std::move(arrow_type), nullable, state);
    case arrow::Type::FLOAT:
      return std::make_unique<NumberBuilder<float>>(std::move(arrow_type), nullable, state);
    case arrow::Type::DOUBLE:
      return std::make_unique<NumberBuilder<double>>(std::move(arrow_type), nullable, state);
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return std::make_unique<BytesBuilder>(std::move(arrow_type), nullable, state);
    case arrow::Type::FIXED_SIZE_BINARY:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const int64_t width = static_cast<const arrow::FixedSizeBinaryType&>(*arrow_type).byte_width();
      return std::make_unique<FixedBuilder>(std::move(arrow_type), width, nullable, state);
    }
    case arrow::Type::LIST:
      return std::make_unique<ListBuilder>(std::move(arrow_type), nullptr, MakeColumnBuilder(shape.single->element, state),
                                           nullable, state);
    case arrow::Type::MAP:
      return std::make_unique<ListBuilder>(std::move(arrow_type), MakeColumnBuilder(Primitive(Kind::kString), state),
                                           MakeColumnBuilder(shape.single->element, state), nullable, state);
    default:
      return std::make_unique<NumberBuilder<int64_t>>(std::move(arrow_type), nullable, state);
  }
}

}  // namespace millstream::avro
