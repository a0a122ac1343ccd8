// What is proved: what the daemon says is a JSON object a line for whoever asked for that, with run
// and step as fields, and a line of text for others; payloads are in neither. Each line about a
// step names both, also that of a refused act; and no line names those of another thread's line.
#include "tools/ratchetd/log_lines.h"

#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd {
namespace {

class LogLines : public ::testing::Test {
 protected:
  LogLines() : before_(spdlog::default_logger()) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  }
  ~LogLines() override { spdlog::set_default_logger(before_); }

  std::vector<std::string> said() const {
    std::vector<std::string> lines;
    std::istringstream all(out.str());
    for (std::string line; std::getline(all, line);) lines.push_back(line);
    return lines;
  }

  std::ostringstream out;
  const engine::Recorded turn{
      "run-7",
      "asking",
      {7,
       3,
       1,
       {},
       {engine::StepFailed{2, {"jammed", "a \"quoted\"\nline\xff"}, 3},
        engine::StepScheduled{3, "undo", "secret", 0}, engine::TimerStarted{4, {}}},
       {}},
      engine::RunState::running};

 private:
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(LogLines, JsonHasRunAndStepAsFields) {
  spdlog::default_logger()->set_formatter(json_lines());
  log_turn(turn);
  spdlog::info("stops: signal {}", 15);
  std::istringstream lines(out.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  auto said = nlohmann::json::parse(line);
  EXPECT_EQ(said["run"], "run-7");
  EXPECT_EQ(said["step"], 2);
  EXPECT_EQ(said["level"], "warning");
  EXPECT_EQ(said["message"], "failed: jammed: a \"quoted\"\nline\xef\xbf\xbd");
  EXPECT_EQ(said["time"].get<std::string>().size(), 27U) << said["time"];
  ASSERT_TRUE(std::getline(lines, line));
  said = nlohmann::json::parse(line);
  EXPECT_EQ(said["step"], 3);
  EXPECT_EQ(said["message"], "undo begins");
  ASSERT_TRUE(std::getline(lines, line));
  said = nlohmann::json::parse(line);
  EXPECT_EQ(said["message"], "stops: signal 15");
  EXPECT_FALSE(said.contains("run"));
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_EQ(out.str().find("secret"), std::string::npos);
}

TEST_F(LogLines, TextNamesThemInTheLine) {
  spdlog::default_logger()->set_formatter(text_lines());
  log_turn(turn);
  spdlog::info("stops");
  EXPECT_NE(out.str().find(" info run run-7 step 3: undo begins\n"), std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find(" info stops\n"), std::string::npos) << out.str();
}

TEST_F(LogLines, EveryLineAboutAStepNamesRunAndStep) {
  const engine::By ann{"ann", "why"};
  const engine::Recorded about_one_step{
      "run-8",
      "asking",
      {8,
       1,
       1,
       {},
       {engine::StepScheduled{9, "touchy", "", 0},
        engine::AttemptFailed{9, 1, {"jammed", ""}, 0, ""}, engine::StepRetried{9, ann},
        engine::StepFailed{9, {"jammed", ""}, 2}, engine::StepCompleted{9, "", 3, false},
        engine::StepSkipped{9, "", std::nullopt, ann}},
       {}},
      engine::RunState::running};
  const std::size_t events = about_one_step.turn.events.size();
  spdlog::default_logger()->set_formatter(json_lines());
  log_turn(about_one_step);
  ASSERT_EQ(said().size(), events) << out.str();
  for (const std::string& line : said()) {
    const auto fields = nlohmann::json::parse(line);
    EXPECT_EQ(fields.value("run", ""), "run-8") << line;
    EXPECT_EQ(fields.value("step", 0), 9) << line;
  }
  out.str("");
  spdlog::default_logger()->set_formatter(text_lines());
  log_turn(about_one_step);
  ASSERT_EQ(said().size(), events) << out.str();
  for (const std::string& line : said()) {
    EXPECT_NE(line.find(" run run-8 step 9: "), std::string::npos) << line;
  }
}

// What is refused is in no turn: the API alone says so.
TEST_F(LogLines, ARefusedActNamesTheStepThatItIsAbout) {
  const std::vector<std::pair<std::string, nlohmann::json>> acts{
      {"retry", {{"reason", "why"}, {"step", 7}}},
      {"skip", {{"reason", "why"}, {"step", 7}}},
      {"fail", {{"reason", "why"}, {"step", 7}, {"code", "given_up"}}},
      {"resume", {{"reason", "why"}}}};
  for (const bool json : {true, false}) {
    out.str("");
    spdlog::default_logger()->set_formatter(json ? json_lines() : text_lines());
    testing::ApiWorld world;
    world.begin();
    world.start("a", "stuck");
    for (const auto& [act, body] : acts) {
      EXPECT_EQ(world.ask("POST", "/v1/runs/a/" + act, body.dump()).status, 409) << act;
    }
    world.end();  // its thread writes no more
    ASSERT_EQ(said().size(), acts.size()) << out.str();
    for (std::size_t i = 0; i < acts.size(); ++i) {
      const std::string line = said()[i];
      const bool of_step = acts[i].second.contains("step");
      if (json) {
        const auto fields = nlohmann::json::parse(line);
        EXPECT_EQ(fields.value("run", ""), "a") << line;
        EXPECT_EQ(fields.value("step", 0), of_step ? 7 : 0) << line;
      } else {
        const std::string names = of_step ? " run a step 7: refused: " : " run a: refused: ";
        EXPECT_NE(line.find(names), std::string::npos) << line;
      }
    }
  }
}

// Has another thread make a line of its own while one is written.
class WhileOneIsWritten final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  std::string other;

 private:
  void sink_it_(const spdlog::details::log_msg&) override {
    std::thread([this] {
      const spdlog::details::log_msg message("test", spdlog::level::warn, "a turn takes long");
      spdlog::memory_buf_t line;
      json_lines()->format(message, line);
      other.assign(line.data(), line.size());
    }).join();
  }
  void flush_() override {}
};

TEST_F(LogLines, ALineOfAnotherThreadIsAboutNothingOfThisOne) {
  const auto sink = std::make_shared<WhileOneIsWritten>();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  log_about(spdlog::level::info, "run-7", 3, "begins");
  const auto fields = nlohmann::json::parse(sink->other);
  EXPECT_EQ(fields.value("message", ""), "a turn takes long");
  EXPECT_FALSE(fields.contains("run")) << sink->other;
  EXPECT_FALSE(fields.contains("step")) << sink->other;
}

}  // namespace
}  // namespace ratchet::ratchetd
