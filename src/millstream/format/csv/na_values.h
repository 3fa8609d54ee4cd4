// Which texts of a field stand for a missing value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::csv {

/// A set of texts, made once for each column. Most fields are told apart by their first byte and length alone.
class NaValues {
 public:
  /// The texts pandas takes for missing by default, the empty one included.
  static const std::vector<std::string>& Defaults();

  explicit NaValues(std::vector<std::string> texts);

  bool Contains(std::string_view text) const {
    if (text.empty()) return empty_;
    if (text.size() > kMaxLength) return has_long_ && Find(text);
    return ((lengths_[static_cast<uint8_t>(text[0])] >> text.size()) & 1) != 0 && Find(text);
  }
  /// Some of the texts are numbers (such as -999), so a field that reads as a number may still be missing.
  bool has_numbers() const { return !numbers_.empty(); }
  /// As in pandas, a number among the texts stands for every spelling of it in a float column.
  bool ContainsNumber(double value) const;

 private:
  static constexpr size_t kMaxLength = 31;
  bool Find(std::string_view text) const;

  std::vector<std::string> texts_;
  std::vector<double> numbers_;
  std::array<uint32_t, 256> lengths_{};  ///< for each first byte, a bit for each length
  bool empty_ = false;
  bool has_long_ = false;
};

}  // namespace millstream::csv
