#include "millstream/format/avro/encoder.h"

#include <cstring>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/bit_util.h>

#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/leaf_encoders.h"
#include "millstream/format/avro/scratch.h"
#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

class ConstantEncoder final : public Encoder {
 public:
  explicit ConstantEncoder(std::string bytes) : bytes_(std::move(bytes)) {}
  Status Bind(const std::shared_ptr<arrow::Array>&) override { return Status::OK(); }
  Status AddSizes(int64_t, int64_t count, int64_t* sizes) override {
    for (int64_t i = 0; i < count; ++i) sizes[i] += static_cast<int64_t>(bytes_.size());
    return Status::OK();
  }
  void Write(int64_t, int64_t count, uint8_t** at) override {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(at[i], bytes_.data(), bytes_.size());
      at[i] += bytes_.size();
    }
  }

 private:
  std::string bytes_;
};

/// The number of a union's branch as bytes; empty outside a union.
std::string BranchBytes(int64_t branch) {
  if (branch < 0) return "";
  uint8_t bytes[kMaxVarintBytes];
  return std::string(bytes, WriteVarint(bytes, ZigZag(branch)));
}

/// Writes the branch of a union, and gives its child runs of values that are not null; outside a union nulls are errors.
class NullableEncoder final : public Encoder {
 public:
  NullableEncoder(std::unique_ptr<Encoder> child, int64_t null_branch, int64_t value_branch)
      : child_(std::move(child)),
        null_(BranchBytes(null_branch)),
        value_(BranchBytes(value_branch)),
        may_be_null_(null_branch >= 0) {}

  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = array;
    has_nulls_ = array->null_count() > 0 && array->type_id() != arrow::Type::NA;
    return child_->Bind(array);
  }

  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    int64_t valid = 0;
    Status status = ForEachRun(start, count, [&](int64_t at, int64_t length) {
      valid += length;
      if (!value_.empty()) AddConstant(value_, length, sizes + at);
      return child_->AddSizes(start + at, length, sizes + at);
    });
    ARROW_RETURN_NOT_OK(status);
    if (valid == count) return Status::OK();
    if (!may_be_null_) return Status::Invalid("a null in a field whose Avro type is not a union with null");
    for (int64_t i = 0; i < count; ++i) {
      if (array_->IsNull(start + i)) sizes[i] += static_cast<int64_t>(null_.size());
    }
    return Status::OK();
  }

  void Write(int64_t start, int64_t count, uint8_t** at) override {
    if (!value_.empty()) WriteBranches(start, count, at);
    // Encoders fail in AddSizes only; the status says that Write is a visitor that cannot.
    (void)ForEachRun(start, count, [&](int64_t first, int64_t length) {
      child_->Write(start + first, length, at + first);
      return Status::OK();
    });
  }

 private:
  static void AddConstant(const std::string& bytes, int64_t count, int64_t* sizes) {
    const auto size = static_cast<int64_t>(bytes.size());
    for (int64_t i = 0; i < count; ++i) sizes[i] += size;
  }

  void WriteBranches(int64_t start, int64_t count, uint8_t** at) const {
    if (value_.size() == 1 && null_.size() <= 1) {  // nearly all unions
      const auto value = static_cast<uint8_t>(value_[0]);
      if (!has_nulls_) {
        for (int64_t i = 0; i < count; ++i) *at[i]++ = value;
        return;
      }
      const uint8_t branches[2] = {null_.empty() ? value : static_cast<uint8_t>(null_[0]), value};
      const uint8_t* bitmap = array_->null_bitmap_data();
      const int64_t first = array_->offset() + start;
      for (int64_t i = 0; i < count; ++i) *at[i]++ = branches[arrow::bit_util::GetBit(bitmap, first + i) ? 1 : 0];
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      for (const char byte : has_nulls_ && array_->IsNull(start + i) ? null_ : value_) *at[i]++ = static_cast<uint8_t>(byte);
    }
  }

  template <typename Visit>
  Status ForEachRun(int64_t start, int64_t count, const Visit& visit) const {
    if (!has_nulls_) return visit(0, count);
    arrow::internal::SetBitRunReader runs(array_->null_bitmap_data(), array_->offset() + start, count);
    for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
      ARROW_RETURN_NOT_OK(visit(run.position, run.length));
    }
    return Status::OK();
  }

  std::unique_ptr<Encoder> child_;
  std::string null_;
  std::string value_;
  bool may_be_null_;
  std::shared_ptr<arrow::Array> array_;
  bool has_nulls_ = false;
};

