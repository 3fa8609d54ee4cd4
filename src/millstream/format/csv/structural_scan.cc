#include "millstream/format/csv/structural_scan.h"

#include "millstream/format/csv/structural_scan_internal.h"

namespace millstream::csv {
namespace {

void ScanBytes(const Dialect& dialect, const uint8_t* text, uint32_t begin, uint32_t end, ScanState* state,
               StructuralIndex* index) {
  for (uint32_t i = begin; i < end; ++i) {
    index->non_ascii |= text[i] >= 0x80;
    const ByteRole role = Advance(dialect, text[i], state);
    if (role == ByteRole::kText) continue;
    if (role == ByteRole::kRecordEnd) index->record_ends[index->record_count++] = static_cast<uint32_t>(index->count);
    index->positions[index->count++] = i;
  }
  index->quotes = true;  // quotes and escapes are not told apart here; what follows looks at each field
}

int64_t FindLastRecordEndBytes(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state) {
  int64_t last = -1;
  for (int64_t i = 0; i < size; ++i) {
    if (Advance(dialect, text[i], state) == ByteRole::kRecordEnd && IsLineEnd(text[i])) last = i + 1;
  }
  return last;
}

}  // namespace

ByteRole Advance(const Dialect& dialect, uint8_t byte, ScanState* state) {
  switch (*state) {
    case ScanState::kFieldStart:
      if (dialect.quoting && byte == dialect.quote) {
        *state = ScanState::kInQuotes;
        return ByteRole::kText;
      }
      [[fallthrough]];
    case ScanState::kInField:
      if (byte == dialect.escape) {
        *state = ScanState::kEscaped;
        return ByteRole::kText;
      }
      break;
    case ScanState::kInQuotes:
      if (byte == dialect.escape) {
        *state = ScanState::kEscapedInQuotes;
      } else if (byte == dialect.quote) {
        *state = dialect.double_quote ? ScanState::kAfterQuote : ScanState::kInField;
      }
      return ByteRole::kText;
    case ScanState::kAfterQuote:
      if (byte == dialect.quote) {
        *state = ScanState::kInQuotes;
        return ByteRole::kText;
      }
      break;
    case ScanState::kEscaped:
      *state = ScanState::kInField;
      return ByteRole::kText;
    case ScanState::kEscapedInQuotes:
      *state = ScanState::kInQuotes;
      return ByteRole::kText;
    case ScanState::kInComment:
      if (!IsLineEnd(byte)) return ByteRole::kText;
      break;
  }
  if (IsLineEnd(byte)) {
    *state = ScanState::kFieldStart;
    return ByteRole::kRecordEnd;
  }
  if (byte == dialect.delimiter) {
    *state = ScanState::kFieldStart;
    return ByteRole::kDelimiter;
  }
  if (byte == dialect.comment) {
    *state = ScanState::kInComment;
    return ByteRole::kRecordEnd;
  }
  *state = ScanState::kInField;
  return ByteRole::kText;
}

Isa BestIsa() {
#if defined(__x86_64__)
  static const Isa best = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") &&
                                  __builtin_cpu_supports("bmi2")
                              ? Isa::kAvx2
                              : Isa::kPortable;
  return best;
#else
  return Isa::kPortable;
#endif
}

void ScanStructure(const Dialect& dialect, const uint8_t* text, uint32_t begin, uint32_t end, ScanState* state,
                   StructuralIndex* index, Isa isa) {
  if (!dialect.vectorizable()) return ScanBytes(dialect, text, begin, end, state, index);
#if defined(__x86_64__)
  if (isa == Isa::kAvx2) return avx2::ScanStructure(dialect, text, begin, end, state, index);
#endif
  portable::ScanStructure(dialect, text, begin, end, state, index);
}

int64_t FindLastRecordEnd(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state, Isa isa) {
  if (!dialect.vectorizable()) return FindLastRecordEndBytes(dialect, text, size, state);
#if defined(__x86_64__)
  if (isa == Isa::kAvx2) return avx2::FindLastRecordEnd(dialect, text, size, state);
#endif
  return portable::FindLastRecordEnd(dialect, text, size, state);
}

int64_t FindFirstRecordEnd(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state) {
  for (int64_t i = 0; i < size; ++i) {
    if (Advance(dialect, text[i], state) == ByteRole::kRecordEnd && IsLineEnd(text[i])) return i + 1;
  }
  return -1;
}

}  // namespace millstream::csv
