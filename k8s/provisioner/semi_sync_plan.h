// What is to be done about a semi-synchronous cluster: a pure function of what was seen of its
// members and of the primary term on the MySQL object. Level-based: it knows no earlier plan, and
// whatever it orders may be ordered again.
//
// Why no acknowledged transaction is lost. Of R voters W had received it before the client was
// told. Whoever is promoted has all that R-W+1 voters had received, whose receivers stand still:
// at least one of them had the transaction, and none that comes later can get W acknowledgements.
// Before the promoted one takes writes, W voters of its own have all that it has. An orderly move
// goes the same way, after the holder was closed and its successor has executed all that it had.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "k8s/api/primary_term.h"
#include "k8s/provisioner/member_seen.h"
#include "k8s/provisioner/semi_sync.h"

namespace ratchet::k8s::provisioner {

using api::parse_term;
using api::primary_term_annotation;
using api::PrimaryTerm;
using api::term_text;

// What a member's server said about itself.
struct ReplicaSeen : MemberSeen {
  bool read_only = false;  // to everybody
  // As a source.
  bool source_enabled = false;  // its commits wait for acknowledgements
  bool source_on = false;       // and it has not given up waiting
  bool after_sync = false;      // before others see them
  bool waits_alone = false;     // also while it has too few replicas
  unsigned wait_for = 0;        // acknowledgements
  std::uint64_t timeout_ms = 0;
  unsigned waiting = 0;  // sessions whose commit waits at the moment
  // As a replica.
  std::string source;          // pod that it is attached to; empty: none
  bool receiving = false;      // its receiver runs
  bool hears = false;          // and is connected
  bool applying = false;       // its applier runs
  bool acknowledges = false;   // it is told to
  bool acknowledging = false;  // and its connection is made so
  bool verifies = false;       // its channel demands a certificate that spec.tls vouches for
  std::string trouble;         // what stopped one of them last
};

using Replica = MemberOf<ReplicaSeen>;

struct ReplicaSituation {
  std::vector<Replica> members;  // in order of ordinal, all that there should be, or are left
  // The holder of the term as it was before the others were looked at; in `members` it is as it
  // was after them. So whatever is in `first` was there before, and whatever others got from it is
  // in what it said last.
  std::optional<ReplicaSeen> first;
  std::string account;  // the mark that each replication account should have
  SemiSync wish;
  PrimaryTerm term;
  bool overdue = false;  // the holder has been out of reach for so long that it is replaced
  std::string approved_promotion;  // values of the annotations that persons set
  std::string approved_clone;
  // By pod that was asked because somebody would be copied from it: its tables of which CLONE
  // copies no rows; nothing: it did not say.
  std::map<std::string, std::optional<std::string>> uncopied = {};
};

struct ReplicaAction {
  enum class Kind {
    configure,       // account, server_id, starts read-only; a fresh member forgets its own GTIDs
    settle,          // settings of a source
    open,            // settings, no longer a replica, takes writes
    close,           // takes no writes
    restart,         // ends the server, which starts read-only: its sessions wait for ever
    stop_receiving,  // it acknowledges nothing more
    apply,           // starts its applier
    attach,          // makes it a replica of `source`, from where it is
    resume,          // starts what does not run, its acknowledging as `acknowledges` says
    clone            // throws its data away for a copy of `source`'s; the server ends after that
  };
  Kind kind = Kind::attach;
  std::string pod;
  std::string source = {};
  bool fresh = false;         // of configure
  bool stays_open = false;    // of configure
  bool acknowledges = false;  // of attach and resume
  std::string note = {};      // of clone: the transactions that go with the data
  friend bool operator==(const ReplicaAction&, const ReplicaAction&) = default;
};

struct ReplicaPlan {
  bool has_term = false;
  std::vector<Role> roles;    // by member
  std::vector<bool> serving;  // by member
  // To be recorded on the MySQL. No action of this plan depends on whether that succeeds.
  std::optional<PrimaryTerm> term;
  std::vector<ReplicaAction> actions;
  bool holder_missing = false;  // counts for `overdue`
  std::string reason;           // a word for the condition
  std::string message;          // what is waited for, and what a person can do; empty: nothing
};

// As approve_clone_annotation (member_seen.h): a person gives up what the missing voters may have.
inline constexpr const char* approve_promotion_annotation = "ratchet.dev/approve-promotion";

ReplicaPlan plan_semi_sync(const ReplicaSituation& situation);

}  // namespace ratchet::k8s::provisioner
