#include <algorithm>
#include <utility>

#include "k8s/provisioner/digest.h"
#include "k8s/provisioner/semi_sync_planner.h"

namespace ratchet::k8s::provisioner {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string shown(const GtidSet& set) { return set.empty() ? "none" : set.text(); }

std::string why_no_vote(const Replica* voter) {
  if (voter == nullptr) return " (there is no such pod)";
  if (!voter->seen) return " (" + voter->why_not + ")";
  return voter->seen->busy ? " (is being copied to)" : " (has other data than before)";
}

}  // namespace

// There is no term, or one that nothing was ever written in. Nobody takes it before what every
// member knows was read.
void SemiSyncPlanner::form() {
  std::vector<std::string> missing;
  bool preparing = false;
  for (const Replica& member : now_.members) {
    if (!member.seen) {
      missing.push_back(member.pod + " (" + member.why_not + ")");
    } else {
      preparing = calm(member) || preparing;
    }
  }
  if (!missing.empty()) {
    return wait("WaitingForMembers", "nobody is made the primary, because the transactions of " +
                                         joined(missing) + " cannot be read");
  }
  if (preparing) return wait("ClusterForming", "members are made ready");
  Replicas all;
  for (const Replica& member : now_.members) all.push_back(&member);
  choose(all, 0, {});
}

// True if the member is not as it must be before somebody takes the first term.
bool SemiSyncPlanner::calm(const Replica& member) {
  const ReplicaSeen& seen = *member.seen;
  if (seen.busy) return true;
  if (!seen.account.empty() && close(member)) return true;
  if (configure(member)) return true;
  if (!seen.receiving) return false;
  act({Kind::stop_receiving, member.pod});
  return true;
}

// The holder is out of reach, or its data are gone (`emptied`): then it will not come back.
void SemiSyncPlanner::replace(bool emptied) {
  const Replica* holder = find(term_.holder);
  const std::string why =
      emptied ? "has other data than before"
              : "is not reached (" +
                    (holder == nullptr ? "there is no such pod" : holder->why_not) + ")";
  plan_.holder_missing = !emptied;
  if (!emptied && !now_.overdue) {
    return wait("PrimaryUnreachable", term_.holder + " " + why);
  }
  std::vector<std::string> missing;
  const Replicas reached = reached_voters(missing);
  for (const Replica* voter : reached) {
    if (emptied || voter->seen->source != term_.holder || !voter->seen->hears) continue;
    return wait("PrimaryUnreachable",
                term_.holder + " " + why + ", but " + voter->pod + " hears it: nobody is promoted");
  }
  promote_one_of(reached, missing, why);
}

SemiSyncPlanner::Replicas SemiSyncPlanner::reached_voters(std::vector<std::string>& missing) const {
  Replicas reached;
  for (const auto& [pod, server] : term_.voters) {
    const Replica* voter = find(pod);
    if (voter != nullptr && is_voter(*voter) && !voter->seen->busy) {
      reached.push_back(voter);
    } else {
      missing.push_back(pod + why_no_vote(voter));
    }
  }
  return reached;
}

// How many voters must stand still so that among them is one that has whatever was acknowledged,
// and too few are left for any more acknowledgements.
std::size_t SemiSyncPlanner::needed() const {
  return term_.voters.size() - term_.acknowledgements + 1;
}

void SemiSyncPlanner::promote_one_of(const Replicas& reached,
                                     const std::vector<std::string>& missing,
                                     const std::string& why) {
  if (is_possible() && reached.size() >= needed()) {
    return choose(stopped(reached), needed(), term_.voters);
  }
  ask_who_is_given_up(reached, missing, why);
}

// The value that a person must repeat stands for everything that was shown.
void SemiSyncPlanner::ask_who_is_given_up(const Replicas& reached,
                                          const std::vector<std::string>& missing,
                                          const std::string& why) {
  std::string seen = std::to_string(term_.number);
  Voters voters;
  for (const Replica* voter : reached) {
    seen += "; " + voter->pod + " has " + shown(voter->seen->known());
    voters[voter->pod] = voter->seen->id;
  }
  const std::string value = term_.holder + "/" + short_digest(seen);
  if (!reached.empty() && now_.approved_promotion == value) {
    return choose(stopped(reached), reached.size(), std::move(voters));
  }
  std::string message =
      term_.holder + " " + why + ", and nobody is promoted: of " +
      std::to_string(term_.voters.size()) + " replicas that acknowledge, each transaction on " +
      std::to_string(term_.acknowledgements) + ", " + std::to_string(is_possible() ? needed() : 1) +
      " must be read and are not. Missing: " + joined(missing);
  if (!reached.empty()) {
    message +=
        ". To go on with what is there, and give up what only the missing ones have, "
        "annotate the MySQL with " +
        std::string(approve_promotion_annotation) + "=" + value;
  }
  wait("WaitingForVoters", message);
}

// Those of them whose receivers stand still; the others are told to.
SemiSyncPlanner::Replicas SemiSyncPlanner::stopped(const Replicas& reached) {
  Replicas still;
  for (const Replica* member : reached) {
    if (member->seen->receiving) {
      act({Kind::stop_receiving, member->pod});
    } else {
      still.push_back(member);
    }
  }
  return still;
}

// The next term, for one that has all that `members` have and has executed it. `voters`: whose
// word counts until that one is opened.
void SemiSyncPlanner::choose(const Replicas& members, std::size_t least, Voters voters) {
  if (members.size() < least) return wait("Promoting", "receivers are being stopped");
  GtidSet all;
  for (const Replica* member : members) all = all.plus(member->seen->known());
  const Replica* best = nullptr;
  for (const Replica* member : members) {
    if (!member->seen->known().contains(all)) continue;
    if (member->seen->executed.contains(all)) {
      const unsigned acknowledgements =
          voters.empty() ? now_.wish.acknowledgements : term_.acknowledgements;
      take_term(*member, acknowledgements, std::move(voters));
      return wait("Promoting", member->pod + " takes the primary term");
    }
    best = member;
  }
  if (best == nullptr) return say_diverged(members);
  apply(*best);
}

void SemiSyncPlanner::take_term(const Replica& member, unsigned acknowledgements, Voters voters) {
  next() = {.number = term_.number + 1,
            .holder = member.pod,
            .server = member.seen->id,
            .acknowledgements = acknowledgements,
            .voters = std::move(voters)};
}

void SemiSyncPlanner::say_diverged(const Replicas& members) {
  std::vector<std::string> sets;
  for (const Replica* member : members) {
    sets.push_back(member->pod + " has " + shown(member->seen->known()));
  }
  wait("DivergedMembers",
       "nobody is made the primary, because no member has the transactions of all others: " +
           joined(sets) + ". Delete claim and pod of those whose data are to go");
}

}  // namespace ratchet::k8s::provisioner
