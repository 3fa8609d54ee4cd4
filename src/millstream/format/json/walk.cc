#include "millstream/format/json/walk.h"

#include <bitset>

#include "millstream/format/json/scalars.h"

namespace millstream::json_format {
namespace {

bool CheckLiteral(const uint8_t* text, std::string_view literal) {
  return std::memcmp(text, literal.data(), literal.size()) == 0 && EndsScalar(text[literal.size()]);
}

/// What is wrong with the scalar at k, nullptr where nothing is.
const char* CheckScalar(const Block& block, uint32_t k) {
  const uint8_t* text = block.Pointer(k);
  switch (*text) {
    case 't':
      return CheckLiteral(text, "true") ? nullptr : "a value is not JSON";
    case 'f':
      return CheckLiteral(text, "false") ? nullptr : "a value is not JSON";
    case 'n':
      return CheckLiteral(text, "null") ? nullptr : "a value is not JSON";
    default: {
      Number number;
      const uint8_t* end = ParseNumber(text, &number);
      return end && EndsScalar(*end) ? nullptr : "a value is not JSON";
    }
  }
}

}  // namespace

uint32_t CheckValue(const Block& block, uint32_t k, SyntaxError* error) {
  std::bitset<kMaxDepth> is_object;  // of the open containers, by depth
  int depth = 0;
  const auto fail = [&](const char* message) {
    *error = {message, k};
    return k;
  };
  // Each turn reads one value, with its key where it is in an object; then what follows it.
  for (;;) {
    const uint8_t byte = block.Byte(k);
    bool opened = false;
    if (byte == '{' || byte == '[') {
      if (depth == kMaxDepth) return fail("values are nested deeper than 1024");
      is_object[depth++] = byte == '{';
      ++k;
      opened = block.Byte(k) != (byte == '{' ? '}' : ']');
    } else if (byte == '"') {
      if (!ValidEscapes(RawString(block, k))) return fail("a string has a broken escape");
      ++k;
    } else if (TokenOf(byte) != Token::kScalar) {
      return fail("a value is missing");
    } else {
      if (const char* message = CheckScalar(block, k)) return fail(message);
      ++k;
    }
    while (!opened) {
      if (depth == 0) return k;
      const uint8_t next = block.Byte(k);
      if (next == ',') {
        ++k;
        break;
      }
      if (next != (is_object[depth - 1] ? '}' : ']'))
        return fail(is_object[depth - 1] ? "a ',' or '}' is missing" : "a ',' or ']' is missing");
      --depth;
      ++k;
    }
    if (is_object[depth - 1]) {
      if (block.Byte(k) != '"') return fail("a key in quotes is missing");
      if (!ValidEscapes(RawString(block, k))) return fail("a key has a broken escape");
      if (block.Byte(k + 1) != ':') return fail("a ':' is missing after a key");
      k += 2;
    }
  }
}

std::string_view ValueText(const Block& block, uint32_t k, uint32_t next) {
  const uint8_t* begin = block.Pointer(k);
  const uint8_t* end = block.Pointer(next);
  while (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n') --end;
  return {reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)};
}

}  // namespace millstream::json_format
