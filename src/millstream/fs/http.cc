#include "millstream/fs/http.h"

#include <arrow/buffer.h>

#include "millstream/fs/curl_library.h"
#include "millstream/fs/gzip_stream.h"
#include "millstream/fs/http_client.h"

namespace millstream::fs {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileSelector;
using arrow::fs::FileType;

/// What a server told about a file.
struct Remote {
  bool exists = true;
  int64_t size = -1;
  std::string version;  ///< empty if the server tells nothing to go by
  int64_t modified = -1;
  bool ranges = false;
};

Status Changed() { return Status::IOError("the file was replaced on the server while it was being read; start again"); }

/// A server that tells no version says nothing about a change.
bool Differ(const std::string& version, const std::string& other) {
  return !version.empty() && !other.empty() && version != other;
}

bool IsStrongTag(const std::string& version) { return version.starts_with('"'); }

/// What all requests of a file system share.
struct HttpContext {
  HttpOptions options;
  std::shared_ptr<CurlHandles> handles;
};

/// Repeats `attempt` while its failure passes.
Status WithRetries(const HttpOptions& options, const std::function<HttpFailure()>& attempt) {
  Retry retry(options);
  for (;;) {
    const HttpFailure failure = attempt();
    if (failure.status.ok() || !failure.passing) return failure.status;
    ARROW_RETURN_NOT_OK(retry.Wait(failure.status, failure.retry_after));
  }
}

/// Reads a file from its start, in one request as long as the connection holds.
class HttpStream final : public arrow::io::InputStream {
 public:
  /// `size`: of the file, -1 where it is not known.
  HttpStream(std::shared_ptr<HttpContext> context, std::string url, std::string version, int64_t size)
      : context_(std::move(context)), url_(std::move(url)), version_(std::move(version)), size_(size) {}
  ~HttpStream() override { ARROW_UNUSED(HttpStream::Close()); }

  Status Open() {
    return WithRetries(context_->options, [this] { return Connect(); });
  }
  /// "gzip" if the server packed the body although it was asked not to.
  std::string encoding() const { return transfer_->head().Get("content-encoding"); }

  Status Close() override {
    closed_ = true;
    transfer_.reset();
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }

