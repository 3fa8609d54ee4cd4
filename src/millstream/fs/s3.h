// S3 and what speaks its protocol.
#pragma once

#include "millstream/fs/registry.h"

namespace millstream::fs {

/// "s3://bucket/key" (s3a:// and s3n:// too) on Arrow's S3 file system. storage_options as s3fs takes them: key, secret, token,
/// anon, endpoint_url, use_ssl, client_kwargs, config_kwargs; what is not given comes from the AWS_* environment and files.
FileSystemKind S3Kind();

}  // namespace millstream::fs
