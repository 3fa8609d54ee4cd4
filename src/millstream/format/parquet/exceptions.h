// libparquet throws; nothing above this folder may see an exception.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include <parquet/exception.h>

#include "millstream/base/result.h"
#include "millstream/fs/storage.h"

namespace millstream::parquet_format {

/// Runs `body`, which returns a Status or Result, and turns what it throws into an error. Errors name `place`, a URI without
/// its secrets.
template <typename Body>
auto Guarded(const std::string& place, Body&& body) -> decltype(body()) {
  const auto fail = [&](const Status& status) -> decltype(body()) { return WithPlace(status, fs::DisplayUri(place)); };
  try {
    auto result = body();
    if (result.ok()) return result;
    if constexpr (std::is_same_v<decltype(body()), Status>) {
      return fail(result);
    } else {
      return fail(result.status());
    }
  } catch (const ::parquet::ParquetStatusException& error) {
    return fail(error.status());
  } catch (const std::bad_alloc&) {
    return fail(Status::OutOfMemory("the system has no memory left"));
  } catch (const std::exception& error) {
    return fail(Status::IOError(error.what()));
  }
}

}  // namespace millstream::parquet_format
