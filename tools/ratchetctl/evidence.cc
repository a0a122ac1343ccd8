#include "tools/ratchetctl/evidence.h"

#include <memory>
#include <ostream>
#include <set>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/evidence.h"
#include "engine/inspect/replay.h"
#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/acts.h"
#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetctl/planned.h"
#include "tools/ratchetctl/progress.h"
#include "tools/ratchetctl/publish.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

constexpr const char* what_it_says =
    "This says that the recorded decisions follow from the recorded facts, by the workflows of\n"
    "this program. It does not say that the facts are true.\n";

struct MakeOptions {
  RunName run;
  PublishOptions publish;
  std::string at_file;
  std::string to_file;
};

std::string evidence_of(const store::LogReader& log, const engine::RunInfo& run,
                        const std::string& checkpoint, const Streams& streams) {
  ProgressLine line(streams, "evidence");
  return engine::make_evidence(log, run, checkpoint, line.reporter());
}

int make(const std::string& dir, const MakeOptions& options, const Output& output) {
  const auto log = store::open_rocks_reader(dir);
  const engine::RunInfo run = find_run(*log, options.run);
  std::string checkpoint;
  if (options.at_file.empty()) {
    checkpoint = publish(*log, options.publish).text;
  } else {
    checkpoint_in(options.at_file);
    checkpoint = content_of(options.at_file);
  }
  try {
    const std::string evidence = evidence_of(*log, run, checkpoint, output.streams);
    if (options.to_file.empty()) {
      output.streams.out << evidence;
    } else {
      write_file(options.to_file, evidence);
      output.streams.err << "wrote " << evidence.size() << " bytes to " << options.to_file << "\n";
    }
  } catch (const std::out_of_range& error) {
    throw NotFound(error.what());
  }
  return Exit::well;
}

struct CheckOptions {
  std::string file;
  std::string anchor_file;
  std::string key;
  std::string approvers_folder;
  bool history = false;
};

// What was found out about a file.
struct Checked {
  engine::Evidence evidence;
  std::optional<store::Head> anchor;  // that the file's checkpoint is the same as
  std::vector<engine::RecordedEvent> events;
  engine::ReplayReport replay;
  engine::Approvals approvals;
};

// Throws store::Error (corrupt) unless the file's checkpoint is the anchor itself.
void require_same(const store::Head& file, const store::Head& anchor) {
  if (file.log_id == anchor.log_id && file.size == anchor.size && file.root == anchor.root) return;
  const bool other_size = file.log_id == anchor.log_id && file.size != anchor.size;
  throw store::Error(store::Fault::corrupt,
                     other_size
                         ? "the evidence is of the log when it had " + std::to_string(file.size) +
                               " records, the anchor is of " + std::to_string(anchor.size) +
                               ": ask for evidence made with --at and that anchor"
                         : "the evidence is not of the log of the anchor");
}

engine::Approvals approvals_of(const engine::Evidence& evidence, const std::string& folder) {
  std::optional<engine::Approvers> approvers;
  if (!folder.empty()) approvers = approvers_named(folder);
  engine::ApprovalReader reader(approvers ? &*approvers : nullptr);
  for (const auto& record : engine::read_history(*evidence.log, evidence.run.run)) {
    reader.see(record.index, record.turn);
  }
  return reader.found();
}

// The records are proven first, then the turns are performed again.
Checked check(const CheckOptions& options, const engine::Registry& workflows,
              const Streams& streams) {
  Checked checked;
  ProgressLine proven(streams, "evidence check");
  checked.evidence = engine::open_evidence(content_of(options.file), proven.reporter());
  if (!options.anchor_file.empty()) {
    checked.anchor = checkpoint_in(options.anchor_file, options.key);
    require_same(checked.evidence.head, *checked.anchor);
  }
  const engine::RunInfo& run = checked.evidence.run;
  checked.events = engine::EventReader(run.run).next(*checked.evidence.log);
  ProgressLine performed(streams, "evidence check, replay", "turns");
  checked.replay = engine::replay(*checked.evidence.log, workflows, run, performed.reporter());
  checked.approvals = approvals_of(checked.evidence, options.approvers_folder);
  return checked;
}

// Each build that decided, once, in order; however many processes of it.
std::vector<std::string> writers_of(const Checked& checked) {
  std::vector<std::string> writers;
  std::set<std::string> seen;
  for (const auto& event : checked.events) {
    const std::string writer = event.writer.principal + " " + event.writer.build;
    if (seen.insert(writer).second) writers.push_back(writer);
  }
  return writers;
}

Document document_of(const Checked& checked) {
  Document document = ratchetctl::document_of(checked.replay);
  document["complete"] = checked.evidence.ended;
  document["checkpoint"] = checked.evidence.checkpoint;
  document["anchored"] = checked.anchor.has_value();
  if (const auto planned = plan_in(checked.events)) {
    document["plan"] = {{"hash", planned->hash}, {"plan", planned->plan}};
  }
  document["approvals"] = ratchetctl::document_of(checked.approvals);
  document["writers"] = writers_of(checked);
  document["acts"] = acts_of(checked.events);
  document["history"] = Document::array();
  for (const auto& event : checked.events) {
    document["history"].push_back(ratchetctl::document_of(checked.evidence.run.run_id, event));
  }
  return document;
}

std::string times_of(const engine::RunInfo& run) {
  return std::string(name_of(run.state)) + ", started " + utc(run.started) +
         (run.ended ? ", ended " + utc(*run.ended) : "");
}

