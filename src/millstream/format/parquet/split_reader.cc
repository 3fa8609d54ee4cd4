#include "millstream/format/parquet/split_reader.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include <arrow/compute/api.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/size_statistics.h>

#include "millstream/format/parquet/bounds_filter.h"
#include "millstream/format/parquet/conform.h"
#include "millstream/format/parquet/exceptions.h"
#include "millstream/format/parquet/footer_cache.h"
#include "millstream/format/parquet/hive_partitions.h"

namespace millstream::parquet_format {
namespace {

constexpr int64_t kMorselBytes =
    4 << 20;  ///< decoded: small row groups are joined up to this, so that a morsel is worth a task
constexpr int64_t kMinBatchBytes = 1 << 20;
constexpr int64_t kMaxBatchBytes = 32 << 20;
constexpr int64_t kFirstRowsUnknown = 256;  ///< rows of the first batch where nothing tells how wide rows are

bool IsRemote(const std::string& uri) {
  const size_t scheme = uri.find("://");
  return scheme != std::string::npos && !uri.starts_with("file://") && !uri.starts_with("memory://");
}

/// A column that is not decoded where the statistics say that no value is missing.
struct Counted {
  size_t field = 0;  ///< of the requested schema
  int in_file = 0;   ///< field of the file's own
  int leaf = 0;      ///< Parquet column

  bool operator==(const Counted&) const = default;
};

/// What the morsels of one split share; read-only once made.
struct FileState {
  Split split;
  std::shared_ptr<arrow::Schema> schema;
  ReadOptions options;
  TaskContext context;
  OpenFile file;
  ::parquet::arrow::SchemaManifest manifest;
  std::vector<bool> from_directory;  ///< one a field of `schema`: whether the file's directory has its value
  std::vector<int> leaves;           ///< Parquet columns to decode, by requested field
  std::vector<std::string> encoded;  ///< columns that may stay dictionary-encoded
  std::vector<int> encoded_leaves;   ///< their leaves
  std::vector<Counted> counted;      ///< those of which only matters where values are missing
  bool remote = false;

