#include <algorithm>

#include "k8s/provisioner/semi_sync_planner.h"

namespace ratchet::k8s::provisioner {

// A voter that goes with its vote is waited for until the next term, which may never come without
// it. So one that is about to go acknowledges nothing more, as soon as the others that do are
// enough for commits to go on. Whatever it has acknowledged is in what it has received by then.
// When as many others as a commit waits for have all of that, they stand for what it stood for,
// also where its acknowledgement was one of several: it is a voter no more.

// One that is about to go becomes no voter, unless the others cannot be enough.
bool SemiSyncPlanner::may_vote(const Replica& member) const {
  if (!member.leaving) return true;
  const auto others = std::ranges::count_if(now_.members, [&](const Replica& other) {
    return !other.leaving && other.seen && other.pod != term_.holder;
  });
  return static_cast<std::size_t>(others) < now_.wish.acknowledgements;
}

// What a replica is to be told. A receiver that only tries to connect keeps the status of one that
// acknowledges (tests/k8s/transcript).
bool SemiSyncPlanner::acknowledges(const Replica& member) const {
  if (!is_voter(member) || !member.leaving || !term_.opened) return is_voter(member);
  const auto others = std::ranges::count_if(now_.members, [&](const Replica& other) {
    return !other.leaving && is_voter(other) && other.seen->acknowledging && other.seen->hears;
  });
  return static_cast<std::size_t>(others) < wanted_acknowledgements();
}

// A voter that acknowledges nothing any more, and is not just told to.
bool SemiSyncPlanner::is_silent(const Replica& member) const {
  return is_voter(member) && !acknowledges(member) && !member.seen->busy &&
         !member.seen->acknowledges && !member.seen->acknowledging;
}

void SemiSyncPlanner::take_votes() {
  if (!term_.opened) return;
  for (const Replica& member : now_.members) {
    if (!member.leaving || !is_voter(member)) continue;
    const GtidSet known = member.seen->known();
    const auto heirs = std::ranges::count_if(now_.members, [&](const Replica& other) {
      return !other.leaving && is_voter(other) && other.seen->known().contains(known);
    });
    if (is_silent(member) && static_cast<std::size_t>(heirs) >= term_.acknowledgements) {
      next().voters.erase(member.pod);
    }
    wait("MembersLeaving", member.pod + " gives up its vote");
  }
}

}  // namespace ratchet::k8s::provisioner
