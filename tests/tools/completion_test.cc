// What is proved: bash completes what this ratchetctl understands; the scripts of all shells name
// every command; kubectl finds the program as a plug-in once it is installed.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "store/rocks_log.h"
#include "tests/engine/recording.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::ratchetctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string script(const std::string& shell) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"completion", shell}, {}, {out, err, {}}), Exit::well) << err.str();
  return out.str();
}

struct Ended {
  int code = -1;
  std::string out;
};
Ended performed(const std::string& command) {
  Ended ended;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) ended.out += static_cast<char>(c);
  ended.code = WEXITSTATUS(pclose(pipe));
  return ended;
}

class Bash : public ::testing::Test {
 protected:
  Bash() { std::ofstream(folder.path("completion")) << script("bash"); }

  // What bash offers for the last of these words, one a line.
  std::string offered(const std::string& words) {
    std::ofstream(folder.path("ask")) << "source " << folder.path("completion") << "\n"
                                      << "cd " << folder.path("") << "\n"
                                      << "compopt() { :; }\n"  // there is no command line here
                                      << "COMP_WORDS=(" << words << ")\n"
                                      << "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                                      << "_ratchetctl\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    return performed("bash " + folder.path("ask")).out;
  }

  Folder folder;
};

TEST_F(Bash, CompletesACommand) {
  EXPECT_EQ(offered("ratchetctl evid"), "evidence\n");
  EXPECT_EQ(offered("ratchetctl --log /somewhere expl"), "explain\n");
  EXPECT_EQ(offered("ratchetctl evidence ch"), "check\n");
  EXPECT_EQ(offered("kubectl-ratchet nosuch"), "\n");
}

TEST_F(Bash, CompletesTheOptionsOfACommandAndTheGlobalOnes) {
  EXPECT_EQ(offered("ratchetctl runs --sta"), "--state\n");
  EXPECT_EQ(offered("ratchetctl runs --out"), "--output\n");
  EXPECT_EQ(offered("ratchetctl evidence check x --his"), "--history\n");
  EXPECT_EQ(offered("ratchetctl explain --sta"), "\n") << "that is an option of runs";
}

TEST_F(Bash, TakesTheValueOfAnOptionForNoCommand) {
  EXPECT_EQ(offered("ratchetctl --log runs --state"), "\n") << "runs is a folder here";
  EXPECT_EQ(offered("ratchetctl --log runs evid"), "evidence\n");
}

TEST_F(Bash, CompletesFilesWhereAnOptionTakesOne) {
  std::ofstream(folder.path("checkpoint.txt")) << "x";
  EXPECT_EQ(offered("ratchetctl verify --anchor check"), "checkpoint.txt\n");
  EXPECT_EQ(offered("ratchetctl --log check"), "\n") << "that takes a folder";
  EXPECT_EQ(offered("ratchetctl runs --newest check"), "\n") << "that takes a number";
}

// With a log of two runs; the id of one is such as nobody would want to be expanded.
class BashWithALog : public Bash {
 protected:
  BashWithALog() : dir(folder.path("log")) {
    engine::testing::Outside outside(
        engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(make_log(dir))));
    record_lisbon(outside);
    engine::testing::Ledger ledger;
    wait_for_approval(outside, ledger, "porto $(touch expanded)").reset();
    const auto source = reader_of(outside);
    Copier(*source).copy_all(*store::open_rocks_log(dir));
  }

  std::string dir;
  const std::string ctl{RATCHETCTL};
};

TEST_F(BashWithALog, CompletesTheIdsOfItsRuns) {
  EXPECT_EQ(offered(ctl + " --log " + dir + " history a1"), "a1b2c3d4-lisbon\n");
  EXPECT_EQ(offered(ctl + " --log " + dir + " diff a1b2 a1"), "a1b2c3d4-lisbon\n");
  EXPECT_EQ(offered(ctl + " --log " + dir + " export --run a1"), "a1b2c3d4-lisbon\n");
  EXPECT_EQ(offered(ctl + " --log " + dir + " history b"), "\n");
  EXPECT_EQ(offered(ctl + " history a1 --log " + dir + " --fol"), "--follow\n");
  EXPECT_EQ(offered(ctl + " --log " + folder.path("no-log") + " history a1"), "\n");
  EXPECT_EQ(offered(ctl + " --log " + dir + " verify a1"), "\n") << "that is of the whole log";
  setenv("RATCHET_LOG", dir.c_str(), 1);
  EXPECT_EQ(offered(ctl + " show a1"), "a1b2c3d4-lisbon\n");
  unsetenv("RATCHET_LOG");
}

