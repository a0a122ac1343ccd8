// ratchetctl replay: re-performs recorded decisions with the code at hand; where the two part, what
// was recorded stands beside what the code gives.
#include "engine/inspect/replay.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {

namespace {

// One line of a protobuf difference ("modified: path: a -> b") as two columns.
std::pair<std::string, std::string> sides(const std::string& line) {
  const std::size_t kind_end = line.find(": ");
  if (kind_end == std::string::npos) return {line, ""};
  const std::string kind = line.substr(0, kind_end);
  const std::string rest = line.substr(kind_end + 2);
  if (kind == "added") return {"", rest};
  if (kind == "deleted") return {rest, ""};
  const std::size_t path_end = rest.find(": ");
  const std::size_t arrow = rest.find(" -> ");
  if (kind != "modified" || path_end == std::string::npos || arrow == std::string::npos) {
    return {line, ""};
  }
  const std::string path = rest.substr(0, path_end + 2);
  return {rest.substr(0, arrow), path + rest.substr(arrow + 4)};
}

void print_divergence(const engine::Divergence& parted, const Streams& streams) {
  streams.out << "  at turn " << parted.turn
              << (parted.where.empty() ? "" : ", " + one_line(parted.where)) << ":\n";
  Table table({{"  RECORDED"}, {"THIS BUILD"}}, streams.screen);
  const auto add = [&](const std::string& recorded, const std::string& attempted) {
    table.add({Cell{"  " + recorded, Style::good}, Cell{attempted, Style::bad}});
  };
  add(parted.recorded, parted.attempted);
  std::istringstream details(parted.details);
  for (std::string line; std::getline(details, line);) {
    const auto [recorded, attempted] = sides(line);
    add("  " + recorded, "  " + attempted);
  }
  streams.out << table.take();
}

void print(const std::vector<engine::ReplayReport>& reports, const Streams& streams) {
  Table table({{"RUN"}, {"WORKFLOW"}, {"TURNS", 0, true}, {"EVENTS", 0, true}, {"REPLAY"}},
              streams.screen);
  for (const engine::ReplayReport& report : reports) {
    const Cell same{report.run.pruned ? "its records were pruned" : "same", Style::good};
    table.add({Cell{report.run.run_id},
               Cell{report.run.workflow + " v" + std::to_string(report.run.version)},
               Cell{std::to_string(report.turns)}, Cell{std::to_string(report.events)},
               report.divergence ? Cell{"DIVERGED", Style::bad} : same});
  }
  streams.out << table.take();
  for (const engine::ReplayReport& report : reports) {
    if (!report.divergence) continue;
    streams.out << "\nrun " << one_line(report.run.run_id) << " parts from its record\n";
    print_divergence(*report.divergence, streams);
  }
}

}  // namespace

int print_replay(const store::LogReader& log, const engine::Registry& workflows,
                 const std::optional<RunName>& run, const Output& output) {
  std::vector<engine::ReplayReport> reports;
  if (run) {
    reports.push_back(engine::replay(log, workflows, find_run(log, *run)));
  } else {
    reports = engine::replay_all(log, workflows);
  }
  if (output.format == Format::table) {
    print(reports, output.streams);
  } else {
    Document documents = Document::array();
    for (const auto& report : reports) documents.push_back(document_of(report));
    (output.format == Format::json ? write_json : write_yaml)(output.streams.out, documents);
  }
  const bool same = std::ranges::none_of(
      reports, [](const auto& report) { return report.divergence.has_value(); });
  return same ? Exit::well : Exit::diverged;
}

}  // namespace ratchet::ratchetctl
