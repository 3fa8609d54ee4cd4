#include "millstream/exec/group_by_sink.h"

#include <algorithm>
#include <array>
#include <bit>

#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace millstream {
namespace {

/// How often a thread without memory of its own asks others for some before it gives up.
constexpr int kMaxAttempts = 100;

/// Fewer partitions where their first pages alone would take much of a small limit.
int PartitionBits(const TaskContext& context, int threads) {
  const int64_t fits = context.budget->limit() / 16 / (int64_t{4096} * std::max(1, threads));
  return std::clamp(static_cast<int>(std::bit_width(static_cast<uint64_t>(fits))) - 1, 3, kPartitionBits);
}

}  // namespace

Result<GroupSource> GroupSource::Make(const GroupLayout* layout, const arrow::Schema& schema, std::vector<int> keys,
                                      std::vector<Input> inputs, arrow::MemoryPool* pool) {
  GroupSource source;
  std::vector<std::shared_ptr<arrow::DataType>> key_types;
  for (int key : keys) key_types.push_back(schema.field(key)->type());
  ARROW_ASSIGN_OR_RAISE(auto encoder, KeyEncoder::Make(&layout->keys, key_types, pool));
  source.encoder_ = std::make_unique<KeyEncoder>(std::move(encoder));
  for (const Input& input : inputs) {
    const auto known = std::find(source.columns_.begin(), source.columns_.end(), input.column);
    source.reader_of_.push_back(known - source.columns_.begin());
    if (known != source.columns_.end()) continue;
    source.columns_.push_back(input.column);
    const auto type = input.column < 0 ? arrow::null() : schema.field(input.column)->type();
    ARROW_ASSIGN_OR_RAISE(auto reader, ColumnReader::Make(type, pool));
    source.readers_.push_back(std::move(reader));
  }
  source.keys_ = std::move(keys);
  source.inputs_ = std::move(inputs);
  source.chunks_.resize(source.columns_.size());
  return source;
}

Status GroupSource::Bind(const arrow::RecordBatch& batch) {
  bound_.clear();
  std::vector<const arrow::ArrayData*> keys;
  for (int key : keys_) {
    bound_.push_back(batch.column_data(key));
    keys.push_back(bound_.back().get());
  }
  ARROW_RETURN_NOT_OK(encoder_->Bind(keys));
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] < 0) continue;
    bound_.push_back(batch.column_data(columns_[i]));
    ARROW_RETURN_NOT_OK(readers_[i].Bind(*bound_.back()));
  }
  return Status::OK();
}

Status GroupSource::Read(int64_t offset, int64_t n) {
  ARROW_RETURN_NOT_OK(encoder_->Encode(offset, n));
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] < 0) continue;
    ARROW_ASSIGN_OR_RAISE(chunks_[i], readers_[i].Read(offset, n));
  }
  return Status::OK();
}

GroupSink::GroupSink(GroupLayout layout, const TaskContext& context, int threads, bool dropna, MakeRoom make_room)
    : layout_(std::move(layout)), context_(context), dropna_(dropna), make_room_(std::move(make_room)) {
  GroupTable::Options options;
  options.partition_bits = PartitionBits(context, threads);
  for (int i = 0; i < threads; ++i) tables_.push_back(std::make_unique<GroupTable>(&layout_, &context_, options));
}

Result<bool> GroupSink::Spill(int thread) {
  if (tables_[thread]->rows() == 0) return false;
  ARROW_RETURN_NOT_OK(tables_[thread]->Spill());
  return true;
}

Status GroupSink::AddTheGroup() {
  ARROW_RETURN_NOT_OK(tables_[0]->status());
  const uint64_t hash = layout_.keys.Hash(nullptr);
  uint8_t* row = nullptr;
  for (int attempts = 0;;) {
    if (tables_[0]->FindOrInsert(reinterpret_cast<const uint8_t*>(&hash), sizeof(hash), nullptr, 1, &row) == 1)
      return Status::OK();
    ARROW_RETURN_NOT_OK(SpillOrWait(0, &attempts));
  }
}

/// Gives memory back after an allocation failed. OutOfMemory where there was nothing to give, again and again.
Status GroupSink::SpillOrWait(int thread, int* attempts) {
  ARROW_RETURN_NOT_OK(context_.CheckCancelled());
  ARROW_ASSIGN_OR_RAISE(bool spilled, Spill(thread));
  if (++*attempts == 1 && spilled) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(spilled, make_room_(thread));
  if (*attempts < kMaxAttempts) return Status::OK();
  return context_.budget->OutOfMemory(64 << 10, "a group of an aggregation");
}

Status GroupSink::Consume(int thread, GroupSource* source, const arrow::RecordBatch& batch, int64_t partition,
                          uint64_t position) {
  GroupTable* table = tables_[thread].get();
  ARROW_RETURN_NOT_OK(table->status());
  const int64_t worth_spilling = context_.budget->limit() / 32 / static_cast<int64_t>(tables_.size());
  if (context_.budget->UnderPressure() && table->bytes() > worth_spilling) ARROW_RETURN_NOT_OK(Spill(thread).status());
  int attempts = 0;
  for (Status bound = source->Bind(batch); !bound.ok(); bound = source->Bind(batch)) {
    if (!bound.IsOutOfMemory()) return bound;
    ARROW_RETURN_NOT_OK(SpillOrWait(thread, &attempts));
  }
  for (int64_t offset = 0; offset < batch.num_rows(); offset += kChunkRows) {
    const int64_t n = std::min(kChunkRows, batch.num_rows() - offset);
    ARROW_RETURN_NOT_OK(source->Read(offset, n));
    ARROW_RETURN_NOT_OK(ConsumeChunk(thread, *source, n, partition, position + static_cast<uint64_t>(offset)));
  }
  if (context_.force_spill) return Spill(thread).status();
  return Status::OK();
}

/// Memory may run out anywhere in a chunk. Each aggregate notes how many values it has taken; after a spill the rows are looked
/// up anew and each aggregate goes on where it stopped.
Status GroupSink::ConsumeChunk(int thread, const GroupSource& source, int64_t n, int64_t partition, uint64_t position) {
  GroupTable* table = tables_[thread].get();
  const uint8_t* present = dropna_ ? source.encoder()->present() : nullptr;
  const bool one_group = layout_.keys.form() == KeyLayout::Form::kNone;
  const auto& inputs = source.inputs();
  std::array<uint8_t*, kChunkRows> rows;
  std::vector<int64_t> done(inputs.size(), 0);
  int64_t begin = 0;
  for (int attempts = 0; begin < n;) {
    int64_t found;
    if (one_group) {
      found = table->FindOrInsert(source.encoder(), present, 0, 1, rows.data()) == 1 ? n : 0;
      std::fill(rows.begin(), rows.begin() + found, rows[0]);
    } else {
      found = table->FindOrInsert(source.encoder(), present, begin, n, rows.data());
    }
    int64_t taken = found;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const size_t a = inputs[i].aggregate;
      const int64_t offset = layout_.state_offsets[a];
      const AggregateInput input{source.values(i), partition, position};
      if (done[i] < found) {
        const auto& aggregate = *layout_.aggregates[a];
        done[i] = one_group ? aggregate.UpdateOne(input, done[i], found, rows.data(), offset, table)
                            : aggregate.Update(input, done[i], found, {rows.data(), offset}, table);
      }
      taken = std::min(taken, done[i]);
    }
    if (taken > begin) attempts = 0;
    begin = taken;
    if (begin < n) ARROW_RETURN_NOT_OK(SpillOrWait(thread, &attempts));
  }
  return Status::OK();
}

}  // namespace millstream
