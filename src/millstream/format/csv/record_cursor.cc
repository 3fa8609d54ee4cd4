#include "millstream/format/csv/record_cursor.h"

#include <algorithm>

namespace millstream::csv {

bool IsBlank(std::string_view field) {
  return std::all_of(field.begin(), field.end(), [](char c) { return c == ' ' || c == '\t'; });
}

RecordCursor::Outcome RecordCursor::SplitLine(std::vector<std::string_view>* fields) {
  fields->clear();
  ScanState state = ScanState::kFieldStart;
  size_t field = position_;
  bool in_comment = false;
  for (size_t i = position_; i < text_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text_[i]);
    const ByteRole role = Advance(dialect_, byte, &state);
    if (role == ByteRole::kText) continue;
    if (!in_comment) fields->push_back(text_.substr(field, i - field));
    field = i + 1;
    in_comment = in_comment || state == ScanState::kInComment;
    if (role == ByteRole::kRecordEnd && IsLineEnd(byte)) {
      position_ = field;
      return Outcome::kRecord;
    }
  }
  if (!at_end_) return Outcome::kIncomplete;
  if (!in_comment) fields->push_back(text_.substr(field));
  position_ = text_.size();
  return Outcome::kRecord;
}

RecordCursor::Outcome RecordCursor::Next(std::vector<std::string_view>* fields) {
  while (position_ < text_.size()) {
    if (SplitLine(fields) == Outcome::kIncomplete) return Outcome::kIncomplete;
    if (fields->size() != 1 || !IsBlank(fields->front())) return Outcome::kRecord;
  }
  return at_end_ ? Outcome::kEnd : Outcome::kIncomplete;
}

RecordCursor::Outcome RecordCursor::SkipLine() {
  if (position_ == text_.size()) return at_end_ ? Outcome::kEnd : Outcome::kIncomplete;
  std::vector<std::string_view> fields;
  const size_t start = position_;
  if (SplitLine(&fields) == Outcome::kIncomplete) return Outcome::kIncomplete;
  if (text_[position_ - 1] == '\r') {
    if (position_ == text_.size() && !at_end_) {
      position_ = start;
      return Outcome::kIncomplete;
    }
    if (position_ < text_.size() && text_[position_] == '\n') ++position_;
  }
  return Outcome::kRecord;
}

}  // namespace millstream::csv
