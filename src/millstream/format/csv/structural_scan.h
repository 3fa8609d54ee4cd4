// First pass over CSV text: where fields and records end. Quoting follows the pandas tokenizer: a quote opens a quoted
// field only as the field's first byte, elsewhere in an unquoted field it is text.
//
// As in simdjson (Langdale and Lemire, VLDB Journal 2019) 64 bytes are classified at once and quoted stretches found by a
// prefix xor over the quote bits. That parity is only right while every opening quote begins a field, which is checked for
// each block; a block where it does not hold goes through the byte-wise state machine, and so the result is always exact.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millstream::csv {

struct Dialect {
  uint8_t delimiter = ',';
  uint8_t quote = '"';
  bool quoting = true;       ///< false: the quote byte is text like any other
  bool double_quote = true;  ///< "" inside quotes stands for one quote
  int escape = -1;           ///< byte, -1: none
  int comment = -1;          ///< byte that starts a comment up to the end of the line, -1: none

  /// Whether quote parity is enough to find structure, so that the vector kernels serve.
  bool vectorizable() const { return escape < 0 && comment < 0; }
};

/// What the tokenizer is in the middle of, between two bytes.
enum class ScanState : uint8_t { kFieldStart, kInField, kInQuotes, kAfterQuote, kEscaped, kEscapedInQuotes, kInComment };

/// What a byte is to the structure of the text.
enum class ByteRole : uint8_t { kText, kDelimiter, kRecordEnd };

inline bool IsLineEnd(uint8_t byte) { return byte == '\n' || byte == '\r'; }

/// One step of the byte-wise state machine. Both bytes of \r\n are record ends (the empty record between them is skipped
/// like any blank line); so is the byte that starts a comment, and the end of that line again.
ByteRole Advance(const Dialect& dialect, uint8_t byte, ScanState* state);

/// Structure found so far. The arrays belong to the caller, with room for one entry a byte scanned, and 64 more.
struct StructuralIndex {
  uint32_t* positions = nullptr;  ///< of delimiters and record ends, ascending
  size_t count = 0;
  uint32_t* record_ends = nullptr;  ///< indexes into `positions`, of those that end a record
  size_t record_count = 0;
  bool quotes = false;     ///< a quote byte was seen, in whatever role
  bool non_ascii = false;  ///< a byte above 0x7f was seen
};

/// Instruction sets the kernels are built for, best last.
enum class Isa { kPortable, kAvx2 };
/// The best this processor has.
Isa BestIsa();

/// Adds the structure of text[begin, end) to `index`; `text` must be readable for 64 bytes past `end`.
void ScanStructure(const Dialect& dialect, const uint8_t* text, uint32_t begin, uint32_t end, ScanState* state,
                   StructuralIndex* index, Isa isa = BestIsa());

/// Moves `state` over text[0, size) and returns the offset just past the last line end that ends a record, or -1 where there
/// is none; `text` must be readable for 64 bytes past `size`.
int64_t FindLastRecordEnd(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state, Isa isa = BestIsa());

/// The offset just past the first line end in text[0, size) that ends a record, or -1; `state` is then the one at that place.
int64_t FindFirstRecordEnd(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state);

}  // namespace millstream::csv
