// Avro object container files as a format. Its options are ReadOptions and WriteOptions.
#pragma once

#include "millstream/format/format.h"

namespace millstream::avro {

const Format* AvroFormat();

}  // namespace millstream::avro
