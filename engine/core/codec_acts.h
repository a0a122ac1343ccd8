// How people's acts, gates and children are written and read: a part of codec.cc.
#pragma once

#include <functional>
#include <optional>

#include "engine/core/definitions.h"
#include "engine/core/event.h"

namespace ratchet::v1 {
class Event;
class Failure;
class Payload;
}  // namespace ratchet::v1

namespace ratchet::engine {

using PutPayload = std::function<void(v1::Payload*, const Bytes&)>;
using GetPayload = std::function<Bytes(const v1::Payload&)>;

void set_failure(v1::Failure& out, const Failure& failure);

// The fields of an origin, which a start and a summary have alike.
template <class M>
void set_origin(M& out, const Origin& origin) {
  out.set_key(origin.key);
  out.set_parent(origin.parent);
  out.set_parent_command(origin.parent_command);
  out.set_previous(origin.previous);
  out.set_kept(origin.kept);
  out.set_copied(origin.copied);
}
template <class M>
Origin get_origin(const M& m) {
  return {m.key(), m.parent(), m.parent_command(), m.previous(), m.kept(), m.copied()};
}

void write_act(const StepSkipped& e, v1::Event& out, Definitions& names, const PutPayload& put);
void write_act(const CancelRequested& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Terminated& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Reset& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const ChildEnded& e, v1::Event& out, Definitions&, const PutPayload& put);
void write_act(const GateDecided& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const ChildStarted& e, v1::Event& out, Definitions&, const PutPayload& put);
void write_act(const GateOpened& e, v1::Event& out, Definitions&, const PutPayload& put);
void write_act(const ContinuedAsNew& e, v1::Event& out, Definitions&, const PutPayload& put);
void write_act(const GateRejected& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const StepRetried& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Paused& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Resumed& e, v1::Event& out, Definitions& names, const PutPayload&);

// Nothing if the event is none of these.
std::optional<Event> read_act(const v1::Event& in, const Definitions& names, const GetPayload& get);

}  // namespace ratchet::engine
