// HTTP against a real server (nginx), and against one that misbehaves on purpose.
#include "millstream/fs/http.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/fs/http_client.h"
#include "millstream/fs/output_job.h"
#include "millstream/testing/server.h"

namespace millstream::fs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Text(size_t bytes) {
  std::string text;
  for (size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i * 2654435761u) + "\n";
  text.resize(bytes);
  return text;
}

Result<std::string> ReadStream(const FileEntry& file, const StorageOptions& options = {},
                               Compression compression = Compression::kNone, TaskContext context = UnlimitedContext()) {
  ARROW_ASSIGN_OR_RAISE(auto stream, OpenInputStream(file, options, compression, context));
  ARROW_ASSIGN_OR_RAISE(auto buffer, stream->Read(1 << 30));
  return buffer->ToString();
}

class Http : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::Server("http"); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override { ASSERT_TRUE(server_->settings().is_object()) << "no web server: see tests/servers/http.sh"; }

  static void Put(const std::string& name, const std::string& text) {
    std::ofstream(server_->Get("www") + "/" + name, std::ios::binary) << text;
  }
  static std::string Url(const std::string& path) { return server_->Get("http") + path; }
  static Result<FileEntry> Look(const std::string& path, const StorageOptions& options = {}) {
    ARROW_ASSIGN_OR_RAISE(auto files, Expand({Url(path)}, options));
    return files.front();
  }

  static inline testing::Server* server_ = nullptr;
};

TEST_F(Http, FilesAreFoundAndStreamed) {
  const std::string text = Text(3'000'000);
  Put("t.csv", text);
  for (const char* place : {"/plain/", "/norange/", "/noetag/", "/nohead/", "/redirect/", "/encoded/"}) {
    const auto file = Look(std::string(place) + "t.csv");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->size, 3'000'000) << place;
    EXPECT_TRUE(ReadStream(*file).ValueOrDie() == text) << place;
  }
}

TEST_F(Http, NamesWithSpacesAndUnicodeWork) {
  Put("a b ü.csv", "text");
  EXPECT_EQ(ReadStream(Look("/plain/a b ü.csv").ValueOrDie()).ValueOrDie(), "text");
  EXPECT_EQ(ReadStream(Look("/plain/a%20b%20%C3%BC.csv").ValueOrDie()).ValueOrDie(), "text");
  Put("empty.csv", "");
  EXPECT_EQ(ReadStream(Look("/plain/empty.csv").ValueOrDie()).ValueOrDie(), "");
  EXPECT_EQ(Look("/nohead/empty.csv").ValueOrDie().size, 0);
}

TEST_F(Http, CompressedFilesAreNotUnpackedTwice) {
  const std::string text = Text(2'000'000);
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
  std::string gz(text.size(), '\0');
  gz.resize(codec
                ->Compress(text.size(), reinterpret_cast<const uint8_t*>(text.data()), gz.size(),
                           reinterpret_cast<uint8_t*>(gz.data()))
                .ValueOrDie());
  Put("t.csv.gz", gz);
  for (const char* place : {"/plain/", "/norange/", "/encoded/"}) {
    const auto file = Look(std::string(place) + "t.csv.gz").ValueOrDie();
    EXPECT_EQ(file.size, static_cast<int64_t>(gz.size()));
    EXPECT_TRUE(ReadStream(file, {}, Compression::kGzip).ValueOrDie() == text) << place;
  }
}

