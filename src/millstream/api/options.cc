#include "millstream/options.h"

#include <nlohmann/json.hpp>

namespace millstream {

OptionValue::OptionValue(const char* text) : json_(nlohmann::json(text).dump()) {}
OptionValue::OptionValue(const std::string& text) : json_(nlohmann::json(text).dump()) {}
OptionValue::OptionValue(const std::vector<std::string>& texts) : json_(nlohmann::json(texts).dump()) {}
OptionValue::OptionValue(std::initializer_list<const char*> texts)
    : json_(nlohmann::json(std::vector<std::string>(texts.begin(), texts.end())).dump()) {}

OptionValue OptionValue::Json(std::string text) {
  OptionValue value;
  value.json_ = std::move(text);
  return value;
}

Options::Options(std::initializer_list<std::pair<std::string, OptionValue>> values) : values_(values) {}

Options& Options::Set(const std::string& name, const OptionValue& value) {
  values_.emplace_back(name, value);
  return *this;
}

std::string Options::ToJson() const {
  std::string text = "{";
  for (const auto& [name, value] : values_) {
    if (text.size() > 1) text += ", ";
    text += nlohmann::json(name).dump() + ": " + value.json();
  }
  return text + "}";
}

}  // namespace millstream
