#include "millstream/fs/s3.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include <arrow/filesystem/s3fs.h>

#include "millstream/fs/listing.h"

namespace millstream::fs {
namespace {

constexpr std::string_view kPlace = "storage_options for s3";

/// Typed access to one level of the options, with errors that say where.
class Section {
 public:
  static Result<Section> Of(const StorageOptions& parent, const std::string& name, const std::string& where,
                            const std::vector<std::string_view>& known) {
    const StorageOptions none = StorageOptions::object();
    const bool given = name.empty() ? !parent.is_null() : parent.contains(name) && !parent.at(name).is_null();
    const StorageOptions& values = !given ? none : name.empty() ? parent : parent.at(name);
    const std::string place = name.empty() ? where : where + ", " + name;
    ARROW_RETURN_NOT_OK(CheckKeys(values, known, place));
    return Section(values, place);
  }

  Result<std::string> Text(const char* key, std::string otherwise = "") const {
    const StorageOptions* value = Find(key);
    if (!value) return otherwise;
    // The value is not shown: it may be a secret.
    if (!value->is_string()) return Status::Invalid(place_, ": '", key, "' must be a string, not ", value->type_name());
    return value->get<std::string>();
  }
  Result<bool> Flag(const char* key, bool otherwise) const {
    const StorageOptions* value = Find(key);
    if (!value) return otherwise;
    if (!value->is_boolean()) {
      return Status::Invalid(place_, ": '", key, "' must be the boolean true or false, not ",
                             value->is_string() ? "the text " : "", value->dump());
    }
    return value->get<bool>();
  }
  /// Seconds or a count; negative where not given.
  Result<double> Number(const char* key) const {
    const StorageOptions* value = Find(key);
    if (!value) return -1;
    if (!value->is_number() || value->get<double>() <= 0) {
      return Status::Invalid(place_, ": '", key, "' must be a number above 0, not ", value->dump());
    }
    return value->get<double>();
  }
  Result<Section> Sub(const std::string& name, const std::vector<std::string_view>& known) const {
    return Of(values_, name, place_, known);
  }
  const StorageOptions* Find(const char* key) const {
    const auto found = values_.find(key);
    return found == values_.end() || found->is_null() ? nullptr : &*found;
  }
  const std::string& place() const { return place_; }

 private:
  Section(StorageOptions values, std::string place) : values_(std::move(values)), place_(std::move(place)) {}
  StorageOptions values_;
  std::string place_;
};

std::string FromEnvironment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value && *value) return value;
  }
  return "";
}

/// "http://host:port/" -> scheme and host; without a scheme it is `ssl` that decides.
Status SetEndpoint(const std::string& place, std::string url, bool ssl, arrow::fs::S3Options* options) {
  options->scheme = ssl ? "https" : "http";
  if (const size_t end = url.find("://"); end != std::string::npos) {
    options->scheme = url.substr(0, end);
    url = url.substr(end + 3);
    if (options->scheme != "http" && options->scheme != "https") {
      return Status::Invalid(place, ": 'endpoint_url' must start with http:// or https://");
    }
  }
  while (url.ends_with('/')) url.pop_back();
  if (url.find_first_of("/@?") != std::string::npos || url.empty()) {
    return Status::Invalid(place, ": 'endpoint_url' must be like http://host:port, without a path, a query or a user");
  }
  options->endpoint_override = url;
  return Status::OK();
}

Status SetCredentials(const Section& top, const Section& client, arrow::fs::S3Options* options) {
  ARROW_ASSIGN_OR_RAISE(const bool anonymous, top.Flag("anon", false));
  ARROW_ASSIGN_OR_RAISE(std::string key, client.Text("aws_access_key_id"));
  ARROW_ASSIGN_OR_RAISE(std::string secret, client.Text("aws_secret_access_key"));
  ARROW_ASSIGN_OR_RAISE(std::string token, client.Text("aws_session_token"));
  ARROW_ASSIGN_OR_RAISE(key, top.Text("key", key));
  ARROW_ASSIGN_OR_RAISE(secret, top.Text("secret", secret));
  ARROW_ASSIGN_OR_RAISE(token, top.Text("token", token));
  if (anonymous) {
    options->ConfigureAnonymousCredentials();
    return Status::OK();
  }
  if (key.empty() != secret.empty()) {
    return Status::Invalid(top.place(), ": '", key.empty() ? "secret" : "key", "' is given without '",
                           key.empty() ? "key" : "secret", "'");
  }
  if (key.empty()) {
    options->ConfigureDefaultCredentials();
  } else {
    options->ConfigureAccessKey(key, secret, token);
  }
  return Status::OK();
}

