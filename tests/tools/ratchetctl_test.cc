// What is proved: the program on real folders: what each command exits with, that damage is never
// called well, and that a run can be followed through the death of its writer.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tests/engine/recording.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {
namespace {

using engine::testing::lisbon;
using ::testing::HasSubstr;

struct Answer {
  int code = -1;
  std::string out;
  std::string err;
};

// The program with travel linked in.
Answer ctl(const std::vector<std::string>& arguments, bool swapped = false) {
  engine::Registry workflows;
  workflows.add("travel", 1, swapped ? engine::testing::travel_swapped : engine::testing::travel);
  std::ostringstream out, err;
  const int code = run(arguments, workflows, {out, err, {}});
  return {code, out.str(), err.str()};
}

// The program itself; the shell splits the line.
class Program {
 public:
  Program(const std::string& environment, const std::string& arguments)
      : pipe_(popen((environment + " " RATCHETCTL " " + arguments + " 2>&1").c_str(), "r")) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pipe_ != nullptr) pclose(pipe_);
  }

  // Waits for the next line; empty at the end.
  std::string line() {
    std::string text;
    for (int c = 0; (c = std::fgetc(pipe_)) != EOF && c != '\n';) text += static_cast<char>(c);
    return text;
  }
  std::string rest() {
    std::string all;
    for (int c = 0; (c = std::fgetc(pipe_)) != EOF;) all += static_cast<char>(c);
    return all;
  }
  int code() { return WEXITSTATUS(pclose(std::exchange(pipe_, nullptr))); }

 private:
  FILE* pipe_;
};

class Ratchetctl : public ::testing::Test {
 protected:
  Ratchetctl() : dir(folder.path("log")) {
    outside.disk =
        engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(make_log(dir)));
    record_lisbon(outside);
    source = reader_of(outside);
  }
  void record_all() { Copier(*source).copy_all(*store::open_rocks_log(dir)); }
  std::string write(const std::string& name, const std::string& content) {
    std::ofstream(folder.path(name), std::ios::binary) << content;
    return folder.path(name);
  }

  Folder folder;
  std::string dir;
  engine::testing::Outside outside;
  std::unique_ptr<store::LogReader> source;
};

TEST_F(Ratchetctl, AllIsWellOnAWholeLog) {
  record_all();
  const Answer runs = ctl({"--log", dir, "runs"});
  EXPECT_EQ(runs.code, Exit::well) << runs.err;
  EXPECT_THAT(runs.out, HasSubstr("a1b2c3d4-lisbon  travel v1  completed"));
  const Answer history = ctl({"history", "a1b2", "--log", dir});
  EXPECT_EQ(history.code, Exit::well) << history.err;
  EXPECT_THAT(history.out, HasSubstr("flight to Lisbon"));
  const Answer show = ctl({"--log", dir, "show", "a1b2"});
  EXPECT_EQ(show.code, Exit::well) << show.err;
  EXPECT_THAT(show.out, HasSubstr("5  book      hotel in Lisbon"));
  EXPECT_THAT(show.out, HasSubstr("found done"));
  EXPECT_EQ(ctl({"--log", dir, "explain", "a1b2"}).out, "The run completed.\n");
  const Answer diff = ctl({"--log", dir, "diff", "a1b2", "a1b2c3d4-lisbon"});
  EXPECT_EQ(diff.code, Exit::well) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("announce"));
  const Answer none = ctl({"--log", dir, "runs", "--state", "failed,paused", "--about", "Lisbon"});
  EXPECT_EQ(none.code, Exit::well) << none.err;
  EXPECT_EQ(none.out, "");
  const Answer verify = ctl({"--log", dir, "verify"});
  EXPECT_EQ(verify.code, Exit::well) << verify.err << verify.out;
  EXPECT_THAT(verify.out, HasSubstr("the log is whole"));
  const Answer replay = ctl({"--log", dir, "replay"});
  EXPECT_EQ(replay.code, Exit::well) << replay.err << replay.out;
  EXPECT_THAT(replay.out, HasSubstr("same"));
  EXPECT_EQ(ctl({"--log", dir, "replay", "--all"}).out, replay.out);
}

