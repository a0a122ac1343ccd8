// ratchetctl runs: a line a run, with what it waits for or why it failed.
#include <ostream>
#include <thread>
#include <utility>

#include "engine/core/codec.h"
#include "engine/inspect/payloads.h"
#include "engine/inspect/timeline.h"
#include "engine/runtime/care.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/run_view.h"
#include "tools/ratchetctl/stop_signals.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

std::vector<engine::TimelineEntry> open_commands(const store::LogReader& log,
                                                 const engine::RunInfo& run) {
  if (run.ended) return {};
  return engine::open_commands(engine::read_history(log, run.run));
}

constexpr const char* by_a_release = "a person who releases it, since the log was accepted";

Cell why(const engine::RunInfo& run, const std::vector<engine::TimelineEntry>& open, bool awaits) {
  if (run.failure) return {text_of(*run.failure), style_of(run.state)};
  if (awaits) return {std::string("waits for ") + by_a_release};
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

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What the run was asked, as JSON.
std::string input_of(const store::LogReader& log, const engine::RunInfo& run,
                     const engine::Definitions& definitions) {
  const auto first = engine::read_turn(log, run.run, 0);
  if (!first || first->turn.events.empty()) return {};
  return engine::Payloads().decode(first->turn.events.front(), definitions).input;
}

std::vector<engine::RunInfo> selected(const store::LogReader& log, const RunsOptions& options) {
  std::vector<engine::RunInfo> runs = engine::list_runs(log, options.filter);
  if (!options.about.empty()) {
    engine::Definitions definitions;
    load_definitions(log, definitions);
    std::erase_if(runs, [&](const engine::RunInfo& run) {
      const std::string failure = run.failure ? text_of(*run.failure) : "";
      return !contains(run.run_id, options.about) && !contains(run.origin.key, options.about) &&
             !contains(failure, options.about) &&
             !contains(input_of(log, run, definitions), options.about);
    });
  }
  const bool too_many = options.newest != 0 && runs.size() > options.newest;
  if (too_many) runs.erase(runs.begin(), runs.end() - static_cast<std::ptrdiff_t>(options.newest));
  return runs;
}

}  // namespace

int print_runs(const store::LogReader& log, const RunsOptions& options, const Output& output) {
  Table table({{"RUN"}, {"WORKFLOW"}, {"STATE"}, {"STARTED"}, {"DURATION"}, {"WHY"}},
              output.streams.screen);
  Document documents = Document::array();
  for (const engine::RunInfo& run : selected(log, options)) {
    const auto open = open_commands(log, run);
    const bool awaits = engine::awaits_release(log, run);
    documents.push_back(document_of(run, open));
    if (awaits) documents.back()["waiting_for"] = Document::array({by_a_release});
    table.add({Cell{run.run_id}, Cell{run.workflow + " v" + std::to_string(run.version)},
               Cell{name_of(run.state), style_of(run.state)},
               Cell{local_date(run.started) + " " + local_clock(run.started)},
               Cell{for_people(until(run) - run.started)}, why(run, open, awaits)});
  }
  if (output.format == Format::json) {
    write_json(output.streams.out, documents);
  } else if (output.format == Format::yaml) {
    write_yaml(output.streams.out, documents);
  } else if (documents.empty()) {
    output.streams.err << "the log has no such runs\n";
  } else {
    output.streams.out << table.take();
  }
  return Exit::well;
}

int watch_runs(const std::string& dir, const RunsOptions& options, const Output& output) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds interval{100};
  constexpr std::chrono::seconds refresh{1};  // of durations, where somebody looks on
  const bool terminal = output.streams.screen.width != 0;
  const auto begin = Clock::now();
  const StopSignals signals;
  LiveLog live(dir);
  std::optional<std::uint64_t> seen;
  Clock::time_point printed;
  while (!signals.came() && output.streams.out) {
    const store::LogReader* log = live.poll();
    const bool news = log != nullptr && log->head().size != seen;
    const bool older = terminal && log != nullptr && Clock::now() - printed >= refresh;
    if (news || older) {
      if (terminal) output.streams.out << "\033[H\033[2J";
      if (!terminal && seen && output.format == Format::table) output.streams.out << "\n";
      print_runs(*log, options, output);
      output.streams.out.flush();
      seen = log->head().size;
      printed = Clock::now();
    }
    if (options.timeout && Clock::now() - begin >= *options.timeout) return Exit::timed_out;
    std::this_thread::sleep_for(interval);
  }
  return Exit::stopped;
}

}  // namespace ratchet::ratchetctl