Status SetSignature(const Section& section) {
  ARROW_ASSIGN_OR_RAISE(const std::string version, section.Text("signature_version", "s3v4"));
  if (version == "s3v4" || version == "v4") return Status::OK();
  return Status::Invalid(section.place(), ": 'signature_version' must be s3v4, not '", version, "'");
}

/// Tries each request `attempts` times. The strategies of the AWS library have a quota of retries for each client, which Arrow
/// does not let it refill: a long job would end at its hundredth passing fault. Waits grow, with full jitter.
class Retries final : public arrow::fs::S3RetryStrategy {
 public:
  explicit Retries(int64_t attempts) : attempts_(attempts) {}

  bool ShouldRetry(const AWSErrorDetail& error, int64_t tries) override {
    const bool busy = error.exception_name == "TooManyRequests" || error.exception_name == "SlowDown";
    return (error.should_retry || busy) && tries + 1 < attempts_;
  }
  int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail&, int64_t tries) override {
    constexpr int64_t kFirstMilliseconds = 200;
    constexpr int64_t kMostMilliseconds = 20'000;
    const int64_t most = std::min(kMostMilliseconds, kFirstMilliseconds << std::min<int64_t>(tries, 10));
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_int_distribution<int64_t>(0, most)(random);
  }

 private:
  const int64_t attempts_;
};

/// botocore's Config.
Status SetConfig(const Section& config, arrow::fs::S3Options* options, bool* by_path) {
  ARROW_ASSIGN_OR_RAISE(const Section s3, config.Sub("s3", {"signature_version", "addressing_style"}));
  ARROW_RETURN_NOT_OK(SetSignature(config));
  ARROW_RETURN_NOT_OK(SetSignature(s3));
  ARROW_ASSIGN_OR_RAISE(const std::string style, s3.Text("addressing_style", "auto"));
  if (style != "auto" && style != "path" && style != "virtual") {
    return Status::Invalid(s3.place(), ": 'addressing_style' must be auto, path or virtual, not '", style, "'");
  }
  options->force_virtual_addressing = style == "virtual";
  *by_path = style == "path";
  ARROW_ASSIGN_OR_RAISE(options->connect_timeout, config.Number("connect_timeout"));
  ARROW_ASSIGN_OR_RAISE(options->request_timeout, config.Number("read_timeout"));
  // botocore's defaults. The AWS library's own (1 and 3 seconds) give up on busy servers, and on copies of large objects, which
  // send nothing until they are done.
  if (options->connect_timeout < 0) options->connect_timeout = 60;
  if (options->request_timeout < 0) options->request_timeout = 60;
  ARROW_ASSIGN_OR_RAISE(const Section retries, config.Sub("retries", {"max_attempts", "mode"}));
  ARROW_ASSIGN_OR_RAISE(const double attempts, retries.Number("max_attempts"));
  options->retry_strategy = std::make_shared<Retries>(attempts > 0 ? std::llround(attempts) : 5);
  return Status::OK();
}

