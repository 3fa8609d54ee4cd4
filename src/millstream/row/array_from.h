// Makes Arrow arrays from the words and slots that rows hold: the inverse of ColumnReader.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "millstream/base/result.h"
#include "millstream/row/string_slot.h"

namespace millstream {

/// An array of `type` from `n` words (as ColumnChunk has them); null where `present` is 0 (nullptr: no nulls). Extension types
/// are wrapped; a dictionary type must have int32 codes and gets a dictionary of just these values.
Result<std::shared_ptr<arrow::Array>> ArrayFromWords(const std::shared_ptr<arrow::DataType>& type, const uint64_t* words,
                                                     const uint8_t* present, int64_t n, arrow::MemoryPool* pool);

/// The same from slots; Missing() makes null. CapacityError if the bytes do not fit 32-bit offsets.
Result<std::shared_ptr<arrow::Array>> ArrayFromStrings(const std::shared_ptr<arrow::DataType>& type, const StringSlot* slots,
                                                       int64_t n, arrow::MemoryPool* pool);

}  // namespace millstream
