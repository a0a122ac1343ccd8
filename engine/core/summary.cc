#include "engine/core/summary.h"

#include "ratchet/v1/log.pb.h"
#include "store/log.h"

namespace ratchet::engine {

bool fold(RunSummary& summary, const Turn& turn) {
  bool changed = false;
  for (const Event& event : turn.events) {
    bool relevant = true;
    if (const auto* started = std::get_if<RunStarted>(&event)) {
      summary.run_id = started->run_id;
      summary.workflow = started->workflow;
      summary.version = started->version;
      summary.started = turn.wall;
    } else if (std::holds_alternative<RunCompleted>(event)) {
      summary.state = RunState::completed;
      summary.ended = turn.wall;
    } else if (const auto* failed = std::get_if<RunFailed>(&event)) {
      summary.state = RunState::failed;
      summary.ended = turn.wall;
      summary.failure = failed->failure;
    } else if (const auto* diverged = std::get_if<Diverged>(&event)) {
      summary.state = RunState::quarantined;
      summary.failure = Failure{"divergence", diverged->difference};
    } else if (std::holds_alternative<QuarantineLifted>(event)) {
      summary.state = RunState::running;
      summary.failure.reset();
    } else {
      relevant = false;
    }
    changed = changed || relevant;
  }
  return changed;
}

std::string encode(const RunSummary& summary) {
  v1::RunSummary m;
  m.set_run_id(summary.run_id);
  m.set_run(summary.run);
  m.set_workflow(summary.workflow);
  m.set_version(summary.version);
  m.set_state(static_cast<std::uint32_t>(summary.state));
  m.set_started_us(summary.started.time_since_epoch().count());
  if (summary.ended) m.set_ended_us(summary.ended->time_since_epoch().count());
  if (summary.failure) {
    m.mutable_failure()->set_code(summary.failure->code);
    m.mutable_failure()->set_message(summary.failure->message);
  }
  m.set_as_of(summary.as_of);
  return m.SerializeAsString();
}

RunSummary decode_summary(std::string_view bytes) {
  v1::RunSummary m;
  if (!m.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw store::Error(store::Fault::corrupt,
                       "a run's summary cannot be decoded; the projections can be rebuilt from "
                       "the records");
  }
  RunSummary summary{m.run_id(),
                     m.run(),
                     m.workflow(),
                     m.version(),
                     static_cast<RunState>(m.state()),
                     Time{Duration{m.started_us()}},
                     {},
                     {},
                     m.as_of()};
  if (m.ended_us() != 0) summary.ended = Time{Duration{m.ended_us()}};
  if (m.has_failure()) summary.failure = Failure{m.failure().code(), m.failure().message()};
  return summary;
}

std::string summary_key(const std::string& run_id) { return std::string(summary_prefix) + run_id; }

}  // namespace ratchet::engine
