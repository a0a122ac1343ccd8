// What people do to runs: see engine.h.
#include <algorithm>
#include <utility>

#include <google/protobuf/message.h>

#include "engine/core/utf8.h"
#include "engine/runtime/engine_impl.h"
#include "store/checkpoint.h"

namespace ratchet::engine {

namespace {

constexpr std::size_t most_name_bytes = 256;  // of a signal; it is kept for ever

bool parses(const Bytes& bytes, const google::protobuf::Descriptor& type) {
  const auto* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
  const std::unique_ptr<google::protobuf::Message> message(prototype->New());
  return message->ParseFromString(bytes);
}

}  // namespace

// Why an act is not recorded as it is given; nothing: it can be.
Refusal Engine::Impl::unfit(const By& by) {
  if (by.principal.empty()) return "nobody is named who does this";
  if (by.reason.empty()) return "a reason is missing: it is recorded with the act";
  if (by.reason.size() > most_reason_bytes || by.principal.size() > most_reason_bytes) {
    return "name and reason have at most " + std::to_string(most_reason_bytes) + " bytes each";
  }
  if (!is_utf8(by.principal) || !is_utf8(by.reason)) return "name and reason must be UTF-8";
  return std::nullopt;
}

Engine::Impl::RunPtr Engine::Impl::steered(const std::string& run_id, Refusal& refusal) {
  if (halted) refusal = "the engine has halted; nothing can be recorded";
  RunPtr run = find(run_id);
  if (!run) refusal = "there is no open run " + run_id;
  if (run && has_ended(run->summary.state)) refusal = "run " + run_id + " has ended";
  return run;
}

Refusal Engine::Impl::cancel(const RunPtr& run, const By& by) {
  const auto is_cancel = [](const auto& held) {
    return std::holds_alternative<CancelRequested>(held.second);
  };
  if (run->summary.cancel_requested || std::ranges::any_of(run->held, is_cancel)) {
    return "run " + run->summary.run_id + " is being cancelled already; terminate ends it at once";
  }
  deliver(run, CancelRequested{by}, {});
  return std::nullopt;
}

// Also while no code of the run can be executed.
void Engine::Impl::end_at_once(const RunPtr& run, const Fact& end) {
  if (run->run) run->run->deliver(end, now(*run));
  Turn turn{run->summary.run, run->next_turn, epoch, now(*run), {}, {}};
  std::visit([&turn](const auto& fact) { turn.events.emplace_back(fact); }, end);
  record(run, std::move(turn), [this, children = open_children(*run)] {
    for (const std::string& child : children) cancel_child(child);
  });
}

Refusal Engine::Impl::pause(const RunPtr& run, const By& by) {
  if (run->summary.paused) return "run " + run->summary.run_id + " is paused already";
  hint(run, Paused{by});
  return std::nullopt;
}

Refusal Engine::Impl::resume(const RunPtr& run, const By& by) {
  if (!run->summary.paused) return "run " + run->summary.run_id + " is not paused";
  hint(run, Resumed{by});
  const auto lane = lanes.find(run->summary.workflow);
  if (run->summary.state == RunState::queued && lane != lanes.end()) {
    start_queued(lane->second);
  } else {
    release(run);
  }
  return std::nullopt;
}

// The open step, if it waits for its next attempt or for a person.
const Decision* Engine::Impl::stuck_step(const RunPtr& run, CommandId step,
                                         Refusal& refusal) const {
  const std::string name = "step " + std::to_string(step) + " of run " + run->summary.run_id;
  if (!run->run) {
    refusal = "run " + run->summary.run_id + " is quarantined: its code does not match its record";
    return nullptr;
  }
  if (run->awaits_release) {
    refusal = "run " + run->summary.run_id + " awaits its release; only then are steps performed";
    return nullptr;
  }
  const auto open = run->run->open().find(step);
  if (open == run->run->open().end() ||
      !std::holds_alternative<StepScheduled>(open->second.command)) {
    refusal = name + " is not open";
    return nullptr;
  }
  if (!performer.is_stuck(run->summary.run, step)) {
    const std::string status = performer.status(run->summary.run, step);
    refusal = name + " is not stuck: " + (status.empty() ? "its outcome is held" : status);
    return nullptr;
  }
  return &open->second;
}

Refusal Engine::Impl::retry(const RunPtr& run, CommandId step, const By& by) {
  Refusal refusal;
  if (stuck_step(run, step, refusal) == nullptr) return refusal;
  hint(run, StepRetried{step, by},
       [this, number = run->summary.run, step] { performer.retry(number, step); });
  return std::nullopt;
}

Refusal Engine::Impl::skip(const RunPtr& run, const StepSkipped& outcome) {
  Refusal refusal;
  const Decision* step = stuck_step(run, outcome.command, refusal);
  if (step == nullptr) return refusal;
  const auto* type = step->activity->output();
  if (outcome.result.size() > store::max_blob_bytes) return "a result has at most 1 MiB";
  if (outcome.failure && *outcome.failure != recordable(*outcome.failure)) {
    return "a failure's code has at most " + std::to_string(most_code_bytes) +
           " bytes, its message " + std::to_string(most_message_bytes) + ", both of UTF-8";
  }
  if (!outcome.failure && !parses(outcome.result, *type)) {
    return "the result given for step " + std::to_string(outcome.command) + " is not a " +
           type->full_name();
  }
  performer.cancel(run->summary.run, outcome.command);
  deliver(run, outcome, {});
  return std::nullopt;
}

Refusal Engine::Impl::decide(const RunPtr& run, const std::string& gate, GateDecided answer) {
  const GateOpened* open = nullptr;
  if (run->run) {
    for (const auto& [command, decision] : run->run->open()) {
      const auto* candidate = std::get_if<GateOpened>(&decision.command);
      const bool waits = candidate != nullptr && candidate->gate == gate &&
                         !std::ranges::any_of(run->held, [id = command](const auto& held) {
                           return command_of(held.second) == id;
                         });
      if (!waits) continue;
      const bool meant = hash_of(*candidate) == answer.payload_hash;
      if (meant || open == nullptr) open = candidate;
      if (meant) break;  // of gates with one name that are open at once, the one that was shown
    }
  }
  if (open == nullptr) return "run " + run->summary.run_id + " does not wait at a gate " + gate;
  const Approval approval{run->summary.run_id, gate, store::to_hex(answer.payload_hash)};
  if (Refusal refusal = unsound(approval, answer)) return refusal;
  answer.command = open->command;
  if (answer.payload_hash != hash_of(*open)) {
    hint(run, GateRejected{answer.command, answer.approved, answer.payload_hash, answer.by});
    return "gate " + gate + " asks about another payload than the one that was decided on; look " +
           "at what it asks now";
  }
  deliver(run, answer, {});
  return std::nullopt;
}

// Whether an answer is signed as it must be, with a good signature. Nothing: it is.
Refusal Engine::Impl::unsound(const Approval& approval, const GateDecided& answer) const {
  if (answer.signature && !answer.approved) return "a denial needs no signature, and takes none";
  if (answer.signature && !options.approvers) {
    return "a signature cannot be checked here, as no approvers are known: approve without one";
  }
  if (!options.approvers || !answer.approved) return std::nullopt;
  if (!answer.signature) {
    return "an approval at gate " + approval.gate +
           " counts only if it is signed, by one of: " + options.approvers->names();
  }
  return options.approvers->why_not(approval, *answer.signature);
}

Refusal Engine::Impl::note(const std::string& run_id, const Note& note) {
  if (halted) return "the engine has halted; nothing can be recorded";
  Refusal refusal;
  RunPtr run = find(run_id);
  if (!run) run = ended_run(run_id, refusal);
  if (refusal) return refusal;
  hint(run, note, [this, run] {
    if (run->pending == 0) noted.erase(run->summary.run_id);
  });
  return std::nullopt;
}

// As much of a run as it takes to add to its record.
Engine::Impl::RunPtr Engine::Impl::ended_run(const std::string& run_id, Refusal& refusal) {
  if (const auto known = noted.find(run_id); known != noted.end()) return known->second;
  const auto summary = summary_of(run_id);
  if (!summary) {
    refusal = "there is no run " + run_id;
  } else if (summary->pruned || going.contains(run_id)) {
    refusal = "the records of run " + run_id + " were removed";
  } else if (!summary->ended) {
    refusal = "run " + run_id + " is being written to at this moment; ask again";
  }
  if (refusal) return nullptr;
  const auto run = std::make_shared<ActiveRun>(*summary, nullptr);
  run->take_in(turns_of(summary->run));
  noted.emplace(run_id, run);
  return run;
}

namespace {

template <class Impl, class Act>
Refusal steer(Impl& engine, const std::string& run_id, const By& by, Act act) {
  Refusal refusal = Impl::unfit(by);
  if (refusal) return refusal;
  const auto run = engine.steered(run_id, refusal);
  return refusal ? refusal : act(run);
}

}  // namespace

Refusal Engine::cancel(const std::string& run_id, const By& by) {
  return steer(*impl_, run_id, by, [&](const auto& run) { return impl_->cancel(run, by); });
}
Refusal Engine::terminate(const std::string& run_id, const By& by) {
  return steer(*impl_, run_id, by, [&](const auto& run) {
    impl_->end_at_once(run, Terminated{by});
    return Refusal();
  });
}
WasReset Engine::reset(const std::string& run_id, std::uint32_t kept, const By& by) {
  if (Refusal refusal = Engine::Impl::unfit(by)) return {std::move(refusal)};
  return impl_->reset(run_id, kept, by);
}
Refusal Engine::pause(const std::string& run_id, const By& by) {
  return steer(*impl_, run_id, by, [&](const auto& run) { return impl_->pause(run, by); });
}
Refusal Engine::resume(const std::string& run_id, const By& by) {
  return steer(*impl_, run_id, by, [&](const auto& run) { return impl_->resume(run, by); });
}
Refusal Engine::release(const std::string& run_id, const By& by) {
  return steer(*impl_, run_id, by, [&](const auto& run) { return impl_->let_go(run, by); });
}
Refusal Engine::retry(const std::string& run_id, CommandId step, const By& by) {
  return steer(*impl_, run_id, by, [&](const auto& run) { return impl_->retry(run, step, by); });
}
Refusal Engine::skip(const std::string& run_id, CommandId step, const Bytes& result, const By& by) {
  return steer(*impl_, run_id, by,
               [&](const auto& run) { return impl_->skip(run, {step, result, {}, by}); });
}
Refusal Engine::fail_step(const std::string& run_id, CommandId step, const Failure& failure,
                          const By& by) {
  return steer(*impl_, run_id, by,
               [&](const auto& run) { return impl_->skip(run, {step, {}, failure, by}); });
}

Refusal Engine::decide(const std::string& run_id, const std::string& gate, bool approve,
                       const std::string& payload_hash, const By& by,
                       const std::optional<Signature>& signature) {
  if (payload_hash.size() != 32) return "a payload's hash has 32 bytes";
  return steer(*impl_, run_id, by, [&](const auto& run) {
    return impl_->decide(run, gate, {0, approve, payload_hash, by, signature});
  });
}

Refusal Engine::signal(const std::string& run_id, const std::string& name, const Bytes& value,
                       const By& by) {
  if (name.empty() || name.size() > most_name_bytes) return "a signal's name has 1 to 256 bytes";
  if (!is_utf8(name)) return "a signal's name must be UTF-8";
  if (value.size() > store::max_blob_bytes) return "a signal's value has at most 1 MiB";
  Refusal refusal = Engine::Impl::unfit(by);
  if (refusal || impl_->take(run_id, {name, value, by.principal, by.reason})) return refusal;
  impl_->steered(run_id, refusal);
  return refusal ? refusal : "run " + run_id + " has ended";
}

Refusal Engine::note(const std::string& run_id, const By& by) {
  if (Refusal refusal = Engine::Impl::unfit(by)) return refusal;
  return impl_->note(run_id, {by.principal, by.reason});
}

std::optional<Exposed> Engine::query(const std::string& run_id, const std::string& name) const {
  const auto run = impl_->find(run_id);
  if (!run) return std::nullopt;
  const auto value = run->exposed.find(name);
  if (value == run->exposed.end()) return std::nullopt;
  return value->second;
}

}  // namespace ratchet::engine
