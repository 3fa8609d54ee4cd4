// The CSV writer: bytes as pandas' to_csv(index=False) gives them.
//
// Options: header (true, false or a list of names), sep, quotechar, quoting (0 minimal, 1 all, 2 non-numeric), na_rep,
// date_format (strftime, and %f), float_format (such as "%.2f"), lineterminator, encoding ("utf-8").
//
// It differs from pandas where that would have to see the whole column, or loses data:
// - a time that is midnight is written in full in every row, not as a date where all of its column are at midnight; a fraction
//   of a second is written where there is one, in 3, 6 or 9 digits;
// - a text with a carriage return is quoted (as Python does from 3.13 on), for it would end the line;
// - lists, structs and maps are written as JSON; times in a zone as UTC.
#pragma once

#include <memory>

#include "millstream/format/format.h"

namespace millstream::csv {

/// Invalid naming an option that is unknown or bad, TypeError for a column type without a text form (binary).
Result<std::unique_ptr<FileWriter>> MakeCsvWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                  const TaskContext& context);

}  // namespace millstream::csv
