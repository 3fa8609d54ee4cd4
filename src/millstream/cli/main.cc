// millstream: look at files and convert them, from a shell.
//
// Exit codes: 0 done; 1 the job failed (a file, a value, the storage, memory); 2 the command line or a name in it is wrong;
// 130 interrupted. Errors are one line on standard error.
#include <CLI/CLI.hpp>

#include <iostream>

#include "millstream/base/error_text.h"
#include "millstream/cli/commands.h"
#include "millstream/cli/progress.h"

namespace millstream::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;
constexpr int kInterrupted = 130;

void AddSource(CLI::App* command, SourceOptions* options) {
  command->add_option("source", options->source, "Path, URI or pattern of the input")->required();
  command->add_option("--format", options->format, "Input format (csv, json, parquet, avro); default: by the name");
  command->add_option("--options", options->options, "Reader options, a JSON object of pandas' names");
  command->add_option("--storage-options", options->storage_options, "Storage options of the input, a JSON object");
  command->add_option("--memory-limit", options->memory_limit, "Such as 256MB; default: 60% of the machine's");
  command->add_option("--threads", options->threads, "Default: all cores")->check(CLI::Range(1, 65536));
}

void AddConversion(CLI::App* command, ConvertOptions* options) {
  AddSource(command, &options->from);
  command
      ->add_option("destination", options->destination, "File, or directory where --partition-on, --to or a final / is given")
      ->required();
  command->add_option("--to", options->format, "Output format; default: by the name");
  command->add_option("--where", options->where,
                      "Keep the rows for which this holds: \"passenger_count > 3 and tip is not null\"");
  command->add_option("--select", options->select, "Columns to keep, A,B")->delimiter(',');
  command->add_option("--partition-on", options->partition_on, "Columns whose values name directories, A,B")->delimiter(',');
  command->add_option("--write-options", options->options, "Writer options, a JSON object");
  command->add_option("--write-storage-options", options->storage_options, "Storage options of the output, a JSON object");
}

int ExitCode(const Status& status) {
  if (status.ok()) return 0;
  std::cerr << "millstream: " << ErrorText(status) << "\n";
  if (status.IsCancelled()) return kInterrupted;
  return status.IsInvalid() || status.IsKeyError() || status.IsTypeError() ? kMisused : kFailed;
}

int Main(int argc, char** argv) {
  CLI::App app("Millstream: look at CSV, JSON, Parquet and Avro files and convert them");
  app.require_subcommand(1);
  app.set_version_flag("--version", "millstream " MILLSTREAM_VERSION);
  SourceOptions source;
  int64_t rows = 5;
  CLI::App* head = app.add_subcommand("head", "Print the first rows");
  AddSource(head, &source);
  head->add_option("-n,--rows", rows, "How many rows")->check(CLI::Range(int64_t{0}, int64_t{1} << 53));
  CLI::App* schema = app.add_subcommand("schema", "Print the columns and their types");
  AddSource(schema, &source);
  ConvertOptions conversion;
  CLI::App* convert = app.add_subcommand("convert", "Read, filter, select, and write in another format");
  AddConversion(convert, &conversion);
  convert->add_option("--report", conversion.report, "Write the JSON report of the run to this file; - is standard output");
  convert->add_flag("-q,--quiet", conversion.quiet, "Print nothing but errors");
  CLI::App* explain = app.add_subcommand("explain", "Print the plan of a conversion and run nothing");
  AddConversion(explain, &conversion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kMisused;
  }
  CatchInterrupts();
  if (*head) return ExitCode(Head(source, rows));
  if (*schema) return ExitCode(ShowSchema(source));
  if (*convert) return ExitCode(Convert(conversion));
  return ExitCode(Explain(conversion));
}

}  // namespace
}  // namespace millstream::cli

int main(int argc, char** argv) { return millstream::cli::Main(argc, argv); }
