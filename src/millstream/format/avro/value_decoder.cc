#include "millstream/format/avro/value_decoder.h"

#include <algorithm>
#include <cmath>

#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/default_value.h"
#include "millstream/format/avro/leaf_decoders.h"
#include "millstream/format/avro/skip.h"
#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

using DecoderPtr = std::unique_ptr<ValueDecoder>;

/// A branch of the writer's union that the reader's type cannot take: an error only once such a value comes.
class MismatchDecoder final : public ValueDecoder {
 public:
  MismatchDecoder(Status error, DecodeState* state) : error_(std::move(error)), state_(state) {}
  const uint8_t* Decode(const uint8_t*, const uint8_t*) override { return state_->Fail(error_); }

 private:
  Status error_;
  DecodeState* state_;
};

/// The default of a field that the writer does not have.
class DefaultDecoder final : public ValueDecoder {
 public:
  DefaultDecoder(std::string bytes, DecoderPtr decoder) : bytes_(std::move(bytes)), decoder_(std::move(decoder)) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t*) override {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes_.data());
    return decoder_->Decode(data, data + bytes_.size()) == nullptr ? nullptr : at;
  }

 private:
  std::string bytes_;
  DecoderPtr decoder_;
};

class SkipDecoder final : public ValueDecoder {
 public:
  explicit SkipDecoder(DecodeState* state) : state_(state) {}
  void Add(const Type& type) { skipper_.Add(type); }
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override { return skipper_.Skip(at, end, state_); }

 private:
  Skipper skipper_;
  DecodeState* state_;
};

/// The fields of a record in the writer's order, then the defaults of those it has not.
class FieldsDecoder final : public ValueDecoder {
 public:
  struct Step {
    std::string name;
    DecoderPtr decoder;
  };
  FieldsDecoder(std::vector<Step> steps, DecodeState* state) : steps_(std::move(steps)), state_(state) {}

  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override {
    for (const Step& step : steps_) {
      at = step.decoder->Decode(at, end);
      if (at == nullptr) [[unlikely]]
        return Failed(step);
    }
    return at;
  }

 private:
  std::nullptr_t Failed(const Step& step) {
    std::string& path = state_->path;
    path = path.empty() || step.name.empty() ? step.name + path : step.name + "." + path;
    return nullptr;
  }

  std::vector<Step> steps_;
  DecodeState* state_;
};

class RecordDecoder final : public ValueDecoder {
 public:
  RecordDecoder(StructBuilder* column, DecoderPtr fields) : column_(column), fields_(std::move(fields)) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override {
    return column_->Append() ? fields_->Decode(at, end) : nullptr;
  }

 private:
  StructBuilder* column_;
  DecoderPtr fields_;
};

/// Arrays and maps: blocks of a count (negative: the block's size follows) and items, up to a count of 0.
class ItemsDecoder final : public ValueDecoder {
 public:
  ItemsDecoder(ListBuilder* column, DecoderPtr keys, DecoderPtr items, int64_t min_bytes)
      : column_(column), keys_(std::move(keys)), items_(std::move(items)), min_bytes_(min_bytes + (keys_ ? 1 : 0)) {}

  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override {
    if (!column_->Append()) return nullptr;
    while (true) {
      int64_t count = 0;
      if ((at = ReadCount(at, end, &count)) == nullptr) return nullptr;
      if (count == 0) return at;
      if (!column_->AddItems(count)) return nullptr;
      for (; count > 0; --count) {
        if (keys_ && (at = keys_->Decode(at, end)) == nullptr) return nullptr;
        if ((at = items_->Decode(at, end)) == nullptr) return nullptr;
      }
    }
  }

 private:
  const uint8_t* ReadCount(const uint8_t* at, const uint8_t* end, int64_t* count) {
    DecodeState* state = column_->state();
    if ((at = ReadLong(at, end, count)) == nullptr) return state->FailEarly();
    if (*count < 0) {
      int64_t bytes = 0;
      at = ReadLong(at, end, &bytes);
      if (at == nullptr || *count == INT64_MIN) return state->FailEarly();
      *count = -*count;
    }
    // A damaged count must not cost more than the bytes that are there can justify.
    if (min_bytes_ > 0 ? *count > (end - at) / min_bytes_
                       : (state->empty_items -= std::min(*count, state->empty_items + 1)) < 0) {
      return state->Fail(Status::Invalid("an array of ", *count, " items does not fit the data"));
    }
    return at;
  }

  ListBuilder* column_;
  DecoderPtr keys_;
  DecoderPtr items_;
  int64_t min_bytes_;
};