TEST_F(BashWithALog, ExpandsNothingThatTheLogHolds) {
  EXPECT_EQ(offered(ctl + " --log " + dir + " history por"), "porto\\ \\$\\(touch\\ expanded\\)\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path("expanded")));
}

TEST_F(Bash, HasItForTheProgramAndForThePlugIn) {
  std::ofstream(folder.path("ask")) << "source " << folder.path("completion") << "\n"
                                    << "complete -p ratchetctl kubectl-ratchet\n";
  EXPECT_EQ(performed("bash " + folder.path("ask")).out,
            "complete -F _ratchetctl ratchetctl\ncomplete -F _ratchetctl kubectl-ratchet\n");
}

TEST_F(Bash, FindsTheScriptWellFormed) {
  EXPECT_EQ(performed("bash -n " + folder.path("completion")).out, "");
}

// A shell that is missing is a failure: the set-up brings all three.
void expect_installed(const std::string& shell) {
  ASSERT_EQ(performed("command -v " + shell).code, 0)
      << shell << " is not installed: `tools/setup tests` does that";
}

TEST(Zsh, CompletesACommand) {
  ASSERT_NO_FATAL_FAILURE(expect_installed("zsh"));
  const Folder folder;
  std::ofstream(folder.path("completion")) << script("zsh");
  EXPECT_EQ(performed("zsh -n " + folder.path("completion")).out, "");
  std::ofstream(folder.path("ask")) << "compadd() { shift; print -l -- \"$@\" }\n"
                                    << "compdef() { : }\nsource " << folder.path("completion")
                                    << "\nwords=(ratchetctl evid) CURRENT=2\n_ratchetctl\n";
  EXPECT_THAT(performed("zsh -f " + folder.path("ask")).out, HasSubstr("\nevidence\n"));
}

TEST(Fish, CompletesACommand) {
  ASSERT_NO_FATAL_FAILURE(expect_installed("fish"));
  const Folder folder;
  std::ofstream(folder.path("completion")) << script("fish");
  EXPECT_EQ(performed("fish --no-execute " + folder.path("completion")).out, "");
  EXPECT_THAT(performed("fish -c 'source " + folder.path("completion") +
                        "; complete -C \"ratchetctl evid\"'")
                  .out,
              HasSubstr("evidence"));
}

// Whatever help shows is completed: nobody keeps a list.
TEST(Completion, OfEveryShellHasEveryCommandOfTheHelp) {
  std::ostringstream help, err;
  run({"--help"}, {}, {help, err, {}});
  std::istringstream lines(help.str().substr(help.str().find("Subcommands:")));
  int commands = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ") || line.starts_with("   ")) continue;
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    if (name == "ratchetctl") continue;  // an example
    ++commands;
    std::string choice = "' " + name + "') at=' ";
    choice += name + "'";
    EXPECT_THAT(script("bash"), HasSubstr(choice));
    EXPECT_THAT(script("zsh"), HasSubstr(choice));
    EXPECT_THAT(script("fish"), HasSubstr(" -a " + name + " -d "));
  }
  EXPECT_GT(commands, 25);
}

TEST(Completion, IsRefusedForAShellThatNobodyWroteItFor) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"completion", "tcsh"}, {}, {out, err, {}}), Exit::usage);
  EXPECT_THAT(err.str(), HasSubstr("tcsh"));
}

TEST(Installed, AsAPlugInOfKubectlToo) {
  const Folder folder;
  const std::string install = std::string(CMAKE) +
                              " --install " BUILD_FOLDER " --component programs --prefix " +
                              folder.path("usr");
  const Ended installed = performed(install);
  ASSERT_EQ(installed.code, 0) << installed.out;
  EXPECT_THAT(performed("readlink " + folder.path("usr/bin/kubectl-ratchet")).out, "ratchetctl\n");
  const Ended version = performed(folder.path("usr/bin/kubectl-ratchet") + " version");
  EXPECT_EQ(version.code, Exit::well);
  EXPECT_THAT(version.out, HasSubstr("ratchetctl "));
  EXPECT_THAT(version.out, Not(HasSubstr("error")));
}

}  // namespace
}  // namespace ratchet::ratchetctl