Status SetVerify(const Section& client, arrow::fs::S3Options* options) {
  const StorageOptions* verify = client.Find("verify");
  if (verify && verify->is_string()) {
    options->tls_ca_file_path = verify->get<std::string>();
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(options->tls_verify_certificates, client.Flag("verify", true));
  return Status::OK();
}

Result<arrow::fs::S3Options> ParseOptions(const StorageOptions& storage, const std::string& bucket) {
  ARROW_ASSIGN_OR_RAISE(const Section top, Section::Of(storage, "", std::string(kPlace),
                                                       {"key", "secret", "token", "anon", "endpoint_url", "use_ssl",
                                                        "client_kwargs", "config_kwargs"}));
  ARROW_ASSIGN_OR_RAISE(const Section client,
                        top.Sub("client_kwargs", {"endpoint_url", "region_name", "verify", "use_ssl", "aws_access_key_id",
                                                  "aws_secret_access_key", "aws_session_token"}));
  ARROW_ASSIGN_OR_RAISE(const Section config,
                        top.Sub("config_kwargs", {"s3", "signature_version", "connect_timeout", "read_timeout", "retries",
                                                  "region_name", "max_pool_connections"}));
  arrow::fs::S3Options options;
  ARROW_ASSIGN_OR_RAISE(bool ssl, top.Flag("use_ssl", true));
  ARROW_ASSIGN_OR_RAISE(ssl, client.Flag("use_ssl", ssl));
  options.scheme = ssl ? "https" : "http";
  ARROW_ASSIGN_OR_RAISE(std::string endpoint, top.Text("endpoint_url"));
  ARROW_ASSIGN_OR_RAISE(const std::string client_endpoint, client.Text("endpoint_url", endpoint));
  if (!endpoint.empty() && endpoint != client_endpoint) {
    return Status::Invalid(kPlace, ": 'endpoint_url' is given twice, and differs");
  }
  endpoint = client_endpoint.empty() ? FromEnvironment({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) : client_endpoint;
  if (!endpoint.empty()) ARROW_RETURN_NOT_OK(SetEndpoint(std::string(kPlace), endpoint, ssl, &options));

  ARROW_ASSIGN_OR_RAISE(const std::string config_region, config.Text("region_name"));
  ARROW_ASSIGN_OR_RAISE(options.region, client.Text("region_name", config_region));
  if (options.region.empty()) options.region = FromEnvironment({"AWS_REGION", "AWS_DEFAULT_REGION"});
  ARROW_RETURN_NOT_OK(SetCredentials(top, client, &options));
  bool by_path = false;
  ARROW_RETURN_NOT_OK(SetConfig(config, &options, &by_path));
  ARROW_RETURN_NOT_OK(SetVerify(client, &options));
  if (options.region.empty()) {
    options.region = "us-east-1";
    // Only AWS itself has buckets in many regions, and tells which.
    if (endpoint.empty()) options.region = arrow::fs::ResolveS3BucketRegion(bucket).ValueOr("us-east-1");
  }
  if (by_path && endpoint.empty()) {
    options.endpoint_override = "s3." + options.region + ".amazonaws.com";  // Arrow uses paths where there is an endpoint
  }
  return options;
}

/// Once a process. At its end the AWS library wants to be told, before its own statics go.
Status StartS3() {
  static const Status status = [] {
    if (arrow::fs::IsS3Initialized()) return Status::OK();  // by pyarrow, which also ends it
    arrow::fs::S3GlobalOptions global = arrow::fs::S3GlobalOptions::Defaults();
    global.log_level = arrow::fs::S3LogLevel::Off;
    ARROW_RETURN_NOT_OK(arrow::fs::InitializeS3(global));
    // Exit handlers run in the reverse order of their registration, and Arrow makes the static that ends S3 with its first
    // client: only a handler registered after that finds it alive.
    arrow::fs::S3Options options = arrow::fs::S3Options::Anonymous();
    options.region = "us-east-1";
    const Status made = arrow::fs::S3FileSystem::Make(options).status();
    std::atexit([] { ARROW_UNUSED(arrow::fs::EnsureS3Finalized()); });
    return made;
  }();
  return status;
}

/// Arrow leaves an empty object in the place of a folder whose last object goes. A job that starts between the look and the
/// removal may lose its first file; its commit then fails, and says so.
Status RemoveEmpty(arrow::fs::FileSystem* filesystem, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const bool is_full, HasFiles(filesystem, path));
  return is_full ? Status::IOError("'", path, "' is not empty") : filesystem->DeleteDir(path);
}

Result<std::shared_ptr<arrow::fs::FileSystem>> MakeS3(const StorageOptions& storage, const std::string& path) {
  ARROW_RETURN_NOT_OK(StartS3());
  ARROW_ASSIGN_OR_RAISE(const auto options, ParseOptions(storage, path.substr(0, path.find('/'))));
  return arrow::fs::S3FileSystem::Make(options);
}

}  // namespace

FileSystemKind S3Kind() {
  FileSystemKind kind;
  kind.schemes = {"s3", "s3a", "s3n"};
  kind.renames_folders = false;
  kind.slow_metadata = true;
  kind.reads_ahead = true;
  kind.may_mix_versions = true;
  kind.request_bytes = 4 << 20;
  kind.one_per_bucket = true;
  kind.environment = {"AWS_ACCESS_KEY_ID",  "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",   "AWS_REGION",
                      "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",      "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"};
  kind.make = MakeS3;
  kind.remove_empty_folder = RemoveEmpty;
  return kind;
}

}  // namespace millstream::fs
