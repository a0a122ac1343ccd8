#include "tools/ratchetctl/backup.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include <CLI/CLI.hpp>

#include "engine/inspect/verify.h"
#include "store/checkpoint.h"
#include "store/rocks_backup.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/progress.h"
#include "tools/ratchetctl/publish.h"

namespace ratchet::ratchetctl {

namespace {

constexpr const char* checkpoint_name = "checkpoint";

struct BackupOptions {
  std::string to;
  std::string anchor_file;
  std::string key_file;
};

// A copy of a damaged log is no backup.
void require_whole(const engine::VerifyReport& report, const std::string& dir) {
  if (report.ok()) return;
  throw store::Error(store::Fault::corrupt,
                     "the log in " + dir + " is not whole: " + report.problems.front() +
                         ": there is no backup of it; keep it as evidence (`ratchetctl verify` "
                         "says more)");
}

engine::VerifyReport verified_copy(const store::LogReader& copy,
                                   const std::optional<store::Head>& anchor,
                                   const Streams& streams) {
  ProgressLine line(streams, "backup");
  return engine::verify(copy, anchor, nullptr, line.reporter());
}

void print(const store::Head& head, const BackupOptions& options, const Output& output) {
  const std::string checkpoint = options.to + "/" + checkpoint_name;
  output.streams.out << "backed up " << head.size << " records into " << options.to
                     << "; they verify"
                     << (options.anchor_file.empty() ? "" : ", and extend " + options.anchor_file)
                     << "\n"
                     << "the checkpoint of the backup is in " << checkpoint
                     << ": keep a copy of it elsewhere, and compare by\n"
                     << "  ratchetctl --log " << options.to << " verify --anchor " << checkpoint
                     << "\n"
                     << "to go on from it: stop the daemon, give it a copy of " << options.to
                     << " as its log, and accept what came after as lost:\n"
                     << "  ratchetctl --log DIR restore --anchor ANCHOR --accept-loss --reason …\n";
}

int back_up(const std::string& dir, const BackupOptions& options, const Output& output) {
  std::optional<store::Head> anchor;
  if (!options.anchor_file.empty()) anchor = checkpoint_in(options.anchor_file);
  const store::Head head = store::back_up_rocks_log(dir, options.to);
  try {
    const auto made = store::open_rocks_reader(options.to);
    require_whole(verified_copy(*made, anchor, output.streams), dir);
    const Published published = publish(*made, {options.key_file, std::nullopt});
    write_file(std::filesystem::path(options.to) / checkpoint_name, published.text);
    if (!wrote_document(document_of(published), output)) print(head, options, output);
  } catch (...) {
    std::filesystem::remove_all(options.to);
    throw;
  }
  return Exit::well;
}

}  // namespace

void add_backup(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "backup",
      "Copy the log as it is at one moment, also while a daemon writes it, and verify it");
  const auto options = std::make_shared<BackupOptions>();
  command->add_option("--to", options->to, "The folder to make")->type_name("DIR")->required();
  command
      ->add_option("--anchor", options->anchor_file,
                   "A checkpoint kept outside the log, which the backup must extend")
      ->type_name("ANCHOR")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--key", options->key_file,
                   "Sign the backup's checkpoint with this Ed25519 key: PEM, or PRIVATE+KEY+…")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  command->footer(
      "Exit codes: 0 done, 1 wrong usage, 2 no such log, 3 damage found, or the log does not "
      "extend\n"
      "the anchor: nothing is left of the copy, 5 cannot be read or written, or the folder "
      "exists.");
  command->callback([&chosen, options] {
    chosen = [options](const std::string& dir, const Output& output) {
      return back_up(dir, *options, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
