// What is to be done about a replication group: a pure function of what was seen of its members.
// Level-based: it knows no earlier plan, and whatever it orders may be ordered again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "k8s/provisioner/gtid_set.h"

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
struct Seen {
  std::string id;  // server_uuid
  std::string version;
  unsigned server_id = 0;
  MemberState state = MemberState::offline;
  std::string view;  // "incarnation:number" of the group that it is in; empty if in none
  std::vector<Peer> peers;
  GtidSet executed;
  GtidSet received;         // written to disk by the applier's receiver, perhaps not executed yet
  GtidSet purged;           // executed, but no longer in the binary logs
  bool has_tables = false;  // of users
  bool busy = false;        // is just joining, leaving or being copied to
  std::string account;      // mark of the replication account; empty: none of ours

  GtidSet known() const { return executed.plus(received); }
};

// A pod that the group should have a member in.
struct Member {
  std::string pod;
  unsigned server_id = 0;    // that it should have
  std::optional<Seen> seen;  // nothing: not reached
  std::string why_not;
};

struct Situation {
  std::vector<Member> members;     // in order of ordinal, all that there should be
  std::string account;             // the mark that each replication account should have
  std::string claimed_by;          // the pod that was told to form the group last; empty: none
  std::string approved_bootstrap;  // values of the annotations that persons set
  std::string approved_clone;
};

struct Action {
  enum class Kind {
    configure,  // account, server_id, starts read-only; a fresh member forgets its own GTIDs
    bootstrap,  // forms the group; after a claim only
    join,       // fetches what it lacks from the binary logs of the others
    rejoin,     // the same after leaving properly
    leave,      // a group that has lost its majority
    clone       // throws its data away for a copy of the donor's; the server ends after that
  };
  Kind kind = Kind::join;
  std::string pod;
  std::string donor = {};  // of clone
  bool fresh = false;      // of configure
  friend bool operator==(const Action&, const Action&) = default;
};

enum class Role { none, standby, primary };

struct Plan {
  bool has_group = false;     // a majority is together; the next two say how
  std::vector<Role> roles;    // by member
  std::vector<bool> serving;  // by member: it is ONLINE in that group and says so itself
  std::vector<Action> actions;
  std::string reason;   // a word for the condition
  std::string message;  // what is waited for, and what a person can do; empty: nothing
};

// Annotations on the MySQL by which a person decides. The value "<pod>/<digest>" is shown in the
// message that asks for it, and counts only while what was shown is still so.
inline constexpr const char* approve_bootstrap_annotation = "ratchet.dev/approve-bootstrap";
inline constexpr const char* approve_clone_annotation = "ratchet.dev/approve-clone";

Plan plan_group(const Situation& situation);

}  // namespace ratchet::k8s::provisioner
