#include "millstream/format/json/record_decoder.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>

namespace millstream::json_format {
namespace {

/// Small enough that the text and its index stay in the second-level cache while columns are decoded one by one.
constexpr int64_t kPieceBytes = 128 << 10;
constexpr size_t kMostOrdinals = 64 << 10;

/// The end of the piece that starts at `begin`: behind a line end, near kPieceBytes on.
int64_t PieceEnd(const uint8_t* text, int64_t begin, int64_t size) {
  if (size - begin <= kPieceBytes + kPieceBytes / 4) return size;
  const void* before = memrchr(text + begin, '\n', kPieceBytes);
  if (before) return static_cast<const uint8_t*>(before) - text + 1;
  const void* after = std::memchr(text + begin + kPieceBytes, '\n', static_cast<size_t>(size - begin - kPieceBytes));
  return static_cast<const uint8_t*>(after) - text + 1;
}

/// Walks over records and gives the ordinal of each; knows what must stand between them.
class RecordWalk {
 public:
  RecordWalk(const Block& block, Layout layout) : block_(block), layout_(layout) {}

  /// Before the first record.
  bool Begin() {
    if (layout_ == Layout::kLines) {
      newlines_ = Newlines(0, block_.at[0]);
      return true;
    }
    if (block_.Byte(0) != '[') return Fail("a JSON array of records must begin with '['", 0);
    k_ = 1;
    if (block_.Byte(k_) == ']') return Close();
    return true;
  }
  bool done() const { return layout_ == Layout::kLines ? k_ >= block_.count : closed_; }

  /// Walks the record at hand.
  template <typename OnValue>
  bool Next(const KeyTable& keys, OtherKeys other_keys, OnValue&& on_value) {
    if (block_.Byte(k_) != '{') return FailNoObject();
    k_ = WalkObject(block_, k_, keys, other_keys, &error_, on_value);
    return error_.message == nullptr && (layout_ == Layout::kLines ? EndLine() : EndElement());
  }

  /// True where every record stood on a line of its own; `lines` is the number of lines of the block.
  bool OneRecordALine(int64_t lines) const { return layout_ == Layout::kArray || newlines_ == lines; }
  const SyntaxError& error() const { return error_; }

 private:
  bool Fail(const char* message, uint32_t k) {
    error_ = {message, k};
    return false;
  }

  bool FailNoObject() {
    if (block_.Byte(k_) == '[' && layout_ == Layout::kLines) {
      return Fail("the line holds an array, not an object; a file that is one JSON array is read with lines=False", k_);
    }
    return Fail("the record is not an object", k_);
  }

  int64_t Newlines(uint32_t begin, uint32_t end) const { return CountLines(block_.text + begin, end - begin); }

  bool EndLine() {
    const uint32_t behind = block_.at[k_ - 1] + 1;
    // Nearly always one byte '\n' and then the next record.
    if (k_ < block_.count && block_.text[behind] == '\n' && behind + 1 == block_.at[k_]) {
      ++newlines_;
      return true;
    }
    const uint32_t end = k_ < block_.count ? block_.at[k_] : block_.size;
    const int64_t newlines = Newlines(behind, end);
    if (newlines == 0) return Fail("something stands behind the record on its line", k_);
    newlines_ += newlines;
    return true;
  }

  bool EndElement() {
    const uint8_t byte = block_.Byte(k_);
    if (byte == ']') return Close();
    if (byte != ',') return Fail("a ',' or ']' is missing behind a record", k_);
    ++k_;
    return true;
  }

  /// At the array's last bracket.
  bool Close() {
    closed_ = true;
    return k_ + 1 >= block_.count || Fail("something stands behind the array", k_ + 1);
  }

  const Block& block_;
  const Layout layout_;
  uint32_t k_ = 0;
  int64_t newlines_ = 0;
  bool closed_ = false;
  SyntaxError error_;
};

std::string Message(const Block& block, const SyntaxError& error) {
  if (!error.unexpected_key) return error.message;
  return UnexpectedKey(block, error.ordinal) +
         "pass a larger sample, name it in dtype={...}, select some of the columns, or pass "
         "unexpected_field_behavior='ignore' to leave it out";
}

}  // namespace

int64_t CountLines(const uint8_t* text, int64_t size) {
  const __m128i newline = _mm_set1_epi8('\n');
  int64_t lines = 0;
  int64_t i = 0;
  while (size - i >= 32) {
    // Each byte of a sum counts down from 0, at most 255 times.
    const int64_t end = i + std::min<int64_t>((size - i) / 32, 255) * 32;
    __m128i even = _mm_setzero_si128();
    __m128i odd = _mm_setzero_si128();
    for (; i < end; i += 32) {
      even = _mm_sub_epi8(even, _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i)), newline));
      odd = _mm_sub_epi8(odd, _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i + 16)), newline));
    }
    const __m128i zero = _mm_setzero_si128();
    const __m128i sums = _mm_add_epi64(_mm_sad_epu8(even, zero), _mm_sad_epu8(odd, zero));
    lines += _mm_cvtsi128_si64(sums) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
  }
  for (; i < size; ++i) lines += text[i] == '\n';
  return lines;
}

std::string Place::Describe(const uint8_t* text, int64_t position) const {
  if (lines >= 0) return uri + ": line " + std::to_string(lines + 1 + CountLines(text, position));
  const void* before = position > 0 ? memrchr(text, '\n', static_cast<size_t>(position)) : nullptr;
  const int64_t begin = before ? static_cast<const uint8_t*>(before) - text + 1 : 0;
  return uri + ": the record at byte " + std::to_string(offset + begin);
}

