// Partition values as path parts, as Hive writes them (FileUtils.escapePathName), with more characters escaped so that the
// paths are safe on every store and in every wildcard.
#include "millstream/fs/output_job.h"

namespace millstream::fs {
namespace {

constexpr std::string_view kNull = "__HIVE_DEFAULT_PARTITION__";
constexpr std::string_view kEscaped = "/\\%:*?\"'<>|=#{}[]^";

void AppendEscaped(std::string_view bytes, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char byte : bytes) {
    const auto code = static_cast<uint8_t>(byte);
    *out += {'%', kHex[code >> 4], kHex[code & 15]};
  }
}

/// Length of the UTF-8 character at the front of `text` (RFC 3629: shortest form, no surrogates); 0 if it is not one.
size_t CharLength(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return at(1) < low || at(1) > high ? 0 : length;
}

/// ASCII controls, C1 controls (U+0080 to U+009F), line and paragraph separators.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7F;
  return (lead == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0) || character == "\u2028" || character == "\u2029";
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string EncodePartitionValue(std::string_view value, bool is_null) {
  if (is_null || value.empty()) return std::string(kNull);
  std::string out;
  if (value == "." || value == ".." || value == kNull) {
    // A text that only looks like one of these must not be taken for it.
    AppendEscaped(value.substr(0, 1), &out);
    value.remove_prefix(1);
  }
  while (!value.empty()) {
    const size_t length = CharLength(value);
    const std::string_view character = value.substr(0, std::max<size_t>(length, 1));
    const bool escape = length == 0 || IsControl(character) || (length == 1 && kEscaped.find(character) != kEscaped.npos);
    escape ? AppendEscaped(character, &out) : void(out += character);
    value.remove_prefix(character.size());
  }
  return out;
}

std::pair<std::string, bool> DecodePartitionValue(std::string_view text) {
  if (text == kNull) return {"", true};
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return {out, false};
}

}  // namespace millstream::fs