class UnionDecoder final : public ValueDecoder {
 public:
  UnionDecoder(std::vector<DecoderPtr> branches, DecodeState* state) : branches_(std::move(branches)), state_(state) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override {
    int64_t branch = 0;
    at = ReadLong(at, end, &branch);
    if (at == nullptr) return state_->FailEarly();
    if (branch < 0 || branch >= static_cast<int64_t>(branches_.size())) {
      return state_->Fail(Status::Invalid("branch ", branch, " of a union with ", branches_.size(), " branches"));
    }
    return branches_[static_cast<size_t>(branch)]->Decode(at, end);
  }

 private:
  std::vector<DecoderPtr> branches_;
  DecodeState* state_;
};

/// A value of a union that is a struct column: its member gets the value, the others null.
class MemberDecoder final : public ValueDecoder {
 public:
  MemberDecoder(StructBuilder* column, size_t member, DecoderPtr value)
      : column_(column), member_(member), value_(std::move(value)) {}
  const uint8_t* Decode(const uint8_t* at, const uint8_t* end) override {
    if (!column_->Append()) return nullptr;
    for (size_t i = 0; i < column_->num_children(); ++i) {
      if (i != member_ && !column_->child(i)->AppendNull()) return nullptr;
    }
    return value_->Decode(at, end);
  }

 private:
  StructBuilder* column_;
  size_t member_;
  DecoderPtr value_;
};

Status NoMatch(const Type& writer, const Type& reader) {
  return Status::TypeError("Avro ", TypeName(writer), " cannot be read as ", TypeName(reader),
                           "; give a reader 'schema' that fits all files");
}

/// Both are single types, neither a union.
Result<DecoderPtr> MakeSingle(const TypePtr& writer, const TypePtr& reader, ColumnBuilder* column) {
  DecodeState* state = column->state();
  if (writer->kind != reader->kind || writer->kind < Kind::kRecord) return MakeLeafDecoder(*writer, *reader, column);
  if (writer->kind == Kind::kRecord) {
    auto* builder = static_cast<StructBuilder*>(column);
    std::vector<WantedField> wanted;
    for (size_t i = 0; i < reader->fields.size(); ++i) wanted.push_back({&reader->fields[i], builder->child(i)});
    ARROW_ASSIGN_OR_RAISE(DecoderPtr fields, MakeFieldsDecoder(*writer, wanted, state));
    return std::make_unique<RecordDecoder>(builder, std::move(fields));
  }
  auto* builder = static_cast<ListBuilder*>(column);
  DecoderPtr keys;
  if (writer->kind == Kind::kMap) {
    const TypePtr text = Primitive(Kind::kString);
    ARROW_ASSIGN_OR_RAISE(keys, MakeValueDecoder(text, text, builder->keys()));
  }
  ARROW_ASSIGN_OR_RAISE(DecoderPtr items, MakeValueDecoder(writer->element, reader->element, builder->items()));
  return std::make_unique<ItemsDecoder>(builder, std::move(keys), std::move(items), writer->element->min_bytes);
}

/// The writer's type, not a union, into a reader's union with members: the same type first, else the first that it resolves to.
Result<DecoderPtr> MakeMember(const TypePtr& writer, const Type& reader, const Shape& shape, ColumnBuilder* column) {
  auto* builder = static_cast<StructBuilder*>(column);
  std::vector<size_t> order;
  for (size_t i = 0; i < shape.members.size(); ++i) {
    if (TypeName(*shape.members[i]) == TypeName(*writer)) order.push_back(i);
  }
  for (size_t i = 0; i < shape.members.size(); ++i) order.push_back(i);
  for (const size_t i : order) {
    auto value = MakeValueDecoder(writer, shape.members[i], builder->child(i));
    if (value.ok()) return std::make_unique<MemberDecoder>(builder, i, std::move(*value));
  }
  return NoMatch(*writer, reader);
}

/// One decoder a branch. [null, T] has decoders of its own where T is a leaf.
Result<DecoderPtr> MakeFromUnion(const Type& writer, const TypePtr& reader, ColumnBuilder* column) {
  DecodeState* state = column->state();
  std::vector<DecoderPtr> branches;
  Status reason = NoMatch(writer, *reader);
  bool any = false;
  for (const TypePtr& branch : writer.branches) {
    auto decoder = MakeValueDecoder(branch, reader, column);
    any |= decoder.ok();
    if (!decoder.ok() && branch->kind != Kind::kNull) reason = decoder.status();
    branches.push_back(decoder.ok() ? std::move(*decoder) : std::make_unique<MismatchDecoder>(decoder.status(), state));
  }
  if (!any) return reason;
  return std::make_unique<UnionDecoder>(std::move(branches), state);
}

