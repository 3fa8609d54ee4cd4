// Options of readers and writers, by the names that pandas and Dask give them.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

/// {{"sep", ";"}, {"blocksize", "32MB"}, {"usecols", {"a", "b"}}}; nested values with OptionValue::Json.
class OptionValue {
 public:
  OptionValue(const char* text);                       // NOLINT: values are meant to convert
  OptionValue(const std::string& text);                // NOLINT
  OptionValue(const std::vector<std::string>& texts);  // NOLINT
  OptionValue(std::initializer_list<const char*> texts);
  template <std::same_as<bool> T>
  OptionValue(T value) : json_(value ? "true" : "false") {}  // NOLINT
  template <std::integral T>
  requires(!std::same_as<T, bool>) OptionValue(T value) : json_(std::to_string(value)) {}  // NOLINT
  /// `text` as it is; invalid JSON is an error where the options are used.
  static OptionValue Json(std::string text);

  const std::string& json() const { return json_; }

 private:
  OptionValue() = default;
  std::string json_;
};

class Options {
 public:
  Options() = default;
  Options(std::initializer_list<std::pair<std::string, OptionValue>> values);  // NOLINT
  Options& Set(const std::string& name, const OptionValue& value);

  /// One JSON object.
  std::string ToJson() const;

 private:
  std::vector<std::pair<std::string, OptionValue>> values_;
};

}  // namespace millstream