  const std::string& uri() const { return split.file.uri; }
  bool IsPartitionColumn(const std::string& name) const {
    return split.partition_values.is_object() && split.partition_values.contains(name);
  }
};

/// Adds the leaves of `field` that `wanted` has; all of them where it is not a struct.
void CollectLeaves(const ::parquet::arrow::SchemaField& field, const arrow::DataType& wanted, std::vector<int>* leaves) {
  if (field.is_leaf()) {
    leaves->push_back(field.column_index);
    return;
  }
  const bool is_struct = field.field->type()->id() == arrow::Type::STRUCT && wanted.id() == arrow::Type::STRUCT;
  const bool is_list = field.children.size() == 1 && wanted.num_fields() == 1 && arrow::is_list_like(wanted.id());
  for (const auto& child : field.children) {
    if (is_struct) {
      const int index = static_cast<const arrow::StructType&>(wanted).GetFieldIndex(child.field->name());
      if (index >= 0) CollectLeaves(child, *wanted.field(index)->type(), leaves);
    } else {
      CollectLeaves(child, is_list ? *wanted.field(0)->type() : *child.field->type(), leaves);
    }
  }
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status MapColumns(const ReadRequest& request, FileState* state) {
  std::unordered_map<std::string, int> by_name;
  for (size_t i = 0; i < state->manifest.schema_fields.size(); ++i) {
    const std::string& name = state->manifest.schema_fields[i].field->name();
    if (!by_name.emplace(name, static_cast<int>(i)).second && state->schema->GetFieldByName(name)) {
      return Status::Invalid("column '", name, "' occurs more than once");
    }
  }
  for (const auto& field : state->schema->fields()) {
    const bool from_directory = state->IsPartitionColumn(field->name());
    if (!from_directory) {
      const auto found = by_name.find(field->name());
      if (found == by_name.end()) {
        return Status::Invalid("there is no column '", field->name(),
                               "' in this file, but in the first one; read files of one ",
                               "schema together, or leave the column out (columns=)");
      }
      const auto& in_file = state->manifest.schema_fields[static_cast<size_t>(found->second)];
      if (!Conforms(*in_file.field->type(), *field->type())) {
        return Status::TypeError("column '", field->name(), "' is ", in_file.field->type()->ToString(), " in this file, but ",
                                 field->type()->ToString(), " in the first one; read files of one schema together");
      }
      const size_t before = state->leaves.size();
      CollectLeaves(in_file, *field->type(), &state->leaves);
      if (in_file.is_leaf() && Contains(request.encoded, field->name())) state->encoded_leaves.push_back(in_file.column_index);
      if (in_file.is_leaf() && Contains(request.presence, field->name()) && HasStandIn(*field->type())) {
        state->counted.push_back({state->from_directory.size(), found->second, in_file.column_index});
      }
      if (state->leaves.size() == before) return Status::Invalid("column '", field->name(), "' has no data in it");
    }
    state->from_directory.push_back(from_directory);
  }
  return Status::OK();
}

std::vector<int> LeavesWithout(std::vector<int> leaves, const std::vector<Counted>& undecoded) {
  for (const Counted& column : undecoded) std::erase(leaves, column.leaf);
  return leaves;
}

/// What decoding the chosen columns of some row groups costs.
struct GroupCost {
  int64_t rows = 0;
  int64_t compressed = 0;
  int64_t largest_chunk = 0;
  int64_t decoded = 0;
  bool guessed = false;  ///< dictionary-encoded bytes of unknown size
};

GroupCost CostOf(const ::parquet::RowGroupMetaData& group, const std::vector<int>& leaves) {
  GroupCost cost;
  for (int leaf : leaves) {
    const auto chunk = group.ColumnChunk(leaf);
    const int64_t compressed = std::max<int64_t>(0, chunk->total_compressed_size());
    cost.compressed += compressed;
    cost.largest_chunk = std::max(cost.largest_chunk, compressed);
    int64_t decoded = std::max<int64_t>(0, chunk->total_uncompressed_size());
    const bool is_bytes = chunk->type() == ::parquet::Type::BYTE_ARRAY;
    const auto sizes = chunk->size_statistics();
    if (is_bytes && sizes && sizes->unencoded_byte_array_data_bytes) {
      decoded = std::max(decoded, *sizes->unencoded_byte_array_data_bytes);
    } else if (is_bytes) {
      cost.guessed = cost.guessed || chunk->has_dictionary_page();
    }
    cost.decoded += std::max(decoded, 8 * std::max<int64_t>(0, chunk->num_values()));
  }
  return cost;
}

/// Whether all values of a column chunk are codes of one dictionary, small against the batches that share it.
bool IsDictionaryEncoded(const ::parquet::ColumnChunkMetaData& chunk) {
  constexpr int64_t kMaxDictionaryBytes = 256 << 10;
  if (chunk.type() != ::parquet::Type::BYTE_ARRAY || !chunk.has_dictionary_page()) return false;
  if (chunk.data_page_offset() - chunk.dictionary_page_offset() > kMaxDictionaryBytes) return false;
  const auto is_code = [](::parquet::Encoding::type encoding) {
    return encoding == ::parquet::Encoding::PLAIN_DICTIONARY || encoding == ::parquet::Encoding::RLE_DICTIONARY;
  };
  // Statistics of pages are exact. Without them PLAIN may be the dictionary's own encoding or that of values beside it.
  const auto& pages = chunk.encoding_stats();
  if (!pages.empty()) {
    return std::all_of(pages.begin(), pages.end(), [&](const ::parquet::PageEncodingStats& page) {
      const bool is_data =
          page.page_type == ::parquet::PageType::DATA_PAGE || page.page_type == ::parquet::PageType::DATA_PAGE_V2;
      return !is_data || is_code(page.encoding);
    });
  }
  const auto& encodings = chunk.encodings();
  return std::all_of(encodings.begin(), encodings.end(), [&](::parquet::Encoding::type encoding) {
    const bool is_level = encoding == ::parquet::Encoding::RLE || encoding == ::parquet::Encoding::BIT_PACKED;
    return is_level || is_code(encoding);
  });
}

/// Bounds of a column that the directory has; nullopt where it has none of that name.
std::optional<ColumnBounds> DirectoryBounds(const Split& split, const arrow::Schema& schema, const std::string& name) {
  if (!split.partition_values.is_object() || !split.partition_values.contains(name)) return std::nullopt;
  const auto field = schema.GetFieldByName(name);
  if (!field) return std::nullopt;
  const auto value = PartitionScalar(split.partition_values[name], *field->type());
  if (!value.ok()) return std::nullopt;
  return ConstantBounds(*value);
}

/// Decodes some row groups. Memory: a page or a buffer for each column, and one batch, whatever the size of the row groups.
class RowGroupsMorsel final : public Morsel {
 public:
  /// `undecoded` are those of state->counted that no value is missing of.
  RowGroupsMorsel(std::shared_ptr<const FileState> state, std::vector<int> groups, int64_t first_row, int64_t rows,
                  GroupCost cost, const std::vector<Counted>& undecoded)
      : state_(std::move(state)),
        groups_(std::move(groups)),
        first_row_(first_row),
        rows_(rows),
        cost_(cost),
        leaves_(LeavesWithout(state_->leaves, undecoded)) {
    for (const Counted& column : undecoded) undecoded_.insert(column.field);
  }

  Status Decode(const EmitBatch& emit) override {
    // What `emit` fails with is not about the file, so it must not be given the file's name.
    Status emitted;
    const EmitBatch emit_and_keep = [&](std::shared_ptr<arrow::RecordBatch> batch) { return emitted = emit(std::move(batch)); };
    const Status status =
        Guarded(state_->uri(), [&] { return leaves_.empty() ? EmitRowsOnly(emit_and_keep) : DecodeColumns(emit_and_keep); });
    return emitted.ok() ? status : emitted;
  }

  int64_t first_row() const override { return first_row_; }

 private:
  int64_t BatchBytes() const {
    const TaskContext& context = state_->context;
    return std::clamp(context.budget->limit() / (16 * std::max(1, context.threads)), kMinBatchBytes, kMaxBatchBytes);
  }

  int64_t RowsFor(double bytes_a_row) const {
    const auto rows = static_cast<int64_t>(static_cast<double>(BatchBytes()) / std::max(bytes_a_row, 1.0));
    return std::clamp<int64_t>(rows, 1, std::max<int64_t>(1, state_->context.batch_rows));
  }

  Result<std::unique_ptr<::parquet::arrow::FileReader>> OpenReader() const {
    const TaskContext& context = state_->context;
    ::parquet::ReaderProperties properties(context.pool);
    const int64_t buffer = std::clamp<int64_t>(
        context.budget->limit() / (16 * std::max(1, context.threads) * static_cast<int64_t>(leaves_.size())), int64_t{16} << 10,
        state_->remote ? int64_t{4} << 20 : int64_t{1} << 20);
    const bool whole = state_->remote ? cost_.compressed <= BatchBytes() : cost_.largest_chunk <= buffer;
    if (!whole) {
      properties.enable_buffered_stream();
      properties.set_buffer_size(buffer);
    }
    ::parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    for (int leaf : state_->encoded_leaves) {
      arrow_properties.set_read_dictionary(
          leaf, std::all_of(groups_.begin(), groups_.end(), [&](int group) {
            return IsDictionaryEncoded(*state_->file.footer->RowGroup(group)->ColumnChunk(leaf));
          }));
    }
    arrow_properties.set_pre_buffer(state_->remote && whole);
    arrow_properties.set_io_context(arrow::io::IOContext(context.pool));
    auto reader = ::parquet::ParquetFileReader::Open(state_->file.source, properties, state_->file.footer);
    return ::parquet::arrow::FileReader::Make(context.pool, std::move(reader), arrow_properties);
  }

  Status DecodeColumns(const EmitBatch& emit) {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenReader());
    int64_t batch_rows = RowsFor(static_cast<double>(cost_.decoded) / static_cast<double>(cost_.rows));
    if (cost_.guessed) batch_rows = std::min(batch_rows, kFirstRowsUnknown);
    reader->set_batch_size(std::min(batch_rows, std::max<int64_t>(1, rows_)));
    ARROW_ASSIGN_OR_RAISE(auto batches, reader->GetRecordBatchReader(groups_, leaves_));
    int64_t left = rows_;
    while (left > 0) {
      ARROW_RETURN_NOT_OK(state_->context.CheckCancelled());
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(batches->ReadNext(&batch));
      if (!batch) {
        return Status::IOError("row groups ", groups_.front(), " to ", groups_.back(), " have ", left,
                               " rows fewer than the file's footer says; the file is damaged");
      }
      if (batch->num_rows() > left) batch = batch->Slice(0, left);
      left -= batch->num_rows();
      if (cost_.guessed && batch->num_rows() > 0) {
        // The size of the batch is known only now; growing by at most 4 times keeps one wide stretch from being a surprise.
        const int64_t bytes = arrow::util::TotalBufferSize(*batch);
        const int64_t fitting = RowsFor(static_cast<double>(bytes) / static_cast<double>(batch->num_rows()));
        batch_rows = std::min(fitting, 4 * batch_rows);
        reader->set_batch_size(batch_rows);
      }
      ARROW_ASSIGN_OR_RAISE(batch, Arrange(*batch));
      ARROW_RETURN_NOT_OK(emit(std::move(batch)));
    }
    return Status::OK();
  }

  /// The decoded columns and the directory's ones in the order asked for, in the types asked for.
  Result<std::shared_ptr<arrow::RecordBatch>> Arrange(const arrow::RecordBatch& decoded) const {
    arrow::ArrayVector columns;
    auto schema = state_->schema;
    int next = 0;
    for (int i = 0; i < state_->schema->num_fields(); ++i) {
      const auto& field = state_->schema->field(i);
      if (state_->from_directory[static_cast<size_t>(i)]) {
        ARROW_ASSIGN_OR_RAISE(auto column, DirectoryColumn(*field, decoded.num_rows()));
        columns.push_back(std::move(column));
        continue;
      }
      if (undecoded_.contains(static_cast<size_t>(i))) {
        ARROW_ASSIGN_OR_RAISE(auto column, StandIn(field->type(), decoded.num_rows(), state_->context.pool));
        columns.push_back(std::move(column));
        continue;
      }
      const auto given = decoded.column(next++);
      if (IsEncoded(field->name(), *given->type(), *field->type())) {
        // libparquet does not look whether the codes of a damaged file lie in the dictionary.
        ARROW_RETURN_NOT_OK(WithPlace(given->ValidateFull(), "column '" + field->name() + "' is damaged"));
        // libparquet makes a dictionary of string where a column is of large_string.
        const auto& codes = static_cast<const arrow::DictionaryType&>(*given->type()).index_type();
        ARROW_ASSIGN_OR_RAISE(auto encoded, Conform(given, arrow::dictionary(codes, field->type()), state_->context.pool));
        ARROW_ASSIGN_OR_RAISE(schema, schema->SetField(i, field->WithType(encoded->type())));
        columns.push_back(std::move(encoded));
        continue;
      }
      auto column = Conform(given, field->type(), state_->context.pool);
      if (!column.ok()) {
        return WithPlace(column.status(), "column '" + field->name() + "' does not fit the type it has in the first file");
      }
      columns.push_back(column.MoveValueUnsafe());
    }
    return arrow::RecordBatch::Make(std::move(schema), decoded.num_rows(), std::move(columns));
  }

  /// Whether a column of type `given` is one of `wanted` that was left encoded because that was asked for.
  bool IsEncoded(const std::string& name, const arrow::DataType& given, const arrow::DataType& wanted) const {
    if (!Contains(state_->encoded, name) || given.id() != arrow::Type::DICTIONARY) return false;
    return arrow::is_base_binary_like(wanted.id()) &&
           Conforms(*static_cast<const arrow::DictionaryType&>(given).value_type(), wanted);
  }

  Result<std::shared_ptr<arrow::Array>> DirectoryColumn(const arrow::Field& field, int64_t rows) const {
    const auto& categories = state_->options.categories;
    static const nlohmann::json kNone = nlohmann::json::array();
    const bool known = categories.is_object() && categories.contains(field.name());
    return PartitionColumn(state_->split.partition_values[field.name()], known ? categories[field.name()] : kNone, field.type(),
                           rows, state_->context.pool);
  }

  Status EmitRowsOnly(const EmitBatch& emit) {
    for (int64_t left = rows_; left > 0;) {
      ARROW_RETURN_NOT_OK(state_->context.CheckCancelled());
      const int64_t rows = std::min(left, std::max<int64_t>(1, state_->context.batch_rows));
      ARROW_ASSIGN_OR_RAISE(auto batch, Arrange(*arrow::RecordBatch::Make(arrow::schema({}), rows, arrow::ArrayVector())));
      ARROW_RETURN_NOT_OK(emit(std::move(batch)));
      left -= rows;
    }
    return Status::OK();
  }

  const std::shared_ptr<const FileState> state_;
  const std::vector<int> groups_;
  const int64_t first_row_;
  const int64_t rows_;
  const GroupCost cost_;
  const std::vector<int> leaves_;  ///< that are decoded
  std::set<size_t> undecoded_;     ///< fields of the requested schema
};

class ParquetSplitReader final : public SplitReader {
 public:
  /// `state` is nullptr for a split that the filter rules out by its directory.
  ParquetSplitReader(std::shared_ptr<const FileState> state, ExpressionPtr filter, std::optional<int64_t> limit, int first,
                     int end)
      : state_(std::move(state)), filter_(std::move(filter)), limit_(limit), next_(first), end_(end) {}

