// What is proved: what each command says that steers a run, to the letter, and when the daemon
// refuses or is not there. golden_file.h says how the files are written.
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tools/api_world.h"
#include "tests/tools/golden_file.h"

namespace ratchet::ratchetd::testing {
namespace {

struct Steering {
  const char* file;   // of golden/
  const char* words;  // parted by blanks; HASH: of what the gates ask about
};
// Each run is named for what is done to it. One after the other.
constexpr Steering steering[] = {
    {"approve_shown", "approve approved --reason why"},
    {"approve_to_sign", "approve approved --to-sign FOLDER/to-sign --reason why"},
    {"approve_unseen", "approve approved --reason why --hash OTHER"},
    {"approve", "approve approved --reason why --hash HASH"},
    {"approve_twice", "approve approved --reason why --hash HASH"},
    {"deny", "deny denied --reason why --hash HASH"},
    {"signal", "signal signalled approval --value-file FOLDER/value --reason why"},
    {"pause", "pause paused --reason why"},
    {"pause_twice", "pause paused --reason why"},
    {"resume", "resume paused --reason why"},
    {"cancel", "cancel cancelled --reason why"},
    {"terminate", "terminate terminated --reason why"},
    {"retry", "retry retried 1 --reason why"},
    {"retry_unknown", "retry noted 7 --reason why"},
    {"skip", "skip skipped 1 --result \"done\" --reason why"},
    {"skip_wrong", "skip failed 1 --result 7 --reason why"},
    {"fail", "fail failed 1 --code given_up --message broken --reason why"},
    {"note", "note noted --reason why"},
    {"note_json", "-o json note noted --reason why"},
    {"reset", "reset reset --keep 1 --reason why"},
    {"release_refused", "release noted --reason why"},
    {"steer_nobody", "pause nobody --reason why"},
};

class GoldenSteering : public ::testing::Test {
 protected:
  GoldenSteering() {
    world.begin();
    for (const char* run : {"retried", "skipped", "failed"}) world.start(run, "stuck");
    for (const char* run : {"signalled", "paused", "cancelled", "terminated", "noted", "reset"}) {
      world.start(run, "waiting");
    }
    for (const char* run : {"approved", "denied"}) world.start(run, "asking");
    std::ofstream(world.folder.path("value"), std::ios::binary) << "\n\003yes";
    hash = world.get("/v1/runs/denied")["gates"][0]["payload_hash"].get<std::string>();
  }

  std::string said(const std::string& words) const {
    std::string all = ratchetctl::replaced(words, "HASH", hash);
    all = ratchetctl::replaced(std::move(all), "OTHER", std::string(64, '0'));
    all = ratchetctl::replaced(std::move(all), "FOLDER/", world.folder.path(""));
    std::istringstream in(all);
    std::vector<std::string> arguments;
    for (std::string word; in >> word;) arguments.push_back(word);
    const Said answer = world.ctl(arguments);
    const std::string text =
        ratchetctl::replaced(ratchetctl::golden_text(answer.out, answer.err, answer.code),
                             world.folder.path(""), "FOLDER/");
    return std::regex_replace(text, std::regex("local:[^ :\"]+"), "local:USER");
  }

  ApiWorld world;
  std::string hash;
};

TEST_F(GoldenSteering, EachCommandSaysWhatItAlwaysSaid) {
  for (const Steering& command : steering) {
    std::string text = said(command.words);
    if (std::string(command.file) == "retry") {  // its next attempt may be over by then
      text = std::regex_replace(text, std::regex("is (running|completed)"), "is STATE");
    }
    ratchetctl::expect_golden(command.file, text);
  }
  world.end();
  ratchetctl::expect_golden("steer_no_daemon", said("pause noted --reason why"));
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
