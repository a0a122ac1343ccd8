// What the product says to the members of a replication group from their first start on, told to
// real servers or to a model of them: they are made ready, form a group, join it, are looked at as
// the provisioner and the ops manager look, refuse and take writes, hand the primary over in both
// ways, leave and come back; and they are told what they do not understand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "k8s/provisioner/member_statements.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {

inline constexpr std::size_t story_members = 3;
inline constexpr const char* story_group = "dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b";

// Three servers that were just initialised, each with the options of a member.
struct Stage {
  // Statement after statement in one session with that server until one is refused: the answers
  // so far, the refusal the last.
  std::function<std::vector<Reply>(std::size_t server, const std::vector<std::string>& statements)>
      say;
  std::vector<std::string> ids;  // server_uuid of each
  Names names;                   // beyond those of ids and story_group
};

// Throws std::runtime_error where the group does not come to the state that the story waits for.
Transcript tell_story(const Stage& stage);

// Of the replication account in the story.
provisioner::Credentials story_account();

}  // namespace ratchet::k8s::testing
