#include "tools/ratchetctl/show.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "store/rocks_log.h"
#include "tools/ratchetctl/acts.h"
#include "tools/ratchetctl/event_words.h"
#include "tools/ratchetctl/run_view.h"
#include "tools/ratchetctl/steps.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

RunView look_at(const std::string& dir, const RunName& name, const engine::Registry& workflows) {
  const auto log = store::open_rocks_reader(dir);
  return view_of(*log, find_run(*log, name), &workflows);
}

std::string steps_table(const RunView& shown, const Screen& screen) {
  Table table({{"#", 0, true},
               {"STEP"},
               {"OBJECT"},
               {"BEGAN"},
               {"TOOK", 0, true},
               {"ATTEMPTS", 0, true},
               {"RESULT"}},
              screen);
  for (const engine::TimelineEntry& entry : shown.entries) {
    const std::uint32_t attempts = attempts_of(entry);
    table.add({Cell{std::to_string(entry.command.command)}, Cell{step_of(entry)},
               Cell{object_of(entry)}, Cell{local_clock(entry.command.wall)},
               Cell{for_people(entry.took(until(shown.run)))},
               Cell{attempts == 0 ? "" : std::to_string(attempts)}, result_of(entry)});
  }
  return table.take();
}

void print_explanation(const engine::Explanation& explanation, std::ostream& out) {
  out << one_line(explanation.state) << "\n";
  for (const std::string& why : explanation.because) out << "  why:  " << one_line(why) << "\n";
  for (const std::string& what : explanation.next) out << "  next: " << one_line(what) << "\n";
}

// How far it has come.
void print_phase(const RunView& shown, std::ostream& out) {
  if (!shown.phase) return;
  const auto ended = std::ranges::count_if(
      shown.entries, [](const engine::TimelineEntry& entry) { return entry.end.has_value(); });
  out << "phase: " << name_of(*shown.phase) << "; of " << shown.entries.size() << " steps so far "
      << ended << " have ended\n";
}

void print_links(const engine::RunInfo& run, std::ostream& out) {
  const std::pair<const char*, const std::string*> links[] = {{"key", &run.origin->key},
                                                              {"parent", &run.origin->parent},
                                                              {"previous", &run.origin->previous},
                                                              {"next run", &run.successor}};
  for (const auto& [name, value] : links) {
    if (!value->empty()) out << name << ": " << one_line(*value) << "\n";
  }
}

void print(const RunView& shown, const Streams& streams) {
  const engine::RunInfo& run = shown.run;
  streams.out << "run " << one_line(run.run_id) << ": " << run.workflow << " version "
              << run.version << ", "
              << styled(name_of(run.state), style_of(run.state), streams.screen) << " for "
              << for_people(until(run) - run.started) << "\n";
  print_links(run, streams.out);
  print_explanation(shown.explanation, streams.out);
  print_phase(shown, streams.out);
  streams.out << "\n" << steps_table(shown, streams.screen);
  const std::vector<std::string> acts = acts_of(shown.events);
  if (!acts.empty()) streams.out << "\n";
  for (const std::string& act : acts) streams.out << one_line(act) << "\n";
}

int show(const RunView& shown, const Output& output) {
  if (output.format == Format::json) write_json(output.streams.out, document_of(shown));
  if (output.format == Format::yaml) write_yaml(output.streams.out, document_of(shown));
  if (output.format == Format::table) print(shown, output.streams);
  return Exit::well;
}

int explain(const RunView& shown, const Output& output) {
  const Document document = document_of(shown.explanation);
  if (output.format == Format::json) write_json(output.streams.out, document);
  if (output.format == Format::yaml) write_yaml(output.streams.out, document);
  if (output.format == Format::table) print_explanation(shown.explanation, output.streams.out);
  return Exit::well;
}

using ShowCommand = int (*)(const RunView& shown, const Output& output);

void add(CLI::App& app, Action& chosen, const engine::Registry& workflows, const char* name,
         const char* about, ShowCommand command) {
  CLI::App* added = app.add_subcommand(name, about);
  const auto run = std::make_shared<RunName>();
  auto* id = added->add_option("RUN", run->prefix, "Id of the run, or enough of its beginning");
  added->add_flag("--last", run->last, "The newest run")->excludes(id);
  added->callback([&chosen, &workflows, run, command, name] {
    if (run->prefix.empty() && !run->last) {
      throw CLI::ValidationError(name, "name a run, or say --last");
    }
    chosen = [&workflows, run, command](const std::string& dir, const Output& output) {
      return command(look_at(dir, *run, workflows), output);
    };
  });
}

}  // namespace

void add_show(CLI::App& app, Action& chosen, const engine::Registry& workflows) {
  add(app, chosen, workflows, "show",
      "A run: where it stands, what each step took, who acted on it", show);
  add(app, chosen, workflows, "explain", "Why a run waits or failed, and what can be done about it",
      explain);
}

}  // namespace ratchet::ratchetctl
