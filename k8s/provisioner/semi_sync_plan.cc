#include <algorithm>
#include <utility>

#include "k8s/provisioner/digest.h"
#include "k8s/provisioner/semi_sync_planner.h"

namespace ratchet::k8s::provisioner {

ReplicaPlan plan_semi_sync(const ReplicaSituation& situation) {
  return SemiSyncPlanner(situation).run();
}

SemiSyncPlanner::SemiSyncPlanner(const ReplicaSituation& situation)
    : now_(situation), term_(now_.term) {
  plan_.roles.assign(now_.members.size(), Role::none);
  plan_.serving.assign(now_.members.size(), false);
}

ReplicaPlan SemiSyncPlanner::run() {
  plan_.has_term = term_.number > 0;
  assign_roles();
  const Replica* holder = find(term_.holder);
  const bool there = holder != nullptr && holder->seen;
  const bool same = there && holder->seen->id == term_.server;
  const bool never_written = !term_.opened && term_.voters.empty();
  if (!plan_.has_term || (there && !same && never_written)) {
    form();
  } else if (same) {
    keep(*holder);
  } else {
    replace(there);
  }
  return std::move(plan_);
}

const Replica* SemiSyncPlanner::find(const std::string& pod) const {
  const auto found = std::find_if(now_.members.begin(), now_.members.end(),
                                  [&](const Replica& member) { return member.pod == pod; });
  return found == now_.members.end() ? nullptr : &*found;
}

// The holder is the primary from when it may be opened until another holds the term; in between
// nobody knows better than that.
void SemiSyncPlanner::assign_roles() {
  for (std::size_t i = 0; i < now_.members.size(); ++i) {
    const Replica& member = now_.members[i];
    if (member.pod == term_.holder) {
      const bool same = !member.seen || member.seen->id == term_.server;
      if (!term_.opened || !same) continue;
      plan_.roles[i] = Role::primary;
      plan_.serving[i] = member.seen && !member.seen->read_only;
    } else if (plan_.has_term && member.seen && member.seen->read_only &&
               member.seen->source == term_.holder) {
      plan_.roles[i] = Role::standby;
      plan_.serving[i] = member.seen->applying;
    }
  }
}

// The holder is there.
void SemiSyncPlanner::keep(const Replica& holder) {
  const ReplicaSeen& seen = *holder.seen;
  ReplicaAction action{Kind::configure, holder.pod};
  action.stays_open = !seen.read_only;
  if (needs_configuring(holder)) {
    act(std::move(action));
  } else if (hand_over(holder)) {
    return;
  } else if (term_.opened) {
    hold_open(holder);
  } else if (!close(holder)) {
    if (!is_settled(seen)) act({Kind::settle, holder.pod});
  }
  for (const Replica& member : now_.members) {
    if (&member != &holder) bring_in(member, seen);
  }
  admit(holder);
  take_votes();
}

void SemiSyncPlanner::hold_open(const Replica& holder) {
  const ReplicaSeen& seen = *holder.seen;
  if (!seen.read_only) {
    if (!is_settled(seen)) return act({Kind::settle, holder.pod});
    if (!seen.source_on) {
      wait("SemiSyncOff", holder.pod +
                              " has ceased to wait for acknowledgements, and goes on "
                              "waiting when its replicas have caught up; what it says to be "
                              "committed until then may be on no other member");
    }
    return;
  }
  GtidSet others;
  for (const Replica& member : now_.members) {
    if (is_voter(member)) others = others.plus(member.seen->known());
  }
  const GtidSet lacks = others.minus(seen.known());
  if (lacks.empty()) {
    const Replica* stray = acknowledging_without_vote();
    if (stray == nullptr) return act({Kind::open, holder.pod});
    return wait("WaitingForReplicas", holder.pod + " takes no writes while " + stray->pod +
                                          " acknowledges without a vote");
  }
  wait("DivergedMembers",
       holder.pod + " holds the primary term and lacks transactions that its replicas have (" +
           lacks.text() +
           "): it is not opened. To promote another, delete the claim and the pod "
           "of " +
           holder.pod);
}

// Its word would do for a commit, and nobody would ask it before the next promotion.
const Replica* SemiSyncPlanner::acknowledging_without_vote() const {
  for (const Replica& member : now_.members) {
    if (!member.seen || is_voter(member) || member.seen->source != term_.holder) continue;
    if (member.seen->acknowledges || member.seen->acknowledging) return &member;
  }
  return nullptr;
}

// As long as the wish asks for more than the term says, more are waited for already.
unsigned SemiSyncPlanner::wanted_acknowledgements() const {
  return term_.opened ? std::max(term_.acknowledgements, now_.wish.acknowledgements)
                      : now_.wish.acknowledgements;
}

bool SemiSyncPlanner::is_settled(const ReplicaSeen& seen) const {
  return seen.source_enabled && seen.after_sync && seen.waits_alone && !seen.acknowledges &&
         seen.wait_for == wanted_acknowledgements() && seen.timeout_ms == now_.wish.timeout_ms;
}

// True if it takes writes, which it must not.
bool SemiSyncPlanner::close(const Replica& member) {
  const ReplicaSeen& seen = *member.seen;
  if (seen.read_only && seen.waiting == 0) return false;
  act({seen.waiting == 0 ? Kind::close : Kind::restart, member.pod});
  return true;
}

bool SemiSyncPlanner::needs_configuring(const Replica& member) const {
  return member.seen->server_id != member.server_id || member.seen->account != now_.account;
}

// True if that is what comes first.
bool SemiSyncPlanner::configure(const Replica& member) {
  if (!needs_configuring(member)) return false;
  ReplicaAction action{Kind::configure, member.pod};
  action.fresh = member.seen->is_fresh();
  act(std::move(action));
  return true;
}

void SemiSyncPlanner::bring_in(const Replica& member, const ReplicaSeen& holder) {
  if (!member.seen) return wait("MembersMissing", member.pod + ": " + member.why_not);
  const ReplicaSeen& seen = *member.seen;
  if (seen.busy) return wait("MembersJoining", member.pod + " is just told or copied to");
  if (!seen.account.empty() && close(member)) return;
  if (configure(member)) return;
  const GtidSet errant = seen.known().minus(holder.known());
  if (!errant.empty()) return ask_about_errant(member, errant);
  if (seen.source == term_.holder) return keep_attached(member, holder);
  // What it has received and not applied would be lost with the old source.
  if (!apply(member)) return;
  if (!seen.executed.contains(holder.purged)) return clone(member, {});
  attach(member);
}

void SemiSyncPlanner::attach(const Replica& member) {
  act({.kind = Kind::attach,
       .pod = member.pod,
       .source = term_.holder,
       .acknowledges = acknowledges(member)});
}

void SemiSyncPlanner::keep_attached(const Replica& member, const ReplicaSeen& holder) {
  const ReplicaSeen& seen = *member.seen;
  if (!seen.hears && !seen.known().contains(holder.purged)) return clone(member, {});
  // Its pod came with certificates, or without, which the channel does not know yet. Making the
  // channel anew takes away what was received and not applied, so nothing may be received just
  // then.
  if (!seen.receiving && seen.verifies != member.has_certificates) {
    if (apply(member)) attach(member);
    return;
  }
  const bool told = acknowledges(member);
  const bool as_told = seen.acknowledges == told && (!seen.hears || seen.acknowledging == told);
  if (!seen.receiving || !seen.applying || !as_told) {
    act({.kind = Kind::resume, .pod = member.pod, .acknowledges = told});
  }
  if (!seen.trouble.empty() && (!seen.hears || !seen.applying)) {
    wait("ReplicationTrouble", member.pod + ": " + seen.trouble);
  }
}

// True if everything received is executed; else it is on its way there.
bool SemiSyncPlanner::apply(const Replica& member) {
  const ReplicaSeen& seen = *member.seen;
  if (seen.executed.contains(seen.received)) return true;
  if (!seen.applying) act({Kind::apply, member.pod});
  wait("MembersJoining", member.pod + " applies what it has received" +
                             (seen.trouble.empty() ? "" : ": " + seen.trouble));
  return false;
}

void SemiSyncPlanner::ask_about_errant(const Replica& member, const GtidSet& errant) {
  const std::string value = member.pod + "/" + short_digest(errant.text());
  if (now_.approved_clone == value || now_.wish.clone_errant) return clone(member, errant);
  wait("ErrantTransactions", member.pod + " has transactions that the primary has not (" +
                                 errant.text() +
                                 ") and stays out; look at them, and to replace its data by a "
                                 "copy of the primary's annotate the MySQL with " +
                                 approve_clone_annotation + "=" + value);
}

// Once a copy leads, what CLONE has not copied is gone. Of a donor that was not asked yet nothing
// is known; who carries the plan out asks it before (SemiSyncCare::ask_donors).
bool SemiSyncPlanner::may_copy(const Replica& member, const std::string& donor) {
  const auto asked = now_.uncopied.find(donor);
  if (asked == now_.uncopied.end()) return true;
  if (!asked->second) {
    wait("MembersJoining", member.pod + " gets a copy of the data of " + donor +
                               " once that has said whether all of it can be copied");
    return false;
  }
  const std::string& tables = *asked->second;
  const std::string value = member.pod + "/" + short_digest(tables);
  if (tables.empty() || now_.approved_clone == value) return true;
  wait("RowsNotCopied",
       member.pod + " needs a copy of the data of " + donor +
           ", and CLONE copies no rows of tables outside of InnoDB (" + tables +
           "): ALTER TABLE ... ENGINE = InnoDB on the primary, or, to have them empty "
           "on " +
           member.pod + ", annotate the MySQL with " + approve_clone_annotation + "=" + value);
  return false;
}

// A voter's word counts no more from before its data go. Who has decided about errant transactions
// has decided about all the member's data.
void SemiSyncPlanner::clone(const Replica& member, const GtidSet& errant) {
  if (is_voter(member)) {
    next().voters[member.pod] = "";
    return wait("MembersJoining", member.pod + " gives up its vote to be copied to");
  }
  const std::string donor = best_donor(member);
  if (errant.empty() && !may_copy(member, donor)) return;
  act({.kind = Kind::clone, .pod = member.pod, .source = donor, .note = errant.text()});
  wait("MembersJoining", member.pod + " gets a copy of the data of " + donor);
}

// Not the primary if there is a choice: copying burdens the donor.
std::string SemiSyncPlanner::best_donor(const Replica& member) const {
  for (const Replica& other : now_.members) {
    if (&other != &member && is_caught_up(other)) return other.pod;
  }
  return term_.holder;
}

bool SemiSyncPlanner::is_voter(const Replica& member) const {
  return member.seen && term_.has_voter(member.pod, member.seen->id);
}

// It is attached to the holder, and has all that the holder had before it was looked at, and
// nothing else.
bool SemiSyncPlanner::is_caught_up(const Replica& member) const {
  const Replica* holder = find(term_.holder);
  if (member.pod == term_.holder || !member.seen || !now_.first || !holder->seen) return false;
  const ReplicaSeen& seen = *member.seen;
  return seen.read_only && seen.source == term_.holder && seen.receiving &&
         !needs_configuring(member) && now_.first->id == term_.server &&
         seen.known().contains(now_.first->known()) && holder->seen->known().contains(seen.known());
}

// Who has caught up becomes a voter; enough of them open the term.
void SemiSyncPlanner::admit(const Replica& holder) {
  Replicas ready;
  for (const Replica& member : now_.members) {
    if (is_caught_up(member) && may_vote(member)) ready.push_back(&member);
  }
  const bool enough = ready.size() >= now_.wish.acknowledgements;
  if (!term_.opened) {
    if (!enough || !holder.seen->read_only) {
      return wait("WaitingForReplicas",
                  holder.pod + " takes no writes before " +
                      std::to_string(now_.wish.acknowledgements) +
                      " replicas have all that it has; have it: " + std::to_string(ready.size()));
    }
    next().opened = true;
    next().acknowledgements = now_.wish.acknowledgements;
    next().voters.clear();
  }
  for (const Replica* member : ready) {
    if (is_voter(*member) && term_.opened) continue;
    next().voters[member->pod] = member->seen->id;
  }
  if (term_.opened) follow_wish(enough);
}

// Fewer acknowledgements count from before the primary waits for fewer; more only after it has
// waited for so many, and what was acknowledged earlier is on so many.
void SemiSyncPlanner::follow_wish(bool enough) {
  const unsigned wish = now_.wish.acknowledgements;
  const bool waits = now_.first && now_.first->wait_for >= wish;
  if (wish < term_.acknowledgements || (wish > term_.acknowledgements && waits && enough)) {
    next().acknowledgements = wish;
  }
}

// The term as this plan changes it.
PrimaryTerm& SemiSyncPlanner::next() {
  if (!plan_.term) plan_.term = term_;
  return *plan_.term;
}

void SemiSyncPlanner::wait(const char* reason, const std::string& message) {
  if (plan_.reason.empty()) plan_.reason = reason;
  plan_.message += (plan_.message.empty() ? "" : "; ") + message;
}

}  // namespace ratchet::k8s::provisioner
