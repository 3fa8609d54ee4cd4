#include "millstream/exec/partition_path.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/type_traits.h>
#include <arrow/util/float16.h>

#include "millstream/fs/output_job.h"

namespace millstream {
namespace {

using arrow::Type;

/// Shortest text that reads back as the same number, laid out as Python's repr does.
template <typename Float>
std::string FloatText(Float value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0.0";  // -0.0 is the same key
  char buffer[400];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string scientific(buffer, end);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent < -4 || exponent >= 16) return scientific;
  end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  const std::string fixed(buffer, end);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

template <typename ArrowType>
std::vector<PartitionText> FloatTexts(const arrow::Array& values) {
  const auto& floats = static_cast<const arrow::NumericArray<ArrowType>&>(values);
  std::vector<PartitionText> texts(static_cast<size_t>(values.length()));
  for (int64_t i = 0; i < values.length(); ++i) {
    PartitionText& text = texts[static_cast<size_t>(i)];
    text.is_missing = floats.IsNull(i) || std::isnan(floats.Value(i));
    if (!text.is_missing) text.text = FloatText(floats.Value(i));
  }
  return texts;
}

/// Arrow's "2020-01-31 12:00:00.500000000Z" as pandas prints it: no fraction where it is zero, else 6 or 9 digits.
std::string TimestampText(std::string_view text) {
  const bool zoned = text.ends_with('Z');
  if (zoned) text.remove_suffix(1);
  std::string result(text.substr(0, text.find('.')));
  std::string fraction(text.find('.') == text.npos ? "" : text.substr(text.find('.') + 1));
  fraction.resize(9, '0');
  if (fraction.ends_with("000")) fraction.resize(6);
  if (fraction.find_first_not_of('0') != std::string::npos) result += "." + fraction;
  return zoned ? result + "+00:00" : result;
}

/// Dense numbers of the distinct values of a column, and their texts; null is a value.
struct Codes {
  std::vector<int32_t> rows;
  std::vector<PartitionText> texts;
};

Result<Codes> EncodeColumn(const std::shared_ptr<arrow::Array>& column, arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  std::shared_ptr<arrow::Array> encoded = column;
  if (column->type_id() != Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(
        arrow::Datum datum,
        arrow::compute::DictionaryEncode(arrow::Datum(column), arrow::compute::DictionaryEncodeOptions::Defaults(), &context));
    encoded = datum.make_array();
  } else if (static_cast<const arrow::DictionaryType&>(*column->type()).index_type()->id() != Type::INT32) {
    const auto& value_type = static_cast<const arrow::DictionaryType&>(*column->type()).value_type();
    ARROW_ASSIGN_OR_RAISE(encoded, arrow::compute::Cast(*column, arrow::dictionary(arrow::int32(), value_type),
                                                        arrow::compute::CastOptions::Safe(), &context));
  }
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*encoded);
  Codes codes;
  codes.rows.resize(static_cast<size_t>(column->length()));
  ARROW_ASSIGN_OR_RAISE(codes.texts, PartitionTexts(*dictionary.dictionary(), pool));
  const auto missing = static_cast<int32_t>(codes.texts.size());
  codes.texts.push_back({"", true});
  const auto& indices = static_cast<const arrow::Int32Array&>(*dictionary.indices());
  for (int64_t i = 0; i < indices.length(); ++i) {
    codes.rows[static_cast<size_t>(i)] = indices.IsNull(i) ? missing : indices.Value(i);
  }
  return codes;
}

/// Numbers the distinct pairs (a, b) by their first appearance.
std::vector<int32_t> CombineCodes(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  std::unordered_map<uint64_t, int32_t> numbers;
  std::vector<int32_t> combined(a.size());
  for (size_t row = 0; row < a.size(); ++row) {
    const uint64_t pair = static_cast<uint64_t>(static_cast<uint32_t>(a[row])) << 32 | static_cast<uint32_t>(b[row]);
    combined[row] = numbers.try_emplace(pair, static_cast<int32_t>(numbers.size())).first->second;
  }
  return combined;
}

/// Row numbers, those of a group together and in order: a counting sort.
Result<std::shared_ptr<arrow::Array>> RowsByGroup(const std::vector<int32_t>& groups, const std::vector<int64_t>& offsets,
                                                  arrow::MemoryPool* pool) {
  const auto rows = static_cast<int64_t>(groups.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* order = reinterpret_cast<int32_t*>(buffer->mutable_data());
  std::vector<int64_t> next(offsets);
  for (size_t row = 0; row < groups.size(); ++row) order[next[static_cast<size_t>(groups[row])]++] = static_cast<int32_t>(row);
  return std::make_shared<arrow::Int32Array>(rows, std::move(buffer));
}

}  // namespace

bool HasPartitionText(const arrow::DataType& type) {
  if (type.id() == Type::DICTIONARY) return HasPartitionText(*static_cast<const arrow::DictionaryType&>(type).value_type());
  return arrow::is_primitive(type.id()) || arrow::is_base_binary_like(type.id()) || arrow::is_decimal(type.id()) ||
         type.id() == Type::NA;
}

Result<std::vector<PartitionText>> PartitionTexts(const arrow::Array& values, arrow::MemoryPool* pool) {
  if (values.type_id() == Type::DOUBLE) return FloatTexts<arrow::DoubleType>(values);
  if (values.type_id() == Type::FLOAT) return FloatTexts<arrow::FloatType>(values);
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  std::shared_ptr<arrow::Array> as_text = arrow::MakeArray(values.data());
  if (values.type_id() == Type::HALF_FLOAT) {
    ARROW_ASSIGN_OR_RAISE(as_text,
                          arrow::compute::Cast(values, arrow::float32(), arrow::compute::CastOptions::Safe(), &context));
    return FloatTexts<arrow::FloatType>(*as_text);
  }
  const bool is_bytes = values.type_id() == Type::BINARY || values.type_id() == Type::LARGE_BINARY;
  if (values.type_id() != Type::STRING && !is_bytes) {
    ARROW_ASSIGN_OR_RAISE(as_text, arrow::compute::Cast(values, arrow::utf8(), arrow::compute::CastOptions::Safe(), &context));
  }
  std::vector<PartitionText> texts(static_cast<size_t>(values.length()));
  for (int64_t i = 0; i < values.length(); ++i) {
    PartitionText& text = texts[static_cast<size_t>(i)];
    text.is_missing = as_text->IsNull(i);
    if (text.is_missing) continue;
    text.text = as_text->type_id() == Type::LARGE_BINARY ? static_cast<const arrow::LargeBinaryArray&>(*as_text).GetString(i)
                                                         : static_cast<const arrow::BinaryArray&>(*as_text).GetString(i);
    if (values.type_id() == Type::BOOL) text.text = text.text == "true" ? "True" : "False";
    if (values.type_id() == Type::TIMESTAMP) text.text = TimestampText(text.text);
  }
  return texts;
}

Result<GroupedRows> GroupByPath(const arrow::RecordBatch& batch, const std::vector<int>& keys,
                                const std::shared_ptr<arrow::Schema>& rest, arrow::MemoryPool* pool) {
  const auto rows = static_cast<size_t>(batch.num_rows());
  std::vector<std::vector<std::string>> parts(keys.size());  // of each code of each column: "name=value/"
  std::vector<std::vector<int32_t>> codes(keys.size());
  for (size_t k = 0; k < keys.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(Codes encoded, EncodeColumn(batch.column(keys[k]), pool));
    const std::string name = fs::EncodePartitionValue(batch.schema()->field(keys[k])->name(), false);
    // Different values may have one text (null, NaN and ""; -0.0 and 0.0): the text is the key.
    std::unordered_map<std::string, int32_t> by_text;
    std::vector<int32_t> renumbered;
    for (const PartitionText& text : encoded.texts) {
      std::string part = name + '=' + fs::EncodePartitionValue(text.text, text.is_missing) + '/';
      const auto [found, is_new] = by_text.try_emplace(part, static_cast<int32_t>(parts[k].size()));
      renumbered.push_back(found->second);
      if (is_new) parts[k].push_back(std::move(part));
    }
    for (int32_t& code : encoded.rows) code = renumbered[static_cast<size_t>(code)];
    codes[k] = std::move(encoded.rows);
  }

  std::vector<int32_t> groups(rows, 0);
  for (const auto& column : codes) groups = CombineCodes(groups, column);

  GroupedRows grouped;
  std::vector<int64_t> counts;
  for (size_t row = 0; row < rows; ++row) {
    const auto group = static_cast<size_t>(groups[row]);
    if (group == counts.size()) {
      counts.push_back(0);
      std::string path;
      for (size_t k = 0; k < keys.size(); ++k) path += parts[k][static_cast<size_t>(codes[k][row])];
      grouped.paths.push_back(std::move(path));
    }
    ++counts[group];
  }
  grouped.offsets.assign(1, 0);
  for (const int64_t count : counts) grouped.offsets.push_back(grouped.offsets.back() + count);

  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (std::find(keys.begin(), keys.end(), i) == keys.end()) columns.push_back(batch.column(i));
  }
  grouped.batch = arrow::RecordBatch::Make(rest, batch.num_rows(), std::move(columns));
  if (counts.size() < 2) return grouped;
  ARROW_ASSIGN_OR_RAISE(const auto order, RowsByGroup(groups, grouped.offsets, pool));
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum taken, arrow::compute::Take(arrow::Datum(grouped.batch), arrow::Datum(order),
                                                                 arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  grouped.batch = taken.record_batch();
  return grouped;
}

}  // namespace millstream
