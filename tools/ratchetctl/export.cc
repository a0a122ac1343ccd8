#include "tools/ratchetctl/export.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/inspect/export.h"
#include "store/rocks_log.h"
#include "store/tiles.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/progress.h"
#include "tools/ratchetctl/public_format.h"
#include "tools/ratchetctl/stop_signals.h"

namespace ratchet::ratchetctl {

namespace {

namespace fs = std::filesystem;

struct Options {
  PublishOptions publish;
  std::string folder;  // of tiles
  bool json_lines = false;
  std::string run;
  std::uint64_t from = 0;
};

// "3\n7-9\n": the records that are pruned, a range a line.
std::string ranges(const std::vector<std::uint64_t>& indexes) {
  std::string text;
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const std::size_t first = i;
    while (i + 1 < indexes.size() && indexes[i + 1] == indexes[i] + 1) ++i;
    text += std::to_string(indexes[first]);
    if (i != first) text += "-" + std::to_string(indexes[i]);
    text += "\n";
  }
  return text;
}

// A bundle holds 256 records; that it is written is progress.
store::TilesReport write_tiles_to(const fs::path& to, const store::LogReader& log,
                                  std::uint64_t size, const Streams& streams) {
  constexpr std::uint64_t records_of_bundle = 256;
  ProgressLine line(streams, "export");
  std::uint64_t done = 0;
  return store::write_tiles(log, size, [&](const std::string& path, std::string_view bytes) {
    write_file(to / path, bytes);
    if (!path.starts_with("tile/entries/")) return;
    done = std::min(done + records_of_bundle, size);
    line.at(done, size);
  });
}

// The checkpoint comes last: what it covers is there when it is.
int export_tiles(const store::LogReader& log, const Options& options, const Output& output) {
  const Published published = publish(log, options.publish);
  const fs::path to = options.folder;
  const store::TilesReport report = write_tiles_to(to, log, published.head.size, output.streams);
  write_file(to / "pruned", ranges(report.pruned));
  write_file(to / "checkpoint", published.text);
  Document document = document_of(published);
  document["tiles"] = report.tiles;
  document["bundles"] = report.bundles;
  document["pruned"] = report.pruned.size();
  if (wrote_document(document, output)) return Exit::well;
  output.streams.out << "exported " << published.head.size << " records to " << options.folder
                     << ": checkpoint, " << report.tiles << " tiles of hashes, " << report.bundles
                     << " bundles of entries\n";
  if (!report.pruned.empty()) {
    output.streams.out << report.pruned.size() << " records are pruned: the file pruned names "
                       << "them, their entries are empty, their hashes are in the tiles\n";
  }
  return Exit::well;
}

int export_to(const std::string& dir, const Options& options, const Output& output) {
  const auto log = store::open_rocks_reader(dir);
  if (!options.json_lines) return export_tiles(*log, options, output);
  JsonLinesOptions lines{.from = options.from};
  if (!options.run.empty()) lines.run = RunName{options.run, false};
  return export_json_lines(*log, lines, output);
}

}  // namespace

int export_json_lines(const store::LogReader& log, const JsonLinesOptions& options,
                      const Output& output) {
  if (output.format == Format::yaml) {
    throw WrongInput("--jsonl is JSON, an event a line: leave -o yaml out");
  }
  const std::uint64_t size = log.head().size;
  if (options.from > size) {
    throw WrongInput("the log has " + std::to_string(size) + " records: there is no record " +
                     std::to_string(options.from) + " to go on from");
  }
  engine::ExportOptions wanted{.first = options.from};
  if (options.run) wanted.run = find_run(log, *options.run).run;
  std::ostream& out = output.streams.out;
  const StopSignals signals;
  ProgressLine line(output.streams, "export");
  // Lines on a terminal are progress enough.
  const engine::Progress progress =
      output.streams.screen.width == 0 ? line.reporter() : engine::Progress();
  engine::for_each_event(log, wanted,
                         [&](const std::string& run_id, const engine::RecordedEvent& event) {
                           if (progress) progress(event.index + 1, size);
                           write_json_line(out, document_of(run_id, event));
                           return out.good() && !signals.came();
                         });
  if (signals.came()) return Exit::stopped;
  out.flush();
  if (!out) throw std::runtime_error("the events cannot be written");
  return Exit::well;
}

void add_export(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "export", "The log as static files (c2sp.org/tlog-tiles), or its events as lines of JSON");
  const auto options = std::make_shared<Options>();
  auto* tiles = command->add_option("--tiles", options->folder, "The folder to write tiles into")
                    ->type_name("DIR");
  auto* lines = command->add_flag("--jsonl", options->json_lines,
                                  "Every event as a JSON object on a line of standard output, in "
                                  "the log's order, in little memory however long the log is");
  lines->excludes(tiles);
  command->add_option("--run", options->run, "With --jsonl: of this run alone")
      ->type_name("RUN")
      ->needs(lines);
  command
      ->add_option("--from", options->from,
                   "With --jsonl: from the record with this index on (the field index of a line)")
      ->type_name("INDEX")
      ->needs(lines);
  add_key(*command, options->publish);
  for (const char* of_tiles : {"--key", "--size"}) command->get_option(of_tiles)->needs(tiles);
  command->callback([&chosen, options] {
    if (options->folder.empty() && !options->json_lines) {
      throw CLI::ValidationError("export", "say --tiles DIR, or --jsonl");
    }
    chosen = [options](const std::string& dir, const Output& output) {
      return export_to(dir, *options, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
