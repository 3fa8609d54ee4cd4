#include "millstream/format/csv/write_options.h"

#include <algorithm>
#include <cctype>

namespace millstream::csv {
namespace {

using nlohmann::json;

Status Bad(const std::string& key, const std::string& wanted, const json& value) {
  return Status::Invalid("CSV option ", key, " must be ", wanted, ", not ",
                         value.dump(-1, ' ', false, json::error_handler_t::replace));
}

Result<std::string> Text(const std::string& key, const json& value) {
  if (!value.is_string()) return Bad(key, "a string", value);
  return value.get<std::string>();
}

Result<char> OneByte(const std::string& key, const json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  if (text.size() != 1 || static_cast<unsigned char>(text[0]) >= 0x80 || text[0] == '\n' || text[0] == '\r') {
    return Bad(key, "one ASCII character other than a line end", value);
  }
  return text[0];
}

/// "%[flags][width][.precision]" and one of e, f, g: anything else would make printf read what is not there.
bool IsFloatFormat(const std::string& format) {
  size_t at = format.find('%');
  if (at == std::string::npos || format.size() > 32) return false;
  const auto digits = [&] {
    size_t count = 0;
    while (at < format.size() && std::isdigit(static_cast<unsigned char>(format[at])) != 0) ++at, ++count;
    return count <= 2;
  };
  ++at;
  while (at < format.size() && std::string_view("+- #0").find(format[at]) != std::string_view::npos) ++at;
  if (!digits()) return false;
  if (at < format.size() && format[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at >= format.size() || std::string_view("eEfFgG").find(format[at]) == std::string_view::npos) return false;
  return format.find('%', at) == std::string::npos;
}

Status SetHeader(const json& value, WriteOptions* options) {
  if (value.is_boolean()) {
    options->header = value.get<bool>();
    return Status::OK();
  }
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), [](const json& name) { return name.is_string(); })) {
    return Bad("header", "true, false or a list of names", value);
  }
  options->names = value.get<std::vector<std::string>>();
  return Status::OK();
}

Status SetOption(const std::string& key, const json& value, WriteOptions* options) {
  if (key == "header") return SetHeader(value, options);
  if (key == "sep") return OneByte(key, value).Value(&options->separator);
  if (key == "quotechar") return OneByte(key, value).Value(&options->quote);
  if (key == "quoting") {
    if (value != 0 && value != 1 && value != 2) return Bad(key, "0 (minimal), 1 (all) or 2 (non-numeric)", value);
    options->quoting = static_cast<Quoting>(value.get<int>());
    return Status::OK();
  }
  if (key == "na_rep") return Text(key, value).Value(&options->na_rep);
  if (key == "date_format") return value.is_null() ? Status::OK() : Text(key, value).Value(&options->date_format);
  if (key == "float_format") {
    if (value.is_null()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(options->float_format, Text(key, value));
    return IsFloatFormat(options->float_format) ? Status::OK() : Bad(key, "a format such as \"%.2f\"", value);
  }
  if (key == "lineterminator") {
    if (value.is_null()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(options->line_end, Text(key, value));
    const bool known = options->line_end == "\n" || options->line_end == "\r\n";
    return known ? Status::OK() : Bad(key, "\"\\n\" or \"\\r\\n\"", value);
  }
  if (key == "encoding") {
    return value.is_null() || value == "utf-8" || value == "utf8" ? Status::OK() : Bad(key, "\"utf-8\"", value);
  }
  return Status::Invalid("there is no option '", key, "' for writing CSV; known are: date_format, encoding, float_format, ",
                         "header, lineterminator, na_rep, quotechar, quoting, sep");
}

}  // namespace

Result<WriteOptions> WriteOptions::FromJson(const json& json) {
  WriteOptions options;
  if (json.is_null()) return options;
  if (!json.is_object()) return Status::Invalid("CSV options must be an object of name: value");
  for (const auto& [key, value] : json.items()) ARROW_RETURN_NOT_OK(SetOption(key, value, &options));
  if (options.separator == options.quote) return Status::Invalid("CSV options sep and quotechar must differ");
  return options;
}

}  // namespace millstream::csv
