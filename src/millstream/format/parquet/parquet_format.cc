#include "millstream/format/parquet/parquet_format.h"

#include <set>
#include <utility>

#include <parquet/arrow/schema.h>

#include "millstream/format/parquet/conform.h"
#include "millstream/format/parquet/exceptions.h"
#include "millstream/format/parquet/file_writer.h"
#include "millstream/format/parquet/footer_cache.h"
#include "millstream/format/parquet/hive_partitions.h"
#include "millstream/format/parquet/read_options.h"
#include "millstream/format/parquet/split_reader.h"

namespace millstream {
namespace parquet_format {
namespace {

constexpr size_t kFilesForTypes = 64;  ///< looked at for the types of columns that have no value in the first

/// The schema of a file as a frame has it: with the metadata pandas left, without what only files have.
Result<std::shared_ptr<arrow::Schema>> FrameSchema(const fs::FileEntry& file, const ::parquet::FileMetaData& footer) {
  return Guarded(file.uri, [&]() -> Result<std::shared_ptr<arrow::Schema>> {
    std::shared_ptr<arrow::Schema> in_file;
    ARROW_RETURN_NOT_OK(::parquet::arrow::FromParquetSchema(footer.schema(), ::parquet::ArrowReaderProperties(false),
                                                            footer.key_value_metadata(), &in_file));
    arrow::FieldVector fields;
    std::set<std::string> names;
    for (const auto& field : in_file->fields()) {
      if (!names.insert(field->name()).second) {
        return Status::Invalid("column '", field->name(),
                               "' occurs more than once; columns of a frame need names of their own");
      }
      fields.push_back(arrow::field(field->name(), FrameType(field->type()), field->nullable()));
    }
    return arrow::schema(std::move(fields), in_file->metadata());
  });
}

/// `schema` with the directories' columns at the end; where a file has a column of the same name, the directory wins.
Result<std::shared_ptr<arrow::Schema>> AddPartitionFields(std::shared_ptr<arrow::Schema> schema,
                                                          const arrow::FieldVector& partition_fields) {
  for (const auto& field : partition_fields) {
    const int same = schema->GetFieldIndex(field->name());
    if (same >= 0) {
      ARROW_ASSIGN_OR_RAISE(schema, schema->RemoveField(same));
    }
    ARROW_ASSIGN_OR_RAISE(schema, schema->AddField(schema->num_fields(), field));
  }
  return schema;
}

bool CutsFile(const ReadOptions& options, const fs::FileEntry& file) {
  switch (options.cut) {
    case ReadOptions::Cut::kFile:
      return false;
    case ReadOptions::Cut::kRowGroups:
      return true;
    // Files a little larger than a block are left whole, so that a typical file stays a partition.
    case ReadOptions::Cut::kInfer:
      return file.size > options.blocksize;
    case ReadOptions::Cut::kAdaptive:
      return file.size < 0 || file.size > options.blocksize;
  }
  return false;
}

/// Ranges of row groups: a fixed number each, or as many as fit the blocksize (one at least).
Status CutFile(const ReadOptions& options, const Split& whole, const ::parquet::FileMetaData& footer,
               std::vector<Split>* splits) {
  return Guarded(whole.file.uri, [&] {
    const int groups = footer.num_row_groups();
    const size_t before = splits->size();
    for (int first = 0; first < groups;) {
      int end = first;
      int64_t bytes = 0;
      while (end < groups) {
        const int64_t size = std::max<int64_t>(0, footer.RowGroup(end)->total_compressed_size());
        const bool full =
            options.cut == ReadOptions::Cut::kRowGroups ? end - first >= options.row_groups : bytes + size > options.blocksize;
        if (end > first && full) break;
        bytes += size;
        ++end;
      }
      Split part = whole;
      part.detail = {{"first", first}, {"count", end - first}};
      splits->push_back(std::move(part));
      first = end;
    }
    if (splits->size() == before) splits->push_back(whole);
    return Status::OK();
  });
}

/// Columns without a value, and so without a type, in the first file get that of the first of the next files that has one.
Status TypeEmptyColumns(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage, const TaskContext& context,
                        std::shared_ptr<arrow::Schema>* schema) {
  const auto is_empty = [](const auto& field) { return field->type()->id() == arrow::Type::NA; };
  for (size_t i = 1; i < std::min(files.size(), kFilesForTypes); ++i) {
    const auto& fields = (*schema)->fields();
    if (std::none_of(fields.begin(), fields.end(), is_empty)) break;
    ARROW_RETURN_NOT_OK(context.CheckCancelled());
    ARROW_ASSIGN_OR_RAISE(const auto footer, ReadFooter(files[i], storage, context));
    ARROW_ASSIGN_OR_RAISE(const auto other, FrameSchema(files[i], *footer));
    for (int k = 0; k < (*schema)->num_fields(); ++k) {
      const auto field = (*schema)->field(k);
      const auto found = is_empty(field) ? other->GetFieldByName(field->name()) : nullptr;
      if (found) ARROW_RETURN_NOT_OK((*schema)->SetField(k, field->WithType(found->type())).Value(schema));
    }
  }
  return Status::OK();
}

class Parquet final : public Format {
 public:
  std::string name() const override { return "parquet"; }
  std::string extension() const override { return ".parquet"; }
  bool CompressesWithin() const override { return true; }
  std::vector<std::string> FileExtensions() const override { return {".parquet", ".parq", ".pq"}; }
  bool ReadsPartsOfStructs() const override { return true; }
  bool KeepsDictionaries() const override { return true; }
  bool CountsWithoutValues() const override { return true; }
  bool NumbersRows() const override { return true; }

