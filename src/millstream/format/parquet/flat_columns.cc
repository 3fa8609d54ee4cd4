#include "millstream/format/parquet/flat_columns.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>
#include <parquet/column_reader.h>
#include <parquet/metadata.h>

namespace millstream::parquet_format {
namespace {

constexpr int64_t kMaxDictionaryBytes = 256 << 10;

Status TooFew(int64_t missing) {
  return Status::IOError("the column has ", missing, " values fewer than the row group has rows; the file is damaged");
}

/// Moves `count` values at the front of `values` to the rows whose level says that a value is there; from the back, because
/// a value's row is never before it. The rows between get 0.
template <typename T>
void Spread(const int16_t* levels, int64_t rows, int64_t count, T* values) {
  for (int64_t row = rows - 1; row >= 0; --row) values[row] = levels[row] ? values[--count] : T{};
}

/// Rows of fixed width, some of which may be missing: values of `T`, which `decode` takes from the pages.
template <typename T>
class RowReader {
 public:
  RowReader(bool may_miss, arrow::MemoryPool* pool) : may_miss_(may_miss), pool_(pool) {}

  /// The buffers {validity, values} of the next `rows` rows; validity is nullptr where none is missing.
  /// `decode(rows, levels, values, count)` reads at most `rows` rows: a level each into `levels` unless that is nullptr, and
  /// the `count` values that are there; it gives the number of rows.
  template <typename Decode>
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> Read(int64_t rows, const Decode& decode) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(T)), pool_));
    auto* values = reinterpret_cast<T*>(buffer->mutable_data());
    ARROW_RETURN_NOT_OK(ReserveLevels(rows));
    auto* const all_levels = may_miss_ ? reinterpret_cast<int16_t*>(levels_->mutable_data()) : nullptr;
    int64_t done = 0;
    int64_t present = 0;
    while (done < rows) {
      int16_t* levels = may_miss_ ? all_levels + done : nullptr;
      int64_t count = 0;
      const int64_t more = decode(rows - done, levels, values + present, &count);
      if (more == 0) return TooFew(rows - done);
      const int64_t expected = may_miss_ ? std::count(levels, levels + more, int16_t{1}) : more;
      if (count != expected) return TooFew(expected - count);
      done += more;
      present += count;
    }
    missing_ = rows - present;
    if (missing_ == 0) return std::vector<std::shared_ptr<arrow::Buffer>>{nullptr, std::move(buffer)};
    Spread(all_levels, rows, present, values);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity, arrow::AllocateEmptyBitmap(rows, pool_));
    uint8_t* bits = validity->mutable_data();
    for (int64_t row = 0; row < rows; ++row) bits[row / 8] |= static_cast<uint8_t>(all_levels[row] << (row % 8));
    return std::vector<std::shared_ptr<arrow::Buffer>>{std::move(validity), std::move(buffer)};
  }

  /// Rows without a value that the last Read() met.
  int64_t missing() const { return missing_; }

 private:
  Status ReserveLevels(int64_t rows) {
    const int64_t bytes = rows * static_cast<int64_t>(sizeof(int16_t));
    if (!may_miss_ || (levels_ && levels_->size() >= bytes)) return Status::OK();
    levels_.reset();
    return arrow::AllocateBuffer(bytes, pool_).Value(&levels_);
  }

  const bool may_miss_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<arrow::Buffer> levels_;  ///< 1 where a value is there, else 0; an int16 a row
  int64_t missing_ = 0;
};

/// Whether Arrow holds values of the type as whole numbers, as Parquet does. A date64 is one of days in the file.
bool IsWhole(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || (arrow::is_temporal(type.id()) && type.id() != arrow::Type::DATE64);
}

template <typename ParquetType>
class FlatNumbers final : public FlatColumn {
 public:
  using Value = typename ParquetType::c_type;

  FlatNumbers(std::shared_ptr<::parquet::ColumnReader> reader, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : reader_(std::move(reader)), type_(std::move(type)), rows_(reader_->descr()->max_definition_level() > 0, pool) {}

  Result<std::shared_ptr<arrow::Array>> Read(int64_t rows) override {
    auto& pages = static_cast<::parquet::TypedColumnReader<ParquetType>&>(*reader_);
    ARROW_ASSIGN_OR_RAISE(auto buffers, rows_.Read(rows, [&](int64_t wanted, int16_t* levels, Value* values, int64_t* count) {
      return pages.ReadBatch(wanted, levels, nullptr, values, count);
    }));
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, std::move(buffers), rows_.missing()));
  }

 private:
  const std::shared_ptr<::parquet::ColumnReader> reader_;
  const std::shared_ptr<arrow::DataType> type_;
  RowReader<Value> rows_;
};

