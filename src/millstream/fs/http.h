// Files on web servers.
#pragma once

#include "millstream/fs/registry.h"

namespace millstream::fs {

/// "http://" and "https://", read-only, on libcurl. storage_options: `headers` (a dict of strings), `timeout` (seconds without
/// a byte from the server, default 15), `retries` (tries in a row that may fail, default 5). User and password may be part of
/// the address. SSL_CERT_FILE names other certificate authorities; the proxy variables are heeded.
///
/// Reads are streams that go on where they were after a lost connection, and, where the server serves ranges, reads at any
/// offset. Both are errors once ETag (or modification time) show that the file was replaced since it was first looked at.
FileSystemKind HttpKind();

}  // namespace millstream::fs