  Result<Inspection> Inspect(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                             const nlohmann::json& options, const TaskContext& context) const override {
    if (files.empty()) return Status::Invalid("there are no Parquet files to read");
    ARROW_ASSIGN_OR_RAISE(const ReadOptions parsed, ParseReadOptions(options));
    HivePartitions partitions;
    if (parsed.hive) {
      ARROW_ASSIGN_OR_RAISE(partitions, FindHivePartitions(files, parsed.partitioning_types));
    }

    Inspection inspection;
    ARROW_ASSIGN_OR_RAISE(const auto footer, ReadFooter(files[0], storage, context));
    ARROW_ASSIGN_OR_RAISE(inspection.schema, FrameSchema(files[0], *footer));
    ARROW_RETURN_NOT_OK(TypeEmptyColumns(files, storage, context, &inspection.schema));
    ARROW_ASSIGN_OR_RAISE(inspection.schema, AddPartitionFields(inspection.schema, partitions.fields));
    for (size_t i = 0; i < files.size(); ++i) {
      Split split;
      split.file = files[i];
      if (!partitions.values.empty()) split.partition_values = partitions.values[i];
      if (!CutsFile(parsed, files[i])) {
        inspection.splits.push_back(std::move(split));
        continue;
      }
      ARROW_RETURN_NOT_OK(context.CheckCancelled());
      ARROW_ASSIGN_OR_RAISE(const auto own_footer, ReadFooter(files[i], storage, context));
      ARROW_RETURN_NOT_OK(CutFile(parsed, split, *own_footer, &inspection.splits));
    }
    inspection.options = options.is_null() ? nlohmann::json::object() : options;
    if (!partitions.categories.is_null()) inspection.options["categories"] = partitions.categories;
    return inspection;
  }

  Result<std::unique_ptr<SplitReader>> OpenSplit(const Split& split, const ReadRequest& request,
                                                 const fs::StorageOptions& storage, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const ReadOptions parsed, ParseReadOptions(options));
    return OpenSplitReader(split, request, storage, parsed, context);
  }

  Status CheckAppend(const arrow::Schema& schema, const fs::FileEntry& older, const fs::StorageOptions& storage,
                     const TaskContext& context) const override {
    ARROW_ASSIGN_OR_RAISE(const auto footer, ReadFooter(older, storage, context));
    ARROW_ASSIGN_OR_RAISE(const auto there, FrameSchema(older, *footer));
    bool same = schema.num_fields() == there->num_fields();
    for (const auto& field : schema.fields()) {
      const auto other = there->GetFieldByName(field->name());
      same = same && other && Conforms(*FrameType(field->type()), *other->type());
    }
    if (same) return Status::OK();
    const auto list = [](const arrow::Schema& columns) {
      std::string text;
      for (const auto& field : columns.fields()) {
        text += (text.empty() ? "" : ", ") + field->name() + " (" + field->type()->ToString() + ")";
      }
      return text;
    };
    return Status::Invalid("cannot append: the columns are ", list(schema), ", but those of ", fs::DisplayUri(older.uri),
                           " are ", list(*there), "; give them the same names and types, or write elsewhere");
  }

  Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                 const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                 const TaskContext& context) const override {
    return OpenFileWriter(std::move(sink), schema, options, context);
  }
};

}  // namespace
}  // namespace parquet_format

const Format* ParquetFormat() {
  static const parquet_format::Parquet format;
  return &format;
}

}  // namespace millstream