class RecordEncoder final : public Encoder {
 public:
  struct Member {
    std::string name;
    std::unique_ptr<Encoder> encoder;
    int column;  ///< of the struct; -1 for a constant
  };
  explicit RecordEncoder(std::vector<Member> members) : members_(std::move(members)) {}

  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    const auto& column = static_cast<const arrow::StructArray&>(*array);
    for (Member& member : members_) {
      if (member.column >= 0) ARROW_RETURN_NOT_OK(member.encoder->Bind(column.field(member.column)));
    }
    return Status::OK();
  }
  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    for (Member& member : members_) {
      ARROW_RETURN_NOT_OK(WithPlace(member.encoder->AddSizes(start, count, sizes), "field '" + member.name + "'"));
    }
    return Status::OK();
  }
  void Write(int64_t start, int64_t count, uint8_t** at) override {
    for (Member& member : members_) member.encoder->Write(start, count, at);
  }

 private:
  std::vector<Member> members_;
};

/// Arrays and maps: one block with all items (count, items), then an empty one.
template <typename ArrayType>
class ListEncoder final : public Encoder {
 public:
  /// `keys` is set for maps only: an item is then its key and its value.
  ListEncoder(std::unique_ptr<Encoder> keys, std::unique_ptr<Encoder> items, arrow::MemoryPool* pool)
      : keys_(std::move(keys)), items_(std::move(items)), sizes_(pool), at_(pool) {}

  Status Bind(const std::shared_ptr<arrow::Array>& array) override {
    array_ = std::static_pointer_cast<ArrayType>(array);
    if constexpr (std::is_same_v<ArrayType, arrow::MapArray>) {
      ARROW_RETURN_NOT_OK(keys_->Bind(array_->keys()));
      return items_->Bind(array_->items());
    } else {
      return items_->Bind(array_->values());
    }
  }

  Status AddSizes(int64_t start, int64_t count, int64_t* sizes) override {
    if (count == 0) return Status::OK();
    const int64_t first = array_->value_offset(start);
    ARROW_RETURN_NOT_OK(at_.Grow(array_->value_offset(start + count) - first));
    ARROW_RETURN_NOT_OK(ItemSizes(start, count));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t from = array_->value_offset(start + i), to = array_->value_offset(start + i + 1);
      if (to > from) sizes[i] += VarintSize(ZigZag(to - from));
      ++sizes[i];
      for (int64_t item = from; item < to; ++item) sizes[i] += sizes_.data()[item - first];
    }
    return Status::OK();
  }

  void Write(int64_t start, int64_t count, uint8_t** at) override {
    if (count == 0) return;
    // AddSizes made the room for it and found nothing wrong; the sizes themselves may be another run's by now.
    (void)ItemSizes(start, count);
    const int64_t first = array_->value_offset(start), last = array_->value_offset(start + count);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t from = array_->value_offset(start + i), to = array_->value_offset(start + i + 1);
      if (to > from) at[i] = WriteVarint(at[i], ZigZag(to - from));
      for (int64_t item = from - first; item < to - first; ++item) {
        at_.data()[item] = at[i];
        at[i] += sizes_.data()[item];
      }
      *at[i]++ = 0;
    }
    if (keys_) keys_->Write(first, last - first, at_.data());
    items_->Write(first, last - first, at_.data());
  }

 private:
  Status ItemSizes(int64_t start, int64_t count) {
    const int64_t first = array_->value_offset(start), items = array_->value_offset(start + count) - first;
    ARROW_RETURN_NOT_OK(sizes_.Grow(items));
    std::fill_n(sizes_.data(), items, 0);
    if (keys_) ARROW_RETURN_NOT_OK(keys_->AddSizes(first, items, sizes_.data()));
    return items_->AddSizes(first, items, sizes_.data());
  }

  std::unique_ptr<Encoder> keys_;
  std::unique_ptr<Encoder> items_;
  std::shared_ptr<ArrayType> array_;
  Scratch<int64_t> sizes_;
  Scratch<uint8_t*> at_;
};

using Column = std::shared_ptr<arrow::DataType>;

Status DoesNotFit(const Type& type, const arrow::DataType& column) {
  return Status::TypeError(column.ToString(), " cannot be written as Avro ", TypeName(type),
                           "; change the schema or cast the column");
}

Result<BuiltEncoder> MakeRecord(const Type& type, const Column& column, arrow::MemoryPool* pool) {
  if (column->id() != arrow::Type::STRUCT) return DoesNotFit(type, *column);
  const auto& source = static_cast<const arrow::StructType&>(*column);
  arrow::FieldVector wire = source.fields();
  std::vector<RecordEncoder::Member> members;
  for (const Field& field : type.fields) {
    const int index = source.GetFieldIndex(field.name);
    if (index < 0) return Status::TypeError("the struct has no field '", field.name, "' that the Avro schema names");
    auto built = MakeEncoder(field.type, wire[index]->type(), pool);
    if (!built.ok()) return WithPlace(built.status(), "field '" + field.name + "'");
    wire[index] = wire[index]->WithType(built->type);
    members.push_back({field.name, std::move(built->encoder), index});
  }
  if (type.fields.size() != wire.size()) {
    return Status::TypeError("the struct has ", wire.size(), " fields, the Avro record '", type.name, "' ", type.fields.size());
  }
  return BuiltEncoder{std::make_unique<RecordEncoder>(std::move(members)), arrow::struct_(std::move(wire))};
}

