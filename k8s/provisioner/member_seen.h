// What any member of a cluster says about itself, however its members replicate.
#pragma once

#include <optional>
#include <string>

#include "k8s/provisioner/gtid_set.h"

namespace ratchet::k8s::provisioner {

struct MemberSeen {
  std::string id;  // server_uuid: other data have another
  std::string version;
  unsigned server_id = 0;
  GtidSet executed;
  GtidSet received;         // written to disk by its receiver, perhaps not executed yet
  GtidSet purged;           // executed, but no longer in the binary logs
  bool has_tables = false;  // of users
  bool busy = false;        // is just being told something that takes its time, or copied to
  std::string account;      // mark of the replication account; empty: none of ours
  std::string no_room;      // what it says of its full disk; empty: nothing

  GtidSet known() const { return executed.plus(received); }
  // Just initialised: nothing in it but what initialisation does.
  bool is_fresh() const { return account.empty() && !has_tables && executed.only_from(id); }
};

// A pod that the cluster should have a member in.
template <class Seen>
struct MemberOf {
  std::string pod;
  unsigned server_id = 0;         // that it should have
  std::optional<Seen> seen = {};  // nothing: not reached
  std::string why_not = {};
  bool has_certificates = false;  // its pod has the files of spec.tls
  bool leaving = false;           // its StatefulSet is about to go, or spec.replicas omits it
};

// What a member said, or why it said nothing.
template <class Seen>
struct ReportOf {
  std::optional<Seen> seen;
  std::string why_not;
  std::string certificate;  // SHA-256 of the one it showed
};

enum class Role { none, standby, primary };

// Annotation on the MySQL by which a person has a member's data replaced by a copy. The value
// "<pod>/<digest>" is shown in the message that asks for it, and counts only while what was shown
// is still so.
inline constexpr const char* approve_clone_annotation = "ratchet.dev/approve-clone";

}  // namespace ratchet::k8s::provisioner
