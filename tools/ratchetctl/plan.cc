#include "tools/ratchetctl/plan.h"

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/events.h"
#include "store/checkpoint.h"
#include "store/merkle.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

// The last plan of a run, read by the types that the log itself holds, and what became of it.
struct Planned {
  std::string run_id;
  std::string hash;  // of the plan's bytes
  Document plan;
  std::string decision;  // empty: none was asked for
};

std::string hash_of(const engine::Bytes& bytes) {
  const store::Hash hash = store::sha256(bytes);
  return store::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

Document parsed(const std::string& json) {
  return json.empty() ? Document::object() : Document::parse(json);
}

// The run that answers the request NAMESPACE/NAME, the newest if there were several.
std::optional<engine::RunInfo> run_of_request(const store::LogReader& log,
                                              const std::string& request) {
  std::optional<engine::RunInfo> found;
  for (const engine::RunInfo& run : engine::list_runs(log)) {
    if (run.pruned) continue;
    const auto events = engine::EventReader(run.run).next(log);
    if (events.empty()) continue;
    const Document input = parsed(events.front().payloads.input);
    if (!input.contains("request") || !input.contains("database")) continue;
    const std::string space = input["database"].value("space", "");
    if (space + "/" + input.value("request", "") == request) found = run;
  }
  return found;
}

Planned planned(const store::LogReader& log, const engine::RunInfo& run) {
  Planned out;
  out.run_id = run.run_id;
  for (const engine::RecordedEvent& event : engine::EventReader(run.run).next(log)) {
    const auto* done = std::get_if<engine::StepCompleted>(&event.event);
    if (done != nullptr && event.name == "make_plan") {
      out.hash = hash_of(done->result);
      out.plan = parsed(event.payloads.output);
    } else if (std::holds_alternative<engine::GateOpened>(event.event)) {
      out.decision = "waits for approval since " + utc(event.wall);
    } else if (const auto* said = std::get_if<engine::GateDecided>(&event.event)) {
      out.decision =
          (said->approved ? "approved: " : "denied: ") + text_of(said->by) + ", " + utc(event.wall);
    }
  }
  if (out.hash.empty()) {
    throw NotFound("run " + run.run_id +
                   " has no plan: it ended before it made one, or is no "
                   "upgrade (ratchetctl explain says more)");
  }
  return out;
}

std::string text_in(const Document& object, const char* key) {
  if (!object.contains(key)) return "";
  const Document& value = object[key];
  return one_line(value.is_string() ? value.get<std::string>() : value.dump());
}

const Document& list_in(const Document& object, const char* key) {
  static const Document none = Document::array();
  return object.contains(key) ? object[key] : none;
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
  const Planned found = planned(log, run ? *run : find_run(log, name));
  Document document = {{"run", found.run_id}, {"hash", found.hash}};
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
