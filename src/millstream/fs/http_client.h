// Single HTTP requests over libcurl: connections are kept and used again, waits can be interrupted, lost tries are repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "millstream/base/result.h"

namespace millstream::fs {

struct HttpOptions {
  std::vector<std::string> headers;  ///< "Name: value", sent with every request
  double timeout = 15;               ///< seconds without a byte from the server before giving up
  int tries = 5;
};

/// The head of an answer, after redirects.
struct HttpHead {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case

  std::string Get(const std::string& name) const;
  /// Bytes of the body that is sent, -1 if not told.
  int64_t ContentLength() const;
  /// "bytes 5-9/100" -> {5, 100}; {-1, -1} if there is none, and -1 for "*".
  std::pair<int64_t, int64_t> ContentRange() const;
  /// What tells this version of the file from others: a strong ETag, else the modification time; may be empty.
  std::string Version() const;
};

/// Repeats what fails for reasons that pass: waits between tries grow, with full jitter, and Retry-After is heeded. Ends after
/// `tries`, or once `timeout` seconds have gone by without progress.
class Retry {
 public:
  explicit Retry(const HttpOptions& options) : options_(options) { Progress(); }
  /// Data came: tries and time count anew.
  void Progress() {
    failures_ = 0;
    since_ = std::chrono::steady_clock::now();
  }
  /// Waits before the next try. Returns `error`, with the number of tries, if there is none to be, or Cancelled.
  Status Wait(const Status& error, int64_t retry_after_seconds);

 private:
  const HttpOptions& options_;
  int failures_ = 0;
  std::chrono::steady_clock::time_point since_;
};

/// An error of one try.
struct HttpFailure {
  Status status;
  bool passing = false;  ///< worth another try
  int64_t retry_after = 0;
};

class CurlHandles;

/// One request and its answer. Not thread-safe.
class HttpTransfer {
 public:
  HttpTransfer(std::shared_ptr<CurlHandles> handles, const HttpOptions& options);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;

  /// Sends the request and waits for the head of the answer. OK for any answer below 400; else the failure says why.
  HttpFailure Start(const std::string& url, bool head_only, const std::vector<std::string>& extra_headers);
  const HttpHead& head() const;

  /// Reads the body; fewer bytes than wanted only at its end, or with `failure` set, after the bytes that came before it.
  int64_t Read(int64_t wanted, void* out, HttpFailure* failure);

 private:
  struct State;
  HttpFailure Pump();
  HttpFailure Explain() const;
  std::unique_ptr<State> state_;
};

/// Idle connections of one file system. IOError where libcurl cannot be loaded.
Result<std::shared_ptr<CurlHandles>> MakeCurlHandles();

/// Spaces, controls and bytes beyond ASCII behind the host are percent-encoded; the rest stays as it is.
std::string EncodeUrl(const std::string& url);

}  // namespace millstream::fs
