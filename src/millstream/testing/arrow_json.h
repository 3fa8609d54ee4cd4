// Record batches as JSON rows, so that tests can be read.
#pragma once

#include <cmath>
#include <memory>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <nlohmann/json.hpp>

namespace millstream::testing {

/// A batch from rows like `[[1, "a"], [2, null]]`; "NaN" in a column of floats is NaN.
inline arrow::Result<std::shared_ptr<arrow::RecordBatch>> BatchFromJson(const std::shared_ptr<arrow::Schema>& schema,
                                                                        const nlohmann::json& rows) {
  arrow::ArrayVector columns;
  for (int c = 0; c < schema->num_fields(); ++c) {
    nlohmann::json column = nlohmann::json::array();
    for (const auto& row : rows) column.push_back(row[c]);
    std::string text = column.dump();
    for (size_t at; arrow::is_floating(schema->field(c)->type()->id()) && (at = text.find("\"NaN\"")) != std::string::npos;) {
      text.replace(at, 5, "NaN");
    }
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(schema->field(c)->type(), text));
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), std::move(columns));
}

/// One value: numbers, booleans and strings as themselves, anything else as Arrow prints it.
inline nlohmann::json ValueAsJson(const arrow::Array& array, int64_t i) {
  if (array.IsNull(i)) return nullptr;
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(i);
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleArray&>(array).Value(i);
    case arrow::Type::FLOAT:
      return static_cast<const arrow::FloatArray&>(array).Value(i);
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      return ValueAsJson(*dictionary.dictionary(), dictionary.GetValueIndex(i));
    }
    default:
      break;
  }
  const std::string text = (*array.GetScalar(i))->ToString();
  if (array.type_id() == arrow::Type::UINT64) return std::stoull(text);
  if (arrow::is_integer(array.type_id())) return std::stoll(text);
  return text;
}

/// The inverse of BatchFromJson.
inline std::vector<nlohmann::json> RowsAsJson(const arrow::RecordBatch& batch) {
  std::vector<nlohmann::json> rows(batch.num_rows(), nlohmann::json::array());
  for (const auto& column : batch.columns()) {
    for (int64_t i = 0; i < batch.num_rows(); ++i) rows[i].push_back(ValueAsJson(*column, i));
  }
  return rows;
}

}  // namespace millstream::testing
