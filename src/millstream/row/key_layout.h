// How the key columns of a row lie in memory: packed, comparable as words, the same for every batch of a schema.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/row/column_reader.h"
#include "millstream/row/hash.h"

namespace millstream {

/// Keys as words: fixed-width values at their own width, then a bit for each that is missing, padded to words; then a
/// StringSlot for each string. Missing values are zero, -0.0 is 0.0, so equal keys are equal bytes, long strings aside.
///
/// Keys live in keyed rows: the hash in the first 8 bytes, the key after it. A lone fixed-width key has no bit for missing:
/// it is zero with the hash of another word, which no key of value zero can have, because HashWord is a bijection.
class KeyLayout {
 public:
  enum class Form {
    kNone,      ///< no keys: all rows are one group
    kWord,      ///< one word
    kTwoWords,  ///< two words
    kString,    ///< one string
    kGeneric,   ///< words, then strings
  };
  static constexpr int64_t kKeyOffset = 8;
  static constexpr uint64_t kMissingWordHash = 0x2545f4914f6cdd1dULL;  ///< hashed instead of a lone missing key

  struct Field {
    std::shared_ptr<arrow::DataType> type;
    ValueKind kind = ValueKind::kInt;
    int offset = 0;        ///< in the key
    int width = 0;         ///< bytes of a fixed-width value
    int missing_bit = -1;  ///< in the key, counted in bits; -1: none
  };

  /// TypeError for a type that cannot be a key.
  static Result<KeyLayout> Make(const std::vector<std::shared_ptr<arrow::DataType>>& types);

  Form form() const { return form_; }
  int64_t width() const { return width_; }
  int words() const { return words_; }      ///< before the strings
  int strings() const { return strings_; }  ///< at offset 8 * words()
  const std::vector<Field>& fields() const { return fields_; }

  uint64_t Hash(const uint8_t* key) const;

  /// Whether two keyed rows have one key. Exact: strings are compared in full.
  template <Form kForm>
  bool Equal(const uint8_t* row, const uint8_t* other) const;

  bool IsMissing(const uint8_t* row, const Field& field) const;

  /// Orders keyed rows by their fields, ascending, missing last: negative, zero or positive.
  int Compare(const uint8_t* row, const uint8_t* other) const;
  /// A word that orders rows as Compare does, but may be equal for different keys. `skip`: how many first bytes all strings
  /// of the first field have in common.
  uint64_t SortPrefix(const uint8_t* row, size_t skip = 0) const;
  /// How many first bytes the strings of the first field share in both rows, `known` at most; `known` where one is missing and
  /// 0 where the field is no text.
  size_t CommonPrefix(const uint8_t* row, const uint8_t* other, size_t known) const;

  /// The column of one field for `n` keyed rows.
  Result<std::shared_ptr<arrow::Array>> Decode(size_t field, const uint8_t* const* rows, int64_t n,
                                               arrow::MemoryPool* pool) const;

 private:
  Form form_ = Form::kNone;
  int64_t width_ = 0;
  int words_ = 0;
  int strings_ = 0;
  std::vector<Field> fields_;
};

/// Orders two values that ColumnReader gives as strings: by their bytes, decimals by what they mean.
int CompareValues(const arrow::DataType& type, std::string_view a, std::string_view b);

/// The type a key column of `type` comes back as: dictionary codes become int32, all else stays.
std::shared_ptr<arrow::DataType> KeyOutputType(const std::shared_ptr<arrow::DataType>& type);

namespace row_internal {

inline uint64_t LoadWord(const uint8_t* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, 8);
  return word;
}

}  // namespace row_internal

template <KeyLayout::Form kForm>
inline bool KeyLayout::Equal(const uint8_t* row, const uint8_t* other) const {
  using row_internal::LoadWord;
  if constexpr (kForm == Form::kNone) return true;
  if (LoadWord(row) != LoadWord(other)) return false;
  const uint8_t* a = row + kKeyOffset;
  const uint8_t* b = other + kKeyOffset;
  if constexpr (kForm == Form::kWord) return LoadWord(a) == LoadWord(b);
  if constexpr (kForm == Form::kTwoWords) return LoadWord(a) == LoadWord(b) && LoadWord(a + 8) == LoadWord(b + 8);
  if constexpr (kForm == Form::kString)
    return *reinterpret_cast<const StringSlot*>(a) == *reinterpret_cast<const StringSlot*>(b);
  for (int i = 0; i < words_; ++i) {
    if (LoadWord(a + 8 * i) != LoadWord(b + 8 * i)) return false;
  }
  const auto* left = reinterpret_cast<const StringSlot*>(a + 8 * words_);
  const auto* right = reinterpret_cast<const StringSlot*>(b + 8 * words_);
  for (int i = 0; i < strings_; ++i) {
    if (!(left[i] == right[i])) return false;
  }
  return true;
}

}  // namespace millstream
