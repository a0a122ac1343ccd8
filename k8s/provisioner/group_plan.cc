#include "k8s/provisioner/group_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "k8s/provisioner/digest.h"
#include "k8s/provisioner/group_view.h"

namespace ratchet::k8s::provisioner {
namespace {

GtidSet common(const GtidSet& a, const GtidSet& b) { return a.minus(a.minus(b)); }

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

class Planner {
 public:
  explicit Planner(const Situation& situation) : now_(situation) {
    plan_.roles.assign(now_.members.size(), Role::none);
    plan_.serving.assign(now_.members.size(), false);
    plan_.formed_without = now_.formed_without;
  }

  Plan run() {
    find_group();
    if (plan_.split) {
      // Nobody knows what they have alike. One that ends would be taken in by the other by numbers.
      for (const Member& member : now_.members) note(member.pod, GtidSet());
      wait("SplitGroup",
           "members are in different groups of the same name, and each may have rows that the "
           "others lack: a person must compare them and empty the data of the wrong ones");
    } else if (group_ != nullptr) {
      plan_.has_group = true;
      assign_roles();
      for (const Member& member : now_.members) bring_in(member);
      forget_who_is_back();
      lift_fence();
    } else if (!is_forming()) {
      form();
    }
    return std::move(plan_);
  }

 private:
  // The newest view that has a majority; two incarnations with one are a split.
  void find_group() {
    std::set<std::string> incarnations;
    for (const Member& member : now_.members) {
      if (!member.seen || member.seen->state != MemberState::online) continue;
      if (!sees_majority(*member.seen)) continue;
      incarnations.insert(incarnation(*member.seen));
      if (group_ == nullptr || view_number(*member.seen) > view_number(*group_)) {
        group_ = &*member.seen;
      }
    }
    plan_.split = incarnations.size() > 1;
  }

  void assign_roles() {
    for (std::size_t i = 0; i < now_.members.size(); ++i) {
      const Member& member = now_.members[i];
      const Peer* peer = find_peer(*group_, member.pod);
      if (peer == nullptr || peer->state != MemberState::online) continue;
      plan_.roles[i] = peer->primary ? Role::primary : Role::standby;
      plan_.serving[i] = member.seen && member.seen->state == MemberState::online &&
                         sees_majority(*member.seen) &&
                         incarnation(*member.seen) == incarnation(*group_);
    }
  }

  // A member that is not in the group that there is.
  void bring_in(const Member& member) {
    const Peer* peer = find_peer(*group_, member.pod);
    if (!member.seen) return wait("MembersMissing", member.pod + ": " + member.why_not);
    const Seen& seen = *member.seen;
    if (peer != nullptr && is_alive(peer->state) && is_alive(seen.state)) {
      if (seen.state == MemberState::recovering) {
        wait("MembersJoining", member.pod + " catches up with the group");
      }
      return;
    }
    if (seen.busy) return wait("MembersJoining", member.pod + " is joining or being copied to");
    if (peer != nullptr) {
      return wait("MembersJoining",
                  member.pod + ": the group has not given up its former self yet");
    }
    if (is_alive(seen.state)) {
      if (is_left_behind(seen)) return act({Action::Kind::leave, member.pod});
      return wait("MembersJoining", member.pod + " has not noticed yet that the group gave it up");
    }
    if (seen.state != MemberState::offline) {
      return act({may_join(member) ? Action::Kind::rejoin : Action::Kind::leave, member.pod});
    }
    if (configure(member)) return;
    join(member);
  }

  // In what is left, without a majority, of a group that this one was formed after: nobody is there
  // who could tell it.
  bool is_left_behind(const Seen& seen) const {
    return !seen.view.empty() && incarnation(seen) != incarnation(*group_) && !sees_majority(seen);
  }

  // True if that is what comes first.
  bool configure(const Member& member) {
    const Seen& seen = *member.seen;
    if (seen.server_id == member.server_id && seen.account == now_.account) return false;
    Action action{Action::Kind::configure, member.pod};
    action.fresh = seen.is_fresh();
    act(std::move(action));
    return true;
  }

  void join(const Member& member) {
    const GtidSet errant = errant_of(member);
    if (!errant.empty()) return ask_about_errant(member, errant);
    if (is_noted(member)) return;
    const Member* donor = donor_with(member.seen->executed);
    if (donor != nullptr) return act({Action::Kind::join, member.pod});
    donor = best_donor();
    if (donor != nullptr) act({Action::Kind::clone, member.pod, donor->pod});
  }

  GtidSet errant_of(const Member& member) const {
    return is_apart(member) ? own_of(member) : member.seen->executed.minus(known_to_group());
  }

  // As it is: it need not be asked about, copied to or forgotten first.
  bool may_join(const Member& member) const {
    return errant_of(member).empty() && !is_noted(member) &&
           donor_with(member.seen->executed) != nullptr;
  }

