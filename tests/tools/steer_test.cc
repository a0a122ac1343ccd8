// What is proved: the steering commands of ratchetctl against a daemon's API: what they print,
// record and exit with, and what they say when something is in the way.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/tools/api_world.h"
#include "tools/ratchetctl/api_file.h"

namespace ratchet::ratchetd::testing {
namespace {

using ratchetctl::Exit;
using ::testing::HasSubstr;
using ::testing::Not;

class Steer : public ::testing::Test {
 protected:
  Steer() { world.begin(); }
  ApiWorld world;
};

TEST_F(Steer, AnApprovalNeedsTheHashOfWhatWasShown) {
  world.start("r-1", "asking");
  const std::string hash = world.get("/v1/runs/r-1")["gates"][0]["payload_hash"];
  const Said shown = world.ctl({"approve", "r-", "--reason", "looks right"});
  EXPECT_EQ(shown.code, Exit::usage);
  EXPECT_THAT(shown.out, HasSubstr("\"plan 7\""));
  EXPECT_THAT(shown.out, HasSubstr("SHA-256: " + hash));
  EXPECT_THAT(shown.err, HasSubstr("approve r-1 --gate deploy --hash " + hash));
  EXPECT_EQ(world.get("/v1/runs/r-1")["state"], "running");

  const Said wrong =
      world.ctl({"approve", "r-1", "--reason", "looks right", "--hash", std::string(64, '0')});
  EXPECT_EQ(wrong.code, Exit::refused);
  EXPECT_THAT(wrong.err, HasSubstr("another payload"));

  const Said done = world.ctl({"approve", "r-1", "--reason", "looks right", "--hash", hash});
  EXPECT_EQ(done.code, Exit::well) << done.err;
  EXPECT_THAT(done.out, HasSubstr("SHA-256: " + hash));
  EXPECT_THAT(done.out, HasSubstr("recorded: approve of run r-1 by local:"));
  EXPECT_EQ(world.get("/v1/runs/r-1")["state"], "completed");
  const Said twice = world.ctl({"deny", "r-1", "--reason", "no", "--hash", hash});
  EXPECT_EQ(twice.code, Exit::refused);
  EXPECT_THAT(twice.err, HasSubstr("does not wait at a gate"));
}

TEST_F(Steer, EveryCommandActs) {
  for (const char* run : {"retried", "skipped", "failed"}) world.start(run, "stuck");
  for (const char* run : {"signalled", "paused", "cancelled", "terminated", "noted"}) {
    world.start(run, "waiting");
  }
  world.start("denied", "asking");
  std::ofstream(world.folder.path("value"), std::ios::binary) << "\n\003yes";
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands{
      {{"signal", "signalled", "approval", "--value-file", world.folder.path("value")},
       "completed"},
      {{"pause", "paused"}, "paused"},
      {{"resume", "paused"}, "running"},
      {{"cancel", "cancelled"}, "cancelled"},
      {{"terminate", "terminated"}, "terminated"},
      {{"retry", "retried", "1"}, ""},
      {{"skip", "skipped", "1", "--result", "\"by hand\""}, "completed"},
      {{"fail", "failed", "1", "--code", "given_up", "--message", "it is broken"}, "failed"},
      {{"note", "noted"}, "running"},
      {{"deny", "denied", "--hash", world.get("/v1/runs/denied")["gates"][0]["payload_hash"]},
       "completed"}};
  for (auto [command, state] : commands) {
    const std::string name = command.front();
    command.insert(command.end(), {"--reason", "because of " + name});
    const Said said = world.ctl(command);
    EXPECT_EQ(said.code, Exit::well) << name << ": " << said.err;
    EXPECT_THAT(said.out, HasSubstr("because of " + name));
    EXPECT_THAT(said.out, HasSubstr("the run is " + state));
    EXPECT_THAT(world.ctl({"history", command[1], "--hints"}).out, HasSubstr("because of " + name));
  }
  const Said json = world.ctl({"-o", "json", "note", "noted", "--reason", "again"});
  EXPECT_EQ(Json::parse(json.out)["act"], "note");
}

TEST_F(Steer, WhatIsInTheWayIsSaid) {
  world.start("r-1", "waiting");
  world.start("r-2", "waiting");
  const auto expect = [this](std::vector<std::string> command, int code, const char* said) {
    const Said answer = world.ctl(std::move(command));
    EXPECT_EQ(answer.code, code) << answer.err;
    EXPECT_THAT(answer.err, HasSubstr(said));
  };
  expect({"pause", "r-1"}, Exit::usage, "--reason is required");
  expect({"pause", "r-1", "--reason", ""}, Exit::usage, "--reason");
  expect({"pause", "r-1", "--reason", "why", "--as", "root"}, Exit::usage, "--as");
  expect({"retry", "r-1", "--reason", "why"}, Exit::usage, "STEP is required");
  expect({"pause", "nobody", "--reason", "why"}, Exit::not_found, "no run 'nobody'");
  expect({"pause", "r-", "--reason", "why"}, Exit::not_found, "several runs (r-2, r-1)");
  expect({"resume", "r-1", "--reason", "why"}, Exit::refused, "is not paused");
  expect({"release", "r-1", "--reason", "why"}, Exit::refused, "release");
  expect({"approve", "r-1", "--reason", "why"}, Exit::refused, "does not wait at a gate");
  expect({"skip", "r-1", "1", "--reason", "why", "--result", "{"}, Exit::usage, "no JSON");
  expect({"pause", "r-1", "--reason", "why", "--server", "ftp://x"}, Exit::usage, "is no URL");
  EXPECT_EQ(world.ctl({"history", "r-1", "--hints"}).out.find("why"), std::string::npos);
}

TEST_F(Steer, WithoutADaemonNothingIsDone) {
  world.start("r-1", "waiting");
  world.end();
  const Said none = world.ctl({"pause", "r-1", "--reason", "why"});
  EXPECT_EQ(none.code, Exit::no_daemon);
  EXPECT_THAT(none.err, HasSubstr("no daemon serves its API on the log in"));
  // One that was killed has left its file.
  ratchetctl::write_api_file(world.log(), {"http://127.0.0.1:1", "old"});
  const Said dead = world.ctl({"pause", "r-1", "--reason", "why"});
  EXPECT_EQ(dead.code, Exit::no_daemon);
  EXPECT_THAT(dead.err, HasSubstr("no daemon answers at http://127.0.0.1:1"));
  std::ofstream(world.log() + "/api.json") << "{}";
  EXPECT_EQ(world.ctl({"pause", "r-1", "--reason", "why"}).code, Exit::failed);
}

TEST_F(Steer, TheTokenIsForItsOwnUserAloneAndAWrongOneOpensNothing) {
  world.start("r-1", "waiting");
  struct stat file{};
  ASSERT_EQ(stat((world.log() + "/api.json").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  const std::string url = "http://127.0.0.1:" + std::to_string(world.port());
  std::ofstream(world.folder.path("token")) << token << "\n";
  std::ofstream(world.folder.path("wrong")) << "wrong\n";
  const Said right = world.ctl({"pause", "r-1", "--reason", "why", "--server", url, "--token-file",
                                world.folder.path("token")});
  EXPECT_EQ(right.code, Exit::well) << right.err;
  const Said wrong = world.ctl({"resume", "r-1", "--reason", "why", "--server", url, "--token-file",
                                world.folder.path("wrong")});
  EXPECT_EQ(wrong.code, Exit::not_allowed);
  EXPECT_THAT(wrong.err, HasSubstr("the token is missing or wrong"));
  EXPECT_THAT(wrong.err, Not(HasSubstr(token)));
  const Said none = world.ctl({"resume", "r-1", "--reason", "why", "--server", url});
  EXPECT_EQ(none.code, Exit::not_allowed);
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
