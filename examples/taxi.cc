// NYC taxi trips: CSV -> trips with more than three passengers -> three columns -> Avro.
//   taxi trips.csv output-directory
#include <cstdio>

#include <arrow/status.h>
#include <millstream/millstream.h>

using millstream::col;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: taxi CSV DIRECTORY\n");
    return 2;
  }
  auto session = millstream::Session::Make();
  if (!session.ok()) {
    std::fprintf(stderr, "%s\n", session.status().message().c_str());
    return 1;
  }
  auto report = session->ReadCsv({argv[1]}, {{"blocksize", "32MB"}})
                    .Filter(col("passenger_count") > 3)
                    .Select({"pickup_datetime", "passenger_count", "trip_time_in_secs"})
                    .WriteAvro(argv[2]);
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", report.status().message().c_str());
    return 1;
  }
  std::printf("%lld rows in, %lld rows out, %.2f s\n", static_cast<long long>(report->rows_in),
              static_cast<long long>(report->rows_written), report->seconds);
}
