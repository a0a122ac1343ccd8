#include "tools/ratchetctl/diff.h"

#include <memory>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/compare.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/run_view.h"
#include "tools/ratchetctl/steps.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

struct Side {
  engine::RunInfo run;
  std::vector<engine::TimelineEntry> entries;
};

Side side_of(const store::LogReader& log, const std::string& name) {
  Side side;
  side.run = find_run(log, {name, false});
  side.entries = engine::timeline(engine::EventReader(side.run.run).next(log));
  return side;
}

std::string summary_of(const engine::RunInfo& run) {
  return run.workflow + " v" + std::to_string(run.version) + ", " + name_of(run.state) + " for " +
         for_people(until(run) - run.started) +
         (run.failure ? ", " + text_of(*run.failure) : std::string());
}

// "ok", or "ok in 3 attempts".
Cell ending(const std::optional<engine::TimelineEntry>& entry) {
  if (!entry) return {"not taken", Style::warning};
  Cell cell = result_of(*entry);
  const std::uint32_t attempts = attempts_of(*entry);
  if (attempts > 1) cell.text += " in " + std::to_string(attempts) + " attempts";
  return cell;
}

std::string took(const std::optional<engine::TimelineEntry>& entry, const engine::RunInfo& run) {
  return entry ? for_people(entry->took(until(run))) : "";
}

Document document_of(const std::optional<engine::TimelineEntry>& entry,
                     const engine::RunInfo& run) {
  if (!entry) return nullptr;
  return {{"command", entry->command.command},
          {"took_us", entry->took(until(run)).count()},
          {"attempts", attempts_of(*entry)},
          {"result", result_of(*entry).text}};
}

Document document_of(const Side& one, const Side& other,
                     const std::vector<engine::ComparedStep>& steps) {
  Document document{{"one", ratchetctl::document_of(one.run)},
                    {"other", ratchetctl::document_of(other.run)},
                    {"steps", Document::array()}};
  for (const engine::ComparedStep& step : steps) {
    document["steps"].push_back({{"name", step_of(step.one ? *step.one : *step.other)},
                                 {"one", document_of(step.one, one.run)},
                                 {"other", document_of(step.other, other.run)}});
  }
  return document;
}

void print(const Side& one, const Side& other, const std::vector<engine::ComparedStep>& steps,
           const Streams& streams) {
  streams.out << "A  run " << one_line(one.run.run_id) << ": " << one_line(summary_of(one.run))
              << "\nB  run " << one_line(other.run.run_id) << ": "
              << one_line(summary_of(other.run)) << "\n\n";
  Table table({{""}, {"STEP"}, {"A TOOK", 0, true}, {"B TOOK", 0, true}, {"A"}, {"B"}},
              streams.screen);
  for (const engine::ComparedStep& step : steps) {
    Cell left = ending(step.one), right = ending(step.other);
    const bool differs = left.text != right.text;
    table.add({Cell{differs ? "*" : "", Style::warning},
               Cell{step_of(step.one ? *step.one : *step.other)}, Cell{took(step.one, one.run)},
               Cell{took(step.other, other.run)}, std::move(left), std::move(right)});
  }
  streams.out << table.take();
}

int diff(const std::string& dir, const std::pair<std::string, std::string>& names,
         const Output& output) {
  const auto log = store::open_rocks_reader(dir);
  const Side one = side_of(*log, names.first), other = side_of(*log, names.second);
  const auto steps = engine::compare(one.entries, other.entries);
  if (output.format == Format::table) {
    print(one, other, steps, output.streams);
    return Exit::well;
  }
  const Document document = document_of(one, other, steps);
  (output.format == Format::json ? write_json : write_yaml)(output.streams.out, document);
  return Exit::well;
}

}  // namespace

void add_diff(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("diff", "Two runs side by side: steps, how long they took, results");
  const auto names = std::make_shared<std::pair<std::string, std::string>>();
  command->add_option("RUN", names->first, "Id of a run, or enough of its beginning")->required();
  command->add_option("OTHER", names->second, "The other run")->required();
  command->callback([&chosen, names] {
    chosen = [names](const std::string& dir, const Output& output) {
      return diff(dir, *names, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
