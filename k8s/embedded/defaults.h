// What the real server fills in for built-in kinds, as far as our objects and clients look at it,
// and which of their fields may not change.
#pragma once

#include <string>
#include <vector>

#include "k8s/embedded/kinds.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {

// Defaults of `object`, new or changed. Moves a Secret's stringData into data.
void fill_builtin_defaults(const Kind& kind, Json& object);

// Initial status of a new object (its own is ignored where the kind has a /status).
Json initial_status(const Kind& kind);

// What is wrong with a change from `old` to `object`: immutable fields.
std::vector<Cause> forbidden_changes(const Kind& kind, const Json& old, const Json& object);

std::string base64(const std::string& bytes);
// Throws std::invalid_argument if the text is not base64.
std::string from_base64(const std::string& text);

}  // namespace ratchet::k8s::embedded
