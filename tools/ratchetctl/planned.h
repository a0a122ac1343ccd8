// What an upgrade planned, as the log says: read by the types that the log itself holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/inspect/events.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {

// A plan, and what became of it.
struct Planned {
  std::string hash;  // SHA-256 of the plan's bytes, in hexadecimal
  Document plan;
  std::string decision;  // empty: none was asked for
};

// The last plan that a run made; nothing if it made none.
std::optional<Planned> plan_in(const std::vector<engine::RecordedEvent>& events);

// What the last look before an upgrade found, the findings about the moment too; an array.
Document findings_in(const std::vector<engine::RecordedEvent>& events);

// A payload; empty text is an empty object.
Document payload_in(const std::string& json);

// A field as one line of text; empty if it is not there.
std::string text_in(const Document& object, const char* key);
// A field that is a list; empty if it is not there.
const Document& list_in(const Document& object, const char* key);

}  // namespace ratchet::ratchetctl
