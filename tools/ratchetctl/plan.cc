#include "tools/ratchetctl/plan.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/inspect/events.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/numbers.h"
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

void print_findings(const Document& findings, std::ostream& out) {
  for (const Document& finding : findings) {
    out << "  " << text_in(finding, "severity") << " " << text_in(finding, "check");
    if (finding.contains("pod")) out << " (" << text_in(finding, "pod") << ")";
    out << ": " << text_in(finding, "what") << "\n";
    if (finding.contains("fix")) out << "    fix: " << text_in(finding, "fix") << "\n";
  }
}

// `dry`: of a dry run, for which no node has pulled anything.
std::string digest_of(const Document& plan, bool dry) {
  const std::string digest = text_in(plan, "target_digest");
  if (!digest.empty()) {
    return plan.value("digest_of_config", false) ? digest + " (of the image's configuration)"
                                                 : digest;
  }
  if (!dry) return "not known";
  return "known only once a node has pulled the image; the plan of a request names it, and has "
         "another hash for it";
}

void print(const Planned& planned, bool dry, std::ostream& out) {
  const Document& plan = planned.plan;
  out << "plan " << planned.hash << "\n"
      << "MySQL " << text_in(plan, "database") << ": " << text_in(plan, "from") << " to "
      << text_in(plan, "to") << " (" << text_in(plan, "target_image") << ")\n"
      << "image: " << digest_of(plan, dry) << "\n"
      << "outage: about " << text_in(plan, "outage_seconds") << " s\n";
  if (plan.contains("backup")) out << "backup evidence: " << text_in(plan, "backup") << "\n";
  if (plan.contains("window")) out << "window: " << text_in(plan, "window") << "\n";
  if (!planned.decision.empty()) out << one_line(planned.decision) << "\n";
  for (const Document& member : list_in(plan, "members")) {
    out << "member " << text_in(member, "pod") << ": " << text_in(member, "server_version") << " ("
        << text_in(member, "version_comment") << "), " << text_in(member, "image") << " "
        << text_in(member, "image_digest") << "\n";
  }
  out << "steps\n";
  print_steps(plan, out);
  const Document& findings = list_in(plan, "findings");
  out << (findings.empty() ? "no findings\n" : "findings\n");
  print_findings(findings, out);
}

// What was seen and is no part of the plan: without one all of it.
Document beside_plan(const Document& findings, bool planned) {
  Document beside = Document::array();
  for (const Document& finding : findings) {
    if (!planned || finding.value("passing", false)) beside.push_back(finding);
  }
  return beside;
}

void print_table(const Rehearsal& tried, const std::optional<Planned>& plan,
                 const Document& findings, std::ostream& out) {
  if (plan) print(*plan, true, out);
  const Document beside = beside_plan(findings, plan.has_value());
  if (!beside.empty()) {
    out << (plan ? "findings about the moment, no part of the plan\n" : "findings\n");
    print_findings(beside, out);
  }
  if (!tried.waits.empty()) out << "a request now " << one_line(tried.waits) << "\n";
  out << "dry run: nothing was written";
  if (!tried.stopped_before.empty()) out << "; it ended before " << tried.stopped_before;
  out << "\n";
}

Document document_of(const Intent& intent, const Rehearsal& tried,
                     const std::optional<Planned>& plan, const Document& findings) {
  Document document = {{"dry_run", true}, {"database", intent.database}, {"target", intent.target}};
  if (plan) {
    document["hash"] = plan->hash;
    document["plan"] = plan->plan;
    document["image"] = digest_of(plan->plan, true);
  }
  document["findings"] = findings;
  if (!tried.stopped_before.empty()) document["stopped_before"] = tried.stopped_before;
  if (!tried.waits.empty()) document["waits"] = tried.waits;
  if (tried.failure) {
    document["failure"] = {{"code", tried.failure->code}, {"message", tried.failure->message}};
  }
  return document;
}

std::vector<engine::RecordedEvent> events_of(const Rehearsal& tried) {
  if (!tried.log) return {};
  const auto run = engine::find_run(*tried.log, tried.run_id);
  if (!run) return {};
  return engine::EventReader(run->run).next(*tried.log);
}

void add_intent(CLI::App& command, CLI::Option& run, CLI::Option& last, Intent& intent) {
  CLI::Option* database =
      command
          .add_option("--database", intent.database,
                      "Dry run: what an upgrade of this MySQL would do. It looks at the live "
                      "servers, and writes nothing")
          ->type_name("NAMESPACE/NAME")
          ->excludes(&run)
          ->excludes(&last);
  CLI::Option* target =
      command
          .add_option("--target", intent.target, "Name of the MySQLVersion that it would have then")
          ->type_name("VERSION")
          ->needs(database);
  database->needs(target);
  command
      .add_option("--window", intent.window,
                  "As the annotation ratchet.dev/window: \"<cron> <duration> <time zone>\"")
      ->type_name("RULE")
      ->needs(database);
  command
      .add_option("--kubeconfig", intent.kubeconfig,
                  "none: $KUBECONFIG, the pod's service account, or ~/.kube/config")
      ->type_name("FILE")
      ->needs(database);
  command
      .add_option_function<double>(
          "--timeout",
          [&intent](double seconds) {
            intent.within = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
          },
          "Of the dry run; without it 600")
      ->type_name("SECONDS")
      ->check(wrong_seconds)
      ->needs(database);
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
  if (output.format == Format::table) print(found, false, output.streams.out);
  return Exit::well;
}

int print_rehearsal(const Intent& intent, const Rehearsal& tried, const Output& output) {
  const auto events = events_of(tried);
  const std::optional<Planned> plan = plan_in(events);
  const Document findings = findings_in(events);
  std::ostream& out = output.streams.out;
  const Document document = document_of(intent, tried, plan, findings);
  if (output.format == Format::json) write_json(out, document);
  if (output.format == Format::yaml) write_yaml(out, document);
  if (output.format == Format::table) print_table(tried, plan, findings, out);
  if (tried.failure) {
    output.streams.err << "ratchetctl: " << one_line(tried.failure->message) << "\n";
  }
  return tried.exit;
}

void add_plan(CLI::App& app, Action& chosen, FileAction& chosen_for_file,
              const Rehearse& rehearse) {
  CLI::App* added = app.add_subcommand("plan", "What an upgrade is going to do, did, or would do");
  const auto run = std::make_shared<RunName>();
  const auto intent = std::make_shared<Intent>();
  auto* id = added->add_option("RUN", run->prefix,
                               "Id of the run, enough of its beginning, or NAMESPACE/NAME of the "
                               "request");
  auto* last = added->add_flag("--last", run->last, "The newest run")->excludes(id);
  if (rehearse) add_intent(*added, *id, *last, *intent);
  added->callback([&chosen, &chosen_for_file, &rehearse, run, intent] {
    if (!intent->database.empty()) {
      chosen_for_file = [&rehearse, intent](const Output& output) {
        return print_rehearsal(*intent, rehearse(*intent), output);
      };
      return;
    }
    if (run->prefix.empty() && !run->last) {
      throw CLI::ValidationError("plan", "name a run or a request, or say --last");
    }
    chosen = [run](const std::string& dir, const Output& output) {
      return print_plan(*store::open_rocks_reader(dir), *run, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
