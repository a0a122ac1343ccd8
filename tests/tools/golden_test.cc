// What is proved: what each command says about a recorded upgrade, on a real folder, to the letter.
// golden_file.h says how the files are written.
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/proofs.h"
#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tests/tools/golden_file.h"
#include "tests/tools/log_folder.h"
#include "tests/tools/recorded_upgrade.h"
#include "tools/ratchetctl/ctl.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::ratchetctl {
namespace {

struct Command {
  const char* file;         // of golden/
  const char* words;        // parted by blanks
  const char* log = "log";  // its folder
};
constexpr Command reading[] = {
    {"runs", "runs"},
    {"runs_page", "runs --sort duration --reverse --skip 1 --limit 2"},
    {"runs_ids", "runs --ids"},
    {"runs_database", "runs --ids --database demo/db"},
    {"runs_no_database", "runs --database demo/d"},
    {"runs_json", "-o json runs --newest 1"},
    {"show", "show look-approved"},
    {"show_json", "-o json show look-blocked"},
    {"explain", "explain look-blocked"},
    {"plan", "plan look-approved"},
    {"diff", "diff look-approved look-blocked"},
    {"history", "history look-approved"},
    {"history_wide", "-o wide history look-approved"},
    {"history_yaml", "-o yaml history look-blocked"},
    {"verify", "verify"},
    {"verify_json", "-o json verify"},
    {"history_follow", "history look-blocked --follow"},
    {"plan_database", "plan --database demo/db --target 11.8.6"},
    {"plan_database_refused", "plan --database demo/db --target 12.0.0"},
    {"replay", "replay"},
    {"replay_until", "replay look-approved --until 6"},
    {"checkpoint", "checkpoint"},
    {"checkpoint_signed", "checkpoint --key FOLDER/key"},
    {"prove", "prove look-blocked"},
    {"prove_from", "prove --from FOLDER/older"},
    {"evidence", "evidence look-blocked --to FOLDER/evidence.json"},
    {"evidence_check", "evidence check FOLDER/evidence.json --history"},
    {"evidence_check_anchored", "evidence check FOLDER/evidence.json --anchor FOLDER/anchor"},
    {"evidence_upgrade", "evidence look-approved --to FOLDER/upgrade.json"},
    {"evidence_upgrade_check", "evidence check FOLDER/upgrade.json --anchor FOLDER/anchor"},
    {"evidence_upgrade_json", "-o json evidence check FOLDER/upgrade.json"},
    {"report", "report look-blocked --to FOLDER/report.html"},
    {"export_tiles", "export --tiles FOLDER/tiles"},
    {"export_jsonl", "export --jsonl --run look-blocked"},
    {"backup", "backup --to FOLDER/backup"},
    {"no_such_run", "show nobody"},
    {"version", "version"},
};

// On one log, one after the other: each finds what those before it did.
constexpr Command care[] = {
    {"repair_try",
     "repair --to-anchor FOLDER/anchor --into FOLDER/new --reason x --by ann --dry-run"},
    {"repair", "repair --to-anchor FOLDER/anchor --into FOLDER/new --reason x --by ann"},
    {"rebuild_try", "rebuild --dry-run"},
    {"rebuild", "rebuild"},
    {"adopt_try", "adopt --reason x --by ann --dry-run", "new"},
    {"adopt", "adopt --reason x --by ann", "new"},
    {"restore_unneeded", "restore --anchor FOLDER/anchor --accept-loss --reason x --by ann"},
    {"release_unneeded", "release look-blocked --reason x --by ann"},
    {"prune_try", "prune --completed-before 2026-01-01 --outcome failed --reason x --dry-run"},
    {"prune", "prune --completed-before 2026-01-01 --outcome failed --reason x --by ann"},
    {"prune_twice", "prune --completed-before 2026-01-01 --outcome failed --reason x --by ann"},
    {"pruned_show", "show look-blocked"},
    {"pruned_history", "history look-blocked"},
    {"pruned_verify", "verify"},
};
// The log in `new` is the longer one, since it was adopted.
constexpr Command restoring[] = {
    {"restore_try", "restore --anchor FOLDER/longer --accept-loss --reason x --by ann --dry-run"},
    {"restore", "restore --anchor FOLDER/longer --accept-loss --reason x --by ann"},
    {"verify_restored", "verify --anchor FOLDER/longer"},
};
// CLI11 lays out help, and names the types of values; 2.1.2 and 2.4.1 (Debian 12, 13) alike.
constexpr Command helping[] = {
    {"help", "help"},
    {"help_prune", "help prune"},
    {"help_evidence_check", "help evidence check"},
};

// As a dry run ends that came as far as one of the recorded runs.
Rehearsal rehearsed(const Intent& intent) {
  Rehearsal tried;
  tried.log = std::make_unique<store::MemoryLog>(recorded_upgrade(), [](const auto&) {});
  const bool refused = intent.target == "12.0.0";
  tried.run_id = refused ? "look-blocked" : "look-warning";
  tried.exit = refused ? Exit::refused : Exit::well;
  if (refused) tried.failure = engine::Failure{"preflight", "the pre-flight found something"};
  if (!refused) tried.stopped_before = "pause_database";
  return tried;
}

class Golden : public ::testing::Test {
 protected:
  Golden() {
    setenv("TZ", "UTC", 1);
    tzset();
    const std::string dir = folder_.path("log");
    log_id_ = make_log(dir);
    const store::MemoryLog recorded(recorded_upgrade(), [](const auto&) {});
    Copier(recorded).copy_all(*store::open_rocks_log(dir));
    mysql::add_workflows(workflows_);
    std::ofstream(folder_.path("key"), std::ios::binary) << known_key;
    const auto log = store::open_rocks_reader(dir);
    write("anchor", log->head());
    write("older", engine::head_at(*log, 100));
  }