Result<BuiltEncoder> MakeList(const Type& type, const Column& column, arrow::MemoryPool* pool) {
  const auto id = column->id();
  if (id != arrow::Type::LIST && id != arrow::Type::LARGE_LIST && id != arrow::Type::FIXED_SIZE_LIST) {
    return DoesNotFit(type, *column);
  }
  const auto& item = column->field(0);
  ARROW_ASSIGN_OR_RAISE(BuiltEncoder items, MakeEncoder(type.element, item->type(), pool));
  const auto wire = item->WithType(items.type);
  if (id == arrow::Type::LARGE_LIST) {
    return BuiltEncoder{std::make_unique<ListEncoder<arrow::LargeListArray>>(nullptr, std::move(items.encoder), pool),
                        arrow::large_list(wire)};
  }
  return BuiltEncoder{std::make_unique<ListEncoder<arrow::ListArray>>(nullptr, std::move(items.encoder), pool),
                      arrow::list(wire)};
}

Result<BuiltEncoder> MakeMap(const Type& type, const Column& column, arrow::MemoryPool* pool) {
  if (column->id() != arrow::Type::MAP) return DoesNotFit(type, *column);
  const auto& map = static_cast<const arrow::MapType&>(*column);
  ARROW_ASSIGN_OR_RAISE(BuiltEncoder keys, MakeEncoder(Primitive(Kind::kString), map.key_type(), pool));
  ARROW_ASSIGN_OR_RAISE(BuiltEncoder values, MakeEncoder(type.element, map.item_type(), pool));
  auto wire = std::make_shared<arrow::MapType>(map.key_field()->WithType(keys.type), map.item_field()->WithType(values.type));
  return BuiltEncoder{std::make_unique<ListEncoder<arrow::MapArray>>(std::move(keys.encoder), std::move(values.encoder), pool),
                      std::move(wire)};
}

/// An encoder of values that are not null, as a type that is not a union.
Result<BuiltEncoder> MakeValue(const Type& type, const Column& column, arrow::MemoryPool* pool) {
  if (column->id() == arrow::Type::EXTENSION) {
    return MakeValue(type, static_cast<const arrow::ExtensionType&>(*column).storage_type(), pool);
  }
  switch (type.kind) {
    case Kind::kRecord:
      return MakeRecord(type, column, pool);
    case Kind::kArray:
      return MakeList(type, column, pool);
    case Kind::kMap:
      return MakeMap(type, column, pool);
    default:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(auto wire, LeafWireType(type, column));
  ARROW_ASSIGN_OR_RAISE(auto encoder, MakeLeafEncoder(type, *wire, pool));
  return BuiltEncoder{std::move(encoder), std::move(wire)};
}

/// Of the branches that can hold the column the one that needs no cast, else the first.
Result<BuiltEncoder> MakeUnion(const TypePtr& type, const Column& column, arrow::MemoryPool* pool) {
  int64_t null_branch = -1, value_branch = -1;
  BuiltEncoder chosen;
  Status reason = DoesNotFit(*type, *column);
  for (size_t i = 0; i < type->branches.size(); ++i) {
    if (type->branches[i]->kind == Kind::kNull) null_branch = static_cast<int64_t>(i);
    auto built = MakeValue(*type->branches[i], column, pool);
    if (!built.ok()) {
      if (type->branches.size() <= 2 && type->branches[i]->kind != Kind::kNull) reason = built.status();
      continue;
    }
    if (chosen.encoder && !(built->type->Equals(*column) && !chosen.type->Equals(*column))) continue;
    chosen = std::move(*built);
    value_branch = static_cast<int64_t>(i);
  }
  if (!chosen.encoder) return reason;
  return BuiltEncoder{std::make_unique<NullableEncoder>(std::move(chosen.encoder), null_branch, value_branch),
                      std::move(chosen.type)};
}

}  // namespace

Result<BuiltEncoder> MakeEncoder(const TypePtr& type, const Column& column, arrow::MemoryPool* pool) {
  if (type->kind == Kind::kUnion) return MakeUnion(type, column, pool);
  ARROW_ASSIGN_OR_RAISE(BuiltEncoder built, MakeValue(*type, column, pool));
  if (type->kind == Kind::kNull) return built;
  return BuiltEncoder{std::make_unique<NullableEncoder>(std::move(built.encoder), -1, -1), std::move(built.type)};
}

std::unique_ptr<Encoder> MakeConstantEncoder(std::string bytes) { return std::make_unique<ConstantEncoder>(std::move(bytes)); }

}  // namespace millstream::avro
