#include "millstream/format/json/writer.h"

#include <arrow/array/util.h>

#include "millstream/format/json/value_writer.h"

namespace millstream::json_format {
namespace {

constexpr int64_t kFlushBytes = 256 << 10;

class JsonWriter final : public FileWriter {
 public:
  JsonWriter(std::shared_ptr<arrow::io::OutputStream> sink, Layout layout, const TaskContext& context,
             std::vector<std::string> keys, std::vector<ValueWriterPtr> columns, arrow::ArrayVector empty)
      : sink_(std::move(sink)),
        layout_(layout),
        context_(context),
        keys_(std::move(keys)),
        columns_(std::move(columns)),
        empty_(std::move(empty)),
        text_(context.pool) {}

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(context_.CheckCancelled());
    for (size_t i = 0; i < columns_.size(); ++i) {
      ARROW_RETURN_NOT_OK(columns_[i]->SetArray(batch.column(static_cast<int>(i))));
    }
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      if (layout_ == Layout::kArray) ARROW_RETURN_NOT_OK(text_.Append(rows_ == 0 ? "[" : ","));
      for (size_t i = 0; i < columns_.size(); ++i) {
        ARROW_RETURN_NOT_OK(text_.Append(keys_[i]));
        ARROW_RETURN_NOT_OK(columns_[i]->Write(row, &text_));
      }
      ARROW_RETURN_NOT_OK(text_.Append(columns_.empty() ? "{}" : "}"));
      if (layout_ == Layout::kLines) ARROW_RETURN_NOT_OK(text_.Append("\n"));
      ++rows_;
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(Flush());
    }
    for (size_t i = 0; i < columns_.size(); ++i) ARROW_RETURN_NOT_OK(columns_[i]->SetArray(empty_[i]));
    return Status::OK();
  }

  Status Finish() override {
    if (layout_ == Layout::kArray) ARROW_RETURN_NOT_OK(text_.Append(rows_ == 0 ? "[]" : "]"));
    return Flush();
  }

  int64_t buffered_bytes() const override { return text_.size(); }

 private:
  Status Flush() {
    ARROW_RETURN_NOT_OK(sink_->Write(text_.data(), text_.size()));
    text_.Clear();
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::OutputStream> sink_;
  const Layout layout_;
  const TaskContext context_;
  const std::vector<std::string> keys_;  // what stands before the values: '{"a":', ',"b":'
  const std::vector<ValueWriterPtr> columns_;
  const arrow::ArrayVector empty_;  // what the columns are set to between batches
  TextBuffer text_;
  int64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                               const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options,
                                               const TaskContext& context) {
  std::vector<std::string> keys;
  std::vector<ValueWriterPtr> columns;
  arrow::ArrayVector empty;
  for (const auto& field : schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto key, QuoteKey(field->name(), keys.empty()));
    keys.push_back(std::move(key));
    ARROW_ASSIGN_OR_RAISE(auto column, MakeValueWriter(field->type(), field->name(), options, context));
    columns.push_back(std::move(column));
    ARROW_ASSIGN_OR_RAISE(auto none, arrow::MakeArrayOfNull(field->type(), 0, context.pool));
    empty.push_back(std::move(none));
  }
  return std::make_unique<JsonWriter>(std::move(sink), options.layout, context, std::move(keys), std::move(columns),
                                      std::move(empty));
}

}  // namespace millstream::json_format
