#include "millstream/plan/write_options.h"

namespace millstream {
namespace {

template <typename T>
Status Take(nlohmann::json* options, const char* key, const char* type, T* value) {
  const auto found = options->find(key);
  if (found == options->end()) return Status::OK();
  try {
    if (!found->is_null()) *value = found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    return Status::TypeError("the write option ", key, " must be ", type, ", not ", found->dump());
  }
  options->erase(found);
  return Status::OK();
}

}  // namespace

Result<fs::StorageOptions> TakeStorageOptions(nlohmann::json* options) {
  fs::StorageOptions storage = nlohmann::json::object();
  ARROW_RETURN_NOT_OK(Take(options, "storage_options", "an object", &storage));
  return storage;
}

Result<WriteNode::Arguments> ParseWriteOptions(const std::string& format, const std::string& path, nlohmann::json options) {
  WriteNode::Arguments made;
  made.format = format;
  made.path = path;
  made.replace_directory = false;  // a directory may hold what is not ours: it is cleared only where that is asked for
  if (options.contains("partition_on") && options["partition_on"].is_string()) {
    options["partition_on"] = nlohmann::json::array({options["partition_on"]});
  }
  ARROW_ASSIGN_OR_RAISE(made.storage, TakeStorageOptions(&options));
  ARROW_RETURN_NOT_OK(Take(&options, "partition_on", "a list of column names", &made.partition_on));
  ARROW_RETURN_NOT_OK(Take(&options, "name_pattern", "text", &made.name_pattern));
  ARROW_RETURN_NOT_OK(Take(&options, "single_file", "true or false", &made.single_file));
  ARROW_RETURN_NOT_OK(Take(&options, "mode", "text", &made.mode));
  ARROW_RETURN_NOT_OK(Take(&options, "replace_directory", "true or false", &made.replace_directory));
  ARROW_RETURN_NOT_OK(Take(&options, "success_file", "true or false", &made.success_file));
  // Text formats are compressed as a whole; the others compress inside.
  if (format == "csv" || format == "json") ARROW_RETURN_NOT_OK(Take(&options, "compression", "text", &made.compression));
  made.format_options = std::move(options);
  return made;
}

}  // namespace millstream