/// [null, T] or [T, null] of leaves into a column that takes null: the common case, without a second call a value.
DecoderPtr TryOptionalLeaf(const Type& writer, const TypePtr& reader, ColumnBuilder* column) {
  const Shape shape = ShapeOf(reader);
  if (writer.branches.size() != 2 || !shape.single || !shape.nullable) return nullptr;
  const int null_branch = writer.branches[0]->kind == Kind::kNull ? 0 : 1;
  const Type& value = *writer.branches[static_cast<size_t>(1 - null_branch)];
  const bool optional = writer.branches[static_cast<size_t>(null_branch)]->kind == Kind::kNull && value.kind < Kind::kRecord;
  return optional ? MakeOptionalLeafDecoder(value, *shape.single, null_branch, column) : nullptr;
}

/// The writer's field for a reader's field: by name, else by one of the reader's aliases.
const Field* FindField(const Type& writer, const Field& wanted) {
  const auto named = [&](const std::string& name) {
    const auto it = std::find_if(writer.fields.begin(), writer.fields.end(), [&](const Field& f) { return f.name == name; });
    return it == writer.fields.end() ? nullptr : &*it;
  };
  if (const Field* found = named(wanted.name)) return found;
  for (const std::string& alias : wanted.aliases) {
    if (const Field* found = named(alias)) return found;
  }
  return nullptr;
}

Result<DecoderPtr> MakeDefault(const Field& field, ColumnBuilder* column) {
  std::string bytes;
  Status status = Status::Invalid("the file does not have this field, and the reader's schema has no default for it");
  if (field.default_value) {
    status = EncodeDefault(*field.type, *field.default_value, &bytes);
  } else if (ShapeOf(field.type).nullable) {
    status = EncodeDefault(*field.type, nullptr, &bytes);
  }
  ARROW_RETURN_NOT_OK(status);
  ARROW_ASSIGN_OR_RAISE(DecoderPtr decoder, MakeValueDecoder(field.type, field.type, column));
  return std::make_unique<DefaultDecoder>(std::move(bytes), std::move(decoder));
}

}  // namespace

Result<DecoderPtr> MakeValueDecoder(const TypePtr& writer, const TypePtr& reader, ColumnBuilder* column) {
  if (writer->kind == Kind::kUnion) {
    if (DecoderPtr optional = TryOptionalLeaf(*writer, reader, column)) return optional;
    return MakeFromUnion(*writer, reader, column);
  }
  const Shape shape = ShapeOf(reader);
  if (writer->kind == Kind::kNull) {
    if (!shape.nullable) {
      return Status::TypeError("a null in a field that the first file, or the reader 'schema', declares as never null; ",
                               "give a reader 'schema' with a union with null");
    }
    return MakeNullDecoder(column);
  }
  if (!shape.single) return MakeMember(writer, *reader, shape, column);
  return MakeSingle(writer, shape.single, column);
}

Result<DecoderPtr> MakeFieldsDecoder(const Type& writer, const std::vector<WantedField>& wanted, DecodeState* state) {
  std::vector<const Field*> sources;
  for (const WantedField& want : wanted) sources.push_back(FindField(writer, *want.field));
  std::vector<FieldsDecoder::Step> steps;
  SkipDecoder* skipping = nullptr;
  for (const Field& field : writer.fields) {
    const auto it = std::find(sources.begin(), sources.end(), &field);
    if (it == sources.end()) {
      if (skipping == nullptr) {
        auto skip = std::make_unique<SkipDecoder>(state);
        skipping = skip.get();
        steps.push_back({"", std::move(skip)});
      }
      skipping->Add(*field.type);
      continue;
    }
    const WantedField& want = wanted[static_cast<size_t>(it - sources.begin())];
    auto decoder = MakeValueDecoder(field.type, want.field->type, want.column);
    if (!decoder.ok()) return WithPlace(decoder.status(), "field '" + want.field->name + "'");
    skipping = nullptr;
    steps.push_back({want.field->name, std::move(*decoder)});
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (sources[i] != nullptr) continue;
    auto decoder = MakeDefault(*wanted[i].field, wanted[i].column);
    if (!decoder.ok()) return WithPlace(decoder.status(), "field '" + wanted[i].field->name + "'");
    steps.push_back({wanted[i].field->name, std::move(*decoder)});
  }
  return std::make_unique<FieldsDecoder>(std::move(steps), state);
}

}  // namespace millstream::avro
