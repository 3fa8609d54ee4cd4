// Names of output jobs, which tell whether the process that runs the job is still there.
#pragma once

#include <string>

namespace millstream::fs {

/// A name no other job has: host, namespace of process ids, process id, start of the process, a counter; fit for a file name.
std::string NewJobId();

/// Whether `id` is the name of a job of this machine whose process has ended. False for anything else: jobs of other hosts and
/// of other namespaces of process ids (containers), whose processes cannot be seen from here, and names that are not job ids,
/// such as those without a namespace, are never taken for dead.
bool IsDeadJob(const std::string& id);

}  // namespace millstream::fs
