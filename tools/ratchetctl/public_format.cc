#include "tools/ratchetctl/public_format.h"

#include <filesystem>
#include <memory>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/proofs.h"
#include "store/base64.h"
#include "store/proof_files.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/progress.h"
#include "tools/ratchetctl/publish.h"

namespace ratchet::ratchetctl {

namespace {

namespace fs = std::filesystem;

struct FormatOptions {
  PublishOptions publish;
  RunName run;
  std::string from_file;
  std::string folder;
};

int print_checkpoint(const std::string& dir, const FormatOptions& options, const Output& output) {
  const auto log = store::open_rocks_reader(dir);
  const Published published = publish(*log, options.publish);
  if (wrote_document(document_of(published), output)) return Exit::well;
  output.streams.out << published.text;
  if (!published.verifier.empty()) {
    output.streams.err << "its public key: " << published.verifier << "\n";
  }
  return Exit::well;
}

int print_consistency(const store::LogReader& log, const FormatOptions& options,
                      const Output& output) {
  const store::Head older = checkpoint_in(options.from_file);
  const Published published = publish(log, options.publish);
  const auto proof = engine::prove_extends(log, older, published.head.size);
  const std::string text = store::to_add_checkpoint(older.size, proof, published.text);
  Document document = document_of(published);
  document["old"] = older.size;
  document["proof"] = text;
  if (!wrote_document(document, output)) output.streams.out << text;
  return Exit::well;
}

std::vector<engine::RecordProof> proofs_of(const store::LogReader& log, const engine::RunInfo& run,
                                           std::uint64_t size, const Streams& streams) {
  ProgressLine line(streams, "prove");
  auto proofs = engine::prove_run(log, run.run, size, line.reporter());
  if (!proofs.empty()) return proofs;
  if (run.pruned) {
    throw NotFound("the records of run " + run.run_id +
                   " were pruned: what was proven of them stays valid, and their hashes are in "
                   "`ratchetctl export --tiles`");
  }
  throw NotFound("run " + run.run_id + " has no record among the first " + std::to_string(size));
}

int print_proofs(const store::LogReader& log, const FormatOptions& options, const Output& output) {
  const engine::RunInfo run = find_run(log, options.run);
  const Published published = publish(log, options.publish);
  Table table({{"RECORD", 0, true}, {"TURN", 0, true}, {"BYTES", 0, true}, {"PROOF"}},
              output.streams.screen);
  Document document = document_of(published);
  document["run"] = run.run_id;
  document["proofs"] = Document::array();
  const auto proofs = proofs_of(log, run, published.head.size, output.streams);
  {  // its line is taken away before the table comes
    ProgressLine line(output.streams, "prove, writing", "proofs");
    for (const auto& proof : proofs) {
      const std::string text = store::to_tlog_proof(proof.index, proof.hashes, published.text);
      const std::string name = std::to_string(proof.index);
      document["proofs"].push_back({{"index", proof.index},
                                    {"turn", proof.turn},
                                    {"record_base64", store::to_base64(proof.record)},
                                    {"proof", text}});
      std::string where = std::to_string(proof.hashes.size()) + " hashes";
      if (!options.folder.empty()) {
        write_file(fs::path(options.folder) / (name + ".record"), proof.record);
        write_file(fs::path(options.folder) / (name + ".tlog-proof"), text);
        where = name + ".tlog-proof";
      }
      table.add({Cell{name}, Cell{std::to_string(proof.turn)},
                 Cell{std::to_string(proof.record.size())}, Cell{where}});
      line.at(document["proofs"].size(), proofs.size());
    }
  }
  if (!wrote_document(document, output)) output.streams.out << table.take();
  return Exit::well;
}

int prove(const std::string& dir, const FormatOptions& options, const Output& output) {
  const auto log = store::open_rocks_reader(dir);
  return options.from_file.empty() ? print_proofs(*log, options, output)
                                   : print_consistency(*log, options, output);
}

using FormatCommand = int (*)(const std::string& dir, const FormatOptions& options,
                              const Output& output);

// `check` refuses what the parser cannot.
void on_parse(CLI::App& app, Action& chosen, std::shared_ptr<FormatOptions> options,
              FormatCommand command, std::function<void(const FormatOptions&)> check = {}) {
  app.callback([&chosen, options = std::move(options), command, check = std::move(check)] {
    if (check) check(*options);
    chosen = [options, command](const std::string& dir, const Output& output) {
      return command(dir, *options, output);
    };
  });
}

void add_prove(CLI::App& app, Action& chosen) {
  CLI::App* prove_command = app.add_subcommand(
      "prove",
      "Proofs for an auditor: that a run's records are in the log of a checkpoint, or "
      "that the log extends an older one");
  const auto options = std::make_shared<FormatOptions>();
  auto* run = prove_command->add_option("RUN", options->run.prefix,
                                        "Id of the run, or enough of its beginning");
  auto* last = prove_command->add_flag("--last", options->run.last, "The newest run");
  auto* from = prove_command->add_option("--from", options->from_file,
                                         "An older checkpoint of this log: the body of an "
                                         "add-checkpoint request of c2sp.org/tlog-witness");
  from->type_name("CHECKPOINT");
  run->excludes(last)->excludes(from);
  last->excludes(from);
  prove_command
      ->add_option("--dir", options->folder,
                   "Write INDEX.record and INDEX.tlog-proof of each "
                   "record of the run into this folder")
      ->type_name("DIR")
      ->excludes(from);
  add_key(*prove_command, options->publish);
  on_parse(*prove_command, chosen, options, prove, [](const FormatOptions& parsed) {
    if (parsed.run.prefix.empty() && !parsed.run.last && parsed.from_file.empty()) {
      throw CLI::ValidationError("prove", "name a run, or say --last, or --from CHECKPOINT");
    }
  });
}

}  // namespace

void add_key(CLI::App& command, PublishOptions& options) {
  command
      .add_option("--key", options.key_file,
                  "Sign the checkpoint with this Ed25519 key: PEM, or PRIVATE+KEY+…")
      ->type_name("FILE");
  command.add_option("--size", options.size, "Of the log when it had so many records")
      ->type_name("RECORDS");
}

void add_public_format(CLI::App& app, Action& chosen) {
  CLI::App* checkpoint = app.add_subcommand(
      "checkpoint", "The head of the log as a public checkpoint (c2sp.org/tlog-checkpoint)");
  const auto of_checkpoint = std::make_shared<FormatOptions>();
  add_key(*checkpoint, of_checkpoint->publish);
  on_parse(*checkpoint, chosen, of_checkpoint, print_checkpoint);
  add_prove(app, chosen);
}

}  // namespace ratchet::ratchetctl
