// Structs and lists.
#include <algorithm>

#include <arrow/array/array_nested.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>

#include "millstream/format/json/column_decoder_internal.h"
#include "millstream/format/json/column_factories.h"

namespace millstream::json_format {
namespace {

std::vector<std::string> FieldNames(const arrow::DataType& type) {
  std::vector<std::string> names;
  for (const auto& field : type.fields()) names.push_back(field->name());
  return names;
}

/// An object whose keys have columns of their own; others are errors, or passed over where not all known ones are wanted.
class StructDecoder final : public ColumnDecoderBase {
 public:
  StructDecoder(const std::shared_ptr<arrow::DataType>& type, std::string path, DecodeState* state,
                std::vector<DecoderPtr> children)
      : ColumnDecoderBase(type, std::move(path), state),
        keys_(FieldNames(*type)),
        other_keys_(state->partial.contains(type_.get()) ? OtherKeys::kPassOver : OtherKeys::kError),
        children_(std::move(children)) {}

  Status Append(const Block& block, const Slots& slots) override {
    if (slots.count == 0) return Status::OK();  // there are no ordinals to point at
    const int64_t row = validity_.length();
    const size_t width = children_.size();
    ARROW_RETURN_NOT_OK(validity_.Extend(slots.count));
    ordinals_.assign(slots.count * width, 0);
    SyntaxError error;
    for (uint32_t i = 0; i < slots.count; ++i) {
      const uint32_t k = slots[i];
      uint32_t* out = ordinals_.data() + i * width;
      if (k == 0) {
        ARROW_RETURN_NOT_OK(validity_.SetNull(row + i));
      } else if (block.Byte(k) != '{') {
        ARROW_RETURN_NOT_OK(NullOrRefuse(block, k, row + i));
      } else {
        WalkObject(block, k, keys_, other_keys_, &error, [out](int field, uint32_t value) { out[field] = value; });
        if (error.message) return Broken(block, error);
      }
    }
    for (size_t field = 0; field < width; ++field) {
      const Slots values{ordinals_.data() + field, static_cast<uint32_t>(width), slots.count};
      ARROW_RETURN_NOT_OK(children_[field]->Append(block, values));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    const int64_t rows = validity_.length();
    const int64_t nulls = validity_.nulls();
    arrow::ArrayDataVector children;
    for (const auto& child : children_) {
      ARROW_ASSIGN_OR_RAISE(auto values, child->Finish());
      children.push_back(values->data());
    }
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.Finish());
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {std::move(bitmap)}, std::move(children), nulls));
  }

 private:
  const KeyTable keys_;
  const OtherKeys other_keys_;
  std::vector<DecoderPtr> children_;
  std::vector<uint32_t> ordinals_;  // of the values, `children_.size()` a row
};

class ListDecoder final : public ColumnDecoderBase {
 public:
  ListDecoder(const std::shared_ptr<arrow::DataType>& type, std::string path, DecodeState* state, DecoderPtr items)
      : ColumnDecoderBase(type, std::move(path), state), offsets_(pool()), items_(std::move(items)) {}

  Status Append(const Block& block, const Slots& slots) override {
    const int64_t row = validity_.length();
    ARROW_RETURN_NOT_OK(validity_.Extend(slots.count));
    ARROW_RETURN_NOT_OK(offsets_.Reserve(slots.count + 1));
    if (offsets_.length() == 0) offsets_.UnsafeAppend(0);
    ordinals_.clear();
    SyntaxError error;
    for (uint32_t i = 0; i < slots.count; ++i) {
      const uint32_t k = slots[i];
      if (k == 0) {
        ARROW_RETURN_NOT_OK(validity_.SetNull(row + i));
      } else if (block.Byte(k) != '[') {
        ARROW_RETURN_NOT_OK(NullOrRefuse(block, k, row + i));
      } else {
        WalkList(block, k, &error, [this](uint32_t value) { ordinals_.push_back(value); });
        if (error.message) return Broken(block, error);
      }
      const int64_t end = items_count_ + static_cast<int64_t>(ordinals_.size());
      if (end > INT32_MAX) return Status::CapacityError("column '", path_, "' has more than 2^31 list items in one batch");
      offsets_.UnsafeAppend(static_cast<int32_t>(end));
    }
    items_count_ += static_cast<int64_t>(ordinals_.size());
    return items_->Append(block, {ordinals_.data(), 1, static_cast<uint32_t>(ordinals_.size())});
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    const int64_t rows = validity_.length();
    const int64_t nulls = validity_.nulls();
    if (rows == 0) ARROW_RETURN_NOT_OK(offsets_.Append(0));
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Finish(/*shrink_to_fit=*/false));
    ARROW_ASSIGN_OR_RAISE(auto items, items_->Finish());
    items_count_ = 0;
    return arrow::MakeArray(
        arrow::ArrayData::Make(type_, rows, {std::move(bitmap), std::move(offsets)}, {items->data()}, nulls));
  }

 private:
  arrow::TypedBufferBuilder<int32_t> offsets_;
  DecoderPtr items_;
  std::vector<uint32_t> ordinals_;
  int64_t items_count_ = 0;
};

}  // namespace

Result<DecoderPtr> MakeStructDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path,
                                     DecodeState* state) {
  std::vector<DecoderPtr> children;
  for (const auto& field : type->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto child, MakeColumnDecoder(field->type(), path + "." + field->name(), state));
    children.push_back(std::move(child));
  }
  return std::make_unique<StructDecoder>(type, path, state, std::move(children));
}

Result<DecoderPtr> MakeListDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state) {
  ARROW_ASSIGN_OR_RAISE(auto items, MakeColumnDecoder(type->field(0)->type(), path + "[]", state));
  return std::make_unique<ListDecoder>(type, path, state, std::move(items));
}

}  // namespace millstream::json_format
