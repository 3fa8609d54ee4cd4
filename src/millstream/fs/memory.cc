#include "millstream/fs/memory.h"

#include <map>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include "millstream/fs/glob.h"

namespace millstream::fs {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileInfoVector;
using arrow::fs::FileSelector;
using arrow::fs::FileType;

std::string Normal(const std::string& path) {
  std::string normal;
  for (const std::string& part : SplitPath(path)) normal.append(normal.empty() ? "" : "/").append(part);
  return normal;
}

std::string Parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

Status NotFound(const std::string& path) { return Status::IOError("'", path, "' does not exist in memory"); }

class MemoryFileSystem final : public arrow::fs::FileSystem {
 public:
  using FileSystem::CreateDir;
  using FileSystem::DeleteDirContents;
  using FileSystem::GetFileInfo;
  using FileSystem::OpenAppendStream;
  using FileSystem::OpenInputFile;
  using FileSystem::OpenInputStream;
  using FileSystem::OpenOutputStream;

  std::string type_name() const override { return "memory"; }
  bool Equals(const FileSystem& other) const override { return this == &other; }

  Result<FileInfo> GetFileInfo(const std::string& path) override {
    std::lock_guard lock(mutex_);
    const auto found = nodes_.find(Normal(path));
    return found == nodes_.end() ? FileInfo(path, Normal(path).empty() ? FileType::Directory : FileType::NotFound)
                                 : Info(found->first, found->second);
  }

  Result<FileInfoVector> GetFileInfo(const FileSelector& select) override {
    const std::string base = Normal(select.base_dir);
    std::lock_guard lock(mutex_);
    FileInfoVector infos;
    if (const auto node = nodes_.find(base); !base.empty() && (node == nodes_.end() || node->second.data)) {
      if (node == nodes_.end() && select.allow_not_found) return infos;
      return Status::IOError("'", base, "' is not a folder in memory");
    }
    for (auto node = Below(base); node != nodes_.end() && IsBelow(node->first, base); ++node) {
      const auto depth = std::count(node->first.begin() + (base.empty() ? 0 : base.size() + 1), node->first.end(), '/');
      if (depth == 0 || (select.recursive && depth <= select.max_recursion)) infos.push_back(Info(node->first, node->second));
    }
    return infos;
  }

  Status CreateDir(const std::string& path, bool recursive) override {
    std::lock_guard lock(mutex_);
    const std::string folder = Normal(path);
    const std::string parent = Parent(folder);
    if (!recursive && !parent.empty() && !nodes_.contains(parent)) return NotFound(parent);
    return MakeFolders(folder);
  }

  Status DeleteDir(const std::string& path) override {
    std::lock_guard lock(mutex_);
    const auto node = nodes_.find(Normal(path));
    if (node == nodes_.end() || node->second.data) return NotFound(path);
    RemoveBelow(node->first);
    nodes_.erase(node);
    return Status::OK();
  }
  Status DeleteDirContents(const std::string& path, bool missing_dir_ok) override {
    std::lock_guard lock(mutex_);
    const std::string folder = Normal(path);
    if (folder.empty()) return Status::Invalid("deleting everything needs DeleteRootDirContents");
    if (!nodes_.contains(folder)) return missing_dir_ok ? Status::OK() : NotFound(path);
    RemoveBelow(folder);
    return Status::OK();
  }
  Status DeleteRootDirContents() override {
    std::lock_guard lock(mutex_);
    nodes_.clear();
    return Status::OK();
  }
  Status DeleteFile(const std::string& path) override {
    std::lock_guard lock(mutex_);
    const auto node = nodes_.find(Normal(path));
    if (node == nodes_.end() || !node->second.data) return NotFound(path);
    nodes_.erase(node);
    return Status::OK();
  }

  /// Removes the folder if it is empty.
  Status RemoveEmpty(const std::string& path) {
    std::lock_guard lock(mutex_);
    const auto node = nodes_.find(Normal(path));
    if (node == nodes_.end() || node->second.data) return NotFound(path);
    if (std::next(node) != nodes_.end() && IsBelow(std::next(node)->first, node->first)) {
      return Status::IOError("'", path, "' is not empty");
    }
    nodes_.erase(node);
    return Status::OK();
  }

  Status Move(const std::string& from, const std::string& to) override {
    const std::string source = Normal(from), target = Normal(to);
    std::lock_guard lock(mutex_);
    const auto node = nodes_.find(source);
    if (node == nodes_.end()) return NotFound(from);
    if (source == target) return Status::OK();
    if (IsBelow(target, source)) return Status::IOError("cannot move '", from, "' into itself");
    const auto old = nodes_.find(target);
    if (old != nodes_.end()) {
      const bool full = std::next(old) != nodes_.end() && IsBelow(std::next(old)->first, target);
      if (full || !old->second.data != !node->second.data) return Status::IOError("'", to, "' is in the way of '", from, "'");
    }
    if (!Parent(target).empty() && !nodes_.contains(Parent(target))) return NotFound(Parent(target));
    std::vector<std::pair<std::string, Node>> moved = {{target, node->second}};
    for (auto below = Below(source); below != nodes_.end() && IsBelow(below->first, source); ++below) {
      moved.emplace_back(target + below->first.substr(source.size()), below->second);
    }
    RemoveBelow(source);
    nodes_.erase(source);
    for (auto& [path, value] : moved) nodes_[path] = std::move(value);
    return Status::OK();
  }

