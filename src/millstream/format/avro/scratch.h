// Working memory from the run's pool.
#pragma once

#include <algorithm>
#include <memory>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include "millstream/base/result.h"

namespace millstream::avro {

/// An array of plain values that only grows; what is in it stays when it does.
template <typename T>
class Scratch {
 public:
  explicit Scratch(arrow::MemoryPool* pool) : pool_(pool) {}

  Status Grow(int64_t size) {
    if (size <= size_) return Status::OK();
    const int64_t bytes = size * static_cast<int64_t>(sizeof(T));
    if (!buffer_) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
    } else {
      ARROW_RETURN_NOT_OK(buffer_->Resize(bytes));
    }
    data_ = reinterpret_cast<T*>(buffer_->mutable_data());
    size_ = size;
    return Status::OK();
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  arrow::MemoryPool* pool_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  T* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace millstream::avro