  Result<int64_t> Read(int64_t wanted, void* out) override {
    if (closed_) return Status::Invalid("read of a closed stream");
    Retry retry(context_->options);
    int64_t done = 0;
    while (done < wanted) {
      HttpFailure failure;
      if (!transfer_) failure = Connect();
      if (transfer_) {
        const int64_t got = transfer_->Read(wanted - done, static_cast<uint8_t*>(out) + done, &failure);
        if (got > 0) retry.Progress();
        done += got;
        position_ += got;
        if (failure.status.ok()) failure = CheckEnd(done < wanted);
        if (failure.status.ok()) break;  // all that was wanted, or the end
      }
      transfer_.reset();
      if (!failure.passing) return failure.status;
      ARROW_RETURN_NOT_OK(retry.Wait(failure.status, failure.retry_after));
    }
    return done;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(wanted));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, Read(wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  /// Without a length of its own, a body that is cut short looks like a whole one.
  HttpFailure CheckEnd(bool at_end) const {
    if (size_ < 0 || !encoding().empty()) return {};
    if (position_ > size_) return {Changed()};
    if (!at_end || position_ == size_) return {};
    return {Status::IOError("the server sent ", position_, " bytes of ", size_), true};
  }

  /// Opens the file at position_. On success transfer_ is set.
  HttpFailure Connect() {
    std::vector<std::string> headers;
    if (position_ > 0) {
      headers.push_back("Range: bytes=" + std::to_string(position_) + "-");
      if (!version_.empty()) headers.push_back("If-Range: " + version_);
    }
    auto transfer = std::make_unique<HttpTransfer>(context_->handles, context_->options);
    HttpFailure failure = transfer->Start(url_, /*head_only=*/false, headers);
    if (!failure.status.ok()) return failure;
    const HttpHead& head = transfer->head();
    if (Differ(version_, head.Version())) return {Changed()};
    const bool continues = head.status == 206;
    if (position_ > 0 && !continues && (version_.empty() || head.Version().empty())) {
      return {Status::IOError("the connection was lost after ", position_, " bytes, and the server cannot continue there")};
    }
    if (continues && head.ContentRange().first != position_) {
      return {Status::IOError("the server answered with another range than was asked for")};
    }
    if (version_.empty()) version_ = head.Version();
    if (position_ > 0 && !continues) failure = Skip(transfer.get());
    if (failure.status.ok()) transfer_ = std::move(transfer);
    return failure;
  }

  /// The server sends the file from its start: passes over what was read before.
  HttpFailure Skip(HttpTransfer* transfer) const {
    HttpFailure failure;
    std::vector<uint8_t> scratch(64 << 10);
    for (int64_t left = position_; left > 0 && failure.status.ok();) {
      const int64_t got = transfer->Read(std::min<int64_t>(left, scratch.size()), scratch.data(), &failure);
      if (got == 0 && failure.status.ok()) return {Changed()};
      left -= got;
    }
    return failure;
  }

  std::shared_ptr<HttpContext> context_;
  const std::string url_;
  std::string version_;
  const int64_t size_;
  std::unique_ptr<HttpTransfer> transfer_;
  int64_t position_ = 0;
  bool closed_ = false;
};

/// Reads at any offset, each a request. Thread-safe but for Read and Seek.
class HttpFile final : public arrow::io::RandomAccessFile {
 public:
  HttpFile(std::shared_ptr<HttpContext> context, std::string url, Remote remote)
      : context_(std::move(context)), url_(std::move(url)), remote_(std::move(remote)) {}

  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  Result<int64_t> GetSize() override { return remote_.size; }
  Status Seek(int64_t position) override {
    if (position < 0) return Status::Invalid("cannot seek to a negative offset");
    position_ = position;
    return Status::OK();
  }
  Result<int64_t> Read(int64_t wanted, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, wanted, out));
    position_ += got;
    return got;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, wanted));
    position_ += buffer->size();
    return buffer;
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(Clamp(position, wanted)));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  Result<int64_t> ReadAt(int64_t position, int64_t wanted, void* out) override {
    if (closed_) return Status::Invalid("read of a closed file");
    if (position < 0 || wanted < 0) return Status::Invalid("cannot read at a negative offset");
    wanted = Clamp(position, wanted);
    Retry retry(context_->options);
    int64_t done = 0;
    while (done < wanted) {
      int64_t got = 0;
      const HttpFailure failure = ReadRange(position + done, wanted - done, static_cast<uint8_t*>(out) + done, &got);
      if (got > 0) retry.Progress();
      done += got;
      if (failure.status.ok() || done == wanted) continue;
      if (!failure.passing) return failure.status;
      ARROW_RETURN_NOT_OK(retry.Wait(failure.status, failure.retry_after));
    }
    return done;
  }

 private:
  int64_t Clamp(int64_t position, int64_t wanted) const {
    return std::max<int64_t>(0, std::min(wanted, remote_.size - position));
  }

  HttpFailure ReadRange(int64_t position, int64_t wanted, uint8_t* out, int64_t* got) const {
    std::vector<std::string> headers = {"Range: bytes=" + std::to_string(position) + "-" +
                                        std::to_string(position + wanted - 1)};
    if (IsStrongTag(remote_.version)) headers.push_back("If-Match: " + remote_.version);
    HttpTransfer transfer(context_->handles, context_->options);
    HttpFailure failure = transfer.Start(url_, /*head_only=*/false, headers);
    const HttpHead& head = transfer.head();
    if (head.status == 412 || head.status == 416) return {Changed()};
    if (!failure.status.ok()) return failure;
    if (Differ(remote_.version, head.Version())) return {Changed()};
    const auto [start, size] = head.ContentRange();
    if (head.status != 206 || start != position) return {Status::IOError("the server did not answer with the range asked for")};
    if (size >= 0 && size != remote_.size) return {Changed()};
    *got = transfer.Read(wanted, out, &failure);
    if (failure.status.ok() && *got < wanted) return {Status::IOError("the server sent less than the range asked for"), true};
    return failure;
  }

  std::shared_ptr<HttpContext> context_;
  const std::string url_;
  const Remote remote_;
  int64_t position_ = 0;
  std::atomic<bool> closed_{false};
};

