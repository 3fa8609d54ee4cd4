// The rows of a group-by: the hash, the key, then the state of each aggregate.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "millstream/function/aggregate/aggregate_function.h"
#include "millstream/row/key_layout.h"

namespace millstream {

struct GroupLayout {
  KeyLayout keys;
  std::vector<std::unique_ptr<Aggregator>> aggregates;
  std::vector<int64_t> state_offsets;  ///< in the row, one for each aggregate
  int64_t keyed_width = 0;             ///< hash and key
  int64_t row_width = 0;
  std::vector<StringField> strings;  ///< of the key and the states

  static GroupLayout Make(KeyLayout keys, std::vector<std::unique_ptr<Aggregator>> aggregates) {
    GroupLayout layout;
    layout.keyed_width = KeyLayout::kKeyOffset + keys.width();
    layout.row_width = layout.keyed_width;
    for (int i = 0; i < keys.strings(); ++i) {
      layout.strings.push_back({KeyLayout::kKeyOffset + 8 * keys.words() + 16 * i, false});
    }
    for (const auto& aggregate : aggregates) {
      layout.state_offsets.push_back(layout.row_width);
      if (aggregate->string_offset() >= 0) {
        layout.strings.push_back({layout.row_width + aggregate->string_offset(), true});
      }
      layout.row_width += aggregate->state_width();
    }
    layout.keys = std::move(keys);
    layout.aggregates = std::move(aggregates);
    return layout;
  }

  /// Makes the state of a row that of a group without values.
  void ClearStates(uint8_t* row) const { std::memset(row + keyed_width, 0, row_width - keyed_width); }
};

}  // namespace millstream
