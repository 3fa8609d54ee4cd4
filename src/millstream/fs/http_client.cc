#include "millstream/fs/http_client.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "millstream/fs/curl_library.h"
#include "millstream/fs/interrupt.h"

namespace millstream::fs {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a wait may go on without looking whether anybody still wants its result.
constexpr int kWaitMilliseconds = 50;
constexpr long kMaxRedirects = 10;

int64_t ParseNumber(std::string_view text) {
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? value : -1;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::strchr(" \t\r\n", text.front())) text.remove_prefix(1);
  while (!text.empty() && std::strchr(" \t\r\n", text.back())) text.remove_suffix(1);
  return text;
}

bool IsPassing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool IsPassing(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

const char* Advice(int status) {
  switch (status) {
    case 401:
      return " (the server wants a user and password: https://user:password@host/.., or an Authorization header)";
    case 403:
      return " (the server refuses access; check the address, credentials and headers)";
    case 404:
    case 410:
      return " (there is no such file)";
    default:
      return "";
  }
}

}  // namespace

std::string HttpHead::Get(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

int64_t HttpHead::ContentLength() const { return ParseNumber(Get("content-length")); }

std::pair<int64_t, int64_t> HttpHead::ContentRange() const {
  std::string_view text = headers.contains("content-range") ? std::string_view(headers.at("content-range")) : "";
  if (!text.starts_with("bytes ")) return {-1, -1};
  text.remove_prefix(6);
  const size_t slash = text.find('/');
  if (slash == text.npos) return {-1, -1};
  return {ParseNumber(text.substr(0, text.find('-'))), ParseNumber(text.substr(slash + 1))};
}

std::string HttpHead::Version() const {
  const std::string etag = Get("etag");
  return etag.empty() || etag.starts_with("W/") ? Get("last-modified") : etag;
}

Status Retry::Wait(const Status& error, int64_t retry_after_seconds) {
  ++failures_;
  const auto give_up = since_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.timeout));
  thread_local std::mt19937 random{std::random_device{}()};
  const double longest = std::min(4.0, 0.1 * static_cast<double>(1 << std::min(failures_, 10)));
  const double jitter = std::uniform_real_distribution<double>(0, longest)(random);
  const double seconds = std::max(jitter, static_cast<double>(retry_after_seconds));
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  if (failures_ >= options_.tries || until > give_up) {
    return error.WithMessage(error.message(), " (gave up after ", failures_, failures_ == 1 ? " try)" : " tries)");
  }
  while (Clock::now() < until) {
    ARROW_RETURN_NOT_OK(InterruptScope::Check());
    std::this_thread::sleep_for(std::min<Clock::duration>(std::chrono::milliseconds(kWaitMilliseconds), until - Clock::now()));
  }
  return Status::OK();
}

/// Pairs of an easy and a multi handle; a pair keeps its connections open, for the next request that uses it.
class CurlHandles {
 public:
  struct Pair {
    CURL* easy = nullptr;
    CURLM* multi = nullptr;
  };
  ~CurlHandles() {
    for (const Pair& pair : idle_) Free(pair);
  }
  Pair Take() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        const Pair pair = idle_.back();
        idle_.pop_back();
        return pair;
      }
    }
    return {Curl().easy_init(), Curl().multi_init()};
  }
  void Give(const Pair& pair) {
    constexpr size_t kMaxIdle = 16;
    Curl().easy_reset(pair.easy);
    std::lock_guard lock(mutex_);
    idle_.size() < kMaxIdle ? idle_.push_back(pair) : Free(pair);
  }

 private:
  static void Free(const Pair& pair) {
    Curl().easy_cleanup(pair.easy);
    Curl().multi_cleanup(pair.multi);
  }
  std::mutex mutex_;
  std::vector<Pair> idle_;
};

Result<std::shared_ptr<CurlHandles>> MakeCurlHandles() {
  ARROW_RETURN_NOT_OK(LoadCurl());
  return std::make_shared<CurlHandles>();
}

struct HttpTransfer::State {
  std::shared_ptr<CurlHandles> handles;
  const HttpOptions& options;
  CurlHandles::Pair pair;
  curl_slist* headers = nullptr;
  bool running = false;
  bool got_body = false;
  bool done = false;
  CURLcode result = CURLE_OK;
  char message[CURL_ERROR_SIZE] = "";
  HttpHead head;
  Clock::time_point last_byte;
  // Where the body goes: first to the reader's memory, and what is left of curl's chunk (16 KiB at most) to `rest`.
  uint8_t* out = nullptr;
  int64_t room = 0;
  std::vector<uint8_t> rest;
  size_t rest_used = 0;

  State(std::shared_ptr<CurlHandles> h, const HttpOptions& o) : handles(std::move(h)), options(o), pair(handles->Take()) {}

  static size_t OnHeader(char* data, size_t, size_t size, void* self_pointer) {
    auto* self = static_cast<State*>(self_pointer);
    self->last_byte = Clock::now();
    const std::string_view line = Trim({data, size});
    if (line.starts_with("HTTP/")) {  // of a redirect before, or of this answer
      self->head.headers.clear();
      return size;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos || self->head.headers.size() >= 200) return size;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    self->head.headers[name] = Trim(line.substr(colon + 1));
    return size;
  }

  static size_t OnBody(char* data, size_t, size_t size, void* self_pointer) {
    auto* self = static_cast<State*>(self_pointer);
    self->got_body = true;
    self->last_byte = Clock::now();
    if (self->room == 0) return CURL_WRITEFUNC_PAUSE;  // the same data comes again later
    const auto part = static_cast<size_t>(std::min<int64_t>(self->room, static_cast<int64_t>(size)));
    std::memcpy(self->out, data, part);
    self->out += part;
    self->room -= static_cast<int64_t>(part);
    self->rest.assign(data + part, data + size);
    self->rest_used = 0;
    return size;
  }
};

