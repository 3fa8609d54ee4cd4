// Arrow types, schemas and scalars as JSON: readable for plain ones, base64 of Arrow IPC for nested and unusual ones.
// Everything comes back equal: NaN, infinities, -0.0, time zones, nulls of a type, metadata.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"

namespace millstream {

/// "int64", "timestamp[us, tz=UTC]", ...; {"ipc": base64} for types with children, extensions and parameters beyond these.
nlohmann::json TypeToJson(const arrow::DataType& type);
Result<std::shared_ptr<arrow::DataType>> TypeFromJson(const nlohmann::json& json);

/// [{"name": ..., "type": ...}, ...], with "nullable": false where it is; {"ipc": base64} where there is metadata.
nlohmann::json SchemaToJson(const arrow::Schema& schema);
Result<std::shared_ptr<arrow::Schema>> SchemaFromJson(const nlohmann::json& json);

/// {"type": ..., "value": ...} where value is null, a boolean, a number, or a string; {"type": ..., "base64": ...} for bytes
/// that are not text; {"ipc": base64} otherwise.
nlohmann::json ScalarToJson(const arrow::Scalar& scalar);
Result<std::shared_ptr<arrow::Scalar>> ScalarFromJson(const nlohmann::json& json);

}  // namespace millstream
