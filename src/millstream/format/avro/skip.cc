#include "millstream/format/avro/skip.h"

#include "millstream/format/avro/varint.h"

namespace millstream::avro {

void Skipper::Add(const Type& type) {
  const auto add_bytes = [this](int64_t bytes) {
    if (ops_.empty() || ops_.back().step != Step::kBytes) ops_.push_back({Step::kBytes, 0, {}});
    ops_.back().bytes += bytes;
  };
  switch (type.kind) {
    case Kind::kNull:
      return;
    case Kind::kBoolean:
      return add_bytes(1);
    case Kind::kFloat:
      return add_bytes(4);
    case Kind::kDouble:
      return add_bytes(8);
    case Kind::kFixed:
      return type.size > 0 ? add_bytes(type.size) : void();
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum:
      ops_.push_back({Step::kVarint, 0, {}});
      return;
    case Kind::kBytes:
    case Kind::kString:
      ops_.push_back({Step::kSized, 0, {}});
      return;
    case Kind::kRecord:
      for (const Field& field : type.fields) Add(*field.type);
      return;
    case Kind::kArray:
    case Kind::kMap: {
      Skipper item;
      if (type.kind == Kind::kMap) item.Add(*Primitive(Kind::kString));
      item.Add(*type.element);
      ops_.push_back({Step::kItems, 0, {}});
      ops_.back().children.push_back(std::move(item));
      return;
    }
    case Kind::kUnion: {
      Op op{Step::kUnion, 0, {}};
      for (const TypePtr& branch : type.branches) op.children.emplace_back().Add(*branch);
      ops_.push_back(std::move(op));
      return;
    }
  }
}

const uint8_t* Skipper::Skip(const uint8_t* at, const uint8_t* end, DecodeState* state) const {
  int64_t number = 0;
  for (const Op& op : ops_) {
    switch (op.step) {
      case Step::kBytes:
        if (end - at < op.bytes) return state->FailEarly();
        at += op.bytes;
        break;
      case Step::kVarint:
        if ((at = ReadLong(at, end, &number)) == nullptr) return state->FailEarly();
        break;
      case Step::kSized:
        at = ReadLong(at, end, &number);
        if (at == nullptr || number < 0 || number > end - at) return state->FailEarly();
        at += number;
        break;
      case Step::kUnion:
        at = ReadLong(at, end, &number);
        if (at == nullptr || number < 0 || number >= static_cast<int64_t>(op.children.size())) return state->FailEarly();
        if ((at = op.children[static_cast<size_t>(number)].Skip(at, end, state)) == nullptr) return nullptr;
        break;
      case Step::kItems:
        if ((at = SkipItems(op.children[0], at, end, state)) == nullptr) return nullptr;
        break;
    }
  }
  return at;
}

const uint8_t* Skipper::SkipItems(const Skipper& item, const uint8_t* at, const uint8_t* end, DecodeState* state) const {
  while (true) {
    int64_t count = 0, bytes = 0;
    if ((at = ReadLong(at, end, &count)) == nullptr) return state->FailEarly();
    if (count == 0) return at;
    if (count < 0) {  // the block says its size, so that it can be passed over at once
      at = ReadLong(at, end, &bytes);
      if (at == nullptr || bytes < 0 || bytes > end - at) return state->FailEarly();
      at += bytes;
      continue;
    }
    for (; count > 0 && !item.ops_.empty(); --count) {
      if ((at = item.Skip(at, end, state)) == nullptr) return nullptr;
    }
  }
}

}  // namespace millstream::avro
