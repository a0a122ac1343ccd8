#include "tools/ratchetctl/runs.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/core/codec.h"
#include "engine/inspect/payloads.h"
#include "engine/inspect/timeline.h"
#include "engine/runtime/care.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/numbers.h"
#include "tools/ratchetctl/planned.h"
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

// Whether a run with this input works on the database, NAMESPACE/NAME.
bool is_of(const std::string& input, const std::string& database) {
  const Document asked = payload_in(input);
  if (!asked.contains("database") || !asked["database"].is_object()) return false;
  const Document& named = asked["database"];
  return named.value("space", "") + "/" + named.value("name", "") == database;
}

std::vector<engine::RunInfo> selected(const store::LogReader& log, const RunsOptions& options) {
  std::vector<engine::RunInfo> runs = engine::list_runs(log, options.filter);
  engine::Definitions definitions;
  if (!options.about.empty() || !options.database.empty()) load_definitions(log, definitions);
  if (!options.database.empty()) {
    std::erase_if(runs, [&](const engine::RunInfo& run) {
      return !is_of(input_of(log, run, definitions), options.database);
    });
  }
  if (!options.about.empty()) {
    std::erase_if(runs, [&](const engine::RunInfo& run) {
      const std::string failure = run.failure ? text_of(*run.failure) : "";
      return !contains(run.run_id, options.about) && !contains(run.origin->key, options.about) &&
             !contains(failure, options.about) &&
             !contains(input_of(log, run, definitions), options.about);
    });
  }
  const bool too_many = options.newest != 0 && runs.size() > options.newest;
  if (too_many) runs.erase(runs.begin(), runs.end() - static_cast<std::ptrdiff_t>(options.newest));
  return runs;
}

// Open runs count as if they ended now, and as the last ones that ended.
void put_in_order(std::vector<engine::RunInfo>& runs, const RunsOptions& options) {
  using engine::RunInfo;
  const auto now = std::chrono::time_point_cast<engine::Duration>(std::chrono::system_clock::now());
  // Those that are alike stay as they are in the log.
  const auto by = [&runs](auto key) {
    std::ranges::sort(
        runs, {}, [key](const RunInfo& run) { return std::pair(std::invoke(key, run), run.run); });
  };
  switch (options.order) {
    case RunOrder::started:
      break;  // as they are in the log
    case RunOrder::ended:
      by([](const RunInfo& run) { return run.ended.value_or(engine::Time::max()); });
      break;
    case RunOrder::duration:
      by([now](const RunInfo& run) { return run.ended.value_or(now) - run.started; });
      break;
    case RunOrder::state:
      by([](const RunInfo& run) { return std::string_view(name_of(run.state)); });
      break;
    case RunOrder::workflow:
      by([](const RunInfo& run) { return std::pair(run.workflow, run.version); });
      break;
    case RunOrder::id:
      by(&RunInfo::run_id);
      break;
  }
  if (options.reverse) std::ranges::reverse(runs);
}

// What a user turns the pages of.
struct Page {
  std::vector<engine::RunInfo> runs;
  std::size_t of = 0;  // runs on all pages
};

Page page_of(const store::LogReader& log, const RunsOptions& options) {
  Page page{selected(log, options), 0};
  page.of = page.runs.size();
  put_in_order(page.runs, options);
  const auto skipped = static_cast<std::ptrdiff_t>(std::min(options.skip, page.of));
  page.runs.erase(page.runs.begin(), page.runs.begin() + skipped);
  if (options.limit != 0 && page.runs.size() > options.limit) {
    page.runs.erase(page.runs.begin() + static_cast<std::ptrdiff_t>(options.limit),
                    page.runs.end());
  }
  return page;
}

// Where in all of them the page is; empty if it is all of them.
std::string place_of(const Page& page, const RunsOptions& options) {
  const std::string of = std::to_string(page.of);
  if (page.of == 0) return "the log has no such runs";
  if (page.runs.empty()) {
    return "the log has " + of + " such runs: --skip " + std::to_string(options.skip) +
           " leaves none";
  }
  if (page.runs.size() == page.of) return {};
  const std::size_t last = options.skip + page.runs.size();
  return "runs " + std::to_string(options.skip + 1) + " to " + std::to_string(last) + " of " + of;
}

// One after the other, as what is printed about a run is looked up.
template <class Visit>
void each_on(const Page& page, const store::LogReader& log, Visit visit) {
  for (const engine::RunInfo& run : page.runs) {
    visit(run, open_commands(log, run), engine::awaits_release(log, run));
  }
}

Document documents_of(const Page& page, const store::LogReader& log) {
  Document documents = Document::array();
  each_on(page, log, [&](const engine::RunInfo& run, const auto& open, bool awaits) {
    documents.push_back(document_of(run, open));
    if (awaits) documents.back()["waiting_for"] = Document::array({by_a_release});
  });
  return documents;
}

