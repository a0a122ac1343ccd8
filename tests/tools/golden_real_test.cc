// What is proved: what commands say about an upgrade of a real server, to the letter: MariaDB 10.11
// to 11.8, its ratchetd killed in the middle (tools/demo; tests/histories keeps the log). Times,
// durations and what a server says of itself are real there. golden_file.h says how the files are
// written.
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/checkpoint.h"
#include "store/memory_log.h"
#include "store/rocks_log.h"
#include "tests/histories/history_text.h"
#include "tests/tools/golden_file.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::ratchetctl {
namespace {

// Of golden/, and the words.
constexpr std::pair<const char*, const char*> about_real_servers[] = {
    {"real_runs", "runs --database demo/my-standalone --state completed"},
    {"real_show", "show 694c"},
    {"real_show_json", "-o json show 694c"},
    {"real_explain", "explain 694c"},
    {"real_plan", "plan 694c"},
    {"real_history", "history 694c"},
    {"real_diff", "diff 694c 694c"},
    {"real_verify", "verify"},
    {"real_replay", "replay --all"},
    {"real_replay_until", "replay 694c --until 17"},
    {"real_report", "report 694c"},
    {"real_evidence", "evidence 694c --to FOLDER/evidence.json"},
    {"real_evidence_check", "evidence check FOLDER/evidence.json"},
};

class GoldenReal : public ::testing::Test {
 protected:
  GoldenReal() : dir_(folder_.path("log")) {
    setenv("TZ", "UTC", 1);
    tzset();
    log_id_ = make_log(dir_);
    std::ifstream in(REAL_HISTORY_FILE, std::ios::binary);
    const std::string history{std::istreambuf_iterator<char>(in), {}};
    const store::MemoryLog recorded(engine::testing::from_text(history), [](const auto&) {});
    Copier(recorded).copy_all(*store::open_rocks_log(dir_));
    mysql::add_workflows(workflows_);
  }

  std::string said(const std::string& words) const {
    std::vector<std::string> arguments{"--log", dir_};
    std::istringstream in(replaced(words, "FOLDER/", folder_.path("")));
    for (std::string word; in >> word;) arguments.push_back(word);
    std::ostringstream out, err;
    const int code = run(arguments, workflows_, {out, err, {}});
    std::string text = golden_text(out.str(), err.str(), code);
    // The id that the log drew, and with it every hash in its tree, are others in every test.
    text = replaced(std::move(text), store::to_hex(log_id_), "LOG_ID");
    text = replaced(std::move(text), folder_.path(""), "FOLDER/");
    return std::regex_replace(text, std::regex("[A-Za-z0-9+/]{43}="), "HASH");
  }

 private:
  Folder folder_;
  std::string dir_;
  std::string log_id_;
  engine::Registry workflows_;
};

TEST_F(GoldenReal, EachCommandSaysWhatItAlwaysSaid) {
  for (const auto& [file, words] : about_real_servers) expect_golden(file, said(words));
}

}  // namespace
}  // namespace ratchet::ratchetctl
