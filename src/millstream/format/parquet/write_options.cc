#include "millstream/format/parquet/write_options.h"

#include <algorithm>
#include <set>

#include <arrow/type.h>
#include <arrow/util/compression.h>

#include "millstream/format/parquet/exceptions.h"

namespace millstream::parquet_format {
namespace {

using Builder = ::parquet::WriterProperties::Builder;
using ArrowBuilder = ::parquet::ArrowWriterProperties::Builder;

constexpr int64_t kDefaultRowGroupRows = 1 << 20;
constexpr int64_t kMaxRowGroupBytes = 64 << 20;
constexpr int64_t kMinRowGroupBytes = 1 << 20;
constexpr int64_t kMaxDictionaryBytes = 512 << 10;
constexpr int64_t kMinPageBytes = 64 << 10;

struct Parser {
  const nlohmann::json& options;
  const arrow::Schema& schema;
  Builder properties;
  ArrowBuilder arrow_properties;
  WriteOptions result;
  int64_t page_bytes = 1 << 20;

  Status Wrong(const std::string& name, const char* expected) const {
    return Status::Invalid("option '", name, "' for writing Parquet must be ", expected, ", not ", options[name].dump());
  }

  Result<bool> Bool(const std::string& name) const {
    if (options[name].is_boolean()) return options[name].get<bool>();
    return Wrong(name, "true or false");
  }

  Result<int64_t> Positive(const std::string& name) const {
    if (options[name].is_number_integer() && options[name].get<int64_t>() > 0) return options[name].get<int64_t>();
    return Wrong(name, "a positive integer");
  }

  Status CheckColumn(const std::string& option, const std::string& column) const {
    const std::string top = column.substr(0, column.find('.'));
    if (schema.GetFieldIndex(column) >= 0 || schema.GetFieldIndex(top) >= 0) return Status::OK();
    return Status::Invalid("option '", option, "' for writing Parquet names a column '", column, "', which is not there");
  }

  Result<::parquet::Compression::type> Codec(const nlohmann::json& value) const {
    if (value.is_null()) return ::parquet::Compression::UNCOMPRESSED;
    std::string name = value.is_string() ? value.get<std::string>() : "";
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name == "none" || name == "uncompressed") return ::parquet::Compression::UNCOMPRESSED;
    if (name == "snappy") return ::parquet::Compression::SNAPPY;
    if (name == "gzip") return ::parquet::Compression::GZIP;
    if (name == "zstd") return ::parquet::Compression::ZSTD;
    if (name == "lz4" || name == "lz4_raw") return ::parquet::Compression::LZ4;
    if (name == "brotli") return ::parquet::Compression::BROTLI;
    return Status::Invalid("compression must be snappy, gzip, zstd, lz4, brotli or none, not ", value.dump());
  }

  Status Compression(const std::string& name) {
    const nlohmann::json& value = options[name];
    if (!value.is_object()) {
      ARROW_ASSIGN_OR_RAISE(auto codec, Codec(value));
      properties.compression(codec);
      return Status::OK();
    }
    for (const auto& [column, codec_name] : value.items()) {
      ARROW_RETURN_NOT_OK(CheckColumn(name, column));
      ARROW_ASSIGN_OR_RAISE(auto codec, Codec(codec_name));
      properties.compression(column, codec);
    }
    return Status::OK();
  }

  /// A flag for all columns, or the list of columns that have it.
  template <typename SetAll, typename SetColumn>
  Status FlagOrColumns(const std::string& name, SetAll&& set_all, SetColumn&& set_column) {
    const nlohmann::json& value = options[name];
    if (value.is_boolean()) {
      set_all(value.get<bool>());
      return Status::OK();
    }
    if (!value.is_array()) return Wrong(name, "true, false or a list of columns");
    set_all(false);
    for (const auto& column : value) {
      if (!column.is_string()) return Wrong(name, "true, false or a list of columns");
      ARROW_RETURN_NOT_OK(CheckColumn(name, column.get<std::string>()));
      set_column(column.get<std::string>());
    }
    return Status::OK();
  }

  Status Version(const std::string& name) {
    const nlohmann::json& value = options[name];
    if (value == "1.0") {
      properties.version(::parquet::ParquetVersion::PARQUET_1_0);
    } else if (value == "2.4") {
      properties.version(::parquet::ParquetVersion::PARQUET_2_4);
    } else if (value == "2.6") {
      properties.version(::parquet::ParquetVersion::PARQUET_2_6);
    } else {
      return Wrong(name, "\"1.0\", \"2.4\" or \"2.6\"");
    }
    return Status::OK();
  }

  Status Timestamps(const std::string& name) {
    const nlohmann::json& value = options[name];
    if (value.is_null()) return Status::OK();
    if (value != "ms" && value != "us") return Wrong(name, "\"ms\" or \"us\"");
    arrow_properties.coerce_timestamps(value == "ms" ? arrow::TimeUnit::MILLI : arrow::TimeUnit::MICRO);
    return Status::OK();
  }

