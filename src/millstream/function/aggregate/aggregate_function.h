// Aggregate functions: name -> how to type one and keep its state. One file a family here, one line in registry.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/row/column_reader.h"

namespace millstream {

/// Where states keep the bytes of long strings: beside the row they belong to.
class RowHeap {
 public:
  virtual ~RowHeap() = default;
  /// nullptr where the memory budget has no room.
  virtual uint8_t* AllocateBytes(const uint8_t* row, int64_t size) = 0;
};

/// Some rows and where in them the states of one aggregate begin.
struct RowStates {
  uint8_t* const* rows;
  int64_t offset;

  template <typename State>
  State* at(int64_t i) const {
    return reinterpret_cast<State*>(rows[i] + offset);
  }
};

/// The values of a chunk and their place in the frame.
struct AggregateInput {
  ColumnChunk values;
  int64_t partition = 0;
  uint64_t position = 0;  ///< of the chunk's first row in its partition, as far as order goes
};

/// An aggregate bound to its input type. States lie in rows, are copied by memcpy and written to disk as they are; all bytes
/// zero is the state without values. Missing values are skipped. Immutable, so thread-safe.
class Aggregator {
 public:
  virtual ~Aggregator() = default;

  int64_t state_width() const { return state_width_; }  ///< a multiple of 8
  /// Where the state has a ReusableString, or -1.
  int64_t string_offset() const { return string_offset_; }
  const std::shared_ptr<arrow::DataType>& output_type() const { return output_type_; }

  /// Adds values [begin, end) to states begin.. of `states`. Returns the first value not added: `end` unless `heap` was full.
  virtual int64_t Update(const AggregateInput& input, int64_t begin, int64_t end, RowStates states, RowHeap* heap) const = 0;

  /// Adds all values of a chunk to one state, which is what reductions without keys do.
  virtual int64_t UpdateOne(const AggregateInput& input, int64_t begin, int64_t end, uint8_t* const* rows, int64_t offset,
                            RowHeap* heap) const {
    return Update(input, begin, end, {rows, offset}, heap);
  }

  /// Adds states [begin, end) of `from` to those of `into`. Returns the first not added. Without `heap`, `into` may share the
  /// strings of `from`.
  virtual int64_t Merge(RowStates into, RowStates from, int64_t begin, int64_t end, RowHeap* heap) const = 0;

  /// The results of `n` states.
  virtual Result<std::shared_ptr<arrow::Array>> Finish(RowStates states, int64_t n, arrow::MemoryPool* pool) const = 0;

 protected:
  Aggregator(int64_t state_width, std::shared_ptr<arrow::DataType> output_type, int64_t string_offset = -1)
      : state_width_((state_width + 7) / 8 * 8), output_type_(std::move(output_type)), string_offset_(string_offset) {}

 private:
  int64_t state_width_;
  std::shared_ptr<arrow::DataType> output_type_;
  int64_t string_offset_;
};

/// What an aggregate function learns when it is bound.
struct AggregateArgument {
  std::shared_ptr<arrow::DataType> type;  ///< of the value column; nullptr where there is none
  nlohmann::json options;                 ///< an object or null
};

struct AggregateFunction {
  std::string name;
  /// True if each distinct value of a group is to be added just once.
  bool distinct = false;
  /// TypeError where the type does not fit, Invalid where the options do not.
  std::function<Result<std::unique_ptr<Aggregator>>(const AggregateArgument&)> bind;
};

class AggregateRegistry {
 public:
  /// All built-in functions; made once, then read-only.
  static const AggregateRegistry& Get();

  /// KeyError listing the names there are.
  Result<const AggregateFunction*> Find(const std::string& name) const;
  std::vector<std::string> Names() const;
  void Add(AggregateFunction function) { functions_.push_back(std::move(function)); }

 private:
  std::vector<AggregateFunction> functions_;
};

}  // namespace millstream
