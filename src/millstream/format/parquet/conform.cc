#include "millstream/format/parquet/conform.h"

#include <sys/mman.h>

#include <cstring>

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

namespace millstream::parquet_format {
namespace {

using arrow::Type;

bool IsText(Type::type id) { return id == Type::STRING || id == Type::LARGE_STRING || id == Type::STRING_VIEW; }
bool IsBytes(Type::type id) { return id == Type::BINARY || id == Type::LARGE_BINARY || id == Type::BINARY_VIEW; }

bool WidensNumber(const arrow::DataType& from, const arrow::DataType& to) {
  const int from_bits = from.bit_width();
  const int to_bits = to.bit_width();
  if (arrow::is_floating(to.id())) {
    if (arrow::is_floating(from.id())) return from_bits <= to_bits;
    return arrow::is_integer(from.id()) && to.id() == Type::DOUBLE;
  }
  if (!arrow::is_integer(from.id()) || !arrow::is_integer(to.id())) return false;
  const bool same_sign = arrow::is_signed_integer(from.id()) == arrow::is_signed_integer(to.id());
  if (same_sign) return from_bits <= to_bits;
  return arrow::is_signed_integer(to.id()) && from_bits < to_bits;
}

bool ConformsTime(const arrow::DataType& from, const arrow::DataType& to) {
  const auto& a = static_cast<const arrow::TimestampType&>(from);
  const auto& b = static_cast<const arrow::TimestampType&>(to);
  return a.timezone() == b.timezone() && a.unit() <= b.unit();
}

bool ConformsDecimal(const arrow::DataType& from, const arrow::DataType& to) {
  const auto& a = static_cast<const arrow::DecimalType&>(from);
  const auto& b = static_cast<const arrow::DecimalType&>(to);
  return a.scale() == b.scale() && a.precision() <= b.precision();
}

std::shared_ptr<arrow::Field> FrameField(const std::shared_ptr<arrow::Field>& field) {
  return field->WithType(FrameType(field->type()));
}

Result<std::shared_ptr<arrow::Array>> ConformStruct(const arrow::StructArray& array, const std::shared_ptr<arrow::DataType>& to,
                                                    arrow::MemoryPool* pool) {
  arrow::ArrayVector children;
  for (const auto& field : to->fields()) {
    const int index = array.struct_type()->GetFieldIndex(field->name());
    if (index < 0) return Status::Invalid("the struct has no single child '", field->name(), "'");
    ARROW_ASSIGN_OR_RAISE(auto child, Conform(array.field(index), field->type(), pool));
    children.push_back(std::move(child));
  }
  // Children from field() are sliced to the parent's rows, so the parent's validity has to start at row 0 as well.
  std::shared_ptr<arrow::Buffer> validity = array.null_bitmap();
  if (validity && array.offset() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, validity->data(), array.offset(), array.length()));
  }
  return std::make_shared<arrow::StructArray>(to, array.length(), std::move(children), std::move(validity), array.null_count());
}

template <typename ListArray>
Result<std::shared_ptr<arrow::Array>> ConformList(const ListArray& array, const std::shared_ptr<arrow::DataType>& to,
                                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto values, Conform(array.values(), to->field(0)->type(), pool));
  auto data = array.data()->Copy();
  data->type = to;
  data->child_data = {values->data()};
  return arrow::MakeArray(data);
}

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& to, arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  if (to->id() == Type::DICTIONARY && array->type_id() == Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
    const auto& type = static_cast<const arrow::DictionaryType&>(*to);
    const auto cast = [&](const std::shared_ptr<arrow::Array>& part, const std::shared_ptr<arrow::DataType>& part_type) {
      return arrow::compute::Cast(arrow::Datum(part), arrow::compute::CastOptions::Safe(part_type), &context);
    };
    ARROW_ASSIGN_OR_RAISE(const auto codes, cast(encoded.indices(), type.index_type()));
    ARROW_ASSIGN_OR_RAISE(const auto values, cast(encoded.dictionary(), type.value_type()));
    return arrow::DictionaryArray::FromArrays(to, codes.make_array(), values.make_array());
  }
  if (to->id() == Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(
        auto encoded,
        arrow::compute::DictionaryEncode(arrow::Datum(array), arrow::compute::DictionaryEncodeOptions::Defaults(), &context));
    const auto encoded_array = encoded.make_array();
    if (encoded_array->type()->Equals(to)) return encoded_array;
    return CastTo(encoded_array, to, pool);
  }
  ARROW_ASSIGN_OR_RAISE(auto cast, arrow::compute::Cast(arrow::Datum(array), arrow::compute::CastOptions::Safe(to), &context));
  return cast.make_array();
}