void print(const Checked& checked, const Streams& streams) {
  const engine::RunInfo& run = checked.evidence.run;
  Table table({{"CHECKED"}, {"FOUND"}}, streams.screen);
  table.add({Cell{"checkpoint"}, Cell{store::origin_of(checked.evidence.head) + ", " +
                                      std::to_string(checked.evidence.head.size) + " records"}});
  table.add({Cell{"anchor"},
             checked.anchor ? Cell{"the same", Style::good} : Cell{"none given", Style::warning}});
  table.add({Cell{"run"}, Cell{run.run_id + ", " + run.workflow + " v" +
                               std::to_string(run.version) + ", " + times_of(run)}});
  table.add({Cell{"records"},
             Cell{std::to_string(checked.replay.turns) + " turns, " +
                  std::to_string(checked.replay.events) + " events: each in the log of the " +
                  "checkpoint, none missing between"}});
  if (const auto planned = plan_in(checked.events)) {
    table.add({Cell{"plan"},
               Cell{planned->hash + ": " + text_in(planned->plan, "database") + " from " +
                    text_in(planned->plan, "from") + " to " + text_in(planned->plan, "to")}});
  }
  for (const std::string& writer : writers_of(checked))
    table.add({Cell{"decided by"}, Cell{writer}});
  for (const std::string& act : acts_of(checked.events)) table.add({Cell{"person"}, Cell{act}});
  if (checked.approvals.checked || checked.approvals.with_signature > 0) {
    table.add({Cell{"approvals"}, cell_of(checked.approvals)});
  }
  table.add({Cell{"replay"},
             checked.replay.divergence ? Cell{"DIVERGED", Style::bad} : Cell{"same", Style::good}});
  streams.out << table.take();
  for (const std::string& why : checked.approvals.why) {
    streams.out << styled("PROBLEM  " + one_line(why), Style::bad, streams.screen) << "\n";
  }
  if (!checked.evidence.ended) {
    streams.out << "The run had not ended at the checkpoint: what it did later is not in here.\n";
  }
  if (checked.replay.divergence) {
    streams.out << "replay: " << one_line(checked.replay.divergence->text()) << "\n";
  }
}

int print_check(const CheckOptions& options, const engine::Registry& workflows,
                const Output& output) {
  const Checked checked = check(options, workflows, output.streams);
  if (!wrote_document(document_of(checked), output)) {
    print(checked, output.streams);
    if (options.history) {
      output.streams.out << "\n";
      print_history(*checked.evidence.log, {{checked.evidence.run.run_id, false}, true, {}},
                    output);
    }
    output.streams.out << "\n" << what_it_says;
    if (!checked.anchor) {
      output.streams.out << styled("SELF-CONSISTENT ONLY", Style::warning, output.streams.screen)
                         << ": the file agrees with its own checkpoint, which anybody can make. "
                            "Give one from\nelsewhere (--anchor CHECKPOINT).\n";
    }
  }
  if (checked.replay.divergence) return Exit::diverged;
  if (checked.approvals.bad > 0) return Exit::damaged;
  return checked.anchor ? Exit::well : Exit::self_consistent;
}

void add_make_options(CLI::App& app, MakeOptions& options) {
  auto* run =
      app.add_option("RUN", options.run.prefix, "Id of the run, or enough of its beginning");
  app.add_flag("--last", options.run.last, "The newest run")->excludes(run);
  auto* at = app.add_option("--at", options.at_file,
                            "As of this older checkpoint of the log, which the reader trusts")
                 ->type_name("CHECKPOINT")
                 ->check(CLI::ExistingFile);
  app.add_option("--key", options.publish.key_file,
                 "Sign the checkpoint with this Ed25519 key: PEM, or PRIVATE+KEY+…")
      ->type_name("FILE")
      ->excludes(at);
  app.add_option("--to", options.to_file, "Write to this file, not to the standard output")
      ->type_name("FILE");
}

void add_check(CLI::App& evidence, FileAction& chosen, const engine::Registry& workflows) {
  CLI::App* command = evidence.add_subcommand(
      "check", "Verify evidence and re-perform the run, with no log, daemon or cluster");
  const auto options = std::make_shared<CheckOptions>();
  command->add_option("FILE", options->file, "What `evidence RUN` wrote")
      ->required()
      ->check(CLI::ExistingFile);
  auto* anchor = command
                     ->add_option("--anchor", options->anchor_file,
                                  "A checkpoint of the log that came another way")
                     ->type_name("CHECKPOINT")
                     ->check(CLI::ExistingFile);
  command
      ->add_option("--signed-by", options->key, "The public key that must have signed the anchor")
      ->type_name("KEY")
      ->needs(anchor);
  command
      ->add_option("--approvers", options->approvers_folder,
                   "Check the signatures of approvals by the public keys in this folder, NAME.pem")
      ->type_name("DIR");
  command->add_flag("--history", options->history, "Show the history of the run too");
  command->callback([&chosen, options, &workflows] {
    chosen = [options, &workflows](const Output& output) {
      return print_check(*options, workflows, output);
    };
  });
}

}  // namespace

void add_evidence(CLI::App& app, Action& chosen, FileAction& chosen_for_file,
                  const engine::Registry& workflows) {
  CLI::App* command = app.add_subcommand(
      "evidence", "One file about a run, for somebody who trusts a checkpoint and nothing else");
  const auto options = std::make_shared<MakeOptions>();
  add_make_options(*command, *options);
  add_check(*command, chosen_for_file, workflows);
  command->callback([&chosen, command, options] {
    if (!command->get_subcommands().empty()) return;
    if (options->run.prefix.empty() && !options->run.last) {
      throw CLI::ValidationError("evidence", "name a run, or say --last, or check FILE");
    }
    chosen = [options](const std::string& dir, const Output& output) {
      return make(dir, *options, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
