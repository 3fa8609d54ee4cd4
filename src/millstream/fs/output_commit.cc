#include "millstream/fs/output_commit.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "millstream/fs/glob.h"
#include "millstream/fs/job_id.h"
#include "millstream/fs/listing.h"
#include "millstream/fs/parallel.h"

namespace millstream::fs {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileType;

bool IsOutput(const std::string& name) {
  return !IsHidden(name) || name == "_SUCCESS" || name == "_metadata" || name == "_common_metadata";
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// The folders of `names`, relative to the output, "" for its own.
std::set<std::string> FoldersOf(const std::vector<std::string>& names) {
  std::set<std::string> folders;
  for (const std::string& name : names) folders.insert(name.find('/') == std::string::npos ? "" : FolderOf(name));
  return folders;
}

/// Renames that can be taken back.
class Mover {
 public:
  explicit Mover(const JobPaths& paths) : paths_(paths) {}

  Status Move(const std::string& from, const std::string& to) {
    ARROW_RETURN_NOT_OK(paths_.filesystem->Move(from, to));
    done_.emplace_back(from, to);
    return Status::OK();
  }

  /// Moves what is in folder `from` into folder `to`; folders that are on both sides are merged. AlreadyExists for files that
  /// are.
  Status MoveInto(const std::string& from, const std::string& to) {
    ARROW_ASSIGN_OR_RAISE(const auto entries, ListFolder(paths_.filesystem.get(), from));
    ARROW_ASSIGN_OR_RAISE(const auto there, ListFolder(paths_.filesystem.get(), to));
    std::unordered_map<std::string, FileType> taken;
    for (const FileInfo& info : there) taken.emplace(info.base_name(), info.type());
    for (const FileInfo& entry : entries) {
      const std::string name = entry.base_name();
      const auto other = taken.find(name);
      if (other == taken.end()) {
        ARROW_RETURN_NOT_OK(Move(from + "/" + name, to + "/" + name));
      } else if (entry.IsDirectory() && other->second == FileType::Directory) {
        ARROW_RETURN_NOT_OK(MoveInto(from + "/" + name, to + "/" + name));
      } else {
        return Status::AlreadyExists("'", to, "/", name, "' is there already");
      }
    }
    return Status::OK();
  }

  /// Takes all moves back, last first.
  Status Undo() {
    while (!done_.empty()) {
      ARROW_RETURN_NOT_OK(paths_.filesystem->Move(done_.back().second, done_.back().first));
      done_.pop_back();
    }
    return Status::OK();
  }

 private:
  const JobPaths& paths_;
  std::vector<std::pair<std::string, std::string>> done_;
};

Status TakeOldAway(const JobPaths& paths, const std::vector<std::string>& names, const OutputJob::Options& options,
                   Mover* mover) {
  if (!options.only_named) {
    ARROW_ASSIGN_OR_RAISE(const auto old, ListOutput(paths));
    if (!old.empty()) ARROW_RETURN_NOT_OK(paths.filesystem->CreateDir(paths.replaced()));
    for (const FileInfo& info : old) {
      ARROW_RETURN_NOT_OK(mover->Move(paths.directory + "/" + info.base_name(), paths.replaced() + "/" + info.base_name()));
    }
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto all, ListFolder(paths.filesystem.get(), paths.directory));
  const bool is_new =
      std::all_of(all.begin(), all.end(), [](const FileInfo& info) { return info.base_name() == "_temporary"; });
  if (is_new) return Status::OK();
  const std::set<std::string> fresh(names.begin(), names.end());
  for (const std::string& folder : FoldersOf(names)) {
    const std::string inside = folder.empty() ? "" : "/" + folder;
    ARROW_ASSIGN_OR_RAISE(const auto there, ListFolder(paths.filesystem.get(), paths.directory + inside));
    for (const FileInfo& info : there) {
      const std::string name = folder + (folder.empty() ? "" : "/") + info.base_name();
      if (fresh.contains(name) && !info.IsFile()) {
        return Status::IOError("'", info.path(), "' is not a file, so it cannot be replaced by one");
      }
      if (!info.IsFile() || !(fresh.contains(name) || IsPartName(info.base_name(), options.part_pattern))) continue;
      ARROW_RETURN_NOT_OK(paths.filesystem->CreateDir(paths.replaced() + inside));
      ARROW_RETURN_NOT_OK(mover->Move(paths.directory + "/" + name, paths.replaced() + "/" + name));
    }
  }
  return Status::OK();
}

Status MoveAll(const JobPaths& paths, const std::vector<std::string>& names, const OutputJob::Options& options, Mover* mover) {
  ARROW_RETURN_NOT_OK(paths.filesystem->CreateDir(paths.files()));  // also of a job without files: it tells how far this came
  if (options.mode == OutputMode::kOverwrite) ARROW_RETURN_NOT_OK(TakeOldAway(paths, names, options, mover));
  ARROW_RETURN_NOT_OK(mover->Move(paths.files(), paths.moving()));
  return mover->MoveInto(paths.moving(), paths.directory);
}

/// Removes the files that may have been placed before `status` came: a store may have done what it did not answer. Those that
/// were to replace older ones are left. `had_marker`: whether there was a `_SUCCESS`, which is put back where nothing changed.
Status TakeBack(const JobPaths& paths, const std::vector<std::string>& names, const std::vector<char>& tried,
                const std::set<std::string>& replaced, bool had_marker, const Status& status) {
  std::atomic<int64_t> left{std::count(tried.begin(), tried.end(), true)};
  // What cannot be removed stays counted, and `status` is what the user is to see.
  ARROW_UNUSED(ForEach(names.size(), /*parallel=*/true, [&](size_t i) {
    if (!tried[i] || replaced.contains(names[i])) return Status::OK();
    const std::string path = paths.directory + "/" + names[i];
    const bool is_gone = paths.filesystem->DeleteFile(path).ok();
    const auto info = is_gone ? FileInfo(path, FileType::NotFound) : paths.filesystem->GetFileInfo(path);
    if (info.ok() && info->type() == FileType::NotFound) --left;
    return Status::OK();
  }));
  if (left > 0) {
    return status.WithMessage(status.message(), " (", left.load(), " of ", names.size(),
                              " new files may be in place, older files with other names are untouched",
                              had_marker ? "; _SUCCESS was removed)" : ")");
  }
  const bool is_whole = !had_marker || WriteMarker(paths).ok();
  return status.WithMessage(status.message(), " (older output is untouched", is_whole ? ")" : ", but for its _SUCCESS)");
}

/// AlreadyExists where another job has placed one of `names` since this one chose them.
Status CheckNotThere(const JobPaths& paths, const std::vector<std::string>& names) {
  std::set<std::string> there;
  for (const std::string& folder : FoldersOf(names)) {
    const std::string inside = paths.directory + (folder.empty() ? "" : "/" + folder);
    ARROW_ASSIGN_OR_RAISE(const auto found, ListFolder(paths.filesystem.get(), inside));
    for (const FileInfo& info : found) there.insert(info.path().substr(paths.directory.size() + 1));
  }
  for (const std::string& name : names) {
    if (there.contains(name)) return Status::AlreadyExists("'", paths.directory, "/", name, "' is there already");
  }
  return Status::OK();
}

/// What a dead job had taken away goes back, or what it had not yet put in place goes there.
Status PlaceLeftovers(const JobPaths& paths) {
  // A job that has neither `files` nor `moving` was being removed: its `replaced` is not wanted back.
  ARROW_ASSIGN_OR_RAISE(const FileInfo files, paths.filesystem->GetFileInfo(paths.files()));
  return Mover(paths).MoveInto(files.IsDirectory() ? paths.replaced() : paths.moving(), paths.directory);
}

}  // namespace

bool IsPartName(std::string_view name, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos || name.size() < pattern.size()) return false;
  if (!name.starts_with(pattern.substr(0, star)) || !name.ends_with(pattern.substr(star + 1))) return false;
  const std::string_view number = name.substr(star, name.size() - pattern.size() + 1);
  return number.find_first_not_of("0123456789.") == std::string_view::npos && number.front() != '.' && number.back() != '.';
}