TEST_F(Http, ReadsAtAnyOffset) {
  const std::string text = Text(500'000);
  Put("r.bin", text);
  auto file = OpenInputFile(Look("/plain/r.bin").ValueOrDie(), {}, UnlimitedContext()).ValueOrDie();
  EXPECT_EQ(file->GetSize().ValueOrDie(), 500'000);
  EXPECT_EQ(file->ReadAt(123'456, 1000).ValueOrDie()->ToString(), text.substr(123'456, 1000));
  EXPECT_EQ(file->ReadAt(499'990, 1000).ValueOrDie()->ToString(), text.substr(499'990));
  EXPECT_EQ(file->ReadAt(600'000, 10).ValueOrDie()->size(), 0);
  EXPECT_TRUE(file->Read(500'000).ValueOrDie()->ToString() == text);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const int64_t at = (t * 10 + i) * 12'000;
        EXPECT_EQ(file->ReadAt(at, 500).ValueOrDie()->ToString(), text.substr(static_cast<size_t>(at), 500));
      }
    });
  }
  for (auto& thread : threads) thread.join();

  const auto no_ranges = Look("/norange/r.bin").ValueOrDie();
  EXPECT_TRUE(OpenInputFile(no_ranges, {}, UnlimitedContext()).status().IsNotImplemented());
  EXPECT_TRUE(OpenInputFile(Look("/noetag/r.bin").ValueOrDie(), {}, UnlimitedContext()).ok());
}

TEST_F(Http, AReplacedFileIsNoticed) {
  Put("c.bin", Text(100'000));
  const auto entry = Look("/plain/c.bin").ValueOrDie();
  auto file = OpenInputFile(entry, {}, UnlimitedContext()).ValueOrDie();
  ASSERT_TRUE(file->ReadAt(0, 10).ok());
  Put("c.bin", Text(100'001));
  EXPECT_THAT(file->ReadAt(10, 10).status().message(), AllOf(HasSubstr("c.bin"), HasSubstr("was replaced")));
  EXPECT_THAT(ReadStream(entry).status().message(), HasSubstr("was replaced"));
  EXPECT_EQ(ReadStream(Look("/plain/c.bin").ValueOrDie()).ValueOrDie().size(), 100'001U);
}

TEST_F(Http, AFileShrunkUnderAnOpenReaderIsNoticed) {
  Put("s.bin", Text(100'000));
  auto file = OpenInputFile(Look("/plain/s.bin").ValueOrDie(), {}, UnlimitedContext()).ValueOrDie();
  Put("s.bin", "tiny");
  EXPECT_THAT(file->ReadAt(50'000, 10).status().message(), HasSubstr("was replaced"));
}

TEST_F(Http, UserAndPasswordWorkAndStaySecret) {
  Put("t.csv", "text");
  std::string url = Url("/auth/t.csv");
  const auto refused = Expand({url}, {}).status();
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("401"), HasSubstr("/auth/t.csv")));
  const std::string with_user = "http://etl:etlpw@" + url.substr(7);
  EXPECT_EQ(ReadStream(Expand({with_user}, {}).ValueOrDie().front()).ValueOrDie(), "text");
  const auto wrong = Expand({"http://etl:nonsense@" + url.substr(7)}, {}).status();
  EXPECT_THAT(wrong.message(), AllOf(HasSubstr("***@"), Not(HasSubstr("nonsense"))));
  const StorageOptions header = {{"headers", {{"Authorization", "Basic ZXRsOmV0bHB3"}}}};
  EXPECT_EQ(ReadStream(Look("/auth/t.csv", header).ValueOrDie(), header).ValueOrDie(), "text");
}

TEST_F(Http, CertificatesAreChecked) {
  Put("t.csv", "text");
  const std::string url = server_->Get("https") + "/plain/t.csv";
  EXPECT_THAT(Expand({url}, {{"retries", 1}}).status().message(), AllOf(HasSubstr("https://"), HasSubstr("certificate")));
  ::setenv("SSL_CERT_FILE", server_->Get("ca").c_str(), 1);
  EXPECT_EQ(ReadStream(Expand({url}, {}).ValueOrDie().front()).ValueOrDie(), "text");
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(Http, FailuresAreNamed) {
  EXPECT_THAT(Look("/plain/none.csv").status().message(), AllOf(HasSubstr("/plain/none.csv"), HasSubstr("no such file")));
  EXPECT_THAT(ReadStream({Url("/plain/none.csv")}).status().message(), HasSubstr("404"));
  EXPECT_THAT(Look("/status/403").status().message(), HasSubstr("403"));
  const StorageOptions two = {{"retries", 2}};
  EXPECT_THAT(Look("/status/503", two).status().message(), AllOf(HasSubstr("503"), HasSubstr("gave up after 2 tries")));
  EXPECT_THAT(Look("/drop", two).status().message(), HasSubstr("gave up after 2 tries"));
  EXPECT_THAT(Look("/loop/x").status().message(), HasSubstr("redirect"));
  EXPECT_THAT(Expand({"http://127.0.0.1:1/x"}, two).status().message(), HasSubstr("http://127.0.0.1:1/x"));
  EXPECT_THAT(Look("/plain/*.csv").status().message(), HasSubstr("wildcards"));
  EXPECT_THAT(Look("/plain/", {{"timeouts", 1}}).status().message(), HasSubstr("unknown key 'timeouts'"));
  EXPECT_THAT(Look("/x", {{"timeout", "1"}}).status().message(), HasSubstr("'timeout' must be a number"));
  EXPECT_THAT(Look("/x", {{"retries", 0}}).status().message(), HasSubstr("'retries' must be"));
  EXPECT_THAT(Look("/x", {{"headers", {{"A", "b\r\nc: d"}}}}).status().message(), HasSubstr("header 'A'"));
  EXPECT_TRUE(OutputJob::Begin(Url("/out"), {}, {}, UnlimitedContext()).status().IsNotImplemented());
}

TEST_F(Http, ManyAddressesAreLookedAtInTheirOrder) {
  std::vector<std::string> urls;
  for (int i = 0; i < 40; ++i) {
    Put("n" + std::to_string(i), std::string(static_cast<size_t>(i), 'x'));
    urls.push_back(Url("/plain/n" + std::to_string(i)));
  }
  const auto files = Expand(urls, {}).ValueOrDie();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(files[static_cast<size_t>(i)].size, i);
  urls[20] = Url("/plain/none");
  EXPECT_THAT(Expand(urls, {}).status().message(), HasSubstr("/plain/none"));
}

TEST_F(Http, LimitedServersAreWaitedFor) {
  Put("t.csv", "text");
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Look("/limited/t.csv").ok());
}

TEST_F(Http, SlowStreamsStopAtOnceWhenCancelledOrClosed) {
  Put("slow.bin", Text(5'000'000));  // 25 s at that speed
  const auto file = Look("/slow/slow.bin").ValueOrDie();
  CancelToken cancel;
  TaskContext context = UnlimitedContext();
  context.cancel = &cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cancel.Cancel();
  });
  auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(ReadStream(file, {}, Compression::kNone, context).status().IsCancelled());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500));
  canceller.join();

  auto stream = OpenInputStream(file, {}, Compression::kNone, UnlimitedContext()).ValueOrDie();
  std::thread reader([&] { ARROW_UNUSED(stream->Read(1 << 20)); });
  reader.join();
  start = std::chrono::steady_clock::now();
  EXPECT_TRUE(stream->Close().ok());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1000));
}

/// Answers its n-th connection with what `answer(n, request)` gives, then drops it.
class ScriptedServer {
 public:
  using Answer = std::function<std::string(int, const std::string&)>;
  explicit ScriptedServer(Answer answer) : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(socket_, 16);
    socklen_t size = sizeof(address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/f.bin";
    thread_ = std::thread([this] { Serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  const std::string& url() const { return url_; }
  int connections() const { return count_; }

 private:
  void Serve() {
    for (int client; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
      std::string request(4096, '\0');
      const ssize_t got = ::recv(client, request.data(), request.size(), 0);
      request.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
      const std::string reply = answer_(count_++, request);
      ARROW_UNUSED(::send(client, reply.data(), reply.size(), MSG_NOSIGNAL));
      ::close(client);
    }
  }
  Answer answer_;
  int socket_;
  std::string url_;
  std::atomic<int> count_{0};
  std::thread thread_;
};

std::string Reply(const std::string& status, const std::vector<std::string>& headers, const std::string& body) {
  std::string reply = "HTTP/1.1 " + status + "\r\n";
  for (const auto& header : headers) reply += header + "\r\n";
  return reply + "\r\n" + body;
}

/// The offset a request asks for, 0 without a Range.
size_t RangeStart(const std::string& request) {
  const size_t at = request.find("Range: bytes=");
  return at == std::string::npos ? 0 : std::stoul(request.substr(at + 13));
}

const StorageOptions kQuick = {{"timeout", 2}};

TEST(HttpFaults, ALostConnectionIsContinued) {
  const std::string text = Text(200'000);
  ScriptedServer server([&](int n, const std::string& request) {
    const size_t start = RangeStart(request);
    const std::string range = "Content-Range: bytes " + std::to_string(start) + "-199999/200000";
    const std::string length = "Content-Length: " + std::to_string(200'000 - start);
    EXPECT_EQ(start > 0, request.find("If-Range: \"v1\"") != std::string::npos);
    // Every connection breaks after 30,000 bytes.
    return Reply(start > 0 ? "206 Partial" : "200 OK", {"ETag: \"v1\"", length, range}, text.substr(start, 30'000));
  });
  EXPECT_TRUE(ReadStream({server.url()}, kQuick).ValueOrDie() == text);
  EXPECT_EQ(server.connections(), 7);
}

TEST(HttpFaults, WithoutRangesTheStartIsPassedOver) {
  const std::string text = Text(100'000);
  ScriptedServer server([&](int n, const std::string&) {
    return Reply("200 OK", {"ETag: \"v1\"", "Content-Length: 100000"}, text.substr(0, n == 0 ? 40'000 : 100'000));
  });
  EXPECT_TRUE(ReadStream({server.url()}, kQuick).ValueOrDie() == text);
}

TEST(HttpFaults, AnotherVersionIsNotMixedIn) {
  const std::string text = Text(100'000);
  ScriptedServer server([&](int n, const std::string&) {
    return Reply("200 OK", {n == 0 ? "ETag: \"v1\"" : "ETag: \"v2\"", "Content-Length: 100000"},
                 text.substr(0, n == 0 ? 40'000 : 100'000));
  });
  EXPECT_THAT(ReadStream({server.url()}, kQuick).status().message(), HasSubstr("was replaced"));
}

TEST(HttpFaults, WithoutAVersionALostConnectionIsAnError) {
  ScriptedServer server([&](int, const std::string&) { return Reply("200 OK", {"Content-Length: 1000"}, "abc"); });
  EXPECT_THAT(ReadStream({server.url()}, kQuick).status().message(), HasSubstr("cannot continue"));
}

TEST(HttpFaults, TroubleThatPassesIsWaitedOut) {
  ScriptedServer server([&](int n, const std::string&) -> std::string {
    if (n == 0) return "";
    if (n == 1) return Reply("503 Busy", {"Content-Length: 0"}, "");
    if (n == 2) return Reply("429 Slow down", {"Content-Length: 0", "Retry-After: 1"}, "");
    return Reply("200 OK", {"Content-Length: 4"}, "text");
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ReadStream({server.url()}, {{"timeout", 10}}).ValueOrDie(), "text");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(server.connections(), 4);
}

TEST(HttpFaults, OtherErrorsAreNotRepeated) {
  ScriptedServer server([&](int, const std::string&) { return Reply("400 Bad", {"Content-Length: 0"}, ""); });
  EXPECT_FALSE(ReadStream({server.url()}, kQuick).ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpFaults, NonsenseIsAnErrorAndNotACrash) {
  for (const char* reply : {"nonsense", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", "HTTP/1.1 206 X\r\n\r\nabc",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"}) {
    ScriptedServer server([&](int, const std::string&) -> std::string { return reply; });
    EXPECT_FALSE(ReadStream({server.url()}, {{"timeout", 2}, {"retries", 2}}).ok()) << reply;
  }
}

TEST(HttpFaults, RangesThatAreNotWhatWasAskedForAreRefused) {
  ScriptedServer server([&](int n, const std::string&) {
    if (n == 0) return Reply("206 Partial", {"Content-Range: bytes 0-0/1000", "Content-Length: 1"}, "x");
    return Reply("206 Partial", {"Content-Range: bytes 7-16/1000", "Content-Length: 10"}, "0123456789");
  });
  auto file = OpenInputFile({server.url()}, kQuick, UnlimitedContext()).ValueOrDie();
  EXPECT_THAT(file->ReadAt(5, 10).status().message(), HasSubstr("range"));
}

TEST(EncodeUrl, LeavesWhatIsEncoded) {
  EXPECT_EQ(EncodeUrl("http://h/a b%20ü?q=a b#part"), "http://h/a%20b%20%C3%BC?q=a%20b");
  EXPECT_EQ(EncodeUrl("http://h"), "http://h");
}

}  // namespace
}  // namespace millstream::fs
