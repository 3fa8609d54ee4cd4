#include "millstream/exec/partitioned_writer.h"

#include <algorithm>

#include "millstream/exec/partitioned_writer_internal.h"

namespace millstream {

std::string OutputFileName(const std::string& pattern, int64_t number, int64_t flush) {
  const std::string text = std::to_string(number) + (flush < 0 ? "" : "." + std::to_string(flush));
  const size_t star = pattern.find('*');
  return star == std::string::npos ? pattern : pattern.substr(0, star) + text + pattern.substr(star + 1);
}

void WrittenFiles::Add(WrittenFile file) {
  std::lock_guard lock(mutex_);
  files_.push_back(std::move(file));
}

std::vector<WrittenFile> WrittenFiles::Take() {
  std::lock_guard lock(mutex_);
  std::sort(files_.begin(), files_.end(), [](const WrittenFile& a, const WrittenFile& b) { return a.name < b.name; });
  return std::move(files_);
}

Result<std::unique_ptr<PartitionedWriter>> PartitionedWriter::Make(Options options) {
  const bool has_star = options.name_pattern.find('*') != std::string::npos;
  if (options.single_file && !options.partition_on.empty()) {
    return Status::Invalid("one file cannot be partitioned by columns: leave out partition_on, or single_file");
  }
  if (!options.single_file && !has_star) {
    return Status::Invalid("the file name '", options.name_pattern, "' needs a '*' where the partition's number goes");
  }
  if (!options.partition_on.empty()) return MakeKeyedWriter(std::move(options));
  return MakeOrderedWriter(std::move(options));
}

}  // namespace millstream
