// The makers of the column decoders, one a kind of type, and the JSON type.
#pragma once

#include "millstream/format/json/column_decoder.h"

namespace millstream::json_format {

using DecoderPtr = std::unique_ptr<ColumnDecoder>;

/// Text of a JSON value: Arrow's canonical extension type arrow.json over utf8.
std::shared_ptr<arrow::DataType> JsonType();
bool IsJsonType(const arrow::DataType& type);

/// nullptr where the type is no integer, float32 or float64.
DecoderPtr MakeNumberDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);
DecoderPtr MakeBoolDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);
DecoderPtr MakeStringDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);
DecoderPtr MakeJsonDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);
DecoderPtr MakeTimestampDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);
Result<DecoderPtr> MakeStructDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);
Result<DecoderPtr> MakeListDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state);

}  // namespace millstream::json_format
