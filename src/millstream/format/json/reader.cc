#include "millstream/format/json/reader.h"

#include <algorithm>
#include <mutex>

#include "millstream/format/json/chunker.h"

namespace millstream::json_format {
namespace {

/// What the morsels of a split share. Decoders keep their memory from one morsel to the next.
class DecoderPool {
 public:
  DecoderPool(std::shared_ptr<arrow::Schema> schema, Layout layout, DecodeState state)
      : schema_(std::move(schema)), layout_(layout), state_(std::move(state)) {}

  Result<std::unique_ptr<RecordDecoder>> Take() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto decoder = std::move(idle_.back());
        idle_.pop_back();
        return decoder;
      }
    }
    return RecordDecoder::Make(schema_, layout_, state_);
  }
  void Return(std::unique_ptr<RecordDecoder> decoder) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(decoder));
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const Layout layout_;
  const DecodeState state_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<RecordDecoder>> idle_;
};

class JsonMorsel final : public Morsel {
 public:
  JsonMorsel(std::shared_ptr<DecoderPool> pool, Chunk chunk, std::string uri)
      : pool_(std::move(pool)), chunk_(std::move(chunk)), uri_(std::move(uri)) {}

  Status Decode(const EmitBatch& emit) override {
    ARROW_ASSIGN_OR_RAISE(auto decoder, pool_->Take());
    ARROW_RETURN_NOT_OK(decoder->Decode(chunk_.text(), chunk_.size, {uri_, chunk_.lines, chunk_.offset}, emit));
    ARROW_RETURN_NOT_OK(decoder->Flush(emit));
    pool_->Return(std::move(decoder));
    return Status::OK();
  }

 private:
  const std::shared_ptr<DecoderPool> pool_;
  const Chunk chunk_;
  const std::string uri_;
};

/// Cuts `chunk` behind its `limit`th line that is not blank; returns how many such lines it has then.
int64_t CutAtLimit(int64_t limit, Chunk* chunk) {
  const uint8_t* text = chunk->text();
  int64_t lines = 0;
  int64_t begin = 0;
  while (begin < chunk->size && lines < limit) {
    const void* newline = std::memchr(text + begin, '\n', static_cast<size_t>(chunk->size - begin));
    const int64_t end = static_cast<const uint8_t*>(newline) - text + 1;
    const auto is_blank = [](uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; };
    lines += !std::all_of(text + begin, text + end, is_blank);
    begin = end;
  }
  chunk->size = begin;
  return lines;
}

class JsonReader final : public SplitReader {
 public:
  JsonReader(std::shared_ptr<DecoderPool> pool, std::unique_ptr<LineChunker> chunker, std::string uri, int64_t chunk_bytes,
             std::optional<int64_t> limit)
      : pool_(std::move(pool)), chunker_(std::move(chunker)), uri_(std::move(uri)), chunk_bytes_(chunk_bytes), limit_(limit) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    if (limit_ && *limit_ <= 0) return nullptr;
    ARROW_ASSIGN_OR_RAISE(auto chunk, chunker_->Next());
    if (!chunk) return nullptr;
    if (limit_) {
      *limit_ -= CutAtLimit(*limit_, &*chunk);
      chunker_->set_chunk_bytes(std::min(chunk_bytes_, 4 * chunk->size));  // a few rows should not cost a large read
    }
    return std::make_unique<JsonMorsel>(pool_, std::move(*chunk), uri_);
  }

  int64_t bytes_read() const override { return chunker_->bytes_read(); }

 private:
  const std::shared_ptr<DecoderPool> pool_;
  const std::unique_ptr<LineChunker> chunker_;
  const std::string uri_;
  const int64_t chunk_bytes_;
  std::optional<int64_t> limit_;
};

}  // namespace

int64_t DefaultChunkBytes(const TaskContext& context) {
  return std::clamp<int64_t>(context.budget->limit() / 128, 128 << 10, 4 << 20);
}

Result<std::unique_ptr<SplitReader>> OpenReader(const Split& split, const ReadRequest& request,
                                                const fs::StorageOptions& storage, const ReadOptions& options,
                                                const TaskContext& context, int64_t chunk_bytes) {
  constexpr int64_t kFirstLimitedChunk = 64 << 10;
  const bool whole = options.layout == Layout::kArray;
  ARROW_ASSIGN_OR_RAISE(const auto compression, fs::ParseCompression(options.compression, split.file.uri));
  auto pool = std::make_shared<DecoderPool>(request.schema, options.layout, options.MakeState(request, context));
  // Types that cannot be read are an error here, not in the first morsel.
  ARROW_ASSIGN_OR_RAISE(auto decoder, pool->Take());
  pool->Return(std::move(decoder));
  const auto limit = whole ? std::nullopt : request.limit;
  const int64_t first_chunk = limit ? std::min(chunk_bytes, kFirstLimitedChunk) : chunk_bytes;
  ARROW_ASSIGN_OR_RAISE(auto chunker, LineChunker::Open(split, storage, compression, context, first_chunk, whole));
  return std::make_unique<JsonReader>(std::move(pool), std::move(chunker), fs::DisplayUri(split.file.uri), chunk_bytes, limit);
}

}  // namespace millstream::json_format
