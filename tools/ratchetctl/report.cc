#include "tools/ratchetctl/report.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>

#include "store/rocks_log.h"
#include "tools/ratchetctl/publish.h"

namespace ratchet::ratchetctl {

namespace {

bool has_step(const engine::Report& report, const std::string& name) {
  return std::ranges::any_of(report.entries, [&name](const engine::TimelineEntry& entry) {
    return entry.command.name == name;
  });
}

}  // namespace

// By the names of the steps of update_version, and of the workflows that are made of them
// (workflows/mysql/ports.h, group_ports.h).
// A group takes no writes while its primary moves, a standalone server from its end to its
// successor's first answer: whoever looks at the record cannot say less.
std::optional<Outage> outage_of(const engine::Report& report) {
  const bool group = has_step(report, "inspect_group");
  auto span =
      group ? engine::span_between(report.events, "switch_primary", "prove_switch", "prove_switch")
            : engine::span_between(report.events, "delete_pod", "verify_server", "await_pod_ready");
  if (!span) return std::nullopt;
  return Outage{std::move(*span), group ? "the primary moved" : "the server was stopped"};
}

Reported reported(const store::LogReader& log, const engine::RunInfo& run) {
  Reported made{engine::report_on(log, run), {}, {}};
  made.plan = plan_in(made.report.events);
  made.outage = outage_of(made.report);
  return made;
}

int print_report(const store::LogReader& log, const RunName& name, const std::string& to_file,
                 const Output& output) {
  if (output.format != Format::table) {
    throw WrongInput("a report is a page for people: `show` and `history` give documents");
  }
  const engine::RunInfo run = find_run(log, name);
  std::ostringstream page;
  write_page(page, reported(log, run));
  if (to_file.empty()) {
    output.streams.out << page.str();
    return Exit::well;
  }
  write_file(to_file, page.str());
  output.streams.err << "wrote a page about run " << one_line(run.run_id) << " to " << to_file
                     << "\n";
  return Exit::well;
}

void add_report(CLI::App& app, Action& chosen) {
  struct Options {
    RunName run;
    std::string to_file;
  };
  CLI::App* command = app.add_subcommand(
      "report", "One page about a run to read and to print: HTML, complete in itself");
  const auto options = std::make_shared<Options>();
  auto* run =
      command->add_option("RUN", options->run.prefix, "Id of the run, or enough of its beginning");
  command->add_flag("--last", options->run.last, "The newest run")->excludes(run);
  command->add_option("--to", options->to_file, "Write to this file, not to the standard output")
      ->type_name("FILE");
  command->footer(
      "The page proves nothing by itself: it says which checkpoint its log had, and how to "
      "compare.");
  command->callback([&chosen, options] {
    if (options->run.prefix.empty() && !options->run.last) {
      throw CLI::ValidationError("report", "name a run, or say --last");
    }
    chosen = [options](const std::string& dir, const Output& output) {
      return print_report(*store::open_rocks_reader(dir), options->run, options->to_file, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
