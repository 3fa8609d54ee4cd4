// Any bytes as JSON records: inferring types and decoding them gives batches that are valid, or an error; never a crash.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "millstream/format/json/column_factories.h"
#include "millstream/format/json/infer.h"
#include "millstream/format/json/record_decoder.h"

namespace {

using namespace millstream;
using namespace millstream::json_format;

void Require(bool condition, const Status& status = Status::OK()) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

/// Decodes all of the text; the number of rows, or the error.
Result<int64_t> DecodeAll(const std::vector<uint8_t>& text, int64_t size, Layout layout,
                          const std::shared_ptr<arrow::Schema>& schema, const std::shared_ptr<arrow::Schema>& whole,
                          const ReadOptions& options, int64_t batch_rows) {
  TaskContext context = UnlimitedContext();
  context.batch_rows = batch_rows;
  ReadRequest request;
  request.schema = schema;
  request.whole = whole;
  ARROW_ASSIGN_OR_RAISE(auto decoder, RecordDecoder::Make(schema, layout, options.MakeState(request, context)));
  int64_t rows = 0;
  const EmitBatch emit = [&](std::shared_ptr<arrow::RecordBatch> batch) {
    Require(batch->num_rows() <= batch_rows);
    Require(batch->ValidateFull().ok(), batch->ValidateFull());
    rows += batch->num_rows();
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(decoder->Decode(text.data(), size, {"fuzz", 0, 0}, emit));
  ARROW_RETURN_NOT_OK(decoder->Flush(emit));
  return rows;
}

/// One column of each type under the keys "a" to "l".
std::shared_ptr<arrow::Schema> EveryType() {
  const auto pair = arrow::struct_({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  const arrow::DataTypeVector types = {arrow::int64(),
                                       arrow::int8(),
                                       arrow::uint64(),
                                       arrow::float64(),
                                       JsonType(),
                                       arrow::utf8(),
                                       arrow::boolean(),
                                       pair,
                                       arrow::timestamp(arrow::TimeUnit::MICRO),
                                       arrow::list(pair),
                                       arrow::list(arrow::float64()),
                                       arrow::timestamp(arrow::TimeUnit::NANO, "UTC")};
  arrow::FieldVector fields;
  for (size_t i = 0; i < types.size(); ++i)
    fields.push_back(arrow::field(std::string(1, static_cast<char>('a' + i)), types[i]));
  return arrow::schema(fields);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Layout layout = data[0] & 1 ? Layout::kArray : Layout::kLines;
  std::vector<uint8_t> text(size + kPadding, ' ');
  std::memcpy(text.data(), data + 1, size - 1);
  text[size - 1] = '\n';
  const auto bytes = static_cast<int64_t>(size);

  ReadOptions options;
  options.epoch_units = {{"i", 1'000'000}, {"l", 1'000'000'000}};
  static const auto every_type = EveryType();
  const auto decoded = DecodeAll(text, bytes, layout, every_type, data[0] & 2 ? every_type : nullptr, options, 2);
  Require(decoded.ok() || !decoded.status().message().empty());

  SchemaInference inference(UnlimitedContext());
  if (!inference.Add(text.data(), bytes, layout, {"fuzz", 0, 0}).ok()) return 0;
  const auto schema = inference.Finish(&options);
  Require(schema.ok(), schema.status());
  // What was inferred from all of the text holds all of the text.
  const auto again = DecodeAll(text, bytes, layout, *schema, *schema, options, 3);
  Require(again.ok() && *again == inference.records(), again.status());
  return 0;
}
