#include "millstream/format/csv/na_values.h"

#include <algorithm>
#include <cmath>

#include "millstream/format/csv/parse_number.h"

namespace millstream::csv {

const std::vector<std::string>& NaValues::Defaults() {
  static const std::vector<std::string> defaults = {"",     "#N/A",   "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN",
                                                    "-nan", "1.#IND", "1.#QNAN",  "<NA>", "N/A",     "NA",       "NULL",
                                                    "NaN",  "None",   "n/a",      "nan",  "null"};
  return defaults;
}

NaValues::NaValues(std::vector<std::string> texts) : texts_(std::move(texts)) {
  std::sort(texts_.begin(), texts_.end());
  for (const auto& text : texts_) {
    if (text.empty()) {
      empty_ = true;
    } else if (text.size() > kMaxLength) {
      has_long_ = true;
    } else {
      lengths_[static_cast<uint8_t>(text[0])] |= uint32_t{1} << text.size();
    }
    double number;
    if (ParseFloat(text, '.', &number) && std::isfinite(number)) numbers_.push_back(number);
  }
}

bool NaValues::ContainsNumber(double value) const {
  return std::find(numbers_.begin(), numbers_.end(), value) != numbers_.end();
}

bool NaValues::Find(std::string_view text) const { return std::binary_search(texts_.begin(), texts_.end(), text); }

}  // namespace millstream::csv
