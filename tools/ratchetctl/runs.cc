// ratchetctl runs: a line a run, with what it waits for or why it failed.
#include <ostream>
#include <utility>

#include "engine/inspect/events.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

std::vector<engine::OpenCommand> open_commands(const store::LogReader& log,
                                               const engine::RunInfo& run) {
  if (run.ended) return {};
  return engine::open_commands(engine::read_history(log, run.run));
}

Cell why(const engine::RunInfo& run, const std::vector<engine::OpenCommand>& open) {
  if (run.failure) return {text_of(*run.failure), style_of(run.state)};
  std::string text;
  if (run.paused && run.steered) text = "paused: " + text_of(*run.steered);
  if (run.cancel_requested && !run.ended) {
    text += (text.empty() ? "" : "; ") + ("being cancelled: " + text_of(*run.cancel_requested));
  }
  if (!text.empty()) text += open.empty() ? "" : "; ";
  bool first = true;
  for (const auto& command : open) {
    text += (std::exchange(first, false) ? "waits for " : "; ") + text_of(command);
  }
  return {text};
}

engine::Time now() {
  return std::chrono::floor<engine::Duration>(std::chrono::system_clock::now());
}

}  // namespace

int print_runs(const store::LogReader& log, const Output& output) {
  Table table({{"RUN"}, {"WORKFLOW"}, {"STATE"}, {"STARTED"}, {"DURATION"}, {"WHY"}},
              output.streams.screen);
  Document documents = Document::array();
  for (const engine::RunInfo& run : engine::list_runs(log)) {
    const auto open = open_commands(log, run);
    documents.push_back(document_of(run, open));
    table.add({Cell{run.run_id}, Cell{run.workflow + " v" + std::to_string(run.version)},
               Cell{name_of(run.state), style_of(run.state)},
               Cell{local_date(run.started) + " " + local_clock(run.started)},
               Cell{for_people(run.ended.value_or(now()) - run.started)}, why(run, open)});
  }
  if (output.format == Format::json) {
    write_json(output.streams.out, documents);
  } else if (output.format == Format::yaml) {
    write_yaml(output.streams.out, documents);
  } else if (documents.empty()) {
    output.streams.err << "the log has no runs yet\n";
  } else {
    output.streams.out << table.take();
  }
  return Exit::well;
}

}  // namespace ratchet::ratchetctl
