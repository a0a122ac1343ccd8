// The page of a report, section by section.
#include "store/checkpoint.h"
#include "tools/ratchetctl/event_words.h"
#include "tools/ratchetctl/html.h"
#include "tools/ratchetctl/report.h"
#include "tools/ratchetctl/steps.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

// Paper is light, whatever a browser prefers.
constexpr const char* style = R"(
body { font: 14px/1.45 system-ui, sans-serif; color: #1c2126; max-width: 1000px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0.2em; }
h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid #c8ced4; }
table { border-collapse: collapse; width: 100%; font-size: 12px; }
th, td { text-align: left; vertical-align: top; padding: 2px 8px 2px 0; overflow-wrap: anywhere; }
th { border-bottom: 1px solid #8a949e; white-space: nowrap; }
tr:nth-child(even) td { background: #f4f6f8; }
dl { display: grid; grid-template-columns: 11em 1fr; gap: 2px 1em; }
dt { color: #56606a; } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: #f4f6f8; padding: 0.7em; font-size: 12px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
svg { width: 100%; font: 11px system-ui, sans-serif; }
.good { color: #17692f; } .bad { color: #b3261e; } .warning { color: #8a5300; }
.faint { color: #56606a; }
.bar-good { fill: #3f9b5d; } .bar-bad { fill: #c8453c; } .bar-open { fill: #d99a2b; }
.bar-wait { fill: #7d94b5; } .outage { fill: #f3d9d6; } .scale { stroke: #dfe3e7; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; } body { color: #e3e6e9; background: #16191d; }
  h2 { border-color: #3d454d; } th { border-color: #6b757f; }
  tr:nth-child(even) td, pre { background: #20252a; } svg text { fill: #e3e6e9; }
  .good { color: #6cc98a; } .bad { color: #ff8f87; } .warning { color: #e2a84f; }
  .faint, dt { color: #9aa5b0; } .outage { fill: #4a292b; } .scale { stroke: #343b42; } }
@page { margin: 15mm; }
@media print { body { margin: 0; max-width: none; font-size: 11px; }
  thead { display: table-header-group; } tr, svg, pre, dl { break-inside: avoid; }
  h2 { break-after: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";

using Rows = std::vector<Row>;

void title(std::ostream& out, const char* text) { out << "<h2>" << text << "</h2>\n"; }

// "demo/db upgrade 11.8.6": what the run was asked.
std::string asked(const engine::Report& report) {
  std::string text;
  if (report.events.empty()) return text;
  for (const auto& word : telling(payload_in(report.events.front().payloads.input), 4)) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

std::string head_line(const Reported& reported) {
  if (!reported.plan) return "Run " + reported.report.run.run_id;
  const Document& plan = reported.plan->plan;
  return "Upgrade of " + text_in(plan, "database") + " from " + text_in(plan, "from") + " to " +
         text_in(plan, "to");
}

// A timer's time is told in UTC here.
template <class Told>
std::string about(const Told& told, const engine::Event& event) {
  if (const auto* timer = std::get_if<engine::TimerStarted>(&event)) {
    return "until " + utc(timer->due);
  }
  return object_of(told);
}

Cell outage_cell(const Reported& reported) {
  if (!reported.outage) return {"none recorded"};
  const engine::Span& span = reported.outage->span;
  const std::string took = for_people(span.took(reported.report.until));
  const std::string from = reported.outage->why + "; from the start of step " + step_of(span.from) +
                           ", " + utc(span.from.wall);
  if (!span.to) return {took + " so far, and not over as recorded: " + from, Style::bad};
  return {"at most " + took + ": " + from + ", to the end of step " + step_of(*span.to) + ", " +
              utc(span.to->wall),
          Style::warning};
}

void write_summary(std::ostream& out, const Reported& reported) {
  const engine::Report& report = reported.report;
  const engine::RunInfo& run = report.run;
  const std::string starter = report.acts.empty() ? "" : report.acts.front().who;
  out << "<h1>" << escaped(head_line(reported)) << "</h1>\n";
  out << "<p>" << escaped(report.explanation.state) << "</p>\n";
  Rows rows{{{Cell{"run"}, Cell{run.run_id}}},
            {{Cell{"workflow"}, Cell{run.workflow + " version " + std::to_string(run.version)}}},
            {{Cell{"asked"}, Cell{asked(report)}}},
            {{Cell{"state"}, Cell{name_of(run.state), style_of(run.state)}}},
            {{Cell{"started"}, Cell{utc(run.started) + (starter.empty() ? "" : " by " + starter)}}},
            {{Cell{"ended"}, Cell{run.ended ? utc(*run.ended) : "not yet"}}},
            {{Cell{run.ended ? "took" : "so far"}, Cell{for_people(report.until - run.started)}}},
            {{Cell{"write outage"}, outage_cell(reported)}}};
  if (run.pruned) rows.push_back({{Cell{"records"}, Cell{"were pruned", Style::warning}}});
  if (run.failure) rows.push_back({{Cell{"failure"}, Cell{text_of(*run.failure), Style::bad}}});
  for (const std::string& why : report.explanation.because) {
    rows.push_back({{Cell{"because"}, Cell{why}}});
  }
  for (const std::string& next : report.explanation.next) {
    rows.push_back({{Cell{"next"}, Cell{next}}});
  }
  write_facts(out, rows);
}

void write_acts(std::ostream& out, const engine::Report& report) {
  title(out, "Who did what, and why");
  Rows rows;
  for (const engine::Act& act : report.acts) {
    const std::string by =
        act.signer.empty() ? "" : "; recorded signature, not checked here: " + act.signer;
    rows.push_back({{Cell{utc(act.wall)}, Cell{act.what}, Cell{act.who}, Cell{act.why},
                     Cell{act.payload_hash + by, Style::faint}}});
  }
  write_table(out, {"Time", "What", "Who", "Why", "Of the payload"}, rows);
}

Style style_of_severity(const std::string& severity) {
  if (severity == "BLOCKING") return Style::bad;
  return severity == "WARNING" ? Style::warning : Style::plain;
}

// Every look is told: the last one decided.
void write_checks(std::ostream& out, const engine::Report& report) {
  title(out, "Checks before anything was touched");
  Rows rows;
  int looks = 0;
  for (const engine::RecordedEvent& event : report.events) {
    const bool looked = event.name == "look_at_database" &&
                        std::holds_alternative<engine::StepCompleted>(event.event);
    if (!looked) continue;
    const std::string look = std::to_string(++looks);
    const Document sight = payload_in(event.payloads.output);
    const Document& findings = list_in(sight, "findings");
    if (findings.empty()) {
      rows.push_back({{Cell{look}, Cell{utc(event.wall)}, Cell{"nothing found", Style::good}}});
    }
    for (const Document& finding : findings) {
      const std::string severity = text_in(finding, "severity");
      rows.push_back(
          {{Cell{look}, Cell{utc(event.wall)}, Cell{severity, style_of_severity(severity)},
            Cell{text_in(finding, "check")}, Cell{text_in(finding, "pod")},
            Cell{text_in(finding, "what")}, Cell{text_in(finding, "fix")}}});
    }
  }
  if (looks == 0) {
    out << "<p class=\"faint\">The run recorded no look at the servers.</p>\n";
    return;
  }
  write_table(out, {"Look", "Time", "Severity", "Check", "Pod", "What was found", "Fix"}, rows);
}

std::string target_of(const Document& plan) {
  const std::string image = text_in(plan, "target_image");
  const std::string digest = text_in(plan, "target_digest");
  return digest.empty() ? image : image + " (" + digest + ")";
}

void write_plan(std::ostream& out, const Reported& reported) {
  title(out, "Plan and approval");
  if (!reported.plan) {
    out << "<p class=\"faint\">The run recorded no plan.</p>\n";
    return;
  }
  const Document& plan = reported.plan->plan;
  const std::string& decision = reported.plan->decision;
  write_facts(
      out, {{{Cell{"plan"}, Cell{reported.plan->hash}}},
            {{Cell{"decision"}, Cell{decision.empty() ? "none was asked for" : decision}}},
            {{Cell{"target image"}, Cell{target_of(plan)}}},
            {{Cell{"backup evidence"}, Cell{text_in(plan, "backup")}}},
            {{Cell{"window"}, Cell{text_in(plan, "window")}}},
            {{Cell{"outage"}, Cell{"expected: about " + text_in(plan, "outage_seconds") + " s"}}}});
  Rows members;
  for (const Document& member : list_in(plan, "members")) {
    members.push_back({{Cell{text_in(member, "pod")}, Cell{text_in(member, "server_version")},
                        Cell{text_in(member, "version_comment")}, Cell{text_in(member, "image")},
                        Cell{text_in(member, "image_digest")}}});
  }
  write_table(out, {"Member", "Server", "Comment", "Image", "Digest"}, members);
  Rows steps;
  for (const Document& step : list_in(plan, "steps")) {
    const bool no_return = step.value("point_of_no_return", false);
    const bool outage = step.value("outage", false);
    steps.push_back({{Cell{std::to_string(steps.size() + 1)}, Cell{text_in(step, "what")},
                      no_return ? Cell{"point of no return", Style::bad}
                                : Cell{outage ? "outage" : "", Style::warning}}});
  }
  write_table(out, {"#", "Planned step", ""}, steps);
}

void write_steps(std::ostream& out, const Reported& reported) {
  title(out, "Timeline");
  write_picture(out, reported);
  title(out, "Steps");
  Rows rows;
  for (const engine::TimelineEntry& entry : reported.report.entries) {
    const std::uint32_t attempts = attempts_of(entry);
    rows.push_back({{Cell{std::to_string(entry.command.command)}, Cell{step_of(entry)},
                     Cell{about(entry, entry.command.event)}, Cell{utc(entry.command.wall)},
                     Cell{for_people(entry.took(reported.report.until))},
                     Cell{attempts == 0 ? "" : std::to_string(attempts)}, result_of(entry)}});
  }
  write_table(out, {"#", "Step", "Object", "Began", "Took", "Attempts", "Result"}, rows);
}

void write_history(std::ostream& out, const engine::Report& report) {
  title(out, "History");
  Rows rows;
  for (const engine::RecordedEvent& event : report.events) {
    const bool hint = engine::class_of(event.event) == engine::EventClass::hint;
    rows.push_back({{Cell{std::to_string(event.index)}, Cell{std::to_string(event.turn)},
                     Cell{utc(event.wall)},
                     Cell{engine::name_of(event.event), hint ? Style::faint : Style::plain},
                     Cell{step_of(event)}, Cell{about(event, event.event)}, Cell{attempt_of(event)},
                     result_of(event), Cell{who(event), Style::faint}}});
  }
  write_table(
      out, {"Record", "Turn", "Time", "Event", "Step", "Object", "Attempt", "Result", "Who"}, rows);
}

void write_record(std::ostream& out, const engine::Report& report) {
  title(out, "The record, and how to check it");
  Rows writers;
  for (const engine::Opened& writer : report.writers) {
    writers.push_back(
        {{Cell{std::to_string(writer.epoch)}, Cell{writer.principal}, Cell{writer.build}}});
  }
  out << "<p>Recorded by these processes:</p>\n";
  write_table(out, {"Epoch", "Process", "Build"}, writers);
  out << "<p>This page was made from a log with this checkpoint (c2sp.org/tlog-checkpoint):</p>\n";
  write_verbatim(out, store::to_checkpoint(report.head));
  const std::string& run = report.run.run_id;
  out << "<p>The page itself proves nothing: anybody can write one. Compare it with the log, or "
         "with "
         "evidence from it. Whoever holds the log, keeping the checkpoint above in "
         "<code>checkpoint.txt</code>:</p>\n";
  write_verbatim(out,
                 "ratchetctl --log DIR verify --anchor checkpoint.txt\n"
                 "ratchetctl --log DIR evidence " +
                     run +
                     " --at checkpoint.txt --to evidence.json\n"
                     "ratchetctl --log DIR report " +
                     run + "\n");
  out << "<p>Anybody else, with evidence and a checkpoint that came another way; it verifies every "
         "record and performs every decision again:</p>\n";
  write_verbatim(out,
                 "ratchetctl evidence check evidence.json --anchor checkpoint.txt --history\n");
  out << "<p>That shows that the decisions follow from the recorded facts, not that the facts are "
         "true.</p>\n";
}

}  // namespace

void write_page(std::ostream& out, const Reported& reported) {
  out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
         "style-src 'unsafe-inline'\">\n"
         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"
      << escaped(head_line(reported)) << "</title>\n<style>" << style
      << "</style>\n</head>\n<body>\n";
  write_summary(out, reported);
  write_acts(out, reported.report);
  write_checks(out, reported.report);
  write_plan(out, reported);
  write_steps(out, reported);
  write_history(out, reported.report);
  write_record(out, reported.report);
  out << "<p class=\"faint\">Times are in UTC.</p>\n</body>\n</html>\n";
}

}  // namespace ratchet::ratchetctl
