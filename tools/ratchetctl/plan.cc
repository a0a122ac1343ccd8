#include "tools/ratchetctl/plan.h"

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/events.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/planned.h"

namespace ratchet::ratchetctl {

namespace {

// The run that answers the request NAMESPACE/NAME, the newest if there were several.
std::optional<engine::RunInfo> run_of_request(const store::LogReader& log,
                                              const std::string& request) {
  std::optional<engine::RunInfo> found;
  for (const engine::RunInfo& run : engine::list_runs(log)) {
    if (run.pruned) continue;
    const auto events = engine::EventReader(run.run).next(log);
    if (events.empty()) continue;
    const Document input = payload_in(events.front().payloads.input);
    if (!input.contains("request") || !input.contains("database")) continue;
    const std::string space = input["database"].value("space", "");
    if (space + "/" + input.value("request", "") == request) found = run;
  }
  return found;
}

Planned planned(const store::LogReader& log, const engine::RunInfo& run) {
  if (auto found = plan_in(engine::EventReader(run.run).next(log))) return std::move(*found);
  throw NotFound("run " + run.run_id +
                 " has no plan: it ended before it made one, or is no "
                 "upgrade (ratchetctl explain says more)");
}

void print_steps(const Document& plan, std::ostream& out) {
  int number = 0;
  for (const Document& step : list_in(plan, "steps")) {
    out << "  " << ++number << ". " << text_in(step, "what");
    if (step.value("point_of_no_return", false)) {
      out << "   <- point of no return";
    } else if (step.value("outage", false)) {
      out << "   (outage)";
    }
    out << "\n";
  }
}

void print_findings(const Document& plan, std::ostream& out) {
  const Document& findings = list_in(plan, "findings");
  out << (findings.empty() ? "no findings\n" : "findings\n");
  for (const Document& finding : findings) {
    out << "  " << text_in(finding, "severity") << " " << text_in(finding, "check");
    if (finding.contains("pod")) out << " (" << text_in(finding, "pod") << ")";
    out << ": " << text_in(finding, "what") << "\n";
    if (finding.contains("fix")) out << "    fix: " << text_in(finding, "fix") << "\n";
  }
}

void print(const Planned& planned, std::ostream& out) {
  const Document& plan = planned.plan;
  out << "plan " << planned.hash << "\n"
      << "MySQL " << text_in(plan, "database") << ": " << text_in(plan, "from") << " to "
      << text_in(plan, "to") << " (" << text_in(plan, "target_image") << ")\n"
      << "outage: about " << text_in(plan, "outage_seconds") << " s\n";
  if (plan.contains("window")) out << "window: " << text_in(plan, "window") << "\n";
  if (!planned.decision.empty()) out << one_line(planned.decision) << "\n";
  for (const Document& member : list_in(plan, "members")) {
    out << "member " << text_in(member, "pod") << ": " << text_in(member, "server_version") << " ("
        << text_in(member, "version_comment") << "), " << text_in(member, "image") << " "
        << text_in(member, "image_digest") << "\n";
  }
  out << "steps\n";
  print_steps(plan, out);
  print_findings(plan, out);
}

}  // namespace

int print_plan(const store::LogReader& log, const RunName& name, const Output& output) {
  std::optional<engine::RunInfo> run;
  if (name.prefix.find('/') != std::string::npos) run = run_of_request(log, name.prefix);
  const engine::RunInfo meant = run ? *run : find_run(log, name);
  const Planned found = planned(log, meant);
  Document document = {{"run", meant.run_id}, {"hash", found.hash}};
  if (!found.decision.empty()) document["decision"] = found.decision;
  document["plan"] = found.plan;
  if (output.format == Format::json) write_json(output.streams.out, document);
  if (output.format == Format::yaml) write_yaml(output.streams.out, document);
  if (output.format == Format::table) print(found, output.streams.out);
  return Exit::well;
}

void add_plan(CLI::App& app, Action& chosen) {
  CLI::App* added = app.add_subcommand("plan", "What an upgrade is going to do, or did");
  const auto run = std::make_shared<RunName>();
  auto* id = added->add_option("RUN", run->prefix,
                               "Id of the run, enough of its beginning, or NAMESPACE/NAME of the "
                               "request");
  added->add_flag("--last", run->last, "The newest run")->excludes(id);
  added->callback([&chosen, run] {
    if (run->prefix.empty() && !run->last) {
      throw CLI::ValidationError("plan", "name a run or a request, or say --last");
    }
    chosen = [run](const std::string& dir, const Output& output) {
      return print_plan(*store::open_rocks_reader(dir), *run, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
