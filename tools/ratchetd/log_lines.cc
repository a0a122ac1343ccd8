#include "tools/ratchetd/log_lines.h"

#include <memory>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/chrono.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

namespace ratchet::ratchetd {

namespace {

// What the line is about that this thread is writing. A slow turn is reported from another thread
// than the engine's (TurnWatch), and must not bear what that one is just writing of.
struct About {
  std::string run;
  engine::CommandId step = 0;
};
thread_local About about;

std::string utc(spdlog::log_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto more = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), more.count());
}

class JsonLines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const auto level = spdlog::level::to_string_view(message.level);
    nlohmann::ordered_json line{{"time", utc(message.time)},
                                {"level", std::string(level.data(), level.size())}};
    if (!about.run.empty()) line["run"] = about.run;
    if (about.step != 0) line["step"] = about.step;
    line["message"] = std::string(message.payload.data(), message.payload.size());
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    to.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<JsonLines>(); }
};

// The same line for people names what it is about.
class TextLines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    if (about.run.empty()) return pattern_.format(message, to);
    const std::string text = "run " + about.run +
                             (about.step != 0 ? " step " + std::to_string(about.step) : "") + ": " +
                             std::string(message.payload.data(), message.payload.size());
    spdlog::details::log_msg whole = message;
    whole.payload = text;
    pattern_.format(whole, to);
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<TextLines>(); }

 private:
  spdlog::pattern_formatter pattern_{"%Y-%m-%dT%H:%M:%S.%e%z %l %v"};
};

std::string text_of(const engine::Failure& failure) {
  return failure.message.empty() ? failure.code : failure.code + ": " + failure.message;
}

// A line about an event; empty: it says nothing that a reader of logs looks for.
struct Line {
  spdlog::level::level_enum level = spdlog::level::info;
  std::string text;

  void operator()(const engine::RunStarted& e) {
    text = "started: " + e.workflow + " version " + std::to_string(e.version);
  }
  void operator()(const engine::StepScheduled& e) { text = e.activity + " begins"; }
  void operator()(const engine::StepCompleted& e) {
    text = "completed after attempt " + std::to_string(e.attempts);
  }
  void operator()(const engine::StepFailed& e) { warn("failed: " + text_of(e.failure)); }
  void operator()(const engine::AttemptFailed& e) {
    warn("attempt " + std::to_string(e.attempt) + " failed: " + text_of(e.failure));
  }
  void operator()(const engine::Diverged& e) { warn("diverged: " + e.difference); }
  void operator()(const engine::GateOpened& e) { warn("waits at gate " + e.gate); }
  void operator()(const engine::SignalReceived& e) {
    text = "signal " + e.signal + " by " + e.principal;
  }
  void operator()(const engine::Note& e) { text = "note by " + e.principal + ": " + e.text; }
  void operator()(const engine::RunCompleted&) { text = "completed"; }
  void operator()(const engine::RunFailed& e) { warn("failed: " + text_of(e.failure)); }
  template <class E>
  void operator()(const E& e) {
    if constexpr (requires { e.by.reason; }) {
      text = std::string(engine::name_of(engine::Event{e})) + " by " + e.by.principal + ": " +
             e.by.reason;
    }
  }

 private:
  void warn(std::string what) {
    level = spdlog::level::warn;
    text = std::move(what);
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> json_lines() { return std::make_unique<JsonLines>(); }

std::unique_ptr<spdlog::formatter> text_lines() { return std::make_unique<TextLines>(); }

void log_about(spdlog::level::level_enum level, const std::string& run, engine::CommandId step,
               const std::string& text) {
  about = {run, step};
  spdlog::log(level, "{}", text);
  about = {};
}

void log_turn(const engine::Recorded& recorded) {
  for (const engine::Event& event : recorded.turn.events) {
    Line line;
    std::visit(line, event);
    if (line.text.empty()) continue;
    log_about(line.level, recorded.run_id, engine::command_of(event), line.text);
  }
}

}  // namespace ratchet::ratchetd
