#include "millstream/format/avro/default_value.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

using Json = nlohmann::json;

void AppendLong(int64_t value, std::string* out) {
  uint8_t bytes[kMaxVarintBytes];
  out->append(bytes, WriteVarint(bytes, ZigZag(value)));
}

void AppendText(const std::string& text, std::string* out) {
  AppendLong(static_cast<int64_t>(text.size()), out);
  out->append(text);
}

template <typename T>
void AppendNumber(double value, std::string* out) {
  const T number = static_cast<T>(value);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &number, sizeof(T));
  out->append(bytes, sizeof(T));
}

/// Bytes are written in JSON as text whose code points 0-255 are the bytes.
Result<std::string> BytesOf(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<uint8_t>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
    } else if ((lead == 0xc2 || lead == 0xc3) && i + 1 < text.size()) {
      bytes.push_back(static_cast<char>((lead & 3) << 6 | (static_cast<uint8_t>(text[++i]) & 0x3f)));
    } else {
      return Status::Invalid("a default of bytes holds a character above U+00FF");
    }
  }
  return bytes;
}

Status EncodeInteger(const Type& type, const Json& value, std::string* out) {
  const bool fits = value.is_number_integer() && !(value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) &&
                    (type.kind == Kind::kLong || value == static_cast<int32_t>(value.get<int64_t>()));
  if (!fits) return Status::Invalid("the default ", value.dump(), " is not an Avro ", TypeName(type));
  AppendLong(value.get<int64_t>(), out);
  return Status::OK();
}

Status EncodeText(const Type& type, const std::string& text, std::string* out) {
  switch (type.kind) {
    case Kind::kBytes: {
      ARROW_ASSIGN_OR_RAISE(const std::string bytes, BytesOf(text));
      AppendText(bytes, out);
      return Status::OK();
    }
    case Kind::kFixed: {
      ARROW_ASSIGN_OR_RAISE(const std::string bytes, BytesOf(text));
      if (static_cast<int64_t>(bytes.size()) != type.size) break;
      out->append(bytes);
      return Status::OK();
    }
    case Kind::kEnum: {
      const auto it = std::find(type.symbols.begin(), type.symbols.end(), text);
      if (it == type.symbols.end()) break;
      AppendLong(it - type.symbols.begin(), out);
      return Status::OK();
    }
    case Kind::kString:
      AppendText(text, out);
      return Status::OK();
    default:
      break;
  }
  return Status::Invalid("the default '", text, "' is not an Avro ", TypeName(type));
}

Status EncodeContainer(const Type& type, const Json& value, std::string* out) {
  if (!value.empty()) AppendLong(static_cast<int64_t>(value.size()), out);
  for (const auto& [key, item] : value.items()) {
    if (type.kind == Kind::kMap) AppendText(key, out);
    ARROW_RETURN_NOT_OK(EncodeDefault(*type.element, item, out));
  }
  out->push_back('\0');
  return Status::OK();
}

Status EncodeRecord(const Type& type, const Json& value, std::string* out) {
  for (const Field& field : type.fields) {
    const auto member = value.find(field.name);
    if (member == value.end() && !field.default_value) {
      return Status::Invalid("the default of record '", type.name, "' has no field '", field.name, "'");
    }
    ARROW_RETURN_NOT_OK(EncodeDefault(*field.type, member == value.end() ? *field.default_value : *member, out));
  }
  return Status::OK();
}

Status EncodeUnion(const Type& type, const Json& value, std::string* out) {
  for (size_t i = 0; i < type.branches.size(); ++i) {
    std::string encoded;
    AppendLong(static_cast<int64_t>(i), &encoded);
    if (!EncodeDefault(*type.branches[i], value, &encoded).ok()) continue;
    out->append(encoded);
    return Status::OK();
  }
  return Status::Invalid("the default ", value.dump(), " fits no branch of its Avro union");
}

}  // namespace

Status EncodeDefault(const Type& type, const Json& value, std::string* out) {
  switch (type.kind) {
    case Kind::kUnion:
      return EncodeUnion(type, value, out);
    case Kind::kNull:
      if (value.is_null()) return Status::OK();
      break;
    case Kind::kBoolean:
      if (!value.is_boolean()) break;
      out->push_back(value.get<bool>() ? 1 : 0);
      return Status::OK();
    case Kind::kInt:
    case Kind::kLong:
      return EncodeInteger(type, value, out);
    case Kind::kFloat:
    case Kind::kDouble:
      if (!value.is_number()) break;
      type.kind == Kind::kFloat ? AppendNumber<float>(value.get<double>(), out)
                                : AppendNumber<double>(value.get<double>(), out);
      return Status::OK();
    case Kind::kArray:
      if (value.is_array()) return EncodeContainer(type, value, out);
      break;
    case Kind::kMap:
      if (value.is_object()) return EncodeContainer(type, value, out);
      break;
    case Kind::kRecord:
      if (value.is_object()) return EncodeRecord(type, value, out);
      break;
    default:
      if (const auto* text = value.get_ptr<const std::string*>()) return EncodeText(type, *text, out);
  }
  return Status::Invalid("the default ", value.dump(-1, ' ', false, Json::error_handler_t::replace), " is not an Avro ",
                         TypeName(type));
}

}  // namespace millstream::avro
