// Names of output jobs, which tell whether the process that runs the job is still there.
#pragma once

#include <string>

namespace millstream::fs {

/// A name no other job has: host, process id, start of the process, a counter.
std::string NewJobId();

/// Whether `id` is the name of a job of this machine whose process has ended. False for anything else: other hosts' jobs and
/// names that are not job ids are never taken for dead.
bool IsDeadJob(const std::string& id);

}  // namespace millstream::fs
