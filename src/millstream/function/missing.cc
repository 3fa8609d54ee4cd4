#include "millstream/function/missing.h"

#include <arrow/array/data.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

namespace millstream {

bool HoldsNan(const arrow::DataType& type) { return arrow::is_floating(type.id()); }

Result<arrow::Datum> IsMissing(const arrow::Datum& value, arrow::compute::ExecContext* context) {
  return arrow::compute::IsNull(value, arrow::compute::NullOptions(/*nan_is_null=*/true), context);
}

Result<arrow::Datum> ReplaceMissing(const arrow::Datum& booleans, bool replacement, arrow::compute::ExecContext* context) {
  if (booleans.is_scalar()) {
    if (booleans.scalar()->is_valid) return booleans;
    return arrow::Datum(std::make_shared<arrow::BooleanScalar>(replacement));
  }
  const arrow::ArrayData& data = *booleans.array();
  if (data.GetNullCount() == 0) {
    return arrow::Datum(arrow::ArrayData::Make(data.type, data.length, {nullptr, data.buffers[1]}, 0, data.offset));
  }
  arrow::MemoryPool* pool = context->memory_pool();
  const uint8_t* valid = data.buffers[0]->data();
  const uint8_t* bits = data.buffers[1]->data();
  ARROW_ASSIGN_OR_RAISE(auto result,
                        replacement ? arrow::internal::BitmapOrNot(pool, bits, data.offset, valid, data.offset, data.length, 0)
                                    : arrow::internal::BitmapAnd(pool, bits, data.offset, valid, data.offset, data.length, 0));
  return arrow::Datum(arrow::ArrayData::Make(data.type, data.length, {nullptr, std::move(result)}, 0));
}

}  // namespace millstream