HttpTransfer::HttpTransfer(std::shared_ptr<CurlHandles> handles, const HttpOptions& options)
    : state_(std::make_unique<State>(std::move(handles), options)) {}

HttpTransfer::~HttpTransfer() {
  if (state_->running) Curl().multi_remove_handle(state_->pair.multi, state_->pair.easy);  // closes a body half read
  state_->handles->Give(state_->pair);
  Curl().slist_free_all(state_->headers);
}

const HttpHead& HttpTransfer::head() const { return state_->head; }

HttpFailure HttpTransfer::Start(const std::string& url, bool head_only, const std::vector<std::string>& extra_headers) {
  State& s = *state_;
  if (!s.pair.easy || !s.pair.multi) return {Status::OutOfMemory("no memory for a connection")};
  for (const auto& list : {s.options.headers, extra_headers}) {
    for (const std::string& header : list) s.headers = Curl().slist_append(s.headers, header.c_str());
  }
  // A compressed file must come as it is stored, and ranges count stored bytes.
  s.headers = Curl().slist_append(s.headers, "Accept-Encoding: identity");
  CURL* easy = s.pair.easy;
  Curl().easy_setopt(easy, CURLOPT_URL, url.c_str());
  Curl().easy_setopt(easy, CURLOPT_HTTPHEADER, s.headers);
  Curl().easy_setopt(easy, CURLOPT_USERAGENT, "millstream");
  Curl().easy_setopt(easy, CURLOPT_NOBODY, head_only ? 1L : 0L);
  Curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  Curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  Curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  Curl().easy_setopt(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
  Curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // What was asked for in secret is not to be fetched in the open.
  Curl().easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, url.starts_with("https") ? "https" : "http,https");
  Curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(s.options.timeout * 1000));
  Curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, s.message);
  Curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &State::OnHeader);
  Curl().easy_setopt(easy, CURLOPT_HEADERDATA, &s);
  Curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &State::OnBody);
  Curl().easy_setopt(easy, CURLOPT_WRITEDATA, &s);
  if (const char* authorities = std::getenv("SSL_CERT_FILE")) Curl().easy_setopt(easy, CURLOPT_CAINFO, authorities);
  Curl().multi_add_handle(s.pair.multi, easy);
  s.running = true;
  s.last_byte = Clock::now();
  while (!s.got_body && !s.done) {
    HttpFailure failure = Pump();
    if (!failure.status.ok()) return failure;
  }
  long status = 0;
  Curl().easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  s.head.status = static_cast<int>(status);
  if (s.done && s.result != CURLE_OK) return Explain();
  if (status < 300) return {};  // what redirects has been followed
  return {Status::IOError("the server answered ", status, Advice(s.head.status)), IsPassing(s.head.status),
          ParseNumber(s.head.Get("retry-after"))};
}

HttpFailure HttpTransfer::Pump() {
  State& s = *state_;
  if (const Status wanted = InterruptScope::Check(); !wanted.ok()) return {wanted};
  int running = 0;
  Curl().multi_perform(s.pair.multi, &running);
  int left = 0;
  while (const CURLMsg* message = Curl().multi_info_read(s.pair.multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    s.done = true;
    s.result = message->data.result;
  }
  if (s.done || (s.got_body && s.room == 0)) return {};
  Curl().multi_poll(s.pair.multi, nullptr, 0, kWaitMilliseconds, nullptr);
  if (Clock::now() - s.last_byte > std::chrono::duration<double>(s.options.timeout)) {
    return {Status::IOError("the server sent nothing for ", s.options.timeout, " seconds"), true};
  }
  return {};
}

HttpFailure HttpTransfer::Explain() const {
  const State& s = *state_;
  const char* text = *s.message ? s.message : Curl().easy_strerror(s.result);
  return {Status::IOError(text), IsPassing(s.result)};
}

int64_t HttpTransfer::Read(int64_t wanted, void* out, HttpFailure* failure) {
  State& s = *state_;
  auto* bytes = static_cast<uint8_t*>(out);
  const auto kept = static_cast<int64_t>(s.rest.size() - s.rest_used);
  const int64_t from_rest = std::min(wanted, kept);
  if (from_rest > 0) std::memcpy(bytes, s.rest.data() + s.rest_used, static_cast<size_t>(from_rest));
  s.rest_used += static_cast<size_t>(from_rest);
  if (from_rest == wanted) return wanted;
  s.out = bytes + from_rest;
  s.room = wanted - from_rest;
  s.last_byte = Clock::now();  // the reader's own pauses do not count against the server
  if (!s.done) Curl().easy_pause(s.pair.easy, CURLPAUSE_CONT);
  while (s.room > 0 && !s.done) {
    *failure = Pump();
    if (!failure->status.ok()) break;
  }
  if (failure->status.ok() && s.room > 0 && s.result != CURLE_OK) *failure = Explain();
  const int64_t got = wanted - s.room;
  s.room = 0;
  return got;
}

std::string EncodeUrl(const std::string& url) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const size_t host = url.find("://");
  const size_t path = host == url.npos ? 0 : std::min(url.find_first_of("/?", host + 3), url.size());
  std::string encoded = url.substr(0, path);
  for (const char c : url.substr(path)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte <= 0x20 || byte >= 0x7F) {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      encoded += c;
    }
  }
  return encoded.substr(0, encoded.find('#', path));  // a fragment is not for the server
}

}  // namespace millstream::fs
