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
#include "millstream/format/parquet/flat_columns.h"
#include "millstream/format/parquet/footer_cache.h"
#include "millstream/format/parquet/hive_partitions.h"
#include "millstream/format/parquet/row_groups_morsel.h"

namespace millstream::parquet_format {
namespace {

/// Decoded: small row groups are joined up to this, so that a morsel is worth a task.
constexpr int64_t kMorselBytes = 4 << 20;

bool IsRemote(const std::string& uri) {
  const size_t scheme = uri.find("://");
  return scheme != std::string::npos && !uri.starts_with("file://") && !uri.starts_with("memory://");
}

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

/// How a FlatColumn reads `in_file` for the requested `field`, of which dictionary codes are welcome if `may_be_encoded`.
std::optional<Flat> FindFlat(const ::parquet::arrow::SchemaField& in_file, const ::parquet::SchemaDescriptor& schema,
                             const arrow::Field& field, bool may_be_encoded) {
  if (!in_file.is_leaf()) return std::nullopt;
  const ::parquet::ColumnDescriptor& column = *schema.Column(in_file.column_index);
  if (column.max_repetition_level() > 0 || column.max_definition_level() > 1) return std::nullopt;
  if (IsFlatNumber(column.physical_type(), *in_file.field->type()))
    return Flat{in_file.column_index, false, in_file.field->type()};
  const bool is_text = column.physical_type() == ::parquet::Type::BYTE_ARRAY && arrow::is_base_binary_like(field.type()->id());
  if (!may_be_encoded || !is_text) return std::nullopt;
  return Flat{in_file.column_index, true, field.type()};
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
    std::optional<Flat> flat;
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
      flat = FindFlat(in_file, *state->file.footer->schema(), *field, Contains(request.encoded, field->name()));
      if (in_file.is_leaf() && Contains(request.counted, field->name()) && HasStandIn(*field->type())) {
        state->counted.push_back({state->from_directory.size(), found->second, in_file.column_index});
      }
      if (state->leaves.size() == before) return Status::Invalid("column '", field->name(), "' has no data in it");
    }
    state->from_directory.push_back(from_directory);
    state->flat.push_back(std::move(flat));
  }
  return Status::OK();
}

/// `number` of a footer, which may be anything, as one of which as many as a file has chunks can be added up.
int64_t Bounded(int64_t number) { return std::clamp<int64_t>(number, 0, int64_t{1} << 40); }

/// What decoding `leaves` of a group costs, and standing in for `stand_ins` columns: values of a word each.
GroupCost CostOf(const ::parquet::RowGroupMetaData& group, const std::vector<int>& leaves, size_t stand_ins) {
  GroupCost cost;
  cost.rows = group.num_rows();
  cost.decoded = Bounded(group.num_rows()) * 8 * static_cast<int64_t>(stand_ins);
  for (int leaf : leaves) {
    const auto chunk = group.ColumnChunk(leaf);
    const int64_t compressed = Bounded(chunk->total_compressed_size());
    cost.compressed += compressed;
    cost.largest_chunk = std::max(cost.largest_chunk, compressed);
    int64_t decoded = Bounded(chunk->total_uncompressed_size());
    const bool is_bytes = chunk->type() == ::parquet::Type::BYTE_ARRAY;
    const auto sizes = chunk->size_statistics();
    if (is_bytes && sizes && sizes->unencoded_byte_array_data_bytes) {
      decoded = std::max(decoded, Bounded(*sizes->unencoded_byte_array_data_bytes));
    } else if (is_bytes) {
      cost.guessed = cost.guessed || chunk->has_dictionary_page();
    }
    cost.decoded += std::max(decoded, 8 * Bounded(chunk->num_values()));
  }
  return cost;
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
        leaves = state_->LeavesWithout(undecoded);
      }
      const GroupCost cost = CostOf(*group, leaves, undecoded.size());
      total.compressed += cost.compressed;
      total.largest_chunk = std::max(total.largest_chunk, cost.largest_chunk);
      total.decoded += cost.decoded;
      total.guessed = total.guessed || cost.guessed;
      total.rows += cost.rows;
      const int64_t wanted = limit_ ? std::min(group->num_rows(), *limit_ - rows_given_) : group->num_rows();
      rows += wanted;
      rows_given_ += wanted;
      groups.push_back(index);
    }
    if (groups.empty()) return nullptr;
    bytes_read_ += total.compressed;
    return MakeRowGroupsMorsel(state_, std::move(groups), morsel_row, rows, total, undecoded);
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