  // It joins when that is forgotten: what it gets from the group would look like its own, if it
  // failed meanwhile.
  bool is_noted(const Member& member) const { return now_.formed_without.contains(member.pod); }

  // Of somebody without whom the group was formed (formed_without.h) what was not in that group,
  // whatever has the same numbers now; and of anybody else nothing.
  GtidSet own_of(const Member& member) const {
    const auto base = now_.formed_without.find(member.pod);
    if (base == now_.formed_without.end() || !has_gone_on(base->second)) return {};
    const GtidSet own = member.seen->known().minus(base->second);
    return is_copy(member, own) ? GtidSet() : own;
  }
  bool is_apart(const Member& member) const { return !own_of(member).empty(); }

  // Whether others may have the numbers after these. It is noted before the group is formed, which
  // then fails, perhaps: then what somebody has alone is just more.
  bool has_gone_on(const GtidSet& base) const {
    bool any = false;
    for (const Member& member : now_.members) {
      if (!member.seen || is_noted(member)) continue;
      if (!base.contains(member.seen->known())) return true;
      any = true;
    }
    return group_ != nullptr || !any;
  }

  // Of the group's data, with binary logs that have nothing yet: somebody approved that for what
  // was there before. Logs are as empty when all have expired.
  bool is_copy(const Member& member, const GtidSet& own) const {
    const Seen& seen = *member.seen;
    return now_.approved_clone.starts_with(member.pod + "/") &&
           now_.approved_clone != clone_value(member, own) && !seen.purged.empty() &&
           seen.purged == seen.executed;
  }

  // What a person must repeat.
  std::string clone_value(const Member& member, const GtidSet& errant) const {
    const std::string purged = is_noted(member) ? " " + member.seen->purged.text() : "";
    return member.pod + "/" + short_digest(errant.text() + purged);
  }

  // In the group; or out of any, with nothing of its own: then it is like anybody else from now on.
  void forget_who_is_back() {
    for (std::size_t i = 0; i < now_.members.size(); ++i) {
      const Member& member = now_.members[i];
      const bool out = member.seen && member.seen->state == MemberState::offline;
      if (plan_.roles[i] == Role::none && !(out && !is_apart(member))) continue;
      plan_.formed_without.erase(member.pod);
    }
  }

  // Whoever stopped the primary's writes wanted another one, and there is none.
  void lift_fence() {
    for (std::size_t i = 0; i < now_.members.size(); ++i) {
      const bool shut = now_.members[i].pod == now_.fenced && plan_.roles[i] == Role::primary;
      if (shut && plan_.serving[i]) act({Action::Kind::open, now_.fenced});
    }
  }

  GtidSet known_to_group() const {
    GtidSet all;
    for (const Member& member : now_.members) {
      if (is_of_group(member)) all = all.plus(member.seen->known());
    }
    return all;
  }

  bool is_of_group(const Member& member) const {
    if (!member.seen || member.seen->state != MemberState::online) return false;
    const Peer* peer = find_peer(*group_, member.pod);
    return peer != nullptr && peer->state == MemberState::online &&
           incarnation(*member.seen) == incarnation(*group_);
  }

  // Whose binary logs still have all that `executed` lacks.
  const Member* donor_with(const GtidSet& executed) const {
    for (const Member& member : now_.members) {
      if (is_of_group(member) && executed.contains(member.seen->purged)) return &member;
    }
    return nullptr;
  }

  // A secondary if there is one: copying burdens the donor.
  const Member* best_donor() const {
    const Member* best = nullptr;
    for (const Member& member : now_.members) {
      if (!is_of_group(member)) continue;
      const bool primary = find_peer(*group_, member.pod)->primary;
      if (best == nullptr || !primary) best = &member;
      if (!primary) break;
    }
    return best;
  }

  void ask_about_errant(const Member& member, const GtidSet& errant) {
    const std::string value = clone_value(member, errant);
    if (now_.approved_clone == value) {
      if (const Member* donor = best_donor(); donor != nullptr) {
        act({Action::Kind::clone, member.pod, donor->pod});
      }
      return;
    }
    wait("ErrantTransactions", member.pod + " has transactions that the group has not (" +
                                   errant.text() +
                                   (is_apart(member) ? ": the group was formed without it, and may "
                                                       "have others of the same numbers"
                                                     : "") +
                                   "); look at them, and to replace its data by a copy of the "
                                   "group's annotate the MySQL with " +
                                   approve_clone_annotation + "=" + value);
  }

  // A member that is alone or new is on its way to a majority.
  bool is_forming() {
    for (const Member& member : now_.members) {
      if (!member.seen) continue;
      if (member.seen->busy ||
          (member.seen->state == MemberState::recovering && sees_majority(*member.seen))) {
        wait("GroupForming", member.pod + " is joining or being copied to");
        return true;
      }
    }
    return false;
  }