  Result<std::unique_ptr<Morsel>> Next() override {
    if (!state_) return nullptr;
    return Guarded(state_->uri(), [&] { return NextMorsel(); });
  }

  int64_t bytes_read() const override { return bytes_read_; }

 private:
  Result<std::unique_ptr<Morsel>> NextMorsel() {
    std::vector<int> groups;
    GroupCost total;
    int64_t morsel_row = 0;
    int64_t rows = 0;
    std::vector<Counted> undecoded;
    std::vector<int> leaves;
    while (next_ < end_ && !LimitReached() && total.decoded < kMorselBytes) {
      const int index = next_;
      const auto group = state_->file.footer->RowGroup(index);
      if (!groups.empty() && NothingMissing(*group) != undecoded) break;  // a morsel decodes the same columns
      ++next_;
      if (group->num_rows() < 0)
        return Status::IOError("row group ", index, " has ", group->num_rows(), " rows; the file is damaged");
      if (group->num_rows() == 0) continue;
      const int64_t first_row = next_row_;
      if (__builtin_add_overflow(first_row, group->num_rows(), &next_row_)) {
        return Status::IOError("row group ", index, " has ", group->num_rows(),
                               " rows, more than a file can; the file is damaged");
      }
      if (!MayMatch(*group)) {
        if (groups.empty()) continue;
        break;  // a morsel's rows follow each other
      }
      if (groups.empty()) {
        morsel_row = first_row;
        undecoded = NothingMissing(*group);
        leaves = LeavesWithout(state_->leaves, undecoded);
      }
      const GroupCost cost = CostOf(*group, leaves);
      total.compressed += cost.compressed;
      total.largest_chunk = std::max(total.largest_chunk, cost.largest_chunk);
      total.decoded += cost.decoded;
      total.guessed = total.guessed || cost.guessed;
      total.rows += group->num_rows();
      const int64_t wanted = limit_ ? std::min(group->num_rows(), *limit_ - rows_given_) : group->num_rows();
      rows += wanted;
      rows_given_ += wanted;
      groups.push_back(index);
    }
    if (groups.empty()) return nullptr;
    bytes_read_ += total.compressed;
    return std::make_unique<RowGroupsMorsel>(state_, std::move(groups), morsel_row, rows, total, undecoded);
  }

