// Writes record batches as an Avro object container file.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "millstream/format/avro/codec.h"
#include "millstream/format/avro/container.h"
#include "millstream/format/format.h"

namespace millstream::avro {

struct WriteOptions {
  nlohmann::json schema;      ///< null: inferred from the columns
  std::string name = "Root";  ///< of the record of an inferred schema
  std::string name_space;     ///< of the record of an inferred schema
  CodecKind codec = CodecKind::kNull;
  std::string codec_name = "null";
  std::optional<int> level;                     ///< of the codec
  int64_t sync_interval = 256 * 1024;           ///< bytes a block has before it is compressed, at least one row
  std::optional<SyncMarker> sync_marker;        ///< random where it is not given
  std::map<std::string, std::string> metadata;  ///< more of the file's metadata; names "avro." are reserved
};

/// Invalid for options that are not known or have a wrong value; names them.
Result<WriteOptions> ParseWriteOptions(const nlohmann::json& options);

/// TypeError for a column that its Avro type cannot hold, Invalid for a column without a field or the reverse.
Result<std::unique_ptr<FileWriter>> OpenAvroWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                   const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options,
                                                   const TaskContext& context);

}  // namespace millstream::avro