  Status CopyFile(const std::string& from, const std::string& to) override {
    std::lock_guard lock(mutex_);
    const auto node = nodes_.find(Normal(from));
    if (node == nodes_.end() || !node->second.data) return NotFound(from);
    return PutLocked(Normal(to), node->second.data);
  }

  Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(const std::string& path) override {
    return OpenInputFile(path);
  }
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const std::string& path) override {
    std::lock_guard lock(mutex_);
    const auto node = nodes_.find(Normal(path));
    if (node == nodes_.end()) return NotFound(path);
    if (!node->second.data) return Status::IOError("'", path, "' is a folder");
    return std::make_shared<arrow::io::BufferReader>(node->second.data);
  }
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutputStream(
      const std::string& path, const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) override;
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenAppendStream(
      const std::string& path, const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) override {
    return Status::NotImplemented("files in memory cannot be appended to");
  }

  Status Put(const std::string& path, std::shared_ptr<arrow::Buffer> data) {
    std::lock_guard lock(mutex_);
    return PutLocked(path, std::move(data));
  }

 private:
  struct Node {
    std::shared_ptr<arrow::Buffer> data;  // nullptr: a folder
    arrow::fs::TimePoint time = std::chrono::system_clock::now();
  };
  // '/' sorts before most characters but not all, so what is below a folder is a range of its own, apart from the folder.
  using Nodes = std::map<std::string, Node>;

  static bool IsBelow(const std::string& path, const std::string& folder) {
    return folder.empty() || (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
  }
  Nodes::iterator Below(const std::string& folder) {
    return folder.empty() ? nodes_.begin() : nodes_.lower_bound(folder + "/");
  }

  void RemoveBelow(const std::string& folder) {
    auto node = Below(folder);
    while (node != nodes_.end() && IsBelow(node->first, folder)) node = nodes_.erase(node);
  }

  static FileInfo Info(const std::string& path, const Node& node) {
    FileInfo info(path, node.data ? FileType::File : FileType::Directory);
    if (node.data) info.set_size(node.data->size());
    info.set_mtime(node.time);
    return info;
  }

  Status MakeFolders(const std::string& folder) {
    for (std::string path = folder; !path.empty(); path = Parent(path)) {
      const auto node = nodes_.find(path);
      if (node != nodes_.end() && node->second.data) return Status::IOError("'", path, "' is a file, not a folder");
    }
    for (std::string path = folder; !path.empty(); path = Parent(path)) nodes_.try_emplace(path);
    return Status::OK();
  }

  Status PutLocked(const std::string& path, std::shared_ptr<arrow::Buffer> data) {
    ARROW_RETURN_NOT_OK(MakeFolders(Parent(path)));
    const auto node = nodes_.find(path);
    if (path.empty() || (node != nodes_.end() && !node->second.data)) return Status::IOError("'", path, "' is a folder");
    nodes_[path] = Node{std::move(data)};
    return Status::OK();
  }

  std::mutex mutex_;
  Nodes nodes_;
};

/// Collects what is written; the file is there once it is closed.
class MemoryOutputStream final : public arrow::io::OutputStream {
 public:
  MemoryOutputStream(std::shared_ptr<MemoryFileSystem> filesystem, std::string path,
                     std::shared_ptr<arrow::io::BufferOutputStream> buffer)
      : filesystem_(std::move(filesystem)), path_(std::move(path)), buffer_(std::move(buffer)) {}

  using OutputStream::Write;
  Status Write(const void* data, int64_t bytes) override { return buffer_->Write(data, bytes); }
  Result<int64_t> Tell() const override { return buffer_->Tell(); }
  bool closed() const override { return buffer_->closed(); }
  Status Abort() override { return buffer_->Close(); }
  Status Close() override {
    if (closed()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto data, buffer_->Finish());
    return filesystem_->Put(path_, std::move(data));
  }

 private:
  std::shared_ptr<MemoryFileSystem> filesystem_;
  const std::string path_;
  std::shared_ptr<arrow::io::BufferOutputStream> buffer_;
};

Result<std::shared_ptr<arrow::io::OutputStream>> MemoryFileSystem::OpenOutputStream(
    const std::string& path, const std::shared_ptr<const arrow::KeyValueMetadata>&) {
  ARROW_ASSIGN_OR_RAISE(const FileInfo info, GetFileInfo(path));
  if (info.IsDirectory()) return Status::IOError("'", path, "' is a folder");
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::io::BufferOutputStream::Create());
  return std::make_shared<MemoryOutputStream>(std::static_pointer_cast<MemoryFileSystem>(shared_from_this()), Normal(path),
                                              std::move(buffer));
}

Result<std::shared_ptr<arrow::fs::FileSystem>> MakeMemory(const StorageOptions& options, const std::string&) {
  ARROW_RETURN_NOT_OK(CheckKeys(options, {}, "storage_options for memory"));
  static const auto filesystem = std::make_shared<MemoryFileSystem>();
  return filesystem;
}

Status RemoveEmpty(arrow::fs::FileSystem* filesystem, const std::string& path) {
  return static_cast<MemoryFileSystem*>(filesystem)->RemoveEmpty(path);
}

}  // namespace

FileSystemKind MemoryKind() {
  FileSystemKind kind;
  kind.schemes = {"memory"};
  kind.make = MakeMemory;
  kind.remove_empty_folder = RemoveEmpty;
  return kind;
}

}  // namespace millstream::fs
