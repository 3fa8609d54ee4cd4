#include "millstream/fs/output_job.h"

#include <cerrno>
#include <map>
#include <set>

#include <arrow/util/io_util.h>

#include "millstream/fs/glob.h"
#include "millstream/fs/job_id.h"
#include "millstream/fs/listing.h"
#include "millstream/fs/output_commit.h"

namespace millstream::fs {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileType;

/// What an object store's stream may buffer: Arrow uploads in parts of 10 MB, one being filled and one on its way.
constexpr int64_t kUploadBytes = 20'000'000;

/// What a job and its streams share; streams may outlive the job.
struct JobState {
  JobPaths paths;
  const FileSystemKind* kind = nullptr;
  OutputJob::Options options;
  std::string uri;  ///< of the directory, fit for messages
  TaskContext context;
  bool made_directory = false;

  std::mutex mutex;                       ///< guards what follows
  std::map<std::string, int64_t> closed;  ///< finished files and their sizes
  std::set<std::string> open;
  std::set<std::string> folders;  ///< made so far
  bool over = false;              ///< committed or aborted

  /// The error with the file's final name, and what to do about a full disk.
  Status Describe(const Status& status, const std::string& name) const {
    if (status.ok()) return status;
    const int code = arrow::internal::ErrnoFromStatus(status);
    const char* hint = code == ENOSPC || code == EDQUOT
                           ? " (the disk is full: free some space or write elsewhere; older output "
                             "is untouched)"
                       : code == EFBIG ? " (the file is larger than allowed; older output is untouched)"
                                       : "";
    return status.WithMessage(uri, "/", name, ": ", status.message(), hint);
  }
};

/// A file of a job. Closing keeps it; anything else leaves no trace.
class JobStream final : public arrow::io::OutputStream {
 public:
  JobStream(std::shared_ptr<JobState> state, std::string name, std::shared_ptr<arrow::io::OutputStream> raw)
      : state_(std::move(state)), name_(std::move(name)), raw_(std::move(raw)), buffers_(state_->context.budget) {}
  ~JobStream() override { ARROW_UNUSED(JobStream::Abort()); }

  Status Write(const void* data, int64_t bytes) override {
    if (closed_) return Status::Invalid(state_->uri, "/", name_, ": write to a closed file");
    ARROW_RETURN_NOT_OK(CountBuffers(bytes));
    ARROW_RETURN_NOT_OK(state_->Describe(raw_->Write(data, bytes), name_));
    position_ += bytes;
    return Status::OK();
  }
  Status Write(const std::shared_ptr<arrow::Buffer>& data) override {
    if (closed_) return Status::Invalid(state_->uri, "/", name_, ": write to a closed file");
    ARROW_RETURN_NOT_OK(CountBuffers(data->size()));
    ARROW_RETURN_NOT_OK(state_->Describe(raw_->Write(data), name_));
    position_ += data->size();
    return Status::OK();
  }
  Status Flush() override { return state_->Describe(raw_->Flush(), name_); }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

  Status Close() override {
    if (closed_) return Status::OK();
    {
      std::lock_guard lock(state_->mutex);
      // Closing would publish the file where nobody removes it any more.
      if (state_->over) return Status::Cancelled(state_->uri, "/", name_, ": the output was committed or aborted before this");
    }
    // A store's stream that fails to close is closed all the same, and can no longer take back an upload of which some parts
    // are there: whether they are is to be known before.
    Status status = raw_->Flush();
    if (status.ok()) status = raw_->Close();
    status = state_->Describe(status, name_);
    if (!status.ok()) {
      ARROW_UNUSED(Abort());
      return status;
    }
    closed_ = true;
    buffers_.Clear();
    std::lock_guard lock(state_->mutex);
    state_->open.erase(name_);
    state_->closed[name_] = position_;
    return Status::OK();
  }

  Status Abort() override {
    if (closed_) return Status::OK();
    closed_ = true;
    const Status status = raw_->Abort();
    raw_.reset();
    buffers_.Clear();
    // A store with folders has the file already. Elsewhere an object appears only when its stream is closed.
    if (state_->kind->renames_folders) ARROW_UNUSED(state_->paths.filesystem->DeleteFile(state_->paths.files() + "/" + name_));
    std::lock_guard lock(state_->mutex);
    state_->open.erase(name_);
    return status;
  }

 private:
  Status CountBuffers(int64_t bytes) {
    if (state_->kind->renames_folders) return Status::OK();
    return buffers_.Resize(std::min(position_ + bytes, kUploadBytes), "parts of an upload");
  }

