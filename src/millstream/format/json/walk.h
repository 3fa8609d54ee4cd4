// Steps over the structural index of JSON text. Places are ordinals: k stands for the structural byte at block.at[k].
#pragma once

#include <array>
#include <cstring>

#include "millstream/format/json/key_table.h"
#include "millstream/format/json/structural_index.h"

namespace millstream::json_format {

/// Deepest nesting accepted where text is checked in full; simdjson's own limit.
inline constexpr int kMaxDepth = 1024;

/// What was wrong, and where.
struct SyntaxError {
  const char* message = nullptr;
  uint32_t ordinal = 0;
  bool unexpected_key = false;  ///< the text is JSON, but the key at `ordinal` is none of those known
};

/// What a walk does about keys that are not in its table.
enum class OtherKeys : uint8_t { kPassOver, kError };

/// What a structural byte begins.
enum class Token : uint8_t { kScalar, kString, kOpen, kClose, kColon, kComma, kEnd };

inline Token TokenOf(uint8_t byte) {
  static constexpr auto kTokens = [] {
    std::array<Token, 256> tokens{};
    tokens['"'] = Token::kString;
    tokens['{'] = tokens['['] = Token::kOpen;
    tokens['}'] = tokens[']'] = Token::kClose;
    tokens[':'] = Token::kColon;
    tokens[','] = Token::kComma;
    tokens['\n'] = Token::kEnd;
    return tokens;
  }();
  return kTokens[byte];
}

/// True for bytes that may follow a number, true, false or null.
inline bool EndsScalar(uint8_t byte) {
  static constexpr auto kEnds = [] {
    std::array<bool, 256> ends{};
    for (const char c : {',', '}', ']', ' ', '\t', '\r', '\n', ':', '{', '[', '"'}) ends[static_cast<uint8_t>(c)] = true;
    return ends;
  }();
  return kEnds[byte];
}

/// The text between the quotes of the string at k, escapes as they are. The closing quote is the last non-blank byte before
/// the next structural one.
inline std::string_view RawString(const Block& block, uint32_t k) {
  const uint8_t* begin = block.Pointer(k) + 1;
  const uint8_t* end = block.Pointer(k + 1) - 1;
  while (*end != '"') --end;
  return {reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)};
}

/// Steps over the value at k, of which only the balance of brackets is checked, and returns the ordinal behind it.
/// On an error `error.message` is set.
inline uint32_t SkipValue(const Block& block, uint32_t k, SyntaxError* error) {
  static constexpr auto kDepth = [] {
    std::array<int8_t, 256> depth{};
    depth['{'] = depth['['] = 1;
    depth['}'] = depth[']'] = -1;
    return depth;
  }();
  const Token token = TokenOf(block.Byte(k));
  if (token <= Token::kString) return k + 1;
  if (token != Token::kOpen) {
    *error = {"a value is missing", k};
    return k;
  }
  const uint32_t open = k;
  int depth = 1;
  for (++k; k < block.count; ++k) {
    depth += kDepth[block.Byte(k)];
    if (depth == 0) return k + 1;
  }
  *error = {"a bracket is not closed", open};
  return k;
}

/// Walks the object that opens at k and calls `on_value(field, ordinal)` for each value whose key is in `keys`, in the order
/// of the text, repeated keys repeatedly. Returns the ordinal behind the object. On an error `error.message` is set.
template <typename OnValue>
inline uint32_t WalkObject(const Block& block, uint32_t k, const KeyTable& keys, OtherKeys other_keys, SyntaxError* error,
                           OnValue&& on_value) {
  if (block.Byte(++k) == '}') return k + 1;
  for (;;) {
    if (block.Byte(k) != '"') {
      *error = {"a key in quotes is missing", k};
      return k;
    }
    if (block.Byte(k + 1) != ':') {
      *error = {"a ':' is missing after a key", k};
      return k;
    }
    const int field = keys.Find(RawString(block, k));
    if (field >= 0) {
      on_value(field, k + 2);
    } else if (other_keys == OtherKeys::kError) {
      *error = {"unexpected key", k, true};
      return k;
    }
    k = SkipValue(block, k + 2, error);
    if (error->message) return k;
    const uint8_t byte = block.Byte(k);
    ++k;
    if (byte == ',') continue;
    if (byte == '}') return k;
    *error = {"a ',' or '}' is missing", k - 1};
    return k;
  }
}

/// Walks the list that opens at k and calls `on_value(ordinal)` for each element. Returns the ordinal behind the list.
template <typename OnValue>
inline uint32_t WalkList(const Block& block, uint32_t k, SyntaxError* error, OnValue&& on_value) {
  if (block.Byte(++k) == ']') return k + 1;
  for (;;) {
    on_value(k);
    k = SkipValue(block, k, error);
    if (error->message) return k;
    const uint8_t byte = block.Byte(k);
    ++k;
    if (byte == ',') continue;
    if (byte == ']') return k;
    *error = {"a ',' or ']' is missing", k - 1};
    return k;
  }
}

/// Checks all of the value at k by the grammar of RFC 8259 and returns the ordinal behind it.
uint32_t CheckValue(const Block& block, uint32_t k, SyntaxError* error);

/// The text of the value at k that ends before ordinal `next`.
std::string_view ValueText(const Block& block, uint32_t k, uint32_t next);

}  // namespace millstream::json_format
