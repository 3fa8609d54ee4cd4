// Dictionary columns for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

namespace millstream {

inline std::string Text(int64_t number) { return std::to_string(1'000'000'000'000'000 + number); }

/// Row i has text number `codes[i]`, of 16 bytes each, and nothing where the code is negative.
inline std::shared_ptr<arrow::RecordBatch> Encoded(const std::vector<int32_t>& codes, int64_t values, bool ordered = false) {
  arrow::Int32Builder indices;
  for (const int32_t code : codes) EXPECT_TRUE((code < 0 ? indices.AppendNull() : indices.Append(code)).ok());
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < values; ++i) EXPECT_TRUE(texts.Append(Text(i)).ok());
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8(), ordered);
  const auto column =
      std::make_shared<arrow::DictionaryArray>(type, indices.Finish().ValueOrDie(), texts.Finish().ValueOrDie());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), column->length(), {column});
}

}  // namespace millstream