Status WriteMarker(const JobPaths& paths) {
  ARROW_ASSIGN_OR_RAISE(auto stream, paths.filesystem->OpenOutputStream(paths.directory + "/_SUCCESS"));
  return stream->Close();
}

Result<std::vector<FileInfo>> ListOutput(const JobPaths& paths) {
  ARROW_ASSIGN_OR_RAISE(auto found, ListFolder(paths.filesystem.get(), paths.directory));
  std::erase_if(found, [](const FileInfo& info) { return !IsOutput(info.base_name()); });
  return found;
}

Status CommitByRename(const JobPaths& paths, const std::vector<std::string>& names, const OutputJob::Options& options) {
  Mover mover(paths);
  const Status status = MoveAll(paths, names, options, &mover);
  if (status.ok()) return status;
  const Status undone = mover.Undo();
  if (undone.ok()) return status.WithMessage(status.message(), " (the older output was left as it was)");
  return status.WithMessage(status.message(), " (and it could not be taken back: some files may be in '", paths.moving(),
                            "', older ones in '", paths.replaced(), "': ", undone.message(), ")");
}

Status CommitByCopy(const JobPaths& paths, const std::vector<std::string>& names, const OutputJob::Options& options) {
  std::vector<std::string> old;
  std::set<std::string> replaced;
  bool had_marker = false;
  if (options.mode != OutputMode::kOverwrite) ARROW_RETURN_NOT_OK(CheckNotThere(paths, names));
  const bool only_one = options.only_named && options.part_pattern.empty() && names.size() == 1;
  if (options.mode == OutputMode::kOverwrite && only_one) {
    ARROW_ASSIGN_OR_RAISE(const FileInfo older, paths.filesystem->GetFileInfo(paths.directory + "/" + names[0]));
    if (older.IsFile()) replaced.insert(names[0]);
  }
  if (options.mode == OutputMode::kOverwrite && !only_one) {
    const std::set<std::string> fresh(names.begin(), names.end());
    const std::set<std::string> folders = FoldersOf(names);
    const bool only_here = options.only_named && folders == std::set<std::string>{""};
    ARROW_ASSIGN_OR_RAISE(const auto found, ListFolder(paths.filesystem.get(), paths.directory, /*recursive=*/!only_here));
    for (const FileInfo& info : found) {
      const std::string name = info.path().substr(paths.directory.size() + 1);
      if (!info.IsFile() || !IsOutput(name.substr(0, name.find('/')))) continue;
      const bool is_part = folders.contains(name.find('/') == std::string::npos ? "" : FolderOf(name)) &&
                           IsPartName(info.base_name(), options.part_pattern);
      if (name == "_SUCCESS" && !options.only_named) {
        ARROW_RETURN_NOT_OK(paths.filesystem->DeleteFile(info.path()));
        had_marker = true;
      } else if (fresh.contains(name)) {
        replaced.insert(name);
      } else if (options.only_named && !is_part) {
        continue;
      } else {
        old.push_back(info.path());
      }
    }
  }
  std::vector<char> tried(names.size(), false);  // not of bool: threads set them side by side
  const Status status = ForEach(names.size(), /*parallel=*/true, [&](size_t i) {
    tried[i] = true;
    return paths.filesystem->CopyFile(paths.files() + "/" + names[i], paths.directory + "/" + names[i]);
  });
  if (!status.ok()) return TakeBack(paths, names, tried, replaced, had_marker, status);
  return ForEach(old.size(), /*parallel=*/true, [&](size_t i) { return paths.filesystem->DeleteFile(old[i]); });
}