class FlatCodes final : public FlatColumn {
 public:
  FlatCodes(std::shared_ptr<::parquet::ColumnReader> reader, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : reader_(std::move(reader)),
        type_(std::move(type)),
        pool_(pool),
        rows_(reader_->descr()->max_definition_level() > 0, pool) {}

  Result<std::shared_ptr<arrow::Array>> Read(int64_t rows) override {
    auto& pages = static_cast<::parquet::TypedColumnReader<::parquet::ByteArrayType>&>(*reader_);
    uint32_t largest = 0;
    ARROW_ASSIGN_OR_RAISE(auto buffers, rows_.Read(rows, [&](int64_t wanted, int16_t* levels, int32_t* codes, int64_t* count) {
      const ::parquet::ByteArray* values = nullptr;
      int32_t number = 0;
      const int64_t read = pages.ReadBatchWithDictionary(wanted, levels, nullptr, codes, count, &values, &number);
      if (values != nullptr) values_ = {values, static_cast<size_t>(number)};
      for (int64_t i = 0; i < *count; ++i) largest = std::max(largest, static_cast<uint32_t>(codes[i]));
      return read;
    }));
    // libparquet does not look whether the codes of a damaged file lie in the dictionary.
    if (rows_.missing() < rows && largest >= values_.size()) {
      return Status::IOError("code ", largest, " is not in the dictionary of ", values_.size(), " values; the file is damaged");
    }
    if (!dictionary_ || dictionary_->length() != static_cast<int64_t>(values_.size())) ARROW_RETURN_NOT_OK(MakeDictionary());
    auto codes = arrow::ArrayData::Make(arrow::int32(), rows, std::move(buffers), rows_.missing());
    return std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int32(), type_), arrow::MakeArray(codes),
                                                    dictionary_);
  }

 private:
  Status MakeDictionary() {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool_, type_, &builder));
    const bool is_large = arrow::is_large_binary_like(type_->id());
    for (const ::parquet::ByteArray& value : values_) {
      const auto* bytes = reinterpret_cast<const char*>(value.ptr);
      const std::string_view text(bytes == nullptr ? "" : bytes, value.len);
      ARROW_RETURN_NOT_OK(is_large ? static_cast<arrow::LargeBinaryBuilder&>(*builder).Append(text)
                                   : static_cast<arrow::BinaryBuilder&>(*builder).Append(text));
    }
    ARROW_ASSIGN_OR_RAISE(dictionary_, builder->Finish());
    return dictionary_->ValidateFull();  // texts are UTF-8
  }

  const std::shared_ptr<::parquet::ColumnReader> reader_;
  const std::shared_ptr<arrow::DataType> type_;  ///< of the values
  arrow::MemoryPool* const pool_;
  RowReader<int32_t> rows_;
  std::span<const ::parquet::ByteArray> values_;  ///< held by reader_
  std::shared_ptr<arrow::Array> dictionary_;
};

}  // namespace

bool IsDictionaryEncoded(const ::parquet::ColumnChunkMetaData& chunk) {
  if (chunk.type() != ::parquet::Type::BYTE_ARRAY || !chunk.has_dictionary_page()) return false;
  if (chunk.data_page_offset() - chunk.dictionary_page_offset() > kMaxDictionaryBytes) return false;
  const auto is_code = [](::parquet::Encoding::type encoding) {
    return encoding == ::parquet::Encoding::PLAIN_DICTIONARY || encoding == ::parquet::Encoding::RLE_DICTIONARY;
  };
  // Statistics of pages are exact. Without them PLAIN may be the dictionary's own encoding or that of values beside it.
  const auto& pages = chunk.encoding_stats();
  if (!pages.empty()) {
    return std::all_of(pages.begin(), pages.end(), [&](const ::parquet::PageEncodingStats& page) {
      const bool is_data =
          page.page_type == ::parquet::PageType::DATA_PAGE || page.page_type == ::parquet::PageType::DATA_PAGE_V2;
      return !is_data || is_code(page.encoding);
    });
  }
  const auto& encodings = chunk.encodings();
  return std::all_of(encodings.begin(), encodings.end(), [&](::parquet::Encoding::type encoding) {
    const bool is_level = encoding == ::parquet::Encoding::RLE || encoding == ::parquet::Encoding::BIT_PACKED;
    return is_level || is_code(encoding);
  });
}

bool IsFlatNumber(::parquet::Type::type physical, const arrow::DataType& type) {
  switch (physical) {
    case ::parquet::Type::INT32:
      return IsWhole(type) && type.bit_width() == 32;
    case ::parquet::Type::INT64:
      return IsWhole(type) && type.bit_width() == 64;
    case ::parquet::Type::FLOAT:
      return type.id() == arrow::Type::FLOAT;
    case ::parquet::Type::DOUBLE:
      return type.id() == arrow::Type::DOUBLE;
    default:
      return false;
  }
}

Result<std::unique_ptr<FlatColumn>> OpenFlatNumbers(::parquet::RowGroupReader* group, int leaf,
                                                    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  auto reader = group->Column(leaf);
  switch (reader->type()) {
    case ::parquet::Type::INT32:
      return std::make_unique<FlatNumbers<::parquet::Int32Type>>(std::move(reader), type, pool);
    case ::parquet::Type::INT64:
      return std::make_unique<FlatNumbers<::parquet::Int64Type>>(std::move(reader), type, pool);
    case ::parquet::Type::FLOAT:
      return std::make_unique<FlatNumbers<::parquet::FloatType>>(std::move(reader), type, pool);
    case ::parquet::Type::DOUBLE:
      return std::make_unique<FlatNumbers<::parquet::DoubleType>>(std::move(reader), type, pool);
    default:
      return Status::UnknownError("column ", leaf, " has no numbers");
  }
}

Result<std::unique_ptr<FlatColumn>> OpenFlatCodes(::parquet::RowGroupReader* group, int leaf,
                                                  const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  return std::make_unique<FlatCodes>(group->Column(leaf), type, pool);
}

}  // namespace millstream::parquet_format
