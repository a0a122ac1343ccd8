// ratchetctl verify: says what was checked, and every problem.
#include "engine/inspect/verify.h"

#include <ostream>

#include "store/checkpoint.h"
#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/progress.h"

namespace ratchet::ratchetctl {

namespace {

constexpr int most_tries = 5;

// What a live log showed of its projections can be newer than its records: then once more.
engine::VerifyReport verified(store::LogReader& log, const std::optional<store::Head>& anchor,
                              const engine::Approvers* approvers, const Streams& streams) {
  ProgressLine line(streams, "verify");
  engine::VerifyReport report = engine::verify(log, anchor, approvers, line.reporter());
  for (int i = 1; i < most_tries && !report.ok(); ++i) {
    log.refresh();
    if (log.head().size == report.head.size) break;
    report = engine::verify(log, anchor, approvers, line.reporter());
  }
  return report;
}

std::string count(std::uint64_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

void print(const engine::VerifyReport& report, const std::optional<store::Head>& anchor,
           const Streams& streams) {
  Table table({{"CHECKED"}, {"FOUND"}}, streams.screen);
  table.add({Cell{"log"}, Cell{store::to_hex(report.head.log_id) + ", epoch " +
                               std::to_string(report.head.epoch)}});
  const std::string pruned =
      report.pruned == 0 ? "" : "; " + std::to_string(report.pruned) + " of them pruned";
  table.add({Cell{"records"}, Cell{count(report.records, "record") +
                                   ": each decoded, its turn the next of its run" + pruned}});
  table.add({Cell{"tree"}, Cell{"root over " + count(report.records, "record") +
                                " and every stored hash recomputed"}});
  table.add({Cell{"projections"}, Cell{count(report.runs, "run") + " with " +
                                       count(report.events, "event") + ": rebuilt and compared"}});
  table.add(
      {Cell{"anchor"},
       Cell{anchor ? "a log of " + count(anchor->size, "record") + ", which this one must extend"
                   : "none given (--anchor FILE): a log that went back as a whole looks whole"}});
  const engine::Approvals& approvals = report.approvals;
  if (approvals.checked || approvals.with_signature > 0) {
    table.add({Cell{"approvals"}, cell_of(approvals)});
  }
  streams.out << table.take();
  for (const auto* problems : {&report.problems, &approvals.why}) {
    for (const std::string& problem : *problems) {
      streams.out << styled("PROBLEM  " + one_line(problem), Style::bad, streams.screen) << "\n";
    }
  }
  streams.out << (report.ok()
                      ? styled("the log is whole", Style::good, streams.screen)
                      : styled("the log is NOT whole: " + count(report.problems.size(), "problem") +
                                   "; keep it as evidence and restore a backup",
                               Style::bad, streams.screen))
              << "\n";
  if (approvals.bad > 0) {
    streams.out << styled("NOT signed as recorded: " + count(approvals.bad, "approval"), Style::bad,
                          streams.screen)
                << "\n";
  }
}

}  // namespace

int print_verify(store::LogReader& log, const std::optional<store::Head>& anchor,
                 const engine::Approvers* approvers, const Output& output) {
  const engine::VerifyReport report = verified(log, anchor, approvers, output.streams);
  if (output.format == Format::table) {
    print(report, anchor, output.streams);
  } else {
    Document document = document_of(report);
    if (anchor) document["anchor"] = store::to_checkpoint(*anchor);
    (output.format == Format::json ? write_json : write_yaml)(output.streams.out, document);
  }
  return report.ok() && report.approvals.bad == 0 ? Exit::well : Exit::damaged;
}

}  // namespace ratchet::ratchetctl
