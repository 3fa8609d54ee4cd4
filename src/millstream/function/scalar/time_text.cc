#include "millstream/function/scalar/time_text.h"

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

namespace millstream::scalar {

using arrow::Type;

Result<std::shared_ptr<arrow::Scalar>> ParseTime(const arrow::Scalar& text, const DataTypePtr& type) {
  if (!text.is_valid) return arrow::MakeNullScalar(type);
  std::vector<DataTypePtr> candidates = {type};
  if (type->id() == Type::TIMESTAMP) {
    const auto& zone = static_cast<const arrow::TimestampType&>(*type).timezone();
    for (auto unit : {arrow::TimeUnit::MICRO, arrow::TimeUnit::NANO}) candidates.push_back(arrow::timestamp(unit, zone));
  } else if (type->id() == Type::DATE32 || type->id() == Type::DATE64) {
    candidates.push_back(arrow::timestamp(arrow::TimeUnit::MICRO));
  }
  for (const auto& candidate : candidates) {
    Datum value = Datum(text.GetSharedPtr());
    const bool zoned =
        candidate->id() == Type::TIMESTAMP && !static_cast<const arrow::TimestampType&>(*candidate).timezone().empty();
    auto parsed = arrow::compute::Cast(value, candidate);
    if (!parsed.ok() && zoned) {  // no offset in the text: it is the column's local time
      const auto& timestamp = static_cast<const arrow::TimestampType&>(*candidate);
      parsed = arrow::compute::Cast(value, arrow::timestamp(timestamp.unit()));
      if (parsed.ok()) {
        parsed = arrow::compute::AssumeTimezone(*parsed, arrow::compute::AssumeTimezoneOptions(timestamp.timezone()));
      }
    }
    if (parsed.ok()) return parsed->scalar();
  }
  return Status::Invalid("cannot read '", static_cast<const arrow::BaseBinaryScalar&>(text).view(), "' as ", type->ToString(),
                         "; write it like 2024-01-31 or 2024-01-31 12:30:00");
}

Status ParseTextLiterals(Arguments* arguments) {
  for (size_t i = 0; i < 2; ++i) {
    ArgumentInfo& text = (*arguments)[i];
    const auto other = PlainType((*arguments)[1 - i].type);
    if (!text.literal || !IsText(*text.type) || !IsTemporal(*other) || other->id() == Type::DURATION) continue;
    ARROW_ASSIGN_OR_RAISE(text.literal, ParseTime(*text.literal, other));
    text.type = text.literal->type;
  }
  return Status::OK();
}

}  // namespace millstream::scalar