  std::shared_ptr<JobState> state_;
  const std::string name_;
  std::shared_ptr<arrow::io::OutputStream> raw_;
  Reservation buffers_;
  int64_t position_ = 0;
  bool closed_ = false;
};

Status CheckName(const std::string& name) {
  const auto parts = SplitPath(name);
  const bool plain = !name.empty() && name.front() != '/' && name.back() != '/' && name.find("//") == std::string::npos &&
                     name.find('\0') == std::string::npos && parts.front() != "_temporary";
  for (const std::string& part : parts) {
    if (part == "." || part == "..") return Status::Invalid("output file name '", name, "' must not hold '", part, "'");
  }
  if (!plain) return Status::Invalid("output file name '", name, "' must be relative, without empty parts");
  return Status::OK();
}

/// Ends what dead processes left in the directory.
Status RecoverDeadJobs(const JobState& state) {
  ARROW_ASSIGN_OR_RAISE(const auto jobs, ListFolder(state.paths.filesystem.get(), state.paths.temporary()));
  for (const FileInfo& job : jobs) {
    if (!job.IsDirectory() || !IsDeadJob(job.base_name())) continue;
    JobPaths dead = state.paths;
    dead.job = state.paths.temporary() + "/" + job.base_name();
    if (!state.kind->renames_folders) {
      ARROW_ASSIGN_OR_RAISE(const bool is_left, HasFiles(dead.filesystem.get(), dead.job));
      if (!is_left) continue;
    }
    ARROW_RETURN_NOT_OK(
        WithPlace(RecoverJob(dead, state.kind->renames_folders), "leftover of a job that died, '" + dead.job + "'"));
  }
  return Status::OK();
}

class StandardOutputJob final : public OutputJob {
 public:
  explicit StandardOutputJob(std::shared_ptr<JobState> state) : state_(std::move(state)) {}
  ~StandardOutputJob() override { ARROW_UNUSED(StandardOutputJob::Abort()); }

  Result<std::shared_ptr<arrow::io::OutputStream>> Create(const std::string& name) override {
    ARROW_RETURN_NOT_OK(CheckName(name));
    ARROW_RETURN_NOT_OK(CheckIsNew(name));
    {
      std::lock_guard lock(state_->mutex);
      if (state_->over) return Status::Invalid(state_->uri, ": the output was committed or aborted before");
      if (state_->closed.contains(name) || !state_->open.insert(name).second) {
        return Status::AlreadyExists(state_->uri, "/", name, ": written twice by the same job");
      }
    }
    auto raw = Open(state_->paths.files() + "/" + name);
    if (raw.ok()) return std::make_shared<JobStream>(state_, name, *raw);
    std::lock_guard lock(state_->mutex);
    state_->open.erase(name);
    return state_->Describe(raw.status(), name);
  }

  int64_t open_file_bytes() const override { return state_->kind->renames_folders ? 0 : kUploadBytes; }

  Result<std::vector<OutputFile>> Commit() override {
    std::vector<std::string> names;
    std::vector<OutputFile> files;
    {
      std::lock_guard lock(state_->mutex);
      if (state_->over) return Status::Invalid(state_->uri, ": the output was committed or aborted before");
      if (!state_->open.empty()) {
        return Status::Invalid(state_->uri, ": cannot commit while files are open, such as ", *state_->open.begin());
      }
      state_->over = true;
      for (const auto& [name, bytes] : state_->closed) {
        names.push_back(name);
        files.push_back({name, bytes});
      }
    }
    // One that died while this one wrote must not be ended behind it, over its files.
    Status moved = state_->kind->renames_folders ? RecoverDeadJobs(*state_) : Status::OK();
    if (moved.ok()) moved = Publish(names);
    if (!moved.ok()) {
      // What could not be taken back is in the job's folder: that must not be removed.
      if (!HoldsOutput()) ARROW_UNUSED(RemoveTraces());
      return WithPlace(moved, state_->uri + ": commit failed");
    }
    if (state_->options.success_file) ARROW_RETURN_NOT_OK(WithPlace(WriteMarker(state_->paths), state_->uri));
    ARROW_RETURN_NOT_OK(WithPlace(RemoveTraces(), state_->uri + ": the output is complete, but temporary files stay"));
    return files;
  }

  Status Abort() override {
    {
      std::lock_guard lock(state_->mutex);
      if (state_->over) return Status::OK();
      state_->over = true;
    }
    ARROW_RETURN_NOT_OK(WithPlace(RemoveTraces(), state_->uri));
    if (state_->made_directory) RemoveIfEmpty(state_->paths.directory);
    return Status::OK();
  }

 private:
  Status Publish(const std::vector<std::string>& names) {
    const JobPaths& paths = state_->paths;
    if (state_->kind->copy_permissions && names.size() == 1 && state_->options.mode == OutputMode::kOverwrite) {
      const std::string inside = "/" + names[0];
      ARROW_RETURN_NOT_OK(state_->kind->copy_permissions(paths.directory + inside, paths.files() + inside));
    }
    return state_->kind->renames_folders ? CommitByRename(paths, names, state_->options)
                                         : CommitByCopy(paths, names, state_->options);
  }