class HttpFileSystem final : public arrow::fs::FileSystem {
 public:
  HttpFileSystem(HttpOptions options, std::shared_ptr<CurlHandles> handles) {
    context_->options = std::move(options);
    context_->handles = std::move(handles);
  }

  using FileSystem::GetFileInfo;
  using FileSystem::OpenInputFile;
  using FileSystem::OpenInputStream;
  std::string type_name() const override { return "http"; }
  bool Equals(const FileSystem& other) const override { return this == &other; }

  Result<FileInfo> GetFileInfo(const std::string& path) override {
    ARROW_ASSIGN_OR_RAISE(const Remote remote, Look(EncodeUrl(path)));
    FileInfo info(path, remote.exists ? FileType::File : FileType::NotFound);
    info.set_size(remote.size);
    if (remote.modified >= 0) info.set_mtime(arrow::fs::TimePoint(std::chrono::seconds(remote.modified)));
    return info;
  }
  Result<std::vector<FileInfo>> GetFileInfo(const FileSelector&) override {
    return Status::NotImplemented("web servers cannot list their files");
  }

  Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(const std::string& path) override {
    const std::string url = EncodeUrl(path);
    const Remote remote = Known(url);
    auto stream = std::make_shared<HttpStream>(context_, url, remote.version, remote.size);
    ARROW_RETURN_NOT_OK(stream->Open());
    const std::string encoding = stream->encoding();
    // A .gz file may be marked as encoded, but is wanted as it is.
    if (encoding.empty() || encoding == "identity" || url.substr(0, url.find('?')).ends_with(".gz")) return stream;
    if (encoding == "gzip") return GzipInputStream::Make(std::move(stream), arrow::default_memory_pool());
    return Status::NotImplemented("the server sends the file packed as '", encoding, "' although it was asked not to");
  }
  Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(const FileInfo& info) override {
    return OpenInputStream(info.path());
  }

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const std::string& path) override {
    const std::string url = EncodeUrl(path);
    Remote remote = Known(url);
    if (!remote.ranges) {
      ARROW_ASSIGN_OR_RAISE(remote, LookByRange(url));
    }
    if (!remote.exists) return Status::IOError("there is no such file");
    if (!remote.ranges || remote.size < 0) {
      return Status::NotImplemented(
          "the server cannot send parts of this file, which this format needs; copy it to a disk first");
    }
    return std::make_shared<HttpFile>(context_, url, std::move(remote));
  }
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const FileInfo& info) override {
    return OpenInputFile(info.path());
  }

  Status CreateDir(const std::string&, bool) override { return ReadOnly(); }
  Status DeleteDir(const std::string&) override { return ReadOnly(); }
  Status DeleteDirContents(const std::string&, bool) override { return ReadOnly(); }
  Status DeleteRootDirContents() override { return ReadOnly(); }
  Status DeleteFile(const std::string&) override { return ReadOnly(); }
  Status Move(const std::string&, const std::string&) override { return ReadOnly(); }
  Status CopyFile(const std::string&, const std::string&) override { return ReadOnly(); }
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutputStream(
      const std::string&, const std::shared_ptr<const arrow::KeyValueMetadata>&) override {
    return ReadOnly();
  }
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenAppendStream(
      const std::string&, const std::shared_ptr<const arrow::KeyValueMetadata>&) override {
    return ReadOnly();
  }

 private:
  static Status ReadOnly() { return Status::NotImplemented("web servers can only be read"); }

  /// Asks about a file: with HEAD, or for its first byte where the server (or a signed address) refuses HEAD.
  Result<Remote> Look(const std::string& url) {
    Remote remote;
    bool refused = false;
    ARROW_RETURN_NOT_OK(WithRetries(context_->options, [&]() -> HttpFailure {
      HttpTransfer transfer(context_->handles, context_->options);
      HttpFailure failure = transfer.Start(url, /*head_only=*/true, {});
      const HttpHead& head = transfer.head();
      refused = head.status == 400 || head.status == 403 || head.status == 405 || head.status == 501;
      if (refused) return {};
      return Describe(head, std::move(failure), head.ContentLength(), head.Get("accept-ranges") == "bytes", &remote);
    }));
    if (refused) return LookByRange(url);
    Remember(url, remote);
    return remote;
  }

  Result<Remote> LookByRange(const std::string& url) {
    Remote remote;
    ARROW_RETURN_NOT_OK(WithRetries(context_->options, [&]() -> HttpFailure {
      HttpTransfer transfer(context_->handles, context_->options);
      HttpFailure failure = transfer.Start(url, /*head_only=*/false, {"Range: bytes=0-0"});
      const HttpHead& head = transfer.head();
      const bool partial = head.status == 206 || head.status == 416;  // 416: an empty file has no first byte
      if (head.status == 416) failure = {};
      return Describe(head, std::move(failure), partial ? head.ContentRange().second : head.ContentLength(), partial, &remote);
    }));
    Remember(url, remote);
    return remote;
  }

  static HttpFailure Describe(const HttpHead& head, HttpFailure failure, int64_t size, bool ranges, Remote* remote) {
    remote->exists = head.status != 404 && head.status != 410;
    if (!remote->exists) return {};
    if (!failure.status.ok()) return failure;
    const std::string encoding = head.Get("content-encoding");
    const bool as_stored = encoding.empty() || encoding == "identity";
    remote->size = as_stored ? size : -1;
    remote->ranges = as_stored && ranges;
    remote->version = head.Version();
    remote->modified = Curl().getdate(head.Get("last-modified").c_str(), nullptr);
    return {};
  }

  /// What is read later has to be the version that was looked at last.
  void Remember(const std::string& url, const Remote& remote) {
    constexpr size_t kMaxKnown = 10000;
    std::lock_guard lock(mutex_);
    if (known_.size() >= kMaxKnown) known_.clear();
    if (remote.exists) known_[url] = remote;
  }
  Remote Known(const std::string& url) {
    std::lock_guard lock(mutex_);
    const auto found = known_.find(url);
    return found == known_.end() ? Remote() : found->second;
  }

  std::shared_ptr<HttpContext> context_ = std::make_shared<HttpContext>();
  std::mutex mutex_;
  std::unordered_map<std::string, Remote> known_;
};

