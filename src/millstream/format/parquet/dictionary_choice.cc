#include "millstream/format/parquet/dictionary_choice.h"

#include <array>
#include <functional>
#include <string_view>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type_traits.h>

namespace millstream::parquet_format {
namespace {

constexpr int64_t kTinyRows = 64;  ///< a dictionary is a page of its own, which so few rows do not pay for

/// Counts distinct hashes of at most kSampleRows values.
class DistinctCounter {
 public:
  void Add(std::string_view value) {
    const size_t hash = std::hash<std::string_view>()(value) | 1;  // 0 marks a free slot
    for (size_t slot = hash >> 8;; ++slot) {
      size_t& held = slots_[slot % slots_.size()];
      if (held == hash) return;
      if (held == 0) {
        held = hash;
        ++distinct_;
        return;
      }
    }
  }
  int64_t distinct() const { return distinct_; }

 private:
  std::array<size_t, 2 * kSampleRows> slots_{};
  int64_t distinct_ = 0;
};

template <typename ArrayType>
void AddTexts(const arrow::Array& column, int64_t rows, DistinctCounter* counter) {
  const auto& texts = static_cast<const ArrayType&>(column);
  for (int64_t i = 0; i < rows; ++i) {
    if (texts.IsValid(i)) counter->Add(texts.GetView(i));
  }
}

void AddFixed(const arrow::Array& column, int64_t rows, DistinctCounter* counter) {
  const auto width = static_cast<size_t>(column.type()->byte_width());
  const auto* values = reinterpret_cast<const char*>(column.data()->GetValues<uint8_t>(1, 0));
  for (int64_t i = 0; i < rows; ++i) {
    if (column.IsValid(i)) counter->Add({values + static_cast<size_t>(column.offset() + i) * width, width});
  }
}

/// Whether the values of column `index` repeat. Columns of types that are not looked into count as repeating.
bool Repeats(const arrow::RecordBatchVector& sample, int index) {
  const arrow::DataType& type = *sample[0]->column(index)->type();
  const bool is_small_text = type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
  const bool is_large_text = type.id() == arrow::Type::LARGE_STRING || type.id() == arrow::Type::LARGE_BINARY;
  const bool is_fixed = arrow::is_fixed_width(type.id()) && type.id() != arrow::Type::DICTIONARY && type.bit_width() % 8 == 0;
  if (!is_small_text && !is_large_text && !is_fixed) return true;

  DistinctCounter counter;
  int64_t seen = 0;
  for (const auto& batch : sample) {
    const arrow::Array& column = *batch->column(index);
    const int64_t rows = std::min(column.length(), kSampleRows - seen);
    seen += rows;
    if (is_small_text) AddTexts<arrow::BinaryArray>(column, rows, &counter);
    if (is_large_text) AddTexts<arrow::LargeBinaryArray>(column, rows, &counter);
    if (is_fixed) AddFixed(column, rows, &counter);
  }
  return 2 * counter.distinct() <= seen;
}

}  // namespace

std::shared_ptr<::parquet::WriterProperties> ChooseDictionaries(const std::shared_ptr<::parquet::WriterProperties>& base,
                                                                const arrow::RecordBatchVector& sample) {
  int64_t rows = 0;
  for (const auto& batch : sample) rows += batch->num_rows();
  if (rows == 0) return base;
  std::vector<std::string> distinct;
  const bool tiny = rows < kTinyRows;
  for (int i = 0; i < sample[0]->num_columns() && !tiny; ++i) {
    if (!Repeats(sample, i)) distinct.push_back(sample[0]->schema()->field(i)->name());
  }
  if (distinct.empty() && !tiny) return base;
  ::parquet::WriterProperties::Builder builder(*base);
  if (tiny) builder.disable_dictionary();
  for (const std::string& column : distinct) builder.disable_dictionary(column);
  return builder.build();
}

}  // namespace millstream::parquet_format
