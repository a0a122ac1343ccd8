// What the stories have in common: somebody who says things to servers and writes down what they
// answer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "k8s/provisioner/member_statements.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {

inline constexpr std::size_t story_members = 3;

// Three servers that were just initialised, each with the options of a member.
struct Stage {
  // Statement after statement in one session with that server until one is refused: the answers
  // so far, the refusal the last.
  std::function<std::vector<Reply>(std::size_t server, const std::vector<std::string>& statements)>
      say;
  std::vector<std::string> ids;  // server_uuid of each
  Names names;                   // beyond the ids
};

// Of the replication account in the stories.
provisioner::Credentials story_account();

using Statements = std::vector<std::string>;

class Teller {
 protected:
  // The stage must outlive it.
  explicit Teller(const Stage& stage);

  std::vector<Reply> say(std::size_t server, const Statements& statements, Depth depth);
  void say(std::size_t server, const char* statement);
  void write_down(std::size_t server, const std::string& question, Depth depth, const Reply& reply);
  // Not part of the transcript: how long it takes is the machine's. Throws std::runtime_error with
  // the complaint if that takes too long.
  static void wait_until(const std::function<bool()>& is_so,
                         const std::function<std::string()>& complaint);

  const Stage& stage_;
  Names names_;
  Transcript transcript_;
};

}  // namespace ratchet::k8s::testing
