// How the files of an output job come into place, and what becomes of a job that was cut short.
#pragma once

#include <string>
#include <vector>

#include "millstream/fs/output_job.h"
#include "millstream/fs/registry.h"

namespace millstream::fs {

/// The places of one job. All are paths inside `filesystem`.
struct JobPaths {
  std::shared_ptr<arrow::fs::FileSystem> filesystem;
  std::string directory;  ///< of the output
  std::string job;        ///< <directory>/_temporary/<job id>

  std::string temporary() const { return directory + "/_temporary"; }
  std::string files() const { return job + "/files"; }        ///< attempts
  std::string moving() const { return job + "/moving"; }      ///< `files`, once the commit may not turn back
  std::string replaced() const { return job + "/replaced"; }  ///< older output, taken out of the way
};

/// Names in the directory that belong to an output: all but those that start with '_' or '.', and the markers of writers.
Result<std::vector<arrow::fs::FileInfo>> ListOutput(const JobPaths& paths);

/// Creates the `_SUCCESS` of the output.
Status WriteMarker(const JobPaths& paths);

/// For stores that rename folders. Older output that is to go is renamed into `replaced`, `files` is renamed to `moving`, and
/// its entries are renamed into place: whole folders where the target does not exist, so thousands of files take few renames.
/// If a step fails, all is renamed back and the older output is as it was.
///
/// A crash while `files` still exists leaves the older output (some of it in `replaced`), one after it the new output (some of
/// it in `moving`). RecoverJob ends either, and is called by the next job in the directory, and by one that commits there;
/// until then CheckAtRest fails.
Status CommitByRename(const JobPaths& paths, const std::vector<std::string>& names, const OutputJob::Options& options);

/// For object stores: copies every file into place, then deletes older output. `_SUCCESS` of the older output goes first, so
/// that a commit cut short by a crash, which leaves new files beside old ones, does not look complete. If a copy fails, new
/// files are removed again, but for those that replace older ones; the error says how many may have stayed. S3 copies objects
/// of up to 5 GB only.
Status CommitByCopy(const JobPaths& paths, const std::vector<std::string>& names, const OutputJob::Options& options);

/// Undoes or completes the commit of a dead job, and removes what it left. AlreadyExists, and nothing is removed, where a file
/// that it wants to put in place or back is not of that job.
Status RecoverJob(const JobPaths& paths, bool renames_folders);

/// IOError while a commit by renames, whose job is in the folder `temporary`, is between its first move and its last, or was
/// cut short there: what readers find beside it is not whole.
Status CheckAtRest(arrow::fs::FileSystem* filesystem, const std::string& temporary);

}  // namespace millstream::fs
