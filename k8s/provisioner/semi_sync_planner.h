// The parts of plan_semi_sync (semi_sync_plan.h): what the members hold to while the holder of the
// term is there (semi_sync_plan.cc), how voters that are about to go cease to be any
// (semi_sync_leaving.cc), how the holder hands over in good order (semi_sync_hand_over.cc), and who
// takes the next term when it is lost (semi_sync_promotion.cc).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "k8s/provisioner/semi_sync_plan.h"

namespace ratchet::k8s::provisioner {

class SemiSyncPlanner {
 public:
  // The situation must outlive it.
  explicit SemiSyncPlanner(const ReplicaSituation& situation);

  ReplicaPlan run();

 private:
  using Kind = ReplicaAction::Kind;
  using Replicas = std::vector<const Replica*>;
  using Voters = std::map<std::string, std::string>;

  void assign_roles();

  // While the holder is there.
  void keep(const Replica& holder);
  void hold_open(const Replica& holder);
  const Replica* acknowledging_without_vote() const;
  bool is_settled(const ReplicaSeen& seen) const;
  unsigned wanted_acknowledgements() const;
  void bring_in(const Replica& member, const ReplicaSeen& holder);
  void keep_attached(const Replica& member, const ReplicaSeen& holder);
  void attach(const Replica& member);
  void ask_about_errant(const Replica& member, const GtidSet& errant);
  void clone(const Replica& member, const GtidSet& errant);
  std::string best_donor(const Replica& member) const;
  bool may_copy(const Replica& member, const std::string& donor);
  bool is_caught_up(const Replica& member) const;
  void admit(const Replica& holder);
  void follow_wish(bool enough);

  // Of members that are about to go.
  bool may_vote(const Replica& member) const;
  bool acknowledges(const Replica& member) const;
  bool is_silent(const Replica& member) const;
  void take_votes();

  // While it hands over to another. True: nothing else is to be done now.
  bool hand_over(const Replica& holder);
  bool close_for(const Replica& holder, const Replica& successor);
  bool succeed(const Replica& holder, const Replica& successor, const Replicas& reached);
  bool end_hand_over(const std::string& why);

  // Who takes the first term, and the next.
  void form();
  bool calm(const Replica& member);
  void replace(bool emptied);
  // Those that can be told, and the names of the others.
  Replicas reached_voters(std::vector<std::string>& missing) const;
  void promote_one_of(const Replicas& reached, const std::vector<std::string>& missing,
                      const std::string& why);
  void ask_who_is_given_up(const Replicas& reached, const std::vector<std::string>& missing,
                           const std::string& why);
  Replicas stopped(const Replicas& reached);
  void choose(const Replicas& members, std::size_t least, Voters voters);
  void take_term(const Replica& member, unsigned acknowledgements, Voters voters);
  void say_diverged(const Replicas& members);
  std::size_t needed() const;
  bool is_possible() const { return term_.voters.size() >= term_.acknowledgements; }

  const Replica* find(const std::string& pod) const;
  bool is_voter(const Replica& member) const;
  bool needs_configuring(const Replica& member) const;
  // Each is true if that is what comes first.
  bool close(const Replica& member);
  bool configure(const Replica& member);
  // True if everything received is executed; else it is on its way there.
  bool apply(const Replica& member);

  // The term as this plan changes it.
  PrimaryTerm& next();
  void act(ReplicaAction action) { plan_.actions.push_back(std::move(action)); }
  void wait(const char* reason, const std::string& message);

  const ReplicaSituation& now_;
  const PrimaryTerm& term_;
  ReplicaPlan plan_;
};

}  // namespace ratchet::k8s::provisioner
