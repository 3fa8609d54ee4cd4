// Comma-separated values: read and written as pandas and Dask do.
#pragma once

#include "millstream/format/format.h"

namespace millstream {

/// The format "csv". Options of reading: csv/options.h; of writing: csv/csv_writer.h.
const Format* CsvFormat();

}  // namespace millstream