  void write(const std::string& name, const store::Head& head) const {
    std::ofstream(folder_.path(name), std::ios::binary) << store::to_checkpoint(head);
  }
  store::Head head_of(const std::string& log) const {
    return store::open_rocks_reader(folder_.path(log))->head();
  }

  std::string said(const Command& command) const {
    std::vector<std::string> arguments{"--log", folder_.path(command.log)};
    std::istringstream in(replaced(command.words, "FOLDER/", folder_.path("")));
    for (std::string word; in >> word;) arguments.push_back(word);
    std::ostringstream out, err;
    const int code = run(arguments, workflows_, {out, err, {}}, rehearsed);
    return same_every_time(golden_text(out.str(), err.str(), code));
  }
  template <class Commands>
  void expect_each(const Commands& commands) const {
    for (const Command& command : commands) expect_golden(command.file, said(command));
  }

 private:
  // The id that the log drew, and with it every hash in its tree and every signature, are others in
  // every test.
  std::string same_every_time(std::string text) const {
    text = replaced(std::move(text), store::to_hex(log_id_), "LOG_ID");
    text = replaced(std::move(text), folder_.path(""), "FOLDER/");
    text = std::regex_replace(text, std::regex("PeterNeumann [A-Za-z0-9+/]{91}="),
                              "PeterNeumann SIGNATURE");
    text = std::regex_replace(text, std::regex("ratchetctl [0-9]+[.][0-9]+[.][0-9]+"),
                              "ratchetctl VERSION");
    return std::regex_replace(text, std::regex("[A-Za-z0-9+/]{43}="), "HASH");
  }

  Folder folder_;
  std::string log_id_;
  engine::Registry workflows_;
};

TEST_F(Golden, EachCommandSaysWhatItAlwaysSaid) { expect_each(reading); }

TEST_F(Golden, TheCareOfALogSaysWhatItDid) { expect_each(care); }

TEST_F(Golden, ABackupIsRestoredInTheSameWords) {
  for (const char* words : {"backup --to FOLDER/new", "backup --to FOLDER/short"}) {
    ASSERT_NE(said({"", words}).find("backed up"), std::string::npos);
  }
  ASSERT_NE(said({"", "adopt --reason x", "new"}).find("accepted"), std::string::npos);
  write("longer", head_of("new"));
  for (Command command : restoring) {
    command.log = "short";
    expect_golden(command.file, said(command));
  }
}

TEST_F(Golden, HelpSaysWhatItAlwaysSaid) { expect_each(helping); }

}  // namespace
}  // namespace ratchet::ratchetctl
