// What is proved: what each command says about a recorded upgrade, on a real folder, to the letter.
// RATCHET_WRITE_GOLDEN=1 writes the files anew; review the difference before you commit it.
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tests/tools/log_folder.h"
#include "tests/tools/recorded_upgrade.h"
#include "tools/ratchetctl/ctl.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::ratchetctl {
namespace {

struct Command {
  const char* file;   // of golden/
  const char* words;  // parted by blanks
};
constexpr Command commands[] = {
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
    {"replay", "replay"},
    {"replay_until", "replay look-approved --until 6"},
    {"checkpoint", "checkpoint"},
    {"prove", "prove look-blocked"},
    {"evidence", "evidence look-blocked --to FOLDER/evidence.json"},
    {"evidence_check", "evidence check FOLDER/evidence.json --history"},
    {"report", "report look-blocked --to FOLDER/report.html"},
    {"export_tiles", "export --tiles FOLDER/tiles"},
    {"export_jsonl", "export --jsonl --run look-blocked"},
    {"backup", "backup --to FOLDER/backup"},
    {"no_such_run", "show nobody"},
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

class Golden : public ::testing::Test {
 protected:
  Golden() : dir_(folder_.path("log")) {
    setenv("TZ", "UTC", 1);
    tzset();
    make_log(dir_);
    const store::MemoryLog recorded(recorded_upgrade(), [](const auto&) {});
    Copier(recorded).copy_all(*store::open_rocks_log(dir_));
    mysql::add_workflows(workflows_);
  }

  std::string said(const std::string& words) {
    std::vector<std::string> arguments{"--log", dir_};
    std::istringstream in(replaced(words, "FOLDER/", folder_.path("")));
    for (std::string word; in >> word;) arguments.push_back(word);
    std::ostringstream out, err;
    const int code = run(arguments, workflows_, {out, err, {}});
    std::string all = out.str();
    if (!err.str().empty()) all += "--- on standard error\n" + err.str();
    return same_every_time(all + "--- exit code " + std::to_string(code) + "\n");
  }

 private:
  // The id that the log drew, and with it every hash in its tree, are others in every test.
  std::string same_every_time(std::string text) const {
    const std::string id = store::open_rocks_reader(dir_)->head().log_id;
    text = replaced(std::move(text), store::to_hex(id), "LOG_ID");
    text = replaced(std::move(text), folder_.path(""), "FOLDER/");
    return std::regex_replace(text, std::regex("[A-Za-z0-9+/]{43}="), "HASH");
  }

  Folder folder_;
  std::string dir_;
  engine::Registry workflows_;
};

TEST_F(Golden, EachCommandSaysWhatItAlwaysSaid) {
  for (const Command& command : commands) {
    const std::string file = std::string(GOLDEN_FOLDER "/golden/") + command.file + ".txt";
    const std::string now = said(command.words);
    if (std::getenv("RATCHET_WRITE_GOLDEN") != nullptr) {
      std::filesystem::create_directories(GOLDEN_FOLDER "/golden");
      std::ofstream(file, std::ios::binary) << now;
    }
    std::ifstream in(file, std::ios::binary);
    const std::string then{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(now, then) << command.words;
  }
}

}  // namespace
}  // namespace ratchet::ratchetctl