  Status CustomMetadata(const std::string& name) {
    if (options[name].is_null()) return Status::OK();
    if (!options[name].is_object()) return Wrong(name, "an object of texts");
    for (const auto& [key, text] : options[name].items()) {
      if (!text.is_string()) return Wrong(name, "an object of texts");
      result.custom_metadata[key] = text.get<std::string>();
    }
    return Status::OK();
  }

  Status CompressionLevel(const std::string& name) {
    const nlohmann::json& value = options[name];
    if (value.is_null()) return Status::OK();
    if (!value.is_number_integer() || std::abs(value.get<int64_t>()) > 1000) return Wrong(name, "a small integer");
    properties.compression_level(value.get<int>());
    return Status::OK();
  }

  Status Option(const std::string& name) {
    if (name == "compression") return Compression(name);
    if (name == "compression_level") return CompressionLevel(name);
    if (name == "version") return Version(name);
    if (name == "coerce_timestamps") return Timestamps(name);
    if (name == "custom_metadata") return CustomMetadata(name);
    if (name == "use_dictionary") {
      result.choose_dictionaries = false;
      return FlagOrColumns(
          name, [&](bool on) { on ? properties.enable_dictionary() : properties.disable_dictionary(); },
          [&](const std::string& column) { properties.enable_dictionary(column); });
    }
    if (name == "write_statistics") {
      return FlagOrColumns(
          name, [&](bool on) { on ? properties.enable_statistics() : properties.disable_statistics(); },
          [&](const std::string& column) { properties.enable_statistics(column); });
    }
    if (name == "row_group_size") {
      ARROW_ASSIGN_OR_RAISE(int64_t rows, Positive(name));
      properties.max_row_group_length(rows);
    } else if (name == "data_page_size") {
      ARROW_ASSIGN_OR_RAISE(page_bytes, Positive(name));
    } else if (name == "store_schema") {
      ARROW_ASSIGN_OR_RAISE(result.store_schema, Bool(name));
    } else if (name == "write_page_index") {
      ARROW_ASSIGN_OR_RAISE(const bool on, Bool(name));
      if (on) properties.enable_write_page_index();
    } else if (name == "allow_truncated_timestamps") {
      ARROW_ASSIGN_OR_RAISE(const bool on, Bool(name));
      if (on) arrow_properties.allow_truncated_timestamps();
    } else {
      return Status::Invalid("'", name, "' is not an option for writing Parquet; known are: compression, compression_level, ",
                             "row_group_size, data_page_size, version, write_statistics, use_dictionary, write_page_index, ",
                             "store_schema, coerce_timestamps, allow_truncated_timestamps, custom_metadata");
    }
    return Status::OK();
  }
};

}  // namespace

Result<WriteOptions> ParseWriteOptions(const nlohmann::json& options, const arrow::Schema& schema, const TaskContext& context) {
  if (!options.is_null() && !options.is_object()) {
    return Status::Invalid("options for writing Parquet must be an object, not ", options.dump());
  }
  Parser parser{options, schema, {}, {}, {}};
  parser.properties.compression(::parquet::Compression::SNAPPY)
      ->max_row_group_length(kDefaultRowGroupRows)
      ->memory_pool(context.pool)
      ->created_by("millstream")
      // Indexes of pages pay for files that are read by point look-ups; they cost time for every file.
      ->disable_write_page_index()
      ->set_size_statistics_level(::parquet::SizeStatisticsLevel::ColumnChunk);
  if (options.is_object()) {
    for (const auto& [name, value] : options.items()) ARROW_RETURN_NOT_OK(parser.Option(name));
  }

  const int64_t share = context.budget->limit() / (8 * std::max(1, context.threads));
  parser.result.row_group_bytes = std::clamp(share, kMinRowGroupBytes, kMaxRowGroupBytes);
  // Each column holds a page that is not yet compressed and a dictionary of up to the same size.
  const int64_t columns = std::max(1, schema.num_fields());
  const int64_t page_share = std::max(kMinPageBytes, parser.result.row_group_bytes / (2 * columns));
  parser.page_bytes = std::min(parser.page_bytes, page_share);
  // A dictionary's hash table takes up to twelve times what its values take.
  parser.properties.data_pagesize(parser.page_bytes)
      ->dictionary_pagesize_limit(std::min(parser.page_bytes, kMaxDictionaryBytes));
  return Guarded("options for writing Parquet", [&]() -> Result<WriteOptions> {
    parser.arrow_properties.set_use_threads(false);
    parser.result.properties = parser.properties.build();
    parser.result.arrow_properties = parser.arrow_properties.build();
    return std::move(parser.result);
  });
}

}  // namespace millstream::parquet_format
