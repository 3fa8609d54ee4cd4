#include "millstream/format/csv/file_head.h"

#include <algorithm>
#include <map>
#include <set>

#include <arrow/buffer.h>
#include <simdjson.h>

#include "millstream/format/csv/field_text.h"
#include "millstream/format/csv/record_cursor.h"

namespace millstream::csv {
namespace {

constexpr int64_t kFirstRead = 64 * 1024;
constexpr int64_t kLongestHead = int64_t{256} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Names as pandas gives them: a second "a" becomes "a.1", an empty one "Unnamed: 3".
Result<std::vector<std::string>> ColumnNames(const ReadOptions& options, const std::string& file,
                                             const std::vector<std::string_view>& fields) {
  std::vector<std::string> names;
  for (size_t i = 0; i < fields.size(); ++i) {
    std::string scratch;
    const std::string_view text = Unquote(options.dialect, fields[i], &scratch);
    std::string name;
    if (options.encoding == Encoding::kLatin1) {
      AppendLatin1(text, &name);
    } else if (simdjson::validate_utf8(text.data(), text.size())) {
      name = text;
    } else {
      return Status::Invalid(file, ", header: '", Printable(text),
                             "' is not valid UTF-8; say encoding='latin-1' if the file is");
    }
    if (name.empty()) name = "Unnamed: " + std::to_string(i);
    names.push_back(std::move(name));
  }
  const std::set<std::string> originals(names.begin(), names.end());
  std::map<std::string, int64_t> seen;
  for (auto& name : names) {
    int64_t& count = seen[name];
    if (count++ == 0) continue;
    std::string unique = name + "." + std::to_string(count - 1);
    while (originals.count(unique) != 0 || seen.count(unique) != 0) unique = name + "." + std::to_string(count++);
    seen[unique] = 1;
    name = std::move(unique);
  }
  return names;
}

std::string Join(const std::vector<std::string>& names) {
  std::string joined;
  for (const auto& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

/// One try with what has been read; kIncomplete where that is too little.
Result<RecordCursor::Outcome> TryReadHeader(const ReadOptions& options, const std::string& file, const FileHead& head,
                                            Header* header) {
  using Outcome = RecordCursor::Outcome;
  RecordCursor cursor(options.dialect, head.text(), head.at_end());
  if (!head.at_end() && head.text().size() < kByteOrderMark.size()) return Outcome::kIncomplete;
  if (head.text().substr(0, kByteOrderMark.size()) == kByteOrderMark) cursor.Seek(kByteOrderMark.size());
  for (int64_t i = 0; i < options.skiprows; ++i) {
    const Outcome outcome = cursor.SkipLine();
    if (outcome == Outcome::kIncomplete) return outcome;
    if (outcome == Outcome::kEnd) break;
  }
  if (options.header) {
    std::vector<std::string_view> fields;
    for (int64_t line = 0; line <= *options.header; ++line) {
      const Outcome outcome = cursor.Next(&fields);
      if (outcome == Outcome::kIncomplete) return outcome;
      if (outcome == Outcome::kEnd) {
        return Status::Invalid(file, ": no columns to parse, the file ends before line ", *options.header, " of the header; ",
                               "say header=None if it has none");
      }
    }
    ARROW_ASSIGN_OR_RAISE(header->names, ColumnNames(options, file, fields));
  }
  header->records_begin = static_cast<int64_t>(cursor.position());
  return Outcome::kRecord;
}

}  // namespace

Status FileHead::ExtendTo(int64_t bytes) {
  if (bytes <= size_ || at_end_) return Status::OK();
  if (buffer_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, context_.pool));
  } else {
    ARROW_RETURN_NOT_OK(buffer_->Resize(bytes, /*shrink_to_fit=*/false));
  }
  while (size_ < bytes) {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    ARROW_ASSIGN_OR_RAISE(const int64_t read, stream_->Read(bytes - size_, buffer_->mutable_data() + size_));
    if (read == 0) {
      at_end_ = true;
      break;
    }
    size_ += read;
  }
  return Status::OK();
}

std::string_view FileHead::text() const {
  if (buffer_ == nullptr) return {};
  return {reinterpret_cast<const char*>(buffer_->data()), static_cast<size_t>(size_)};
}

Result<Header> ReadHeader(const ReadOptions& options, const std::string& file, FileHead* head) {
  Header header;
  ARROW_RETURN_NOT_OK(head->ExtendTo(kFirstRead));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto outcome, TryReadHeader(options, file, *head, &header));
    if (outcome != RecordCursor::Outcome::kIncomplete) return header;
    const auto size = static_cast<int64_t>(head->text().size());
    if (size >= kLongestHead) {
      return Status::Invalid(file, ": the header has no end in the first ", kLongestHead >> 20,
                             " MiB; is a quote there not closed (quotechar), or skiprows too large?");
    }
    ARROW_RETURN_NOT_OK(head->ExtendTo(2 * size));
  }
}

Status CheckHeader(const ReadOptions& options, const std::string& file, const Header& header) {
  if (!options.header || options.names) return Status::OK();
  std::vector<std::string> expected;
  for (const auto& column : options.columns) expected.push_back(column.name);
  if (header.names == expected) return Status::OK();
  return Status::Invalid(file, ": the header has the columns ", Join(header.names), ", but the first file has ", Join(expected),
                         "; read files with different columns apart and concat them");
}

std::string FileName(const fs::FileEntry& file) { return fs::DisplayUri(file.uri); }

}  // namespace millstream::csv
