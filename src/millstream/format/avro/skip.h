// Passing over values that no column wants.
#pragma once

#include <vector>

#include "millstream/format/avro/avro_type.h"
#include "millstream/format/avro/column_builder.h"

namespace millstream::avro {

/// Steps over values of consecutive fields: records are flattened, neighbours of fixed length merged.
class Skipper {
 public:
  void Add(const Type& type);

  /// The place behind the values; nullptr where the data ends within them or is damaged (the state then says so).
  const uint8_t* Skip(const uint8_t* at, const uint8_t* end, DecodeState* state) const;

 private:
  enum class Step : uint8_t { kBytes, kVarint, kSized, kItems, kUnion };
  struct Op {
    Step step;
    int64_t bytes = 0;              ///< of kBytes
    std::vector<Skipper> children;  ///< the item of kItems, the branches of kUnion
  };

  const uint8_t* SkipItems(const Skipper& item, const uint8_t* at, const uint8_t* end, DecodeState* state) const;

  std::vector<Op> ops_;
};

}  // namespace millstream::avro
