// Default values of Avro fields, which schemas hold as JSON, in binary form.
#pragma once

#include <string>

#include "millstream/format/avro/avro_type.h"

namespace millstream::avro {

/// Appends `value` encoded as `type`; a union takes the first branch it fits. Invalid where it fits none.
Status EncodeDefault(const Type& type, const nlohmann::json& value, std::string* out);

}  // namespace millstream::avro