RecordDecoder::RecordDecoder(std::shared_ptr<arrow::Schema> schema, Layout layout, const DecodeState& state)
    : schema_(std::move(schema)),
      layout_(layout),
      state_(state),
      indexer_(state.context.budget),
      keys_(schema_->field_names()),
      other_keys_(state_.partial_record ? OtherKeys::kPassOver : OtherKeys::kError) {}

Result<std::unique_ptr<RecordDecoder>> RecordDecoder::Make(const std::shared_ptr<arrow::Schema>& schema, Layout layout,
                                                           const DecodeState& state) {
  std::unique_ptr<RecordDecoder> decoder(new RecordDecoder(schema, layout, state));
  for (const auto& field : schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto column, MakeColumnDecoder(field->type(), field->name(), &decoder->state_));
    decoder->columns_.push_back(std::move(column));
  }
  return decoder;
}

Status RecordDecoder::Decode(const uint8_t* text, int64_t size, const Place& place, const EmitBatch& emit) {
  Place piece = place;
  for (int64_t begin = 0; begin < size;) {
    ARROW_RETURN_NOT_OK(state_.context.CheckCancelled());
    const int64_t end = layout_ == Layout::kLines ? PieceEnd(text, begin, size) : size;
    piece.offset = place.offset + begin;
    auto block = indexer_.Index(text + begin, end - begin);
    if (!block.ok()) return Blame(text + begin, end - begin, piece, block.status());
    const int64_t lines = CountLines(text + begin, end - begin);
    if (block->count > 0) ARROW_RETURN_NOT_OK(DecodeBlock(*block, lines, piece, emit));
    if (piece.lines >= 0) piece.lines += lines;
    begin = end;
  }
  return Status::OK();
}

Status RecordDecoder::DecodeBlock(const Block& block, int64_t lines, const Place& place, const EmitBatch& emit) {
  const size_t width = columns_.size();
  const auto most_rows = static_cast<int64_t>(kMostOrdinals / std::max<size_t>(width, 1) + 1);
  RecordWalk walk(block, layout_);
  bool good = walk.Begin();
  while (good && !walk.done()) {
    const auto room = static_cast<uint32_t>(std::min(most_rows, state_.context.batch_rows - rows_));
    ordinals_.resize(room * width);
    uint32_t rows = 0;
    for (; rows < room && good && !walk.done(); ++rows) {
      uint32_t* out = ordinals_.data() + rows * width;
      std::fill_n(out, width, 0);
      good = walk.Next(keys_, other_keys_, [out](int field, uint32_t value) { out[field] = value; });
    }
    if (!good) break;
    if (Status status = AppendRows(block, rows); !status.ok()) {
      // A broken line may end in the middle of the next one; blame it first.
      if (!status.IsInvalid()) return status;
      return Blame(block.text, block.size, place, WithPlace(status, place.Describe(block.text, block.at[state_.refused])));
    }
    if (rows_ == state_.context.batch_rows) ARROW_RETURN_NOT_OK(Flush(emit));
  }
  if (good && walk.OneRecordALine(lines)) return Status::OK();
  const SyntaxError error = good ? SyntaxError{"a record is spread over several lines", 0} : walk.error();
  const std::string where = place.Describe(block.text, block.at[std::min(error.ordinal, block.count)]);
  return Blame(block.text, block.size, place, Status::Invalid(where, ": ", Message(block, error)));
}

Status RecordDecoder::AppendRows(const Block& block, uint32_t rows) {
  const auto width = static_cast<uint32_t>(columns_.size());
  for (uint32_t field = 0; field < width; ++field) {
    state_.column = schema_->field(static_cast<int>(field))->name();
    ARROW_RETURN_NOT_OK(columns_[field]->Append(block, {ordinals_.data() + field, width, rows}));
  }
  rows_ += rows;
  return Status::OK();
}

Status RecordDecoder::Flush(const EmitBatch& emit) {
  if (rows_ == 0) return Status::OK();
  ARROW_RETURN_NOT_OK(state_.context.CheckCancelled());
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const auto& column : columns_) {
    ARROW_ASSIGN_OR_RAISE(auto array, column->Finish());
    arrays.push_back(std::move(array));
  }
  const int64_t rows = std::exchange(rows_, 0);
  return emit(arrow::RecordBatch::Make(schema_, rows, std::move(arrays)));
}

Status RecordDecoder::Blame(const uint8_t* text, int64_t size, const Place& place, Status fallback) {
  if (layout_ == Layout::kArray) return fallback.message().starts_with(place.uri) ? fallback : WithPlace(fallback, place.uri);
  for (int64_t begin = 0; begin < size;) {
    const void* newline = std::memchr(text + begin, '\n', static_cast<size_t>(size - begin));
    const int64_t end = static_cast<const uint8_t*>(newline) - text + 1;
    const std::string where = place.Describe(text, begin);
    auto block = indexer_.Index(text + begin, end - begin);
    if (!block.ok()) return WithPlace(block.status(), where);
    if (block->count > 0) {
      RecordWalk walk(*block, layout_);
      if (!walk.Begin() || !walk.Next(keys_, other_keys_, [](int, uint32_t) {})) {
        const bool cut = walk.error().ordinal >= block->count;
        return Status::Invalid(where, ": ", Message(*block, walk.error()),
                               cut ? "; the record does not end on its line (JSON that is not one record a line is read with "
                                     "lines=False)"
                                   : "");
      }
    }
    begin = end;
  }
  return fallback;
}

}  // namespace millstream::json_format
