#include "millstream/format/json/structural_index.h"

#include "millstream/base/bytes.h"

namespace millstream::json_format {
namespace {

constexpr size_t kUnusedDepth = 1;  // only simdjson's second stage nests

const char* Explain(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "the text is not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "a string is not closed on its line or holds a control character that is not escaped";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    default:
      return simdjson::error_message(code);
  }
}

}  // namespace

Status StructuralIndexer::Grow(int64_t size) {
  if (size > kMaxTextBytes) {
    return Status::Invalid("a record of ", FormatBytes(size), " is longer than the limit of ", FormatBytes(kMaxTextBytes));
  }
  const int64_t capacity = std::max<int64_t>(size, 64 << 10);
  parser_.reset();
  capacity_ = 0;
  // simdjson keeps one 32-bit position for each byte of text at most.
  ARROW_RETURN_NOT_OK(reservation_.Resize(capacity * 4 + 4096, "the index of JSON text"));
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(static_cast<size_t>(capacity),
                                                                                             kUnusedDepth, parser_);
  if (error) return Status::OutOfMemory("the index of JSON text: ", simdjson::error_message(error));
  capacity_ = capacity;
  return Status::OK();
}

Result<Block> StructuralIndexer::Index(const uint8_t* text, int64_t size) {
  if (size > capacity_) ARROW_RETURN_NOT_OK(Grow(size));
  const auto error = parser_->stage1(text, static_cast<size_t>(size), simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return Block{text, static_cast<uint32_t>(size), nullptr, 0};
  if (error) return Status::Invalid(Explain(error));
  uint32_t* at = parser_->structural_indexes.get();
  const uint32_t count = parser_->n_structural_indexes;
  for (uint32_t k = count; k < count + 3; ++k) at[k] = static_cast<uint32_t>(size - 1);
  return Block{text, static_cast<uint32_t>(size), at, count};
}

}  // namespace millstream::json_format