TEST_F(Ratchetctl, ADivergenceIsShownSideBySide) {
  record_all();
  const Answer replay = ctl({"--log", dir, "replay", "--last"}, true);
  EXPECT_EQ(replay.code, Exit::diverged);
  EXPECT_THAT(replay.out, HasSubstr("RECORDED"));
  EXPECT_THAT(replay.out, HasSubstr("value: \"flight to Lisbon\"  "));
  EXPECT_THAT(replay.out, HasSubstr("  value: \"hotel in Lisbon\""));
  EXPECT_THAT(replay.out, HasSubstr("travel.cc:"));
}

TEST_F(Ratchetctl, ABuildWithoutTheWorkflowSaysSo) {
  record_all();
  Program program("RATCHET_LOG=" + dir, "replay");
  EXPECT_THAT(program.rest(), HasSubstr("this build has no such workflow"));
  EXPECT_EQ(program.code(), Exit::diverged);
}

TEST_F(Ratchetctl, WhatIsWrongWithACommandLineIsExitCodeOne) {
  record_all();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{},
        {"--log", dir},
        {"--log", dir, "hist"},
        {"--log", dir, "history"},
        {"--log", dir, "explain"},
        {"--log", dir, "runs", "--state", "tired"},
        {"--log", dir, "runs", "--since", "yesterday"},
        {"--log", dir, "runs", "--sort", "colour"},
        {"--log", dir, "runs", "--skip", "-1"},
        {"--log", dir, "runs", "--limit", "0"},
        {"--log", dir, "runs", "--watch", "--timeout", "nan"},
        {"help", "nosuch"},
        {"--log", dir, "-o", "xml", "runs"},
        {"--log", dir, "history", "--last", "--timeout", "5"},
        {"--log", dir, "replay", "--all", "--last"},
        {"--log", dir, "verify", "--anchor", folder.path("absent")}}) {
    const Answer answer = ctl(arguments);
    EXPECT_EQ(answer.code, Exit::usage) << ::testing::PrintToString(arguments);
    EXPECT_NE(answer.err, "") << ::testing::PrintToString(arguments);
  }
  unsetenv("RATCHET_LOG");
  EXPECT_THAT(ctl({"runs"}).err, HasSubstr("RATCHET_LOG"));
}

TEST_F(Ratchetctl, ABoundIsToldInWordsThatCanBeRead) {
  record_all();
  EXPECT_THAT(ctl({"--log", dir, "runs", "--newest", "0"}).err,
              HasSubstr("'0' is no whole number from 1 to 4294967295"));
  EXPECT_THAT(ctl({"--log", dir, "runs", "--skip", "x"}).err,
              HasSubstr("'x' is no whole number from 0 to 4294967295"));
  EXPECT_THAT(ctl({"--log", dir, "history", "--last", "--follow", "--timeout", "0"}).err,
              HasSubstr("'0' is no number of seconds above 0 and up to 31536000"));
}

TEST_F(Ratchetctl, WhatIsNotThereIsExitCodeTwo) {
  record_all();
  EXPECT_EQ(ctl({"--log", folder.path("nothing"), "runs"}).code, Exit::not_found);
  EXPECT_EQ(ctl({"--log", folder.path("nothing"), "verify"}).code, Exit::not_found);
  const Answer answer = ctl({"--log", dir, "history", "b1"});
  EXPECT_EQ(answer.code, Exit::not_found);
  EXPECT_THAT(answer.err, HasSubstr("no run 'b1'"));
}

