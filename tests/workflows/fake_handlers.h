// How the fakes behind the MySQL ports answer the engine.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "engine/runtime/engine.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql::testing {

// Fails the step for good.
struct Refusal {
  engine::Failure failure;
};

inline std::string mark_of(const engine::AttemptInfo& info) {
  return info.run_id + "." + std::to_string(info.command);
}

template <class Out>
std::optional<Out> when(bool done, Out out = {}) {
  return done ? std::optional<Out>(out) : std::nullopt;
}

// Serves one activity; `refuse` (by activity: why it fails for good) must outlive the engine. A
// writing activity looks first, as the real handlers do.
template <class In, class Out>
void serve_one(engine::Handlers& handlers, engine::Host& host, const Activity<In, Out>& activity,
               const std::map<std::string, engine::Failure>& refuse,
               std::function<Out(const engine::AttemptInfo&, const In&)> act,
               std::function<std::optional<Out>(const engine::AttemptInfo&, const In&)> look) {
  const std::string name = activity.info().name;
  handlers.handle<In, Out>(activity, [=, &host, &refuse](const engine::AttemptInfo& info,
                                                         const In& in, engine::Answer<Out> answer) {
    try {
      if (const auto found = refuse.find(name); found != refuse.end()) {
        throw Refusal{found->second};
      }
      std::optional<Out> out = look ? look(info, in) : std::nullopt;
      if (!out) out = act(info, in);
      host.post([answer, out] { answer.complete(*out); });
    } catch (const Refusal& refusal) {
      host.post([answer, failure = refusal.failure] { answer.fail_for_good(failure); });
    }
  });
  if (!look) return;
  handlers.probe<In, Out>(activity, [=, &host](const engine::AttemptInfo& info, const In& in,
                                               engine::ProbeAnswer<Out> answer) {
    const std::optional<Out> out = look(info, in);
    host.post([answer, out] { out ? answer.done(*out) : answer.not_done(); });
  });
}

}  // namespace ratchet::mysql::testing
