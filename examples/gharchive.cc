// GH Archive: hourly .json.gz -> the repository's name out of the nested record -> Parquet partitioned by type and repo_name.
//   gharchive output-directory hour.json.gz ...
#include <cstdio>

#include <arrow/status.h>
#include <millstream/millstream.h>

using millstream::col;

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: gharchive DIRECTORY HOUR.json.gz ...\n");
    return 2;
  }
  auto session = millstream::Session::Make();
  if (!session.ok()) {
    std::fprintf(stderr, "%s\n", session.status().message().c_str());
    return 1;
  }
  auto report = session->ReadJson({argv + 2, argv + argc})
                    .Project({{"repo_name", col("repo").Field("name")},
                              {"type", col("type")},
                              {"id", col("id")},
                              {"created_at", col("created_at")},
                              {"payload", col("payload")}})
                    .WriteParquet(argv[1], {{"partition_on", {"type", "repo_name"}}});
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", report.status().message().c_str());
    return 1;
  }
  std::printf("%lld events, %lld bytes written, %.2f s\n", static_cast<long long>(report->rows_written),
              static_cast<long long>(report->bytes_written), report->seconds);
}