Result<std::shared_ptr<arrow::fs::FileSystem>> MakeHttp(const StorageOptions& storage, const std::string&) {
  const std::string place = "storage_options for http";
  ARROW_RETURN_NOT_OK(CheckKeys(storage, {"headers", "timeout", "retries"}, place));
  HttpOptions options;
  if (storage.contains("timeout")) {
    const auto& value = storage.at("timeout");
    const bool good = value.is_number() && value.get<double>() > 0 && value.get<double>() < 1e6;
    if (!good) return Status::Invalid(place, ": 'timeout' must be a number of seconds above 0, not ", value.dump());
    options.timeout = value.get<double>();
  }
  if (storage.contains("retries")) {
    const auto& value = storage.at("retries");
    const bool good = value.is_number_integer() && value.get<int64_t>() >= 1 && value.get<int64_t>() <= 1000;
    if (!good) return Status::Invalid(place, ": 'retries' must be a whole number from 1 to 1000, not ", value.dump());
    options.tries = value.get<int>();
  }
  if (storage.contains("headers")) {
    const auto& headers = storage.at("headers");
    if (!headers.is_object()) return Status::Invalid(place, ": 'headers' must be a dict of strings");
    for (const auto& item : headers.items()) {
      // A line break would let a value add headers of its own. Values are not shown: they may be secrets.
      const bool good = item.value().is_string() && !item.key().empty() &&
                        item.key().find_first_of("\r\n: ") == std::string::npos &&
                        item.value().get<std::string>().find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
      if (!good) return Status::Invalid(place, ": the header '", item.key(), "' is not a name with a string of one line");
      options.headers.push_back(item.key() + ": " + item.value().get<std::string>());
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto handles, MakeCurlHandles());
  return std::make_shared<HttpFileSystem>(std::move(options), std::move(handles));
}

}  // namespace

FileSystemKind HttpKind() {
  FileSystemKind kind;
  kind.schemes = {"http", "https"};
  kind.can_list = false;
  kind.is_writable = false;
  kind.renames_folders = false;
  kind.path_is_uri = true;
  kind.slow_metadata = true;
  kind.reads_ahead = true;
  kind.make = MakeHttp;
  return kind;
}

}  // namespace millstream::fs
