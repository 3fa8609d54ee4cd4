#include "millstream/format/csv/inference.h"

#include <algorithm>
#include <cstring>

#include <arrow/type.h>

#include "millstream/format/csv/column_decoder.h"
#include "millstream/format/csv/line_count.h"
#include "millstream/format/csv/parse_number.h"
#include "millstream/format/csv/parse_time.h"
#include "millstream/format/csv/record_cursor.h"

namespace millstream::csv {
namespace {

template <class T>
bool IsInteger(std::string_view text) {
  char padded[64] = {};
  if (text.empty() || text.size() > 32) return false;
  std::memcpy(padded + 32, text.data(), text.size());
  T value;
  return ParseIntegerFast(padded + 32, static_cast<int64_t>(text.size()), &value);
}

bool IsSigned(std::string_view text) { return !text.empty() && (text.front() == '-' || text.front() == '+'); }

/// The user's word on a column, or nothing.
Result<std::optional<ColumnSpec>> GivenSpec(const ReadOptions& options, const std::string& name) {
  const auto given = options.dtypes.find(name);
  const std::string& dtype = given != options.dtypes.end() ? given->second : options.default_dtype;
  if (dtype.empty()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto spec, SpecFromDtype(dtype));
  spec.name = name;
  return spec;
}

}  // namespace

void TypeGuess::Add(std::string_view text) {
  any_ = true;
  bool truth;
  bool_ = bool_ && ParseBool(options_, text, &truth);
  if (!int64_ && !uint64_ && !float_) return;
  std::string scratch;
  const std::string_view number = CleanNumber(text, options_.thousands, &scratch);
  int64_ = int64_ && IsInteger<int64_t>(number);
  uint64_ = uint64_ && IsInteger<uint64_t>(number);
  digits_ = digits_ && number.find_first_not_of("0123456789", IsSigned(number) ? 1 : 0) == std::string_view::npos;
  double value;
  float_ = float_ && ParseFloat(number, options_.decimal, &value);
}

Status TypeGuess::AddDate(std::string_view text) {
  any_ = true;
  int64_t value;
  for (const bool utc : {false, true}) {
    if (TimestampParser(1000000, utc).Parse(text, &value)) {
      utc_ |= utc;
      return Status::OK();
    }
    if (TimestampParser(1000000000, utc).Parse(text, &value)) {
      utc_ |= utc;
      nanoseconds_ = true;
      return Status::OK();
    }
  }
  return Status::Invalid("cannot read '", Printable(text), "' as a date; dates and times must be written as YYYY-MM-DD",
                         "[ HH:MM[:SS[.ffffff]]]; leave the column out of parse_dates to read it as text");
}

ColumnSpec TypeGuess::Spec() const {
  ColumnSpec spec;
  spec.inferred = true;
  if (!any_) {
    spec.type = missing_ ? arrow::float64() : arrow::utf8();
  } else if (int64_ || uint64_) {
    const bool as_float = missing_ || options_.assume_missing;
    spec.type = as_float ? arrow::float64() : int64_ ? arrow::int64() : arrow::uint64();
    spec.missing_allowed = as_float;
  } else if (float_ && !digits_) {
    spec.type = arrow::float64();
  } else {
    spec.type = bool_ ? arrow::boolean() : arrow::utf8();
  }
  return spec;
}

ColumnSpec TypeGuess::DateSpec() const {
  ColumnSpec spec;
  spec.inferred = true;
  spec.type = arrow::timestamp(nanoseconds_ ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO, utc_ ? "UTC" : "");
  return spec;
}

Result<std::vector<size_t>> FindColumns(const char* option, const nlohmann::json& list,
                                        const std::vector<ColumnSpec>& columns) {
  std::vector<size_t> found;
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  for (const auto& item : list) {
    size_t position = columns.size();
    if (item.is_string()) {
      const auto it = std::find_if(columns.begin(), columns.end(),
                                   [&](const ColumnSpec& column) { return column.name == item.get_ref<const std::string&>(); });
      position = static_cast<size_t>(it - columns.begin());
    } else {
      position = std::min(item.get<size_t>(), columns.size());
    }
    if (position == columns.size()) {
      return Status::Invalid(option, " names column ", item.dump(), ", which is not there; the columns are: ", names);
    }
    found.push_back(position);
  }
  return found;
}

Result<int64_t> InferTypes(const ReadOptions& options, const std::string& file, std::string_view sample, bool at_end,
                           int64_t first_line, std::vector<ColumnSpec>* columns) {
  std::vector<TypeGuess> guesses(columns->size(), TypeGuess(options));
  std::vector<NaValues> na_values;
  for (const auto& column : *columns) na_values.push_back(options.NaValuesOf(column.name));
  std::vector<bool> is_date(columns->size(), false);
  ARROW_ASSIGN_OR_RAISE(const auto dates, FindColumns("parse_dates", options.parse_dates, *columns));
  for (const size_t position : dates) is_date[position] = true;

  RecordCursor cursor(options.dialect, sample, at_end);
  std::vector<std::string_view> fields;
  std::string scratch;
  int64_t records = 0;
  for (; cursor.Next(&fields) == RecordCursor::Outcome::kRecord; ++records) {
    const auto place = [&] {
      const auto start = static_cast<size_t>(fields.front().data() - sample.data());
      return file + ", line " + std::to_string(first_line + CountLines(sample.substr(0, start)));
    };
    if (fields.size() > columns->size() && options.usecols.is_null()) {
      return Status::Invalid(place(), ": expected ", columns->size(), " fields, saw ", fields.size());
    }
    for (size_t i = 0; i < columns->size(); ++i) {
      const auto text = i < fields.size() ? Unquote(options.dialect, fields[i], &scratch) : std::string_view();
      if (na_values[i].Contains(text)) {
        guesses[i].AddMissing();
      } else if (!is_date[i]) {
        guesses[i].Add(text);
      } else if (const Status status = guesses[i].AddDate(text); !status.ok()) {
        return WithPlace(status, place() + ", column '" + (*columns)[i].name + "'");
      }
    }
  }
  for (size_t i = 0; i < columns->size(); ++i) {
    auto& column = (*columns)[i];
    ARROW_ASSIGN_OR_RAISE(const auto given, GivenSpec(options, column.name));
    ColumnSpec spec = is_date[i] ? guesses[i].DateSpec() : given ? *given : guesses[i].Spec();
    spec.name = column.name;
    spec.used = column.used;
    column = std::move(spec);
  }
  return records;
}

}  // namespace millstream::csv
