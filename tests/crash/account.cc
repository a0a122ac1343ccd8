#include "tests/crash/account.h"

#include <fstream>
#include <iterator>
#include <optional>

#include "engine/inspect/history.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "store/checkpoint.h"
#include "tests/crash/trip.h"

namespace ratchet::crash {
namespace {

std::optional<store::Head> anchor_in(const std::string& file) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  return store::from_checkpoint(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace

void Account::acknowledge(const std::string& run, std::uint32_t turn) {
  acknowledged_.emplace(run, turn);
}

void Account::perform(const std::string& run, engine::CommandId command) {
  performed_.emplace(run, command);
  if (!completed_.contains({run, command})) return;
  complaints_.push_back("step " + std::to_string(command) + " of " + run +
                        " was performed again after its completion was recorded");
}

void Account::read(const store::LogReader& log) {
  recorded_.clear();
  for (const engine::RunInfo& run : engine::list_runs(log)) {
    for (const engine::HistoryTurn& record : engine::read_history(log, run.run)) {
      recorded_.emplace(run.run_id, record.turn.turn);
      for (const engine::Event& event : record.turn.events) {
        if (const auto* step = std::get_if<engine::StepScheduled>(&event)) {
          intended_.emplace(run.run_id, step->command);
        } else if (const auto* done = std::get_if<engine::StepCompleted>(&event)) {
          completed_.emplace(run.run_id, done->command);
        } else if (const auto* failed = std::get_if<engine::StepFailed>(&event)) {
          completed_.emplace(run.run_id, failed->command);
        }
      }
    }
  }
}

void Account::compare(const store::LogReader& log, const std::string& anchor_file) {
  intended_.clear();
  completed_.clear();
  read(log);
  for (const auto& turn : acknowledged_) {
    if (recorded_.contains(turn)) continue;
    complaints_.push_back("turn " + std::to_string(turn.second) + " of " + turn.first +
                          " was acknowledged and is lost");
  }
  for (const Step& step : performed_) {
    if (intended_.contains(step)) continue;
    complaints_.push_back("step " + std::to_string(step.second) + " of " + step.first +
                          " was performed without its durable intent");
  }
  const engine::VerifyReport verified = engine::verify(log, anchor_in(anchor_file));
  for (const std::string& problem : verified.problems) complaints_.push_back("verify: " + problem);
  for (const engine::ReplayReport& report : engine::replay_all(log, trips())) {
    if (report.divergence) complaints_.push_back("replay: " + report.divergence->text());
  }
}

}  // namespace ratchet::crash
