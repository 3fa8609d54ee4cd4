// The list of formats: a new one adds its header and one line here.
#include <array>

#include "millstream/format/avro/avro_format.h"
#include "millstream/format/csv/csv_format.h"
#include "millstream/format/format.h"
#include "millstream/format/json/json_format.h"
#include "millstream/format/parquet/parquet_format.h"

namespace millstream {
namespace {

const std::vector<const Format*>& Formats() {
  static const std::vector<const Format*> formats = {
      JsonFormat(),
      ParquetFormat(),
      avro::AvroFormat(),
      CsvFormat(),
  };
  return formats;
}

}  // namespace

Result<const Format*> FindFormat(const std::string& name) {
  std::string known;
  for (const Format* format : Formats()) {
    if (format->name() == name) return format;
    known += (known.empty() ? "" : ", ") + format->name();
  }
  return Status::KeyError("there is no format '", name, "'; known are: ", known);
}

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const Format* format : Formats()) names.push_back(format->name());
  return names;
}

}  // namespace millstream
