// What the product says to the members of a replication group from their first start on, told to
// real servers or to a model of them: they are made ready, form a group, join it, are looked at as
// the provisioner and the ops manager look, refuse and take writes, hand the primary over in both
// ways, leave and come back; and they are told what they do not understand.
#pragma once

#include "tests/k8s/transcript/teller.h"

namespace ratchet::k8s::testing {

inline constexpr const char* story_group = "dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b";

// Throws std::runtime_error where the group does not come to the state that the story waits for.
Transcript tell_story(const Stage& stage);

}  // namespace ratchet::k8s::testing
