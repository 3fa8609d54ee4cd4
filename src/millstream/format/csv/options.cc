#include "millstream/format/csv/options.h"

#include <algorithm>
#include <limits>

#include <arrow/type.h>

#include "millstream/base/bytes.h"

namespace millstream::csv {
namespace {

using nlohmann::json;

Status Bad(const std::string& key, const std::string& wanted, const json& value) {
  return Status::Invalid("CSV option ", key, " must be ", wanted, ", not ",
                         value.dump(-1, ' ', false, json::error_handler_t::replace));
}

Result<bool> Bool(const std::string& key, const json& value) {
  if (!value.is_boolean()) return Bad(key, "true or false", value);
  return value.get<bool>();
}

Result<int64_t> Count(const std::string& key, const json& value) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0) return Bad(key, "a whole number of 0 or more", value);
  return value.get<int64_t>();
}

/// A string of one ASCII byte; null gives nothing.
Result<std::optional<char>> OneByte(const std::string& key, const json& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_string() || value.get_ref<const std::string&>().size() != 1) return Bad(key, "one ASCII character", value);
  const char byte = value.get_ref<const std::string&>()[0];
  if (static_cast<uint8_t>(byte) >= 0x80 || IsLineEnd(static_cast<uint8_t>(byte))) {
    return Bad(key, "one ASCII character other than a line end", value);
  }
  return byte;
}

std::string ScalarText(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Result<std::vector<std::string>> Texts(const std::string& key, const json& value) {
  if (value.is_string() || value.is_number()) return std::vector<std::string>{ScalarText(value)};
  if (!value.is_array()) return Bad(key, "a list of strings", value);
  std::vector<std::string> texts;
  for (const auto& item : value) {
    if (!item.is_string() && !item.is_number()) return Bad(key, "a list of strings", value);
    texts.push_back(ScalarText(item));
  }
  return texts;
}

Status SetBlocksize(const json& value, ReadOptions* options) {
  if (value.is_null()) {
    options->blocksize = std::nullopt;
    return Status::OK();
  }
  if (value == "default") return Status::OK();
  int64_t bytes = 0;
  if (value.is_string()) {
    ARROW_ASSIGN_OR_RAISE(bytes, ParseBytes(value.get<std::string>()));
  } else if (value.is_number_integer()) {
    bytes = value.get<int64_t>();
  }
  if (bytes <= 0)
    return Bad("blocksize", "a positive number of bytes, a text such as \"64MB\", or null for one block a file", value);
  options->blocksize = bytes;
  return Status::OK();
}

Status SetEncoding(const json& value, ReadOptions* options) {
  if (value.is_null()) return Status::OK();
  std::string name = value.is_string() ? value.get<std::string>() : "";
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return c == '_' ? '-' : std::tolower(c); });
  if (name == "utf-8" || name == "utf8" || name == "utf-8-sig" || name == "ascii") {
    options->encoding = Encoding::kUtf8;
  } else if (name == "latin-1" || name == "latin1" || name == "iso-8859-1" || name == "iso8859-1" || name == "l1") {
    options->encoding = Encoding::kLatin1;
  } else {
    return Bad("encoding", "\"utf-8\" or \"latin-1\"", value);
  }
  return Status::OK();
}

Status SetHeader(const json& value, ReadOptions* options) {
  if (value.is_null()) {
    options->header = std::nullopt;
  } else if (value.is_number_integer() && value.get<int64_t>() >= 0) {
    options->header = value.get<int64_t>();
  } else if (value != "infer") {
    return Bad("header", "a line number, null, or \"infer\"", value);
  }
  return Status::OK();
}

Status SetDtype(const json& value, ReadOptions* options) {
  if (value.is_null()) return Status::OK();
  if (value.is_string()) {
    options->default_dtype = value.get<std::string>();
    return SpecFromDtype(options->default_dtype).status();
  }
  if (!value.is_object()) return Bad("dtype", "a type name, or an object of column: type name", value);
  for (const auto& [column, type] : value.items()) {
    if (!type.is_string()) return Bad("dtype", "a type name, or an object of column: type name", value);
    options->dtypes[column] = type.get<std::string>();
    ARROW_RETURN_NOT_OK(WithPlace(SpecFromDtype(options->dtypes[column]).status(), "dtype of column '" + column + "'"));
  }
  return Status::OK();
}

