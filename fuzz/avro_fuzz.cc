// Any bytes as an Avro file: the header, then all blocks, whole and in splits, must give batches that are valid or an error.
#include <cstdlib>

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include "millstream/format/avro/arrow_type.h"
#include "millstream/format/avro/avro_reader.h"
#include "millstream/format/avro/container.h"
#include "millstream/memory/budget_pool.h"

namespace {

using millstream::Status;

constexpr int64_t kMemory = 256 << 20;
constexpr int kMostBatches = 200;  // records may take no bytes, and then be many

Status ReadSplit(const std::shared_ptr<arrow::io::RandomAccessFile>& file, const millstream::Split& split,
                 const millstream::ReadRequest& request, const millstream::TaskContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto reader, millstream::avro::OpenAvroFile(file, split, request, {}, context));
  int batches = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto morsel, reader->Next());
    if (!morsel) return Status::OK();
    ARROW_RETURN_NOT_OK(morsel->Decode([&](std::shared_ptr<arrow::RecordBatch> batch) {
      if (!batch->ValidateFull().ok()) std::abort();
      return ++batches < kMostBatches ? Status::OK() : Status::Cancelled("enough");
    }));
  }
}

Status Read(const uint8_t* data, size_t size, const millstream::TaskContext& context) {
  auto file = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size)));
  millstream::avro::Header header;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ARROW_RETURN_NOT_OK(millstream::avro::ParseHeader(bytes, &header));
  if (!header.schema) return Status::Invalid("no whole header");
  millstream::ReadRequest request;
  ARROW_ASSIGN_OR_RAISE(request.schema, millstream::avro::ToArrowSchema(*header.schema));
  millstream::Split split;
  (void)ReadSplit(file, split, request, context);

  // The second half alone, and only its last column: skipping must be as safe as decoding.
  split.offset = static_cast<int64_t>(size) / 2;
  (void)ReadSplit(file, split, request, context);
  if (request.schema->num_fields() > 0) request.schema = arrow::schema({request.schema->fields().back()});
  split.offset = 0;
  return ReadSplit(file, split, request, context);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millstream::BudgetPool pool(std::make_shared<millstream::MemoryBudget>(kMemory), /*cache_limit=*/0);
  millstream::TaskContext context = millstream::UnlimitedContext();
  context.pool = &pool;
  context.budget = pool.budget().get();
  context.batch_rows = 64;
  (void)Read(data, size, context);
  return 0;
}