  /// The counted columns of which the group's statistics say that no value is missing.
  std::vector<Counted> NothingMissing(const ::parquet::RowGroupMetaData& group) const {
    std::vector<Counted> complete;
    for (const Counted& column : state_->counted) {
      const auto bounds = RowGroupBounds(group, state_->manifest, column.in_file);
      if (bounds && !bounds->may_be_missing) complete.push_back(column);
    }
    return complete;
  }

  bool LimitReached() const { return limit_ && rows_given_ >= *limit_; }

  bool MayMatch(const ::parquet::RowGroupMetaData& group) const {
    if (!filter_) return true;
    return CanMatch(*filter_, [&](const std::string& name) -> std::optional<ColumnBounds> {
      if (state_->IsPartitionColumn(name)) return DirectoryBounds(state_->split, *state_->schema, name);
      const auto& fields = state_->manifest.schema_fields;
      for (size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].field->name() == name) return RowGroupBounds(group, state_->manifest, static_cast<int>(i));
      }
      return std::nullopt;
    });
  }

  const std::shared_ptr<const FileState> state_;
  const ExpressionPtr filter_;
  const std::optional<int64_t> limit_;
  int next_;
  const int end_;
  int64_t next_row_ = 0;  ///< of the split
  int64_t rows_given_ = 0;
  int64_t bytes_read_ = 0;
};

