// Typed loops over arrays and scalars, for what Arrow's kernels do not have or do not do as numpy does.
#pragma once

#include <utility>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>

#include "millstream/function/scalar/support.h"

namespace millstream::scalar {

/// The validity of `array` from bit 0 on; nullptr if nothing is null.
inline Result<std::shared_ptr<arrow::Buffer>> CopyValidity(const arrow::ArrayData& array, arrow::MemoryPool* pool) {
  if (array.GetNullCount() == 0) return nullptr;
  if (array.offset == 0) return array.buffers[0];
  return arrow::internal::CopyBitmap(pool, array.buffers[0]->data(), array.offset, array.length);
}

/// Valid where both are.
inline Result<std::shared_ptr<arrow::Buffer>> IntersectValidity(const arrow::ArrayData& a, const arrow::ArrayData& b,
                                                                arrow::MemoryPool* pool) {
  if (a.GetNullCount() == 0) return CopyValidity(b, pool);
  if (b.GetNullCount() == 0) return CopyValidity(a, pool);
  return arrow::internal::BitmapAnd(pool, a.buffers[0]->data(), a.offset, b.buffers[0]->data(), b.offset, a.length, 0);
}

/// `run` sees arrays of one row in place of scalars, and its answer becomes a scalar again.
template <typename Run>
Result<Datum> RunScalarsAsArrays(const std::vector<Datum>& values, ExecContext* context, Run&& run) {
  std::vector<Datum> arrays;
  for (const auto& value : values) {
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeArrayFromScalar(*value.scalar(), 1, context->memory_pool()));
    arrays.emplace_back(std::move(array));
  }
  ARROW_ASSIGN_OR_RAISE(Datum result, run(arrays));
  ARROW_ASSIGN_OR_RAISE(auto scalar, result.make_array()->GetScalar(0));
  return Datum(std::move(scalar));
}

/// f(x) for each x of an array of T; nulls stay.
template <typename T, typename F>
Result<Datum> MapUnary(const Datum& value, const DataTypePtr& type, ExecContext* context, F&& f) {
  using In = typename T::c_type;
  if (value.is_scalar()) {
    return RunScalarsAsArrays({value}, context, [&](const std::vector<Datum>& arrays) -> Result<Datum> {
      return MapUnary<T>(arrays[0], type, context, f);
    });
  }
  using Out = decltype(f(In{}));
  const arrow::ArrayData& in = *value.array();
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(in.length * sizeof(Out), context->memory_pool()));
  ARROW_ASSIGN_OR_RAISE(auto validity, CopyValidity(in, context->memory_pool()));
  const In* x = in.GetValues<In>(1);
  Out* out = reinterpret_cast<Out*>(buffer->mutable_data());
  for (int64_t i = 0; i < in.length; ++i) out[i] = f(x[i]);
  return Datum(arrow::ArrayData::Make(type, in.length, {std::move(validity), std::move(buffer)}));
}

/// f(a, b) for each pair of two arrays of T, or of an array and a scalar; null where either is. f runs on null slots too.
template <typename T, typename F>
Result<Datum> MapBinary(const Datum& left, const Datum& right, const DataTypePtr& type, ExecContext* context, F&& f) {
  using In = typename T::c_type;
  using ScalarType = typename arrow::TypeTraits<T>::ScalarType;
  using Out = decltype(f(In{}, In{}));
  if (left.is_scalar() && right.is_scalar()) {
    return RunScalarsAsArrays({left, right}, context, [&](const std::vector<Datum>& arrays) -> Result<Datum> {
      return MapBinary<T>(arrays[0], arrays[1], type, context, f);
    });
  }
  const int64_t length = left.is_array() ? left.length() : right.length();
  arrow::MemoryPool* pool = context->memory_pool();
  for (const Datum* side : {&left, &right}) {
    if (!side->is_scalar() || side->scalar()->is_valid) continue;
    ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type, length, pool));
    return Datum(std::move(nulls));
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(length * sizeof(Out), pool));
  Out* out = reinterpret_cast<Out*>(buffer->mutable_data());
  std::shared_ptr<arrow::Buffer> validity;
  if (left.is_scalar()) {
    const In a = static_cast<const ScalarType&>(*left.scalar()).value;
    const In* b = right.array()->GetValues<In>(1);
    for (int64_t i = 0; i < length; ++i) out[i] = f(a, b[i]);
    ARROW_ASSIGN_OR_RAISE(validity, CopyValidity(*right.array(), pool));
  } else if (right.is_scalar()) {
    const In* a = left.array()->GetValues<In>(1);
    const In b = static_cast<const ScalarType&>(*right.scalar()).value;
    for (int64_t i = 0; i < length; ++i) out[i] = f(a[i], b);
    ARROW_ASSIGN_OR_RAISE(validity, CopyValidity(*left.array(), pool));
  } else {
    const In* a = left.array()->GetValues<In>(1);
    const In* b = right.array()->GetValues<In>(1);
    for (int64_t i = 0; i < length; ++i) out[i] = f(a[i], b[i]);
    ARROW_ASSIGN_OR_RAISE(validity, IntersectValidity(*left.array(), *right.array(), pool));
  }
  return Datum(arrow::ArrayData::Make(type, length, {std::move(validity), std::move(buffer)}));
}

/// Calls `f` with a value of the Arrow type class of a numeric type: f(arrow::Int8Type{}), ...
template <typename F>
auto VisitNumber(const arrow::DataType& type, F&& f) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return f(arrow::Int8Type{});
    case arrow::Type::INT16:
      return f(arrow::Int16Type{});
    case arrow::Type::INT32:
      return f(arrow::Int32Type{});
    case arrow::Type::UINT8:
      return f(arrow::UInt8Type{});
    case arrow::Type::UINT16:
      return f(arrow::UInt16Type{});
    case arrow::Type::UINT32:
      return f(arrow::UInt32Type{});
    case arrow::Type::UINT64:
      return f(arrow::UInt64Type{});
    case arrow::Type::FLOAT:
      return f(arrow::FloatType{});
    case arrow::Type::DOUBLE:
      return f(arrow::DoubleType{});
    default:
      return f(arrow::Int64Type{});
  }
}

}  // namespace millstream::scalar
