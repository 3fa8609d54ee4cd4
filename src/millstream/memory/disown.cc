#include "millstream/memory/disown.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/device.h>
#include <arrow/record_batch.h>

#include "millstream/memory/budget_pool.h"

namespace millstream {
namespace {

void DisownBuffer(const arrow::Buffer* buffer, BudgetPool* pool) {
  while (buffer->parent()) buffer = buffer->parent().get();
  if (!buffer->is_cpu()) return;
  const auto* manager = dynamic_cast<const arrow::CPUMemoryManager*>(buffer->memory_manager().get());
  if (manager && manager->pool() == pool) pool->Disown(buffer->data(), buffer->capacity());
}

void DisownData(const arrow::ArrayData& data, BudgetPool* pool) {
  for (const auto& buffer : data.buffers) {
    if (buffer) DisownBuffer(buffer.get(), pool);
  }
  for (const auto& child : data.child_data) DisownData(*child, pool);
  if (data.dictionary) DisownData(*data.dictionary, pool);
}

}  // namespace

void DisownBatch(const arrow::RecordBatch& batch, arrow::MemoryPool* pool) {
  auto* budgeted = dynamic_cast<BudgetPool*>(pool);
  if (!budgeted) return;
  for (const auto& column : batch.column_data()) DisownData(*column, budgeted);
}

}  // namespace millstream