/// Whether the directory's values leave the filter a chance.
bool DirectoryMayMatch(const Split& split, const ReadRequest& request) {
  if (!request.filter || !split.partition_values.is_object()) return true;
  return CanMatch(*request.filter, [&](const std::string& name) { return DirectoryBounds(split, *request.schema, name); });
}

Status FindGroups(const Split& split, int available, int* first, int* end) {
  *first = 0;
  *end = available;
  if (split.detail.is_null()) return Status::OK();
  *first = split.detail.value("first", 0);
  *end = *first + split.detail.value("count", 0);
  if (*first >= 0 && *first <= *end && *end <= available) return Status::OK();
  return Status::IOError("row groups ", *first, " to ", *end, " were expected, but the file has ", available,
                         "; it changed after it was inspected");
}

}  // namespace

Result<std::unique_ptr<SplitReader>> OpenSplitReader(const Split& split, const ReadRequest& request,
                                                     const fs::StorageOptions& storage, const ReadOptions& options,
                                                     const TaskContext& context) {
  if (!DirectoryMayMatch(split, request)) {
    return std::make_unique<ParquetSplitReader>(nullptr, nullptr, std::nullopt, 0, 0);
  }
  auto state = std::make_shared<FileState>();
  state->split = split;
  state->schema = request.schema;
  state->options = options;
  state->context = context;
  state->encoded = request.encoded;
  state->remote = IsRemote(split.file.uri);
  ARROW_ASSIGN_OR_RAISE(state->file, OpenParquet(split.file, storage, context));
  int first = 0;
  int end = 0;
  ARROW_RETURN_NOT_OK(Guarded(state->uri(), [&]() -> Status {
    const auto& footer = *state->file.footer;
    ARROW_RETURN_NOT_OK(::parquet::arrow::SchemaManifest::Make(footer.schema(), footer.key_value_metadata(),
                                                               ::parquet::ArrowReaderProperties(false), &state->manifest));
    ARROW_RETURN_NOT_OK(MapColumns(request, state.get()));
    return FindGroups(split, footer.num_row_groups(), &first, &end);
  }));
  // With a filter the rows that count are known only above.
  const auto limit = request.filter ? std::nullopt : request.limit;
  return std::make_unique<ParquetSplitReader>(std::move(state), request.filter, limit, first, end);
}

}  // namespace millstream::parquet_format