Status CheckNaValues(const json& value) {
  if (value.is_null()) return Status::OK();
  if (!value.is_object()) return Texts("na_values", value).status();
  for (const auto& item : value) ARROW_RETURN_NOT_OK(Texts("na_values", item).status());
  return Status::OK();
}

Status CheckColumnList(const std::string& key, const json& value) {
  if (value.is_null()) return Status::OK();
  const auto names_column = [](const json& item) {
    return item.is_string() || (item.is_number_integer() && item.get<int64_t>() >= 0);
  };
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), names_column)) {
    return Bad(key, "a list of column names or positions", value);
  }
  return Status::OK();
}

Status SetByte(const std::string& key, const json& value, ReadOptions* options) {
  ARROW_ASSIGN_OR_RAISE(const auto byte, OneByte(key, value));
  if (key == "quotechar") {
    options->dialect.quoting = options->dialect.quoting && byte.has_value();
    if (byte) options->dialect.quote = static_cast<uint8_t>(*byte);
  } else if (key == "escapechar") {
    options->dialect.escape = byte ? static_cast<uint8_t>(*byte) : -1;
  } else if (key == "comment") {
    options->dialect.comment = byte ? static_cast<uint8_t>(*byte) : -1;
  } else if (key == "thousands") {
    options->thousands = byte.value_or('\0');
  } else if (!byte) {  // sep, delimiter, decimal
    return Bad(key, "one ASCII character", value);
  } else if (key == "decimal") {
    options->decimal = *byte;
  } else {
    options->dialect.delimiter = static_cast<uint8_t>(*byte);
  }
  return Status::OK();
}

/// The columns as an inspection found them.
Status SetColumns(const json& value, ReadOptions* options) {
  try {
    for (const auto& item : value) {
      ColumnSpec spec;
      if (item.value("used", false)) {
        ARROW_ASSIGN_OR_RAISE(spec, SpecFromDtype(item.at("type").get<std::string>()));
        spec.missing_allowed = item.at("missing_allowed").get<bool>();
        spec.inferred = item.at("inferred").get<bool>();
      } else {
        spec.type = arrow::null();
        spec.used = false;
      }
      spec.name = item.at("name").get<std::string>();
      options->columns.push_back(std::move(spec));
    }
  } catch (const json::exception&) {
    return Status::Invalid("the option '_columns' is the reader's own: name columns with names= and their types with dtype=");
  }
  return Status::OK();
}

/// Options for which one value is all there is; they are taken so that programs that say so still run.
Status RequireValue(const std::string& key, const json& value, std::initializer_list<json> allowed, const std::string& wanted) {
  return std::find(allowed.begin(), allowed.end(), value) != allowed.end() ? Status::OK() : Bad(key, wanted, value);
}