  /// Appending must not replace a file, and neither must a job that is to fail where output exists.
  Status CheckIsNew(const std::string& name) {
    const bool whole_folder_was_empty = state_->options.mode == OutputMode::kError && !state_->options.only_named;
    if (state_->options.mode == OutputMode::kOverwrite || whole_folder_was_empty) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const FileInfo info, state_->paths.filesystem->GetFileInfo(state_->paths.directory + "/" + name));
    if (info.type() == FileType::NotFound) return Status::OK();
    return Status::AlreadyExists(state_->uri, "/", name, ": is there already; overwrite it or write elsewhere");
  }

  Result<std::shared_ptr<arrow::io::OutputStream>> Open(const std::string& path) {
    if (state_->kind->renames_folders) {
      const std::string folder = path.substr(0, path.rfind('/'));
      std::lock_guard lock(state_->mutex);
      if (!state_->folders.contains(folder)) {
        ARROW_RETURN_NOT_OK(state_->paths.filesystem->CreateDir(folder));
        state_->folders.insert(folder);
      }
    }
    return state_->paths.filesystem->OpenOutputStream(path);
  }

  bool HoldsOutput() const {
    if (!state_->kind->renames_folders) return false;
    const JobPaths& paths = state_->paths;
    return HasFiles(paths.filesystem.get(), paths.replaced()).ValueOr(true) ||
           HasFiles(paths.filesystem.get(), paths.moving()).ValueOr(true);
  }

  Status RemoveTraces() {
    ARROW_ASSIGN_OR_RAISE(const FileInfo info, state_->paths.filesystem->GetFileInfo(state_->paths.job));
    if (info.type() != FileType::NotFound) ARROW_RETURN_NOT_OK(state_->paths.filesystem->DeleteDir(state_->paths.job));
    RemoveIfEmpty(state_->paths.temporary());
    return Status::OK();
  }

  /// Other jobs may be making their folders at this moment, so this must be a call that fails on a folder that is not empty.
  void RemoveIfEmpty(const std::string& folder) {
    if (state_->kind->remove_empty_folder)
      ARROW_UNUSED(state_->kind->remove_empty_folder(state_->paths.filesystem.get(), folder));
  }

  std::shared_ptr<JobState> state_;
};

Status MakeFolders(JobState* state) {
  ARROW_ASSIGN_OR_RAISE(const FileInfo info, state->paths.filesystem->GetFileInfo(state->paths.directory));
  if (info.IsFile()) return Status::IOError("the output directory is a file");
  state->made_directory = info.type() == FileType::NotFound;
  // Another job that ends may remove `_temporary` between the steps in which it is made.
  Status status;
  for (int attempt = 0; attempt < 5; ++attempt) {
    status = state->paths.filesystem->CreateDir(state->paths.job);
    if (status.ok()) break;
  }
  return status;
}

Status Prepare(JobState* state) {
  ARROW_RETURN_NOT_OK(RecoverDeadJobs(*state));
  if (state->options.mode == OutputMode::kError && !state->options.only_named) {
    ARROW_ASSIGN_OR_RAISE(const auto old, ListOutput(state->paths));
    if (!old.empty()) {
      return Status::AlreadyExists("the output directory is not empty (it holds '", old.front().base_name(),
                                   "'); overwrite or append, or write elsewhere");
    }
  }
  return state->kind->renames_folders ? MakeFolders(state) : Status::OK();
}

}  // namespace

Result<std::unique_ptr<OutputJob>> OutputJob::Begin(const std::string& directory_uri, const StorageOptions& storage,
                                                    const Options& options, const TaskContext& context) {
  auto state = std::make_shared<JobState>();
  state->uri = DisplayUri(directory_uri);
  while (state->uri.size() > 1 && state->uri.back() == '/') state->uri.pop_back();
  ARROW_ASSIGN_OR_RAISE(const ParsedUri parsed, ParseUri(directory_uri));
  if (!parsed.kind->is_writable) return Status::NotImplemented(state->uri, ": this store can only be read");
  ARROW_ASSIGN_OR_RAISE(auto location, Resolve(directory_uri, storage));
  std::string directory = location.path;
  while (!directory.empty() && directory.back() == '/') directory.pop_back();
  if (directory.empty()) return Status::Invalid(state->uri, ": the root of a store cannot be an output directory");
  state->paths = {std::move(location.filesystem), directory, directory + "/_temporary/" + NewJobId()};
  state->kind = parsed.kind;
  state->options = options;
  state->context = context;
  ARROW_RETURN_NOT_OK(WithPlace(Prepare(state.get()), state->uri));
  return std::make_unique<StandardOutputJob>(std::move(state));
}

}  // namespace millstream::fs
