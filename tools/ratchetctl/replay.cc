// ratchetctl replay: re-performs recorded decisions with the code at hand; where the two part, what
// was recorded stands beside what the code gives.
#include "engine/inspect/replay.h"

#include <algorithm>
#include <ostream>

#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/divergence.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/progress.h"

namespace ratchet::ratchetctl {

namespace {

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
    ProgressLine line(output.streams, "replay", "turns");
    reports.push_back(engine::replay(log, workflows, find_run(log, *run), line.reporter()));
  } else {
    ProgressLine line(output.streams, "replay");
    reports = engine::replay_all(log, workflows, line.reporter());
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
