#include "engine/core/codec_acts.h"

#include "ratchet/v1/log.pb.h"

namespace ratchet::engine {

namespace {

void set_by(v1::By& out, const By& by, Definitions& names) {
  out.set_principal(names.principal(by.principal));
  out.set_reason(by.reason);
}
By get_by(const v1::By& in, const Definitions& names) {
  return {names.principal_name(in.principal()), in.reason()};
}

}  // namespace

void write_act(const StepSkipped& e, v1::Event& out, Definitions& names, const PutPayload& put) {
  auto& m = *out.mutable_step_skipped();
  m.set_command(e.command);
  if (e.failure) {
    m.mutable_failure()->set_code(e.failure->code);
    m.mutable_failure()->set_message(e.failure->message);
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
      StepSkipped e{m.command(), {}, {}, get_by(m.by(), names)};
      if (m.has_failure()) {
        e.failure = Failure{m.failure().code(), m.failure().message()};
      } else {
        e.result = get(m.result());
      }
      return e;
    }
    case v1::Event::kCancelRequested:
      return CancelRequested{get_by(in.cancel_requested().by(), names)};
    case v1::Event::kTerminated:
      return Terminated{get_by(in.terminated().by(), names)};
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
