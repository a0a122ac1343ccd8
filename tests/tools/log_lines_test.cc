// What is proved: what the daemon says is a JSON object a line for whoever asked for that, with run
// and step as fields, and a line of text for others; payloads are in neither.
#include "tools/ratchetd/log_lines.h"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace ratchet::ratchetd {
namespace {

class LogLines : public ::testing::Test {
 protected:
  LogLines() : before_(spdlog::default_logger()) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  }
  ~LogLines() override { spdlog::set_default_logger(before_); }

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

}  // namespace
}  // namespace ratchet::ratchetd
