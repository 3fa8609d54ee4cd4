// What the aggregate families share: reading words and options, keeping strings, making result arrays.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "millstream/function/aggregate/aggregate_function.h"
#include "millstream/row/array_from.h"

namespace millstream::aggregate_internal {

template <typename T>
T FromWord(uint64_t word) {
  return std::bit_cast<T>(word);
}

template <typename T>
uint64_t ToWord(T value) {
  return std::bit_cast<uint64_t>(value);
}

/// Calls `add(i)` for the values of [begin, end) that are present.
template <typename Add>
void ForPresent(const ColumnChunk& chunk, int64_t begin, int64_t end, Add add) {
  if (chunk.present == nullptr) {
    for (int64_t i = begin; i < end; ++i) add(i);
  } else {
    for (int64_t i = begin; i < end; ++i) {
      if (chunk.present[i]) add(i);
    }
  }
}

/// Makes `string` hold `value`, in the memory it has if that suffices; false where `heap` is full. Without `heap` it shares the
/// memory of `value`.
inline bool Assign(ReusableString* string, const StringSlot& value, const uint8_t* row, RowHeap* heap) {
  StringSlot slot = value;
  if (value.is_long() && heap != nullptr) {
    if (string->capacity < value.length) {
      // Twice the room, so that a value that grows in small steps moves seldom.
      const uint32_t wanted = value.length < (1U << 30) ? std::bit_ceil(value.length) : value.length;
      uint8_t* memory = heap->AllocateBytes(row, wanted);
      if (memory == nullptr) return false;
      string->memory = reinterpret_cast<char*>(memory);
      string->capacity = wanted;
    }
    std::memcpy(string->memory, value.pointer, value.length);
    slot.pointer = string->memory;
  }
  string->slot = slot;
  string->seen = 1;
  return true;
}

/// The integer option `name`, or `fallback`. Invalid where it is something else.
inline Result<int64_t> IntegerOption(const nlohmann::json& options, const std::string& name, int64_t fallback) {
  if (!options.is_object() || !options.contains(name) || options[name].is_null()) return fallback;
  if (!options[name].is_number_integer()) {
    return Status::Invalid("option '", name, "' must be an integer, not ", options[name].dump());
  }
  return options[name].get<int64_t>();
}

/// Makes an array of `type` from what `value(i, &present)` gives as a word.
template <typename Value>
Result<std::shared_ptr<arrow::Array>> FinishWords(const std::shared_ptr<arrow::DataType>& type, int64_t n,
                                                  arrow::MemoryPool* pool, Value value) {
  ARROW_ASSIGN_OR_RAISE(auto words, arrow::AllocateBuffer(n * sizeof(uint64_t), pool));
  ARROW_ASSIGN_OR_RAISE(auto present, arrow::AllocateBuffer(n, pool));
  for (int64_t i = 0; i < n; ++i) {
    bool has_value = true;
    words->mutable_data_as<uint64_t>()[i] = value(i, &has_value);
    present->mutable_data()[i] = has_value;
  }
  return ArrayFromWords(type, words->data_as<uint64_t>(), present->data(), n, pool);
}

/// Makes an array of `type` from what `value(i)` gives as a slot.
template <typename Value>
Result<std::shared_ptr<arrow::Array>> FinishStrings(const std::shared_ptr<arrow::DataType>& type, int64_t n,
                                                    arrow::MemoryPool* pool, Value value) {
  ARROW_ASSIGN_OR_RAISE(auto slots, arrow::AllocateBuffer(n * sizeof(StringSlot), pool));
  for (int64_t i = 0; i < n; ++i) slots->mutable_data_as<StringSlot>()[i] = value(i);
  return ArrayFromStrings(type, slots->data_as<StringSlot>(), n, pool);
}

/// The type that min, max, first and last of a column have: its own, decoded where it is a dictionary.
inline std::shared_ptr<arrow::DataType> SameType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  return static_cast<const arrow::DictionaryType&>(*type).value_type();
}

/// True for numbers and booleans: what can be added. Durations can be added too, but not multiplied or averaged here.
inline bool IsNumber(const arrow::DataType& type) {
  return type.id() == arrow::Type::NA || type.id() == arrow::Type::BOOL || arrow::is_integer(type.id()) ||
         arrow::is_floating(type.id());
}

inline Status CheckArgument(const AggregateArgument& argument, const char* function) {
  if (argument.type != nullptr) return Status::OK();
  return Status::Invalid(function, " needs a column; only size does without");
}

}  // namespace millstream::aggregate_internal