TEST_F(Ratchetctl, HelpAndVersionNeedNoLog) {
  EXPECT_EQ(ctl({"help"}).out, ctl({"--help"}).out);
  EXPECT_EQ(ctl({"help", "show"}).out, ctl({"show", "--help"}).out);
  EXPECT_EQ(ctl({"help", "evidence", "check"}).out, ctl({"evidence", "check", "--help"}).out);
  EXPECT_EQ(ctl({"--help"}).code, Exit::well);
  EXPECT_THAT(ctl({"--help"}).out, HasSubstr("Exit codes"));
  EXPECT_THAT(ctl({"version"}).out, HasSubstr("ratchetctl "));
}

TEST_F(Ratchetctl, AnAnchorIsComparedWithTheLog) {
  record_all();
  store::Head head = source->head();
  const auto verify = [&](const store::Head& anchor) {
    return ctl({"--log", dir, "verify", "--anchor", write("anchor", to_checkpoint(anchor))});
  };
  EXPECT_EQ(verify(head).code, Exit::well) << verify(head).out;
  EXPECT_EQ(verify({head.log_id, 3, source->root(3), 0}).code, Exit::well);
  EXPECT_EQ(verify({head.log_id, 3, source->root(4), 0}).code, Exit::damaged);
  const Answer rolled_back = verify({head.log_id, head.size + 1, head.root, 0});
  EXPECT_EQ(rolled_back.code, Exit::damaged);
  EXPECT_THAT(rolled_back.out, HasSubstr("rolled back"));
  EXPECT_EQ(verify({"fedcba9876543210", head.size, head.root, 0}).code, Exit::damaged);
  EXPECT_EQ(ctl({"--log", dir, "verify", "--anchor", write("anchor", "x\n")}).code, Exit::usage);
}

TEST_F(Ratchetctl, EvidenceIsCheckedElsewhere) {
  record_all();
  const std::string file = folder.path("evidence.json");
  const std::string anchor = write("anchor", to_checkpoint(source->head()));
  EXPECT_EQ(ctl({"--log", dir, "evidence", "--last", "--to", file}).code, Exit::well);
  const Answer well = ctl({"evidence", "check", file, "--anchor", anchor, "--history"});
  EXPECT_EQ(well.code, Exit::well) << well.err << well.out;
  EXPECT_THAT(well.out, HasSubstr("started by traveller"));
  EXPECT_THAT(well.out, HasSubstr("signal approval by boss"));
  EXPECT_THAT(well.out, HasSubstr("flight to Lisbon"));
  EXPECT_THAT(well.out, HasSubstr("It does not say that the facts are true"));
  const Answer alone = ctl({"evidence", "check", file});
  EXPECT_EQ(alone.code, Exit::self_consistent);
  EXPECT_THAT(alone.out, HasSubstr("SELF-CONSISTENT ONLY"));
  EXPECT_EQ(ctl({"evidence", "check", file, "--anchor", anchor}, true).code, Exit::diverged);
  EXPECT_THAT(ctl({"-o", "json", "evidence", "check", file}).out, HasSubstr("\"same\": true"));
}

TEST_F(Ratchetctl, EvidenceIsOfTheCheckpointThatWasAskedFor) {
  record_all();
  const store::Head head = source->head();
  const std::string older = write(
      "older", store::to_checkpoint({head.log_id, head.size - 2, source->root(head.size - 2), 0}));
  const std::string anchor = write("anchor", to_checkpoint(head));
  const std::string file = folder.path("evidence.json");
  ASSERT_EQ(ctl({"--log", dir, "evidence", "a1b2", "--at", older, "--to", file}).code, Exit::well);
  EXPECT_EQ(ctl({"evidence", "check", file, "--anchor", older}).code, Exit::well);
  const Answer newer = ctl({"evidence", "check", file, "--anchor", anchor});
  EXPECT_EQ(newer.code, Exit::damaged);
  EXPECT_THAT(newer.err, HasSubstr("made with --at"));
  const std::string too_old =
      write("too-old", store::to_checkpoint({head.log_id, 1, source->root(1), 0}));
  const Answer none = ctl({"--log", dir, "evidence", "a1b2", "--at", too_old});
  EXPECT_EQ(none.code, Exit::not_found);
  EXPECT_THAT(none.err, HasSubstr("covers 1 records and none of run"));
  EXPECT_EQ(ctl({"evidence", "check", anchor}).code, Exit::damaged);
  EXPECT_EQ(ctl({"evidence", "check", folder.path("absent")}).code, Exit::usage);
  EXPECT_EQ(ctl({"--log", dir, "evidence"}).code, Exit::usage);
}

