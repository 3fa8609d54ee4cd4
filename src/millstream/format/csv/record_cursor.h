// Walks records one at a time: for headers and samples, where there are few. Scans read through ScanStructure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "millstream/format/csv/structural_scan.h"

namespace millstream::csv {

class RecordCursor {
 public:
  enum class Outcome { kRecord, kEnd, kIncomplete };

  /// `at_end`: the text's end is the file's, so a last line without a line end is whole.
  RecordCursor(const Dialect& dialect, std::string_view text, bool at_end) : dialect_(dialect), text_(text), at_end_(at_end) {}

  /// The fields of the next record, quotes included; blank lines and comments are passed over. kIncomplete where the text ends
  /// inside a record, which is where the cursor stays.
  Outcome Next(std::vector<std::string_view>* fields);
  /// Passes over one line, whatever is in it; \r\n ends one line.
  Outcome SkipLine();

  size_t position() const { return position_; }
  void Seek(size_t position) { position_ = position; }

 private:
  /// Splits the line at the cursor and passes over it; kIncomplete where its end is not in the text.
  Outcome SplitLine(std::vector<std::string_view>* fields);

  const Dialect& dialect_;
  const std::string_view text_;
  const bool at_end_;
  size_t position_ = 0;
};

/// Whether a line with this one field counts as blank: empty, or spaces and tabs.
bool IsBlank(std::string_view field);

}  // namespace millstream::csv
