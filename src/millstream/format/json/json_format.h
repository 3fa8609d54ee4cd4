// The format "json": records as JSON, one a line (NDJSON) or in one array.
#pragma once

#include "millstream/format/format.h"

namespace millstream {

/// Options: see json/options.h. Inspect reads a sample of the first files; types are found as pandas' read_json finds them, but
/// by the sample. Objects whose keys are the same in all records of the sample are structs, other objects, mixed types and
/// lists of them JSON text (Arrow's extension type arrow.json). A key that is missing in a record is null there; one that was
/// not in the sample, nor in `dtype`, is passed over.
const Format* JsonFormat();

}  // namespace millstream