/// Zeros that nobody writes. The system backs them with its one page of zeros, so up to kSharedZeros they take no memory.
Result<std::shared_ptr<arrow::Buffer>> Zeros(int64_t bytes, arrow::MemoryPool* pool) {
  constexpr int64_t kSharedZeros = 32 << 20;
  static void* const shared = mmap(nullptr, kSharedZeros, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (shared != MAP_FAILED && bytes <= kSharedZeros) {
    return std::make_shared<arrow::Buffer>(static_cast<const uint8_t*>(shared), bytes);
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> zeros, arrow::AllocateBuffer(bytes, pool));
  std::memset(zeros->mutable_data(), 0, static_cast<size_t>(bytes));
  return zeros;
}

}  // namespace

std::shared_ptr<arrow::DataType> FrameType(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::EXTENSION:
      return FrameType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    case Type::STRING_VIEW:
      return arrow::utf8();
    case Type::BINARY_VIEW:
      return arrow::binary();
    case Type::DICTIONARY: {
      // Files differ in the width of their codes by how many values they have.
      const auto& encoded = static_cast<const arrow::DictionaryType&>(*type);
      return arrow::dictionary(arrow::int32(), FrameType(encoded.value_type()), encoded.ordered());
    }
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(FrameField(field));
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
      return arrow::list(FrameField(type->field(0)));
    case Type::LARGE_LIST:
      return arrow::large_list(FrameField(type->field(0)));
    default:
      return type;
  }
}

bool Conforms(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to) || from.id() == Type::NA) return true;
  if (from.id() == Type::EXTENSION) {
    return Conforms(*static_cast<const arrow::ExtensionType&>(from).storage_type(), to);
  }
  if (from.id() == Type::DICTIONARY || to.id() == Type::DICTIONARY) {
    const auto value = [](const arrow::DataType& type) -> const arrow::DataType& {
      return type.id() == Type::DICTIONARY ? *static_cast<const arrow::DictionaryType&>(type).value_type() : type;
    };
    return value(from).Equals(value(to)) || (IsText(value(from).id()) && IsText(value(to).id()));
  }
  if (IsText(from.id())) return IsText(to.id());
  if (IsBytes(from.id())) return IsBytes(to.id());
  if (arrow::is_integer(from.id()) || arrow::is_floating(from.id())) {
    return (arrow::is_integer(to.id()) || arrow::is_floating(to.id())) && WidensNumber(from, to);
  }
  if (arrow::is_decimal(from.id())) return arrow::is_decimal(to.id()) && ConformsDecimal(from, to);
  if (from.id() != to.id()) return false;
  if (from.id() == Type::TIMESTAMP) return ConformsTime(from, to);
  if (from.id() == Type::LIST || from.id() == Type::LARGE_LIST) {
    return Conforms(*from.field(0)->type(), *to.field(0)->type());
  }
  if (from.id() != Type::STRUCT) return false;
  for (const auto& field : to.fields()) {
    const int index = static_cast<const arrow::StructType&>(from).GetFieldIndex(field->name());
    if (index < 0 || !Conforms(*from.field(index)->type(), *field->type())) return false;
  }
  return true;
}

Result<std::shared_ptr<arrow::Array>> Conform(const std::shared_ptr<arrow::Array>& array,
                                              const std::shared_ptr<arrow::DataType>& to, arrow::MemoryPool* pool) {
  if (array->type()->Equals(to)) return array;
  switch (array->type_id()) {
    case Type::NA:
      return arrow::MakeArrayOfNull(to, array->length(), pool);
    case Type::EXTENSION:
      return Conform(static_cast<const arrow::ExtensionArray&>(*array).storage(), to, pool);
    case Type::STRUCT:
      return ConformStruct(static_cast<const arrow::StructArray&>(*array), to, pool);
    case Type::LIST:
      return ConformList(static_cast<const arrow::ListArray&>(*array), to, pool);
    case Type::LARGE_LIST:
      return ConformList(static_cast<const arrow::LargeListArray&>(*array), to, pool);
    default:
      return CastTo(array, to, pool);
  }
}

bool HasStandIn(const arrow::DataType& type) {
  return arrow::is_primitive(type.id()) || arrow::is_decimal(type.id()) || arrow::is_base_binary_like(type.id());
}

Result<std::shared_ptr<arrow::Array>> StandIn(const std::shared_ptr<arrow::DataType>& type, int64_t rows,
                                              arrow::MemoryPool* pool) {
  const bool is_binary = arrow::is_base_binary_like(type->id());
  const int64_t offset_bits = arrow::is_large_binary_like(type->id()) ? 64 : 32;
  const int64_t bits = is_binary ? offset_bits * (rows + 1) : type->bit_width() * rows;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> zeros, Zeros(arrow::bit_util::BytesForBits(bits), pool));
  std::vector<std::shared_ptr<arrow::Buffer>> buffers = {nullptr, std::move(zeros)};
  if (is_binary) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> no_bytes, arrow::AllocateBuffer(0, pool));
    buffers.push_back(std::move(no_bytes));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, rows, std::move(buffers), /*null_count=*/0));
}

}  // namespace millstream::parquet_format
