// What is to be done about a replication group: a pure function of what was seen of its members.
// Level-based: it knows no earlier plan, and whatever it orders may be ordered again.
#pragma once

#include <string>
#include <vector>

#include "k8s/provisioner/formed_without.h"
#include "k8s/provisioner/member_seen.h"

namespace ratchet::k8s::provisioner {

// The server's words for a member. offline: of no group; recovering: catches up; error: thrown out
// or failed; unreachable: others do not hear it.
enum class MemberState { offline, recovering, online, error, unreachable };

// One line of the group as a member sees it.
struct Peer {
  std::string pod;
  MemberState state = MemberState::offline;
  bool primary = false;
};

// What a member's server said about itself.
struct Seen : MemberSeen {
  MemberState state = MemberState::offline;
  std::string view;  // "incarnation:number" of the group that it is in; empty if in none
  std::vector<Peer> peers;
};

using Member = MemberOf<Seen>;

struct Situation {
  std::vector<Member> members;     // in order of ordinal, all that there should be
  std::string account;             // the mark that each replication account should have
  std::string claimed_by;          // the pod that was told to form the group last; empty: none
  std::string approved_bootstrap;  // values of the annotations that persons set
  std::string approved_clone;
  std::string fenced = {};  // the pod whose fence has expired; empty: none
  FormedWithout formed_without = {};
  std::vector<std::string> scaled_away = {};  // pods that are no members, and left their volumes
};

struct Action {
  enum class Kind {
    configure,  // account, server_id, starts read-only; a fresh member forgets its own GTIDs
    bootstrap,  // forms the group; after a claim only
    join,       // fetches what it lacks from the binary logs of the others
    rejoin,     // the same after leaving properly
    leave,      // a group that has lost its majority
    open,       // takes writes again: it is the primary still
    clone       // throws its data away for a copy of the donor's; the server ends after that
  };
  Kind kind = Kind::join;
  std::string pod;
  std::string donor = {};  // of clone
  bool fresh = false;      // of configure
  friend bool operator==(const Action&, const Action&) = default;
};

struct Plan {
  bool has_group = false;     // a majority is together; the next two say how
  std::vector<Role> roles;    // by member
  std::vector<bool> serving;  // by member: it is ONLINE in that group and says so itself
  std::vector<Action> actions;
  bool split = false;            // two groups have one, and nothing is done
  FormedWithout formed_without;  // as it is to be: before the group is formed, and from then on
  std::string reason;            // a word for the condition
  std::string message;           // what is waited for, and what a person can do; empty: nothing
};

// As approve_clone_annotation (member_seen.h): a person says who forms the group.
inline constexpr const char* approve_bootstrap_annotation = "ratchet.dev/approve-bootstrap";

Plan plan_group(const Situation& situation);

}  // namespace ratchet::k8s::provisioner
