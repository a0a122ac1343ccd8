// How people's acts on a run are written and read: codec.cc's part for the events with a By.
#pragma once

#include <functional>
#include <optional>

#include "engine/core/definitions.h"
#include "engine/core/event.h"

namespace ratchet::v1 {
class Event;
class Payload;
}  // namespace ratchet::v1

namespace ratchet::engine {

using PutPayload = std::function<void(v1::Payload*, const Bytes&)>;
using GetPayload = std::function<Bytes(const v1::Payload&)>;

void write_act(const StepSkipped& e, v1::Event& out, Definitions& names, const PutPayload& put);
void write_act(const CancelRequested& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Terminated& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const StepRetried& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Paused& e, v1::Event& out, Definitions& names, const PutPayload&);
void write_act(const Resumed& e, v1::Event& out, Definitions& names, const PutPayload&);

// Nothing if the event is none of these.
std::optional<Event> read_act(const v1::Event& in, const Definitions& names, const GetPayload& get);

}  // namespace ratchet::engine
