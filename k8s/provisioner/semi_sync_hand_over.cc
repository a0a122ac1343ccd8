#include <algorithm>

#include "k8s/provisioner/semi_sync_planner.h"

namespace ratchet::k8s::provisioner {

// An orderly move: somebody has written into the term who is to take the next one. The holder is
// closed only when that one has executed all that it has; then enough voters stand still, as when
// the holder is lost, so that even a holder that somebody opens again acknowledges nothing. What
// goes wrong before the next term is taken ends the move, and the holder is opened again.
//
// True if nothing else is to be done now.
bool SemiSyncPlanner::hand_over(const Replica& holder) {
  if (!term_.opened || term_.successor.empty()) return false;
  std::vector<std::string> missing;
  const Replicas reached = reached_voters(missing);
  const Replica* successor = find(term_.successor);
  if (successor == nullptr || std::ranges::find(reached, successor) == reached.end() ||
      needs_configuring(*successor) || !successor->seen->applying) {
    return end_hand_over(term_.successor + " is not able to take over");
  }
  if (!is_possible() || reached.size() < needed()) {
    return end_hand_over("too few replicas that acknowledge are reached");
  }
  return holder.seen->read_only ? succeed(holder, *successor, reached)
                                : close_for(holder, *successor);
}

bool SemiSyncPlanner::close_for(const Replica& holder, const Replica& successor) {
  const bool ready = is_settled(*holder.seen) && holder.seen->source_on &&
                     is_caught_up(successor) &&
                     successor.seen->executed.contains(now_.first->known());
  if (ready) act({Kind::close, holder.pod});
  wait("HandingOver", ready ? holder.pod + " is closed for " + successor.pod + " to take over"
                            : successor.pod + " catches up, to take over");
  return ready;
}

// The holder takes no writes any more.
bool SemiSyncPlanner::succeed(const Replica& holder, const Replica& successor,
                              const Replicas& reached) {
  const ReplicaSeen& seen = *successor.seen;
  const GtidSet all = holder.seen->known();
  if (!seen.known().contains(all) && !seen.receiving) {
    return end_hand_over(successor.pod + " has ceased to receive");
  }
  const bool closed = now_.first && now_.first->read_only && now_.first->known() == all;
  if (closed && seen.executed.contains(all)) {
    const Replicas still = stopped(reached);
    for (const Replica* voter : still) {
      if (seen.executed.contains(voter->seen->known())) continue;
      return end_hand_over(voter->pod + " has transactions that " + successor.pod + " has not");
    }
    if (still.size() >= needed() && !seen.receiving) {
      take_term(successor, term_.acknowledgements, term_.voters);
    }
  }
  wait("HandingOver", holder.pod + " is closed, and " + successor.pod + " takes over");
  return true;
}

bool SemiSyncPlanner::end_hand_over(const std::string& why) {
  next().successor.clear();
  wait("HandOverEnded", term_.holder + " stays the primary: " + why);
  return true;
}

}  // namespace ratchet::k8s::provisioner
