// Decodes the values of one column from the places a walk has found, into an Arrow array.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include <arrow/array/array_base.h>
#include <arrow/buffer_builder.h>
#include <arrow/type.h>

#include "millstream/format/json/structural_index.h"
#include "millstream/memory/task_context.h"

namespace millstream::json_format {

/// Where a column's values stand in a block: one ordinal a row, 0 where the row has none.
struct Slots {
  const uint32_t* first = nullptr;
  uint32_t stride = 1;
  uint32_t count = 0;

  uint32_t operator[](uint32_t row) const { return first[static_cast<size_t>(row) * stride]; }
};

/// What decoders share: services, and where the value stands that was refused.
struct DecodeState {
  TaskContext context;
  std::set<std::string> text_columns;          ///< columns the user made strings: other values give their JSON text
  std::map<std::string, int64_t> epoch_units;  ///< nanoseconds of one unit, for times given as numbers
  bool partial_record = false;                 ///< other keys of the record are passed over
  std::set<const arrow::DataType*> partial;    ///< structs of the wanted schema whose other keys are passed over
  std::string column;                          ///< the column being decoded
  uint32_t refused = 0;                        ///< ordinal of the value of the last error
};

class ColumnDecoder {
 public:
  virtual ~ColumnDecoder() = default;
  /// Adds one row a slot. Invalid where a value does not fit the type; the message names column, value and remedy, the state
  /// the place. After an error the decoder is not used again.
  virtual Status Append(const Block& block, const Slots& slots) = 0;
  /// The rows added since the last call.
  virtual Result<std::shared_ptr<arrow::Array>> Finish() = 0;
};

/// `path` names the column in messages, its parent structs with dots. `state` outlives the decoder. TypeError for a type that
/// JSON cannot be read as.
Result<std::unique_ptr<ColumnDecoder>> MakeColumnDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path,
                                                         DecodeState* state);

/// How an error begins that is about the key at `k`, which no column takes.
std::string UnexpectedKey(const Block& block, uint32_t k);

}  // namespace millstream::json_format
