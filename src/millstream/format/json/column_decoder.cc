#include "millstream/format/json/column_decoder.h"

#include <arrow/extension/json.h>

#include "millstream/format/json/column_decoder_internal.h"
#include "millstream/format/json/column_factories.h"

namespace millstream::json_format {
namespace {

/// A value as an error shows it: its own text, shortened.
std::string Excerpt(const Block& block, uint32_t k) {
  constexpr size_t kMost = 60;
  SyntaxError error;
  const uint32_t next = SkipValue(block, k, &error);
  std::string_view text = ValueText(block, k, error.message ? k + 1 : next);
  if (text.size() <= kMost) return std::string(text);
  size_t cut = kMost;
  while (cut > 0 && (text[cut] & 0xC0) == 0x80) --cut;  // not inside a character
  return std::string(text.substr(0, cut)) + "...";
}

const char* Remedy(const Block& block, uint32_t k) {
  switch (block.Byte(k)) {
    case '{':
    case '[':
      return "json";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "json";
    default:
      return "float64";
  }
}

}  // namespace

Status ColumnDecoderBase::Refuse(const Block& block, uint32_t k) const {
  state_->refused = k;
  const std::string& column = state_->column;
  const bool nested = column != path_;
  const char* remedy = Remedy(block, k);
  const bool same = type_->ToString() == (remedy == std::string("float64") ? "double" : remedy);
  return Status::Invalid("column '", path_, "': the value ", Excerpt(block, k), " does not fit type ", type_->ToString(),
                         ", which the sample or dtype gave the column; pass dtype={'", column, "': '",
                         nested || same ? "json" : remedy, "'}, or a larger sample");
}

Status ColumnDecoderBase::Broken(const Block& block, const SyntaxError& error) const {
  state_->refused = error.ordinal;
  if (!error.unexpected_key) return Status::Invalid("column '", path_, "': ", error.message);
  return Status::Invalid("column '", path_, "': ", UnexpectedKey(block, error.ordinal), "pass dtype={'", state_->column,
                         "': 'json'}, a larger sample, or unexpected_field_behavior='ignore' to leave it out");
}

Status ColumnDecoderBase::NullOrRefuse(const Block& block, uint32_t k, int64_t row) {
  if (!IsLiteral(block.Pointer(k), "null")) return Refuse(block, k);
  return validity_.SetNull(row);
}

Result<std::unique_ptr<ColumnDecoder>> MakeColumnDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path,
                                                         DecodeState* state) {
  switch (type->id()) {
    case arrow::Type::STRUCT:
      return MakeStructDecoder(type, path, state);
    case arrow::Type::LIST:
      return MakeListDecoder(type, path, state);
    case arrow::Type::TIMESTAMP:
      return MakeTimestampDecoder(type, path, state);
    case arrow::Type::BOOL:
      return MakeBoolDecoder(type, path, state);
    case arrow::Type::STRING:
      return MakeStringDecoder(type, path, state);
    case arrow::Type::EXTENSION:
      if (IsJsonType(*type)) return MakeJsonDecoder(type, path, state);
      break;
    default:
      if (auto decoder = MakeNumberDecoder(type, path, state)) return decoder;
  }
  return Status::TypeError("column '", path, "': JSON cannot be read as ", type->ToString(),
                           "; known are bool, the integers, float32, float64, string, json, timestamps, lists and structs");
}

std::string UnexpectedKey(const Block& block, uint32_t k) {
  return "the key " + Excerpt(block, k) + " was not in the sample, from which the columns are taken, and would be lost; ";
}

bool IsJsonType(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.json" &&
         static_cast<const arrow::ExtensionType&>(type).storage_type()->id() == arrow::Type::STRING;
}

std::shared_ptr<arrow::DataType> JsonType() { return arrow::extension::json(arrow::utf8()); }

}  // namespace millstream::json_format