std::string table_of(const Page& page, const store::LogReader& log, const Screen& screen) {
  Table table({{"RUN"}, {"WORKFLOW"}, {"STATE"}, {"STARTED"}, {"DURATION"}, {"WHY"}}, screen);
  each_on(page, log, [&](const engine::RunInfo& run, const auto& open, bool awaits) {
    table.add({Cell{run.run_id}, Cell{run.workflow + " v" + std::to_string(run.version)},
               Cell{name_of(run.state), style_of(run.state)},
               Cell{local_date(run.started) + " " + local_clock(run.started)},
               Cell{for_people(until(run) - run.started)}, why(run, open, awaits)});
  });
  return table.take();
}

// Which runs.
void add_filter(CLI::App& command, engine::RunFilter& filter) {
  command.add_option("--workflow", filter.workflow, "Of this workflow")->type_name("NAME");
  command
      .add_option_function<std::vector<std::string>>(
          "--state",
          [&filter](const std::vector<std::string>& names) {
            for (const std::string& name : names) filter.states.push_back(*state_named(name));
          },
          "In one of these states")
      ->type_name("STATE,…")
      ->delimiter(',')
      ->check([](const std::string& name) {
        return state_named(name) ? "" : "'" + name + "' is no state of a run";
      });
  command.add_option("--key", filter.key, "Started with this key")->type_name("KEY");
  command.add_option("--parent", filter.parent, "Started by this run")->type_name("RUN");
  const auto add_time = [&command](const char* name, std::optional<engine::Time>& time,
                                   const char* about) {
    command
        .add_option_function<std::string>(
            name, [&time](const std::string& text) { time = time_in(text); }, about)
        ->type_name("TIME");
  };
  add_time("--since", filter.started_from, "Started then or later; UTC, as 2026-11-25");
  add_time("--before", filter.started_before, "Started before then");
}

// How they are shown.
void add_page(CLI::App& command, RunsOptions& options) {
  const std::map<std::string, RunOrder> orders{
      {"started", RunOrder::started},   {"ended", RunOrder::ended},
      {"duration", RunOrder::duration}, {"state", RunOrder::state},
      {"workflow", RunOrder::workflow}, {"id", RunOrder::id}};
  command
      .add_option("--sort", options.order,
                  "By started (default), ended, duration, state, workflow or id; least first")
      ->type_name("FIELD")
      ->transform(CLI::CheckedTransformer(orders).description(""));
  command.add_flag("--reverse", options.reverse, "The other way round");
  command.add_option("--skip", options.skip, "Leave out the first so many")
      ->type_name("N")
      ->check(wrong_skip);
  command.add_option("--limit", options.limit, "Show no more than so many")
      ->type_name("N")
      ->check(wrong_count);
}

}  // namespace

int print_runs(const store::LogReader& log, const RunsOptions& options, const Output& output) {
  const Page page = page_of(log, options);
  std::ostream& out = output.streams.out;
  if (options.ids) {
    for (const engine::RunInfo& run : page.runs) out << one_line(run.run_id) << "\n";
  } else if (output.format == Format::json) {
    write_json(out, documents_of(page, log));
  } else if (output.format == Format::yaml) {
    write_yaml(out, documents_of(page, log));
  } else {
    if (!page.runs.empty()) out << table_of(page, log, output.streams.screen);
    const std::string place = place_of(page, options);
    if (!place.empty()) output.streams.err << place << "\n";
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

void add_runs(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("runs", "The runs of the log, oldest first");
  const auto options = std::make_shared<RunsOptions>();
  add_filter(*command, options->filter);
  command->add_option("--database", options->database, "On this MySQL")
      ->type_name("NAMESPACE/NAME");
  command
      ->add_option("--about", options->about,
                   "With this text in the id, the key, the failure or what it was asked")
      ->type_name("TEXT");
  command->add_option("--newest", options->newest, "No more than the newest so many")
      ->type_name("N")
      ->check(wrong_count);
  add_page(*command, *options);
  auto* ids = command->add_flag("--ids", options->ids, "Their ids alone, one a line");
  const auto watched = std::make_shared<bool>(false);
  auto* watch = command->add_flag("-w,--watch", *watched,
                                  "Go on, and show them anew whenever something is recorded");
  command
      ->add_option_function<double>(
          "--timeout",
          [options](double seconds) {
            options->timeout = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
          },
          "Watch no longer than that")
      ->type_name("SECONDS")
      ->check(wrong_seconds)
      ->needs(watch);
  ids->excludes(watch);
  command->callback([&chosen, options, watched] {
    chosen = [options, watched](const std::string& dir, const Output& output) {
      if (*watched) return watch_runs(dir, *options, output);
      return print_runs(*store::open_rocks_reader(dir), *options, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