  // There is no group. Nobody forms one before what every member knows was read.
  void form() {
    std::vector<std::string> missing;
    for (const Member& member : now_.members) {
      if (!member.seen) missing.push_back(member.pod + " (" + member.why_not + ")");
    }
    if (missing.empty() && dissolve()) return;
    bool configuring = false;
    for (const Member& member : now_.members) {
      if (!member.seen || member.seen->state != MemberState::offline) continue;
      configuring = configure(member) || configuring;
    }
    if (configuring) return;
    const std::vector<const Member*> best = best_informed();
    if (missing.empty() && best.size() == 1) return bootstrap(*best[0]);
    ask_who_forms(missing, best);
  }

  // What is left of a group without majority can take nobody in, and nobody in it can form another.
  bool dissolve() {
    bool any = false;
    for (const Member& member : now_.members) {
      if (!member.seen || member.seen->state == MemberState::offline) continue;
      act({Action::Kind::leave, member.pod});
      any = true;
    }
    return any;
  }

  // What `former` does not know of the others will be given up. What is noted of itself stays until
  // it is in the group: it may never form it.
  void bootstrap(const Member& former) {
    const auto noted = now_.formed_without.find(former.pod);
    const GtidSet known = former.seen->known();
    const GtidSet base = noted == now_.formed_without.end() ? known : common(known, noted->second);
    bool gives_up = false;
    for (const Member& other : now_.members) {
      if (&other == &former || (other.seen && base.contains(other.seen->known()))) continue;
      note(other.pod, base);
      gives_up = true;
    }
    // With the volumes that they have left, these may be members again.
    if (gives_up) {
      for (const std::string& pod : now_.scaled_away) note(pod, base);
    }
    act({Action::Kind::bootstrap, former.pod});
  }

  void note(const std::string& pod, const GtidSet& base) {
    const auto [entry, added] = plan_.formed_without.try_emplace(pod, base);
    if (!added) entry->second = common(entry->second, base);
  }

  // Of the members seen those whose transactions no other has all of; of equals the first. One that
  // the last group was formed without comes only where nobody else is, and then their numbers say
  // nothing.
  std::vector<const Member*> best_informed() const {
    std::vector<const Member*> best;
    const bool all_apart =
        std::none_of(now_.members.begin(), now_.members.end(),
                     [this](const Member& member) { return member.seen && !is_apart(member); });
    for (const Member& member : now_.members) {
      if (!member.seen || (!all_apart && is_apart(member))) continue;
      const GtidSet known = member.seen->known();
      const auto covered = [&](const Member& other) {
        return &other != &member && other.seen && !is_apart(other) &&
               other.seen->known().contains(known) &&
               (&other < &member || !known.contains(other.seen->known()));
      };
      if (std::none_of(now_.members.begin(), now_.members.end(), covered)) best.push_back(&member);
    }
    return best;
  }

  // The value that a person must repeat stands for everything that was shown.
  void ask_who_forms(const std::vector<std::string>& missing,
                     const std::vector<const Member*>& best) {
    std::string shown = "last told to form it: " + now_.claimed_by;
    std::vector<std::string> sets;
    for (const Member& member : now_.members) {
      const std::string known = member.seen ? member.seen->known().text() : "?";
      sets.push_back(member.pod + " has " + (known.empty() ? "none" : known));
      if (member.seen && is_apart(member)) {
        sets.back() += " (a group was formed without its " + own_of(member).text() + ")";
      }
      shown += "; " + sets.back();
    }
    std::vector<std::string> choices;
    for (const Member* member : best) {
      const std::string value = member->pod + "/" + short_digest(shown);
      if (now_.approved_bootstrap == value) {
        if (!dissolve()) bootstrap(*member);
        return;
      }
      choices.push_back(value);
    }
    const bool apart = !best.empty() && is_apart(*best[0]);
    const std::string why = !missing.empty()
                                ? "the transactions of " + list(missing) + " cannot be read"
                            : apart ? "members were in groups that were formed without each other"
                                    : "no member has the transactions of all others";
    std::string message = "no group is formed, because " + why + ". Transactions: " + list(sets);
    if (!now_.claimed_by.empty()) message += ". Last told to form it: " + now_.claimed_by;
    if (!choices.empty()) {
      message += std::string(
                     ". To form it from what is there, and give up what only others have, "
                     "annotate the MySQL with ") +
                 approve_bootstrap_annotation + "=" + list(choices);
    }
    wait(missing.empty() ? "DivergedMembers" : "WaitingForMembers", message);
  }

  void act(Action action) { plan_.actions.push_back(std::move(action)); }

  void wait(const char* reason, const std::string& message) {
    if (plan_.reason.empty()) plan_.reason = reason;
    plan_.message += (plan_.message.empty() ? "" : "; ") + message;
  }

  const Situation& now_;
  const Seen* group_ = nullptr;
  Plan plan_;
};

}  // namespace

Plan plan_group(const Situation& situation) { return Planner(situation).run(); }

}  // namespace ratchet::k8s::provisioner