Status RecoverJob(const JobPaths& paths, bool renames_folders) {
  if (renames_folders) {
    // Another job may be recovering this one at the same time, so that what was listed is in place when it is to be moved.
    constexpr int kAttempts = 4;
    Status placed = PlaceLeftovers(paths);
    for (int attempt = 1; attempt < kAttempts && !placed.ok(); ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20 * attempt));
      placed = PlaceLeftovers(paths);
    }
    if (placed.IsAlreadyExists()) {
      return placed.WithMessage(placed.message(),
                                ", and a job that was killed was to put another file there; remove the one you do not want");
    }
    ARROW_RETURN_NOT_OK(placed);
  }
  const Status removed = paths.filesystem->DeleteDir(paths.job);
  if (removed.ok()) return removed;
  // Another job may have recovered this one at the same time.
  ARROW_ASSIGN_OR_RAISE(const FileInfo left, paths.filesystem->GetFileInfo(paths.job));
  return left.type() == FileType::NotFound ? Status::OK() : removed;
}

Status CheckAtRest(arrow::fs::FileSystem* filesystem, const std::string& temporary) {
  ARROW_ASSIGN_OR_RAISE(const FileInfo folder, filesystem->GetFileInfo(temporary));
  if (!folder.IsDirectory()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto jobs, ListFolder(filesystem, temporary));
  for (const FileInfo& job : jobs) {
    const JobPaths paths{nullptr, "", job.path()};
    ARROW_ASSIGN_OR_RAISE(const FileInfo files, filesystem->GetFileInfo(paths.files()));
    ARROW_ASSIGN_OR_RAISE(const bool has_old, HasFiles(filesystem, paths.replaced()));
    const bool is_before = files.IsDirectory() && has_old;
    ARROW_ASSIGN_OR_RAISE(const bool is_behind, HasFiles(filesystem, paths.moving()));
    if (!is_before && !is_behind) continue;
    if (!IsDeadJob(job.base_name())) {
      return Status::IOError(
          "files are being put in place here at this moment by another job, '", job.path(),
          "'; read again when it is done (if it was killed in a container that is gone: move what is in ",
          is_before ? "'replaced' there back, and remove it)" : "'moving' there to this folder, and remove it)");
    }
    return Status::IOError("a job was killed here while it put files in place, so that some are missing, '", job.path(),
                           "'; write again: the next job in this folder first completes or undoes it");
  }
  return Status::OK();
}

}  // namespace millstream::fs
