// The body of the vector kernels, included once for each instruction set inside its namespace (hence no include guard and no
// includes). The including file defines before it, in the same namespace:
//   class Block     64 bytes: Block(const uint8_t*), uint64_t Equal(uint8_t) const, uint64_t HighBits() const
//   PrefixXor(x)    bit i is the xor of bits 0..i of x

namespace {

/// The tokenizer's state in the form that bit operations need.
struct VectorState {
  uint64_t in_quotes;  ///< all ones inside quotes, else 0
  uint64_t may_open;   ///< 1 where a quote would open (or reopen) a quoted field here, else 0
};

inline VectorState ToVector(ScanState state) {
  return {state == ScanState::kInQuotes ? ~uint64_t{0} : 0,
          state == ScanState::kFieldStart || state == ScanState::kAfterQuote ? uint64_t{1} : 0};
}

struct BlockStructure {
  uint64_t delimiters;
  uint64_t ends;
};

class BlockScanner {
 public:
  BlockScanner(const Dialect& dialect, ScanState state)
      : dialect_(dialect),
        quote_enabled_(dialect.quoting ? ~uint64_t{0} : 0),
        closing_may_open_(dialect.double_quote ? ~uint64_t{0} : 0),
        state_(ToVector(state)) {
    last_was_closing_ = state == ScanState::kAfterQuote;
  }

  /// Structure of the first `size` (1 to 64) bytes at `text`.
  inline BlockStructure Next(const uint8_t* text, unsigned size) {
    const uint64_t valid = ~uint64_t{0} >> (64 - size);
    const Block block(text);
    const uint64_t quotes = block.Equal(dialect_.quote) & quote_enabled_ & valid;
    const uint64_t delimiters = block.Equal(dialect_.delimiter) & valid;
    const uint64_t ends = (block.Equal('\n') | block.Equal('\r')) & valid;
    high_bits_ |= block.HighBits() & valid;
    quotes_seen_ |= quotes;

    const uint64_t inside = quotes == 0 ? state_.in_quotes : PrefixXor(quotes) ^ state_.in_quotes;
    const uint64_t closing = quotes & ~inside;
    const uint64_t before_open = delimiters | ends | (closing & closing_may_open_);
    if ((quotes & inside & ~((before_open << 1) | state_.may_open)) != 0) return NextBytewise(text, size);
    state_.in_quotes = static_cast<uint64_t>(static_cast<int64_t>(inside) >> 63);
    state_.may_open = (before_open >> (size - 1)) & 1;
    last_was_closing_ = ((closing & closing_may_open_) >> (size - 1)) & 1;
    return {delimiters & ~inside, ends & ~inside};
  }

  ScanState state() const {
    if (state_.in_quotes) return ScanState::kInQuotes;
    if (!state_.may_open) return ScanState::kInField;
    return last_was_closing_ ? ScanState::kAfterQuote : ScanState::kFieldStart;
  }
  bool quotes_seen() const { return quotes_seen_ != 0; }
  bool non_ascii_seen() const { return high_bits_ != 0; }

 private:
  /// For a block where a quote stands inside an unquoted field, which parity would take for an opening one.
  BlockStructure NextBytewise(const uint8_t* text, unsigned size) {
    BlockStructure structure = {0, 0};
    ScanState state = this->state();
    for (unsigned i = 0; i < size; ++i) {
      const ByteRole role = Advance(dialect_, text[i], &state);
      if (role == ByteRole::kDelimiter) structure.delimiters |= uint64_t{1} << i;
      if (role == ByteRole::kRecordEnd) structure.ends |= uint64_t{1} << i;
    }
    state_ = ToVector(state);
    last_was_closing_ = state == ScanState::kAfterQuote;
    return structure;
  }

  const Dialect& dialect_;
  const uint64_t quote_enabled_;
  const uint64_t closing_may_open_;
  VectorState state_;
  bool last_was_closing_;
  uint64_t quotes_seen_ = 0;
  uint64_t high_bits_ = 0;
};

}  // namespace

void ScanStructure(const Dialect& dialect, const uint8_t* text, uint32_t begin, uint32_t end, ScanState* state,
                   StructuralIndex* index) {
  BlockScanner scanner(dialect, *state);
  uint32_t* positions = index->positions + index->count;
  uint32_t* record_ends = index->record_ends + index->record_count;
  for (uint32_t at = begin; at < end; at += 64) {
    const auto structure = scanner.Next(text + at, end - at < 64 ? end - at : 64);
    uint64_t all = structure.delimiters | structure.ends;
    const auto found = static_cast<unsigned>(__builtin_popcountll(all));
    const auto before = static_cast<uint32_t>(positions - index->positions);
    for (uint64_t ends = structure.ends; ends != 0; ends &= ends - 1) {
      *record_ends++ = before + static_cast<uint32_t>(__builtin_popcountll(all & ((ends & -ends) - 1)));
    }
    // Eight at a time, without a branch for each: the entries past `found` are overwritten later.
    for (unsigned i = 0; i < found; i += 8) {
      for (unsigned j = 0; j < 8; ++j) {
        positions[i + j] = at + static_cast<uint32_t>(__builtin_ctzll(all | (uint64_t{1} << 63)));
        all &= all - 1;
      }
    }
    positions += found;
  }
  index->count = static_cast<size_t>(positions - index->positions);
  index->record_count = static_cast<size_t>(record_ends - index->record_ends);
  index->quotes |= scanner.quotes_seen();
  index->non_ascii |= scanner.non_ascii_seen();
  *state = scanner.state();
}

int64_t FindLastRecordEnd(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state) {
  BlockScanner scanner(dialect, *state);
  int64_t last_block = -1;
  uint64_t last_ends = 0;
  for (int64_t at = 0; at < size; at += 64) {
    const auto structure = scanner.Next(text + at, size - at < 64 ? static_cast<unsigned>(size - at) : 64);
    if (structure.ends != 0) {
      last_block = at;
      last_ends = structure.ends;
    }
  }
  *state = scanner.state();
  return last_block < 0 ? -1 : last_block + 64 - __builtin_clzll(last_ends);
}
