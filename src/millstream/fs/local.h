// Files of this machine.
#pragma once

#include "millstream/fs/registry.h"

namespace millstream::fs {

/// "file://" and plain paths, absolute or relative to the working directory. As in fsspec, "file://" paths are taken as they
/// are: percent signs are not decoded.
FileSystemKind LocalKind();

}  // namespace millstream::fs
