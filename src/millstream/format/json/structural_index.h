// Where the structure of JSON text is: the first stage of simdjson, run over blocks of many records at once.
//
// simdjson's own front ends start anew for each record and stop at the first key that matches. We walk its index ourselves:
// records of a block share one pass over the bytes, a repeated key's last value wins as in Python, and an error is placed on
// its line. See G. Langdale and D. Lemire, "Parsing gigabytes of JSON per second", VLDB Journal 28(6), 2019, section 3.1.
#pragma once

#include <cstdint>
#include <memory>

#include <simdjson.h>

#include "millstream/base/result.h"
#include "millstream/memory/budget.h"

namespace millstream::json_format {

/// Bytes that may be read (not written) behind the text of a block.
inline constexpr int64_t kPadding = 64;
/// The largest text one index can cover, and so the longest record: offsets of strings and of the index have 32 bits.
inline constexpr int64_t kMaxTextBytes = int64_t{1} << 30;

/// Text with the positions of its structural bytes: { } [ ] : , outside strings, the opening quote of each string, and the
/// first byte of each other run of non-blank bytes. The text is valid UTF-8, its strings are closed and free of control bytes.
/// Its last byte is '\n', and at[count] is the position of that byte, so that a walk which runs too far stops there.
struct Block {
  const uint8_t* text = nullptr;
  uint32_t size = 0;
  const uint32_t* at = nullptr;
  uint32_t count = 0;

  uint8_t Byte(uint32_t k) const { return text[at[k]]; }
  const uint8_t* Pointer(uint32_t k) const { return text + at[k]; }
};

/// Makes blocks, one at a time, in memory that is kept and counted in the budget. Not thread-safe.
class StructuralIndexer {
 public:
  explicit StructuralIndexer(MemoryBudget* budget) : reservation_(budget) {}

  /// Indexes `size` bytes, the last of which is '\n', with kPadding readable bytes behind. The block is valid until the next
  /// call. Invalid without a place where the text is not UTF-8, or has an unclosed string or a control byte in one.
  Result<Block> Index(const uint8_t* text, int64_t size);

 private:
  Status Grow(int64_t size);

  Reservation reservation_;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
  int64_t capacity_ = 0;
};

}  // namespace millstream::json_format
