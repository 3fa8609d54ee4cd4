#include "millstream/format/csv/field_text.h"

#include <simdjson.h>

namespace millstream::csv {
namespace {

/// Runs the tokenizer's rules over the field: everything but the quotes and escapes that work as such is kept.
std::string_view UnquoteBytewise(const Dialect& dialect, std::string_view field, std::string* scratch) {
  scratch->clear();
  ScanState state = ScanState::kFieldStart;
  for (const char c : field) {
    const auto byte = static_cast<uint8_t>(c);
    const ScanState before = state;
    Advance(dialect, byte, &state);
    const bool opens = before == ScanState::kFieldStart && state == ScanState::kInQuotes;
    const bool closes = before == ScanState::kInQuotes && state != ScanState::kInQuotes;  // or escapes
    const bool escapes = state == ScanState::kEscaped;
    if (!opens && !closes && !escapes) scratch->push_back(c);
  }
  return *scratch;
}

}  // namespace

std::string_view Unquote(const Dialect& dialect, std::string_view field, std::string* scratch) {
  if (dialect.escape < 0) {
    const char quote = static_cast<char>(dialect.quote);
    if (!dialect.quoting || field.empty() || field.front() != quote) return field;
    const size_t second = field.find(quote, 1);
    if (second == field.size() - 1) return field.substr(1, field.size() - 2);
  }
  return UnquoteBytewise(dialect, field, scratch);
}

void AppendLatin1(std::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      out->push_back(c);
    } else {
      out->push_back(static_cast<char>(0xC0 | (byte >> 6)));
      out->push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
}

std::string Printable(std::string_view text) {
  constexpr size_t kMost = 60;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string_view shown = text.substr(0, kMost);
  // A character cut in two at the end is dropped rather than shown as broken.
  while (shown.size() < text.size() && !shown.empty() && (static_cast<uint8_t>(text[shown.size()]) & 0xC0) == 0x80) {
    shown.remove_suffix(1);
  }
  const bool valid = simdjson::validate_utf8(shown.data(), shown.size());
  std::string out;
  for (const char c : shown) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !valid)) {
      out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
    } else {
      out.push_back(c);
    }
  }
  if (shown.size() < text.size()) out += "...";
  return out;
}

}  // namespace millstream::csv
