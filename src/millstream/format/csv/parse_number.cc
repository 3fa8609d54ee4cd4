#include "millstream/format/csv/parse_number.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include <fast_float/fast_float.h>

namespace millstream::csv {

std::string_view CleanNumber(std::string_view text, char thousands, std::string* scratch) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (thousands == 0 || text.find(thousands) == std::string_view::npos) return text;
  scratch->clear();
  std::copy_if(text.begin(), text.end(), std::back_inserter(*scratch), [thousands](char c) { return c != thousands; });
  return *scratch;
}

bool ParseFloat(std::string_view text, char decimal, double* value) {
  text = CleanNumber(text, 0, nullptr);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return false;
  }
  // "nan" is a matter of na_values, "nan(...)" is no number at all.
  const size_t sign = !text.empty() && text.front() == '-' ? 1 : 0;
  if (text.size() > sign && (text[sign] == 'n' || text[sign] == 'N')) return false;
  fast_float::parse_options options(fast_float::chars_format::general, decimal);
  const auto result = fast_float::from_chars_advanced(text.data(), text.data() + text.size(), *value, options);
  // Beyond the range of a double the value is infinity or zero, as pandas reads it.
  return (result.ec == std::errc() || result.ec == std::errc::result_out_of_range) && result.ptr == text.data() + text.size();
}

}  // namespace millstream::csv