TEST_F(Ratchetctl, ExportsEveryEventAsALineThatTheHistoryHasToo) {
  record_all();
  const Answer lines = ctl({"--log", dir, "export", "--jsonl"});
  ASSERT_EQ(lines.code, Exit::well) << lines.err;
  const Document history =
      Document::parse(ctl({"--log", dir, "-o", "json", "history", "--last"}).out)["events"];
  std::istringstream in(lines.out);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    EXPECT_EQ(Document::parse(line), history.at(count));
  }
  EXPECT_EQ(count, history.size());
  EXPECT_EQ(ctl({"--log", dir, "export", "--jsonl", "--run", "a1b2"}).out, lines.out);
  const std::string last = history.at(count - 1)["index"].dump();
  const Answer rest = ctl({"--log", dir, "export", "--jsonl", "--from", last});
  EXPECT_TRUE(!rest.out.empty() && lines.out.ends_with(rest.out)) << rest.out;
  const std::string size = std::to_string(source->head().size);
  EXPECT_EQ(ctl({"--log", dir, "export", "--jsonl", "--from", size}).out, "");
}

TEST_F(Ratchetctl, SaysWhatAnExportCannotBe) {
  record_all();
  for (const auto& [words, why] :
       {std::pair<std::vector<std::string>, const char*>{{}, "say --tiles DIR, or --jsonl"},
        {{"--jsonl", "--tiles", "x"}, "excludes"},
        {{"--jsonl", "--key", "x"}, "--key requires --tiles"},
        {{"--from", "3"}, "--from requires --jsonl"},
        {{"--jsonl", "--from", "1000"}, "there is no record 1000 to go on from"}}) {
    std::vector<std::string> arguments{"--log", dir, "export"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Answer answer = ctl(arguments);
    EXPECT_EQ(answer.code, Exit::usage) << why;
    EXPECT_THAT(answer.err, HasSubstr(why));
  }
  EXPECT_EQ(ctl({"--log", dir, "-o", "yaml", "export", "--jsonl"}).code, Exit::usage);
  EXPECT_EQ(ctl({"--log", dir, "export", "--jsonl", "--run", "b1"}).code, Exit::not_found);
}

// Every file of the log that holds the text, with one byte of it flipped.
TEST_F(Ratchetctl, AFlippedByteIsNeverCalledWell) {
  record_all();
  namespace fs = std::filesystem;
  int flipped = 0;
  for (const auto& file : fs::directory_iterator(dir)) {
    std::ifstream in(file.path(), std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(in), {}};
    const std::size_t at = content.find("hotel in Lisbon");
    if (at == std::string::npos) continue;
    ++flipped;
    const std::string copy = folder.path("copy" + std::to_string(flipped));
    fs::copy(dir, copy, fs::copy_options::recursive);
    content[at] ^= 1;
    std::ofstream(fs::path(copy) / file.path().filename(), std::ios::binary) << content;
    const Answer answer = ctl({"--log", copy, "verify"});
    EXPECT_TRUE(answer.code == Exit::damaged || answer.code == Exit::not_found)
        << file.path() << " " << answer.code << answer.out << answer.err;
    EXPECT_NE(answer.err + answer.out, "");
  }
  EXPECT_GE(flipped, 1);
}

// The content of a record, changed by somebody who knows how to write a log.
TEST_F(Ratchetctl, AnEditedRecordIsFoundThoughTheLogIsWrittenWell) {
  auto log = store::open_rocks_log(dir);
  Copier copier(*source);
  copier.copy(*log, source->head().size - 1);
  store::Entry entry;
  entry.record = "not what was recorded";
  log->submit(std::move(entry));
  log.reset();
  const Answer answer = ctl({"--log", dir, "verify"});
  EXPECT_EQ(answer.code, Exit::damaged);
  EXPECT_THAT(answer.out, HasSubstr("PROBLEM"));
  EXPECT_THAT(answer.out, HasSubstr("record " + std::to_string(source->head().size - 1)));
  // Whoever reads all of it does not read past it.
  EXPECT_EQ(ctl({"--log", dir, "replay"}).code, Exit::damaged);
  EXPECT_EQ(ctl({"--log", dir, "export", "--jsonl"}).code, Exit::damaged);
}

TEST_F(Ratchetctl, FollowsARunFromBeforeItsStartThroughTheDeathOfTheWriter) {
  Program program("RATCHET_LOG=" + dir,
                  "-o json history --follow --timeout 60 " + std::string(lisbon));
  const auto wait_for_turn = [&](std::uint32_t turn) {
    for (std::string line; !(line = program.line()).empty();) {
      const Document event = Document::parse(line);
      EXPECT_EQ(event["run"], lisbon);
      if (event["turn"] == turn) return true;
    }
    return false;
  };
  Copier copier(*source);
  const std::uint64_t size = source->head().size;
  {
    const auto log = store::open_rocks_log(dir);
    copier.copy(*log, size / 2);
    EXPECT_TRUE(wait_for_turn(0));
  }
  const auto log = store::open_rocks_log(dir);
  copier.copy(*log, size - 1);
  EXPECT_TRUE(wait_for_turn(5));
  copier.copy(*log, size);
  EXPECT_THAT(program.rest(), HasSubstr("RunCompleted"));
  EXPECT_EQ(program.code(), Exit::well);
}

TEST_F(Ratchetctl, WatchesRunsAndShowsThemAnewWhenSomethingIsRecorded) {
  Program program("echo $$; exec env RATCHET_LOG=" + dir, "runs --watch --timeout 100");
  const int process = std::stoi(program.line());
  const auto wait_for = [&](const std::string& state) {
    for (int lines = 0; lines < 100; ++lines) {
      if (program.line().find("travel v1  " + state) != std::string::npos) return true;
    }
    return false;
  };
  Copier copier(*source);
  const auto log = store::open_rocks_log(dir);
  copier.copy(*log, source->head().size - 1);
  EXPECT_TRUE(wait_for("running"));
  copier.copy_all(*log);
  EXPECT_TRUE(wait_for("completed"));
  kill(process, SIGINT);
  EXPECT_EQ(program.code(), Exit::stopped);
}

TEST_F(Ratchetctl, WatchesNoLongerThanTheTimeout) {
  record_all();
  const Answer answer = ctl({"--log", dir, "runs", "--watch", "--timeout", "0.3"});
  EXPECT_EQ(answer.code, Exit::timed_out);
  EXPECT_EQ(answer.out.find("a1b2c3d4-lisbon"), answer.out.rfind("a1b2c3d4-lisbon"))
      << "nothing was recorded meanwhile";
  EXPECT_EQ(ctl({"--log", dir, "runs", "--timeout", "1"}).code, Exit::usage);
}

TEST_F(Ratchetctl, GivesUpFollowingAfterTheTimeout) {
  {
    const auto log = store::open_rocks_log(dir);
    Copier(*source).copy(*log, source->head().size - 1);
  }
  const Answer answer = ctl({"--log", dir, "history", "--last", "--follow", "--timeout", "0.05"});
  EXPECT_EQ(answer.code, Exit::timed_out);
  EXPECT_THAT(answer.out, HasSubstr("RunStarted"));
  EXPECT_THAT(answer.err, HasSubstr("has not ended"));
  EXPECT_EQ(ctl({"--log", folder.path("x"), "history", "y", "-f", "--timeout", "0.05"}).code,
            Exit::timed_out);
}

}  // namespace
}  // namespace ratchet::ratchetctl
