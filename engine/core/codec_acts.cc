#include "engine/core/codec_acts.h"

#include "ratchet/v1/log.pb.h"

namespace ratchet::engine {

void set_failure(v1::Failure& out, const Failure& failure) {
  out.set_code(failure.code);
  out.set_message(failure.message);
}

namespace {

void set_by(v1::By& out, const By& by, Definitions& names) {
  out.set_principal(names.principal(by.principal));
  out.set_reason(by.reason);
}
By get_by(const v1::By& in, const Definitions& names) {
  return {names.principal_name(in.principal()), in.reason()};
}
template <class M>
std::optional<Failure> get_failure(const M& in) {
  if (!in.has_failure()) return std::nullopt;
  return Failure{in.failure().code(), in.failure().message()};
}

// What GateDecided and GateRejected have in common.
template <class E, class M>
void set_answer(M& out, const E& e, Definitions& names) {
  out.set_command(e.command);
  out.set_approved(e.approved);
  out.set_payload_hash(e.payload_hash);
  set_by(*out.mutable_by(), e.by, names);
}
template <class E, class M>
E get_answer(const M& in, const Definitions& names) {
  return {in.command(), in.approved(), in.payload_hash(), get_by(in.by(), names)};
}

}  // namespace

void write_act(const StepSkipped& e, v1::Event& out, Definitions& names, const PutPayload& put) {
  auto& m = *out.mutable_step_skipped();
  m.set_command(e.command);
  if (e.failure) {
    set_failure(*m.mutable_failure(), *e.failure);
  } else {
    put(m.mutable_result(), e.result);
  }
  set_by(*m.mutable_by(), e.by, names);
}
void write_act(const CancelRequested& e, v1::Event& out, Definitions& names, const PutPayload&) {
  set_by(*out.mutable_cancel_requested()->mutable_by(), e.by, names);
}
void write_act(const Terminated& e, v1::Event& out, Definitions& names, const PutPayload&) {
  set_by(*out.mutable_terminated()->mutable_by(), e.by, names);
}
void write_act(const Reset& e, v1::Event& out, Definitions& names, const PutPayload&) {
  out.mutable_reset()->set_run_id(e.run_id);
  out.mutable_reset()->set_kept(e.kept);
  set_by(*out.mutable_reset()->mutable_by(), e.by, names);
}
void write_act(const ChildEnded& e, v1::Event& out, Definitions&, const PutPayload& put) {
  auto& m = *out.mutable_child_ended();
  m.set_command(e.command);
  m.set_run_id(e.run_id);
  if (e.failure) {
    set_failure(*m.mutable_failure(), *e.failure);
  } else {
    put(m.mutable_result(), e.result);
  }
}
void write_act(const ChildStarted& e, v1::Event& out, Definitions&, const PutPayload& put) {
  auto& m = *out.mutable_child_started();
  m.set_command(e.command);
  m.set_run_id(e.run_id);
  m.set_workflow(e.workflow);
  put(m.mutable_input(), e.input);
  m.set_definition(e.definition);
}
void write_act(const GateOpened& e, v1::Event& out, Definitions&, const PutPayload& put) {
  auto& m = *out.mutable_gate_opened();
  m.set_command(e.command);
  m.set_gate(e.gate);
  put(m.mutable_payload(), e.payload);
  m.set_definition(e.definition);
}
void write_act(const ContinuedAsNew& e, v1::Event& out, Definitions&, const PutPayload& put) {
  out.mutable_continued_as_new()->set_run_id(e.run_id);
  put(out.mutable_continued_as_new()->mutable_input(), e.input);
}
void write_act(const GateDecided& e, v1::Event& out, Definitions& names, const PutPayload&) {
  auto& m = *out.mutable_gate_decided();
  set_answer(m, e, names);
  if (!e.signature) return;
  m.mutable_signature()->set_signer(e.signature->signer);
  m.mutable_signature()->set_ed25519(e.signature->bytes);
}
void write_act(const GateRejected& e, v1::Event& out, Definitions& names, const PutPayload&) {
  set_answer(*out.mutable_gate_rejected(), e, names);
}
void write_act(const StepRetried& e, v1::Event& out, Definitions& names, const PutPayload&) {
  out.mutable_step_retried()->set_command(e.command);
  set_by(*out.mutable_step_retried()->mutable_by(), e.by, names);
}
void write_act(const Paused& e, v1::Event& out, Definitions& names, const PutPayload&) {
  set_by(*out.mutable_paused()->mutable_by(), e.by, names);
}
void write_act(const Resumed& e, v1::Event& out, Definitions& names, const PutPayload&) {
  set_by(*out.mutable_resumed()->mutable_by(), e.by, names);
}

std::optional<Event> read_act(const v1::Event& in, const Definitions& names,
                              const GetPayload& get) {
  switch (in.kind_case()) {
    case v1::Event::kStepSkipped: {
      const auto& m = in.step_skipped();
      return StepSkipped{m.command(), get(m.result()), get_failure(m), get_by(m.by(), names)};
    }
    case v1::Event::kChildEnded: {
      const auto& m = in.child_ended();
      return ChildEnded{m.command(), m.run_id(), get(m.result()), get_failure(m)};
    }
    case v1::Event::kChildStarted: {
      const auto& m = in.child_started();
      return ChildStarted{m.command(), m.run_id(), m.workflow(), get(m.input()), m.definition()};
    }
    case v1::Event::kGateOpened: {
      const auto& m = in.gate_opened();
      return GateOpened{m.command(), m.gate(), get(m.payload()), m.definition()};
    }
    case v1::Event::kContinuedAsNew:
      return ContinuedAsNew{in.continued_as_new().run_id(), get(in.continued_as_new().input())};
    case v1::Event::kGateDecided: {
      auto decided = get_answer<GateDecided>(in.gate_decided(), names);
      if (in.gate_decided().has_signature()) {
        const auto& m = in.gate_decided().signature();
        decided.signature = Signature{m.signer(), m.ed25519()};
      }
      return decided;
    }
    case v1::Event::kGateRejected:
      return get_answer<GateRejected>(in.gate_rejected(), names);
    case v1::Event::kCancelRequested:
      return CancelRequested{get_by(in.cancel_requested().by(), names)};
    case v1::Event::kTerminated:
      return Terminated{get_by(in.terminated().by(), names)};
    case v1::Event::kReset:
      return Reset{in.reset().run_id(), in.reset().kept(), get_by(in.reset().by(), names)};
    case v1::Event::kStepRetried:
      return StepRetried{in.step_retried().command(), get_by(in.step_retried().by(), names)};
    case v1::Event::kPaused:
      return Paused{get_by(in.paused().by(), names)};
    case v1::Event::kResumed:
      return Resumed{get_by(in.resumed().by(), names)};
    default:
      return std::nullopt;
  }
}

}  // namespace ratchet::engine