Status SetOption(const std::string& key, const json& value, ReadOptions* options) {
  if (key == "sep" || key == "delimiter" || key == "quotechar" || key == "escapechar" || key == "comment" ||
      key == "thousands" || key == "decimal") {
    if (key == "delimiter" && value.is_null()) return Status::OK();
    return SetByte(key, value, options);
  }
  if (key == "blocksize") return SetBlocksize(value, options);
  if (key == "header") return SetHeader(value, options);
  if (key == "encoding") return SetEncoding(value, options);
  if (key == "dtype") return SetDtype(value, options);
  if (key == kColumnsKey) return SetColumns(value, options);
  if (key == "skiprows") return (value.is_null() ? Result<int64_t>(0) : Count(key, value)).Value(&options->skiprows);
  if (key == "sample") {
    ARROW_ASSIGN_OR_RAISE(options->sample, value.is_string() ? ParseBytes(value.get<std::string>()) : Count(key, value));
    return options->sample > 0 ? Status::OK() : Bad(key, "a positive number of bytes", value);
  }
  if (key == "doublequote") return Bool(key, value).Value(&options->dialect.double_quote);
  if (key == "assume_missing") return Bool(key, value).Value(&options->assume_missing);
  if (key == "keep_default_na") return Bool(key, value).Value(&options->keep_default_na);
  if (key == "true_values" || key == "false_values") {
    if (value.is_null()) return Status::OK();
    return Texts(key, value).Value(key == "true_values" ? &options->true_values : &options->false_values);
  }
  if (key == "names") {
    if (value.is_null()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(options->names, Texts(key, value));
    return options->names->empty() ? Bad(key, "a list of at least one name", value) : Status::OK();
  }
  if (key == "usecols" || key == "parse_dates") {
    (key == "usecols" ? options->usecols : options->parse_dates) = value == false ? json() : value;
    return CheckColumnList(key, value == false ? json() : value);
  }
  if (key == "na_values") {
    options->na_values = value;
    return CheckNaValues(value);
  }
  if (key == "compression") {
    if (!value.is_null() && !value.is_string()) return Bad(key, "a name", value);
    options->compression = value.is_null() ? "none" : value.get<std::string>();
    return fs::ParseCompression(options->compression, "").status();
  }
  if (key == "quoting") {
    options->dialect.quoting = options->dialect.quoting && value != 3;
    return RequireValue(key, value, {0, 1, 2, 3}, "0 to 3 as in Python's csv module");
  }
  if (key == "on_bad_lines") return RequireValue(key, value, {"error"}, "\"error\"");
  if (key == "lineterminator") {
    return RequireValue(key, value, {nullptr, "\n", "\r\n", "\r"}, "null, \"\\n\", \"\\r\\n\" or \"\\r\"");
  }
  return Status::Invalid(
      "there is no CSV option '", key,
      "'; known are: assume_missing, blocksize, comment, compression, decimal, delimiter, doublequote, dtype, "
      "encoding, escapechar, false_values, header, keep_default_na, lineterminator, na_values, names, "
      "on_bad_lines, parse_dates, quotechar, quoting, sample, sep, skiprows, thousands, true_values, usecols");
}

Status CheckBytesDiffer(const ReadOptions& options) {
  const auto& dialect = options.dialect;
  const bool quote_clash = dialect.quoting && dialect.quote == dialect.delimiter;
  if (quote_clash || dialect.escape == dialect.delimiter || dialect.comment == dialect.delimiter) {
    return Status::Invalid("CSV options sep, quotechar, escapechar and comment must name different characters; sep is also '",
                           std::string(1, static_cast<char>(dialect.delimiter)), "'");
  }
  if (options.decimal == options.thousands) {
    return Status::Invalid("CSV options decimal and thousands must name different characters");
  }
  return Status::OK();
}

}  // namespace

Result<ReadOptions> ReadOptions::FromJson(const json& json) {
  ReadOptions options;
  if (json.is_null()) return options;
  if (!json.is_object()) return Status::Invalid("CSV options must be an object of name: value");
  for (const auto& [key, value] : json.items()) ARROW_RETURN_NOT_OK(SetOption(key, value, &options));
  // Names given without a word on the header mean that there is none.
  if (options.names && json.value("header", nlohmann::json("infer")) == "infer") options.header = std::nullopt;
  ARROW_RETURN_NOT_OK(CheckBytesDiffer(options));
  return options;
}

NaValues ReadOptions::NaValuesOf(const std::string& column) const {
  std::vector<std::string> texts;
  if (keep_default_na) texts = NaValues::Defaults();
  json own = na_values;
  if (na_values.is_object()) own = na_values.contains(column) ? na_values.at(column) : json();
  if (!own.is_null()) {
    const auto more = Texts("na_values", own).ValueOrDie();  // checked by FromJson
    texts.insert(texts.end(), more.begin(), more.end());
  }
  return NaValues(std::move(texts));
}

}  // namespace millstream::csv
