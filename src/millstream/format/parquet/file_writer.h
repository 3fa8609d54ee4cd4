// Writing one Parquet file.
#pragma once

#include <memory>

#include "millstream/format/format.h"

namespace millstream::parquet_format {

/// The arguments of Format::OpenWriter; options as in write_options.h. TypeError names a column whose type Parquet lacks.
Result<std::unique_ptr<FileWriter>> OpenFileWriter(std::shared_ptr<arrow::io::OutputStream> sink,
                                                   const std::shared_ptr<arrow::Schema>& schema, const nlohmann::json& options,
                                                   const TaskContext& context);

}  // namespace millstream::parquet_format
