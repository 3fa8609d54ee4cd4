// Points in time, from ISO 8601 text or from numbers that count since 1970.
#include <cmath>

#include <arrow/array/data.h>
#include <arrow/array/util.h>

#include "millstream/format/json/column_decoder_internal.h"
#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/scalars.h"
#include "millstream/format/json/time_text.h"

namespace millstream::json_format {
namespace {

/// Below 2^63 by more than the rounding of a double.
constexpr double kMostTicks = 9.223372036854775e18;

class TimestampDecoder final : public ColumnDecoderBase {
 public:
  TimestampDecoder(const std::shared_ptr<arrow::DataType>& type, std::string path, DecodeState* state)
      : ColumnDecoderBase(type, std::move(path), state),
        values_(pool()),
        tick_(TickNanoseconds(static_cast<const arrow::TimestampType&>(*type).unit())),
        zoned_(!static_cast<const arrow::TimestampType&>(*type).timezone().empty()) {
    const auto unit = state->epoch_units.find(path_);
    if (unit != state->epoch_units.end()) epoch_unit_ = unit->second;
  }

  Status Append(const Block& block, const Slots& slots) override {
    const int64_t row = validity_.length();
    ARROW_RETURN_NOT_OK(validity_.Extend(slots.count));
    ARROW_RETURN_NOT_OK(values_.Reserve(slots.count));
    for (uint32_t i = 0; i < slots.count; ++i) {
      const uint32_t k = slots[i];
      int64_t value = 0;
      if (k == 0) {
        ARROW_RETURN_NOT_OK(validity_.SetNull(row + i));
      } else if (!Parse(block, k, &value)) {
        ARROW_RETURN_NOT_OK(NullOrRefuse(block, k, row + i));
      }
      values_.UnsafeAppend(value);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish() override {
    const int64_t rows = validity_.length();
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto bitmap, validity_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Finish(/*shrink_to_fit=*/false));
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {std::move(bitmap), std::move(values)}, nulls));
  }

 private:
  bool Parse(const Block& block, uint32_t k, int64_t* out) const {
    Number number;
    if (block.Byte(k) == '"') {
      const std::string_view raw = RawString(block, k);
      const uint8_t* begin = block.Pointer(k) + 1;
      return ParseText(raw, out) || (ParseNumber(begin, &number) == begin + raw.size() && FromEpoch(number, out));
    }
    const uint8_t* end = ParseNumber(block.Pointer(k), &number);
    return end && EndsScalar(*end) && FromEpoch(number, out);
  }

  /// False also where digits would be lost or an offset is there in one of type and text only.
  bool ParseText(std::string_view text, int64_t* out) const {
    const auto time = ParseIso8601(text);
    if (!time || (time->has_offset != zoned_)) return false;
    if (time->nanoseconds % tick_ != 0) return false;
    return !__builtin_mul_overflow(time->seconds, 1'000'000'000 / tick_, out) &&
           !__builtin_add_overflow(*out, time->nanoseconds / tick_, out);
  }

  bool FromEpoch(const Number& number, int64_t* out) const {
    if (epoch_unit_ == 0) return false;
    if (number.is_integer && number.magnitude <= INT64_MAX) {
      const int64_t count = number.negative ? -static_cast<int64_t>(number.magnitude) : static_cast<int64_t>(number.magnitude);
      if (epoch_unit_ >= tick_) return !__builtin_mul_overflow(count, epoch_unit_ / tick_, out);
      *out = count / (tick_ / epoch_unit_);
      return count % (tick_ / epoch_unit_) == 0;
    }
    // Whole units and the fraction apart, so that nanoseconds of today's times keep the digits that the double has.
    const double whole = std::trunc(number.value);
    const double factor = static_cast<double>(epoch_unit_) / static_cast<double>(tick_);
    if (!(std::abs(whole * factor) <= kMostTicks)) return false;
    *out = static_cast<int64_t>(std::llround((number.value - whole) * factor));
    int64_t ticks = epoch_unit_ >= tick_ ? static_cast<int64_t>(whole) * (epoch_unit_ / tick_)
                                         : static_cast<int64_t>(whole) / (tick_ / epoch_unit_);
    return !__builtin_add_overflow(*out, ticks, out);
  }

  arrow::TypedBufferBuilder<int64_t> values_;
  const int64_t tick_;  ///< nanoseconds
  const bool zoned_;
  int64_t epoch_unit_ = 0;  ///< nanoseconds; 0: numbers are no times here
};

}  // namespace

DecoderPtr MakeTimestampDecoder(const std::shared_ptr<arrow::DataType>& type, const std::string& path, DecodeState* state) {
  return std::make_unique<TimestampDecoder>(type, path, state);
}

}  // namespace millstream::json_format
