// What a file format offers the engine: inspect files, read splits in morsels, write files. One folder a format, one line
// in format/registry.cc. Options are JSON, so that plans that hold them can be sent elsewhere.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "millstream/base/result.h"
#include "millstream/expr/expression.h"
#include "millstream/fs/storage.h"
#include "millstream/memory/task_context.h"

namespace millstream {

/// One partition of a scan: a file, or a byte range of it that starts and ends anywhere (the reader finds the records that
/// start inside the range), or a range of row groups; what `detail` holds is the format's own affair.
struct Split {
  fs::FileEntry file;
  int64_t offset = 0;
  int64_t length = -1;              ///< bytes; -1 to the end of the file
  nlohmann::json detail;            ///< format's own; null where it has none
  nlohmann::json partition_values;  ///< hive partition values of the file's path, {column: value or null}
};

/// What looking at the files told: the schema of every partition, and the partitions.
struct Inspection {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<Split> splits;
  nlohmann::json options;  ///< the options, completed by what was found (types, dialect): reading needs nothing else
};

/// What a scan wants of a split.
struct ReadRequest {
  /// Columns to give, in this order; all of them in Inspection::schema. May be empty: then batches have rows but no columns.
  std::shared_ptr<arrow::Schema> schema;
  /// May be used to skip data that cannot match (row groups, records); the engine filters again. nullptr: none.
  ExpressionPtr filter;
  std::optional<int64_t> limit;  ///< rows of this split that are enough
  /// Columns of `schema` that may come dictionary-encoded (dictionary<int32, type>) where they lie so in the file; a batch's
  /// own schema says which do. Others come in the type that `schema` gives them.
  std::vector<std::string> encoded;
  /// Columns of `schema` of which only matters whether a value is there: whatever is not missing may come as any other value.
  std::vector<std::string> counted;
  /// Inspection::schema, of which `schema` is a part; nullptr where the caller does not say. A format with HasOpenRecords tells
  /// from it whether any columns were left out on purpose.
  std::shared_ptr<arrow::Schema> whole;
  /// Whether the columns of `schema` were named, so that it does not matter what else there is, even if these are all of
  /// `whole`.
  bool chosen = false;
};

using EmitBatch = std::function<Status(std::shared_ptr<arrow::RecordBatch>)>;

/// A piece of a split that one thread decodes. Its batches are emitted in order, at most context.batch_rows rows each.
class Morsel {
 public:
  virtual ~Morsel() = default;
  virtual Status Decode(const EmitBatch& emit) = 0;
  /// After Decode: rows it read but left out, because the request's filter does not hold for them.
  virtual int64_t rows_dropped() const { return 0; }
  /// The number in its split, from 0, of the first row; -1 where that is not known without decoding what comes before.
  virtual int64_t first_row() const { return -1; }
};

/// Cuts a split into morsels of some MB. Next is the serial part (read, inflate, find record boundaries) and is called by one
/// thread at a time; morsels may be decoded by several threads at once, in any order, also after the reader is gone.
class SplitReader {
 public:
  virtual ~SplitReader() = default;
  /// nullptr at the end.
  virtual Result<std::unique_ptr<Morsel>> Next() = 0;
  /// Called where no more is asked for before the end: fails as Next would there if what was read cannot be trusted.
  virtual Status EndEarly() { return Status::OK(); }
  /// Bytes of the file read so far (compressed size where compressed).
  virtual int64_t bytes_read() const = 0;
};

/// Writes batches of one schema into one stream. Not thread-safe.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  /// Of `batch` nothing stays in memory afterwards but its rows, and at most as much again: many files may be open, each given
  /// a slice of a large batch.
  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  /// Writes what is left and the footer; the stream is closed by the caller.
  virtual Status Finish() = 0;
  /// Bytes held in memory that Write has not yet passed on; bounded writers keep it small.
  virtual int64_t buffered_bytes() const { return 0; }
};

class Format {
 public:
  virtual ~Format() = default;
  virtual std::string name() const = 0;       ///< "csv"
  virtual std::string extension() const = 0;  ///< ".csv"
  /// What the names of files in a folder end with, if files of other kinds may lie beside them; empty: all are taken.
  virtual std::vector<std::string> FileExtensions() const { return {}; }
  /// True where ReadRequest::schema may ask for structs with fewer fields than Inspection::schema has.
  virtual bool ReadsPartsOfStructs() const { return false; }
  /// True where ReadRequest::encoded is made use of.
  virtual bool KeepsDictionaries() const { return false; }
  /// True where records may hold columns that Inspect has not seen: ReadRequest::chosen is made use of.
  virtual bool HasOpenRecords() const { return false; }
  /// True where ReadRequest::counted is made use of.
  virtual bool CountsWithoutValues() const { return false; }
  /// True where each morsel knows its first_row and gives all rows that follow it: what a filter rules out is left out in whole
  /// morsels.
  virtual bool NumbersRows() const { return false; }

  /// True where the files' own codecs compress what is in them; else whole files are compressed, as ".gz" says.
  virtual bool CompressesWithin() const { return false; }

  /// Finds schema and splits. Errors: what the format's page of docs says; unknown options are Invalid and named.
  virtual Result<Inspection> Inspect(const std::vector<fs::FileEntry>& files, const fs::StorageOptions& storage,
                                     const nlohmann::json& options, const TaskContext& context) const = 0;
  /// `options` are Inspection::options.
  virtual Result<std::unique_ptr<SplitReader>> OpenSplit(const Split& split, const ReadRequest& request,
                                                         const fs::StorageOptions& storage, const nlohmann::json& options,
                                                         const TaskContext& context) const = 0;
  /// Whether a file of `schema` can be added to an output that has the file `older`: Invalid, with both schemas, where the two
  /// would not be read as one table.
  virtual Status CheckAppend(const arrow::Schema& schema, const fs::FileEntry& older, const fs::StorageOptions& storage,
                             const TaskContext& context) const {
    return Status::OK();
  }
  /// TypeError for a column type the format cannot hold, naming the column.
  virtual Result<std::unique_ptr<FileWriter>> OpenWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                         const std::shared_ptr<arrow::Schema>& schema,
                                                         const nlohmann::json& options, const TaskContext& context) const = 0;
};

/// The built-in formats by name; KeyError listing the names where there is none.
Result<const Format*> FindFormat(const std::string& name);
std::vector<std::string> FormatNames();

}  // namespace millstream
