// Files in memory.
#pragma once

#include "millstream/fs/registry.h"

namespace millstream::fs {

/// "memory://a/b": one tree for the whole process, gone when it ends. Files appear when they are closed; folders of a file
/// are made with it. Thread-safe.
FileSystemKind MemoryKind();

}  // namespace millstream::fs
