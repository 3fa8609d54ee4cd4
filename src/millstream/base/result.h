// Errors below the public API are Arrow's Status and Result; this header names them and adds context to them.
#pragma once

#include <string>
#include <utility>

#include <arrow/result.h>
#include <arrow/status.h>

namespace millstream {

using arrow::Result;
using arrow::Status;

/// The same error with "<place>: " in front of its message, so that a user reads where it happened. OK stays OK.
inline Status WithPlace(const Status& status, const std::string& place) {
  if (status.ok()) return status;
  return status.WithMessage(place, ": ", status.message());
}

}  // namespace millstream
