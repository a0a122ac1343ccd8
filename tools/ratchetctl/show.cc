#include "tools/ratchetctl/show.h"

#include <memory>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/explain.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/acts.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/steps.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

// What both commands say.
struct Shown {
  engine::RunInfo run;
  std::vector<engine::RecordedEvent> events;
  std::vector<engine::TimelineEntry> entries;
  engine::Explanation explanation;
};

Shown look_at(const std::string& dir, const RunName& name) {
  const auto log = store::open_rocks_reader(dir);
  Shown shown;
  shown.run = find_run(*log, name);
  shown.events = engine::EventReader(shown.run.run).next(*log);
  shown.entries = engine::timeline(shown.events);
  shown.explanation = engine::explain(shown.run, shown.events, shown.entries);
  return shown;
}

engine::Time until(const engine::RunInfo& run) {
  return run.ended.value_or(std::chrono::floor<engine::Duration>(std::chrono::system_clock::now()));
}

std::string steps_table(const Shown& shown, const Screen& screen) {
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

Document document_of(const engine::Explanation& explanation) {
  return {
      {"state", explanation.state}, {"because", explanation.because}, {"next", explanation.next}};
}

Document document_of(const Shown& shown) {
  Document document = ratchetctl::document_of(shown.run);
  document["explanation"] = document_of(shown.explanation);
  document["steps"] = Document::array();
  for (const engine::TimelineEntry& entry : shown.entries) {
    Document step{{"command", entry.command.command},
                  {"name", entry.command.name},
                  {"began", utc(entry.command.wall)},
                  {"took_us", entry.took(until(shown.run)).count()},
                  {"open", !entry.end},
                  {"attempts", attempts_of(entry)},
                  {"result", result_of(entry).text}};
    if (entry.trouble) step["trouble"] = text_of(*entry.trouble);
    if (entry.doubt) step["doubt"] = *entry.doubt;
    document["steps"].push_back(std::move(step));
  }
  document["acts"] = acts_of(shown.events);
  return document;
}

void print_links(const engine::RunInfo& run, std::ostream& out) {
  const std::pair<const char*, const std::string*> links[] = {{"key", &run.origin.key},
                                                              {"parent", &run.origin.parent},
                                                              {"previous", &run.origin.previous},
                                                              {"next run", &run.successor}};
  for (const auto& [name, value] : links) {
    if (!value->empty()) out << name << ": " << one_line(*value) << "\n";
  }
}

void print(const Shown& shown, const Streams& streams) {
  const engine::RunInfo& run = shown.run;
  streams.out << "run " << one_line(run.run_id) << ": " << run.workflow << " version "
              << run.version << ", "
              << styled(name_of(run.state), style_of(run.state), streams.screen) << " for "
              << for_people(until(run) - run.started) << "\n";
  print_links(run, streams.out);
  print_explanation(shown.explanation, streams.out);
  streams.out << "\n" << steps_table(shown, streams.screen);
  const std::vector<std::string> acts = acts_of(shown.events);
  if (!acts.empty()) streams.out << "\n";
  for (const std::string& act : acts) streams.out << one_line(act) << "\n";
}

int show(const std::string& dir, const RunName& name, const Output& output) {
  const Shown shown = look_at(dir, name);
  if (output.format == Format::json) write_json(output.streams.out, document_of(shown));
  if (output.format == Format::yaml) write_yaml(output.streams.out, document_of(shown));
  if (output.format == Format::table) print(shown, output.streams);
  return Exit::well;
}

int explain(const std::string& dir, const RunName& name, const Output& output) {
  const Shown shown = look_at(dir, name);
  const Document document = document_of(shown.explanation);
  if (output.format == Format::json) write_json(output.streams.out, document);
  if (output.format == Format::yaml) write_yaml(output.streams.out, document);
  if (output.format == Format::table) print_explanation(shown.explanation, output.streams.out);
  return Exit::well;
}

using Command = int (*)(const std::string& dir, const RunName& name, const Output& output);

void add(CLI::App& app, Action& chosen, const char* name, const char* about, Command command) {
  CLI::App* added = app.add_subcommand(name, about);
  const auto run = std::make_shared<RunName>();
  auto* id = added->add_option("RUN", run->prefix, "Id of the run, or enough of its beginning");
  added->add_flag("--last", run->last, "The newest run")->excludes(id);
  added->callback([&chosen, run, command, name] {
    if (run->prefix.empty() && !run->last) {
      throw CLI::ValidationError(name, "name a run, or say --last");
    }
    chosen = [run, command](const std::string& dir, const Output& output) {
      return command(dir, *run, output);
    };
  });
}

}  // namespace

void add_show(CLI::App& app, Action& chosen) {
  add(app, chosen, "show", "A run: where it stands, what each step took, who acted on it", show);
  add(app, chosen, "explain", "Why a run waits or failed, and what can be done about it", explain);
}

}  // namespace ratchet::ratchetctl
