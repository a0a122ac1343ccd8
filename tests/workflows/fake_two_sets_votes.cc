// The part of FakeTwoSets that is about a semi-synchronous cluster: who may acknowledge, and how
// its primary is moved. Its provisioner is quick: it has done what it was asked for when the step
// is done.
#include <algorithm>

#include "tests/workflows/fake_two_sets.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

// A term begins without votes. One acknowledgement is enough.
void FakeTwoSets::count_votes() {
  if (topology != semi_sync) return;
  if (holder_ != primary) {
    holder_ = primary;
    voters.clear();
    ++term;
  }
  std::set<std::string> staying;
  bool anybody_leaves = sets.contains(leaving);
  for (const auto& [name, pod] : pods) {
    anybody_leaves = anybody_leaves || pod.set == leaving;
    if (serves(name) && name != primary && pod.set != leaving) staying.insert(name);
  }
  if (!anybody_leaves) leaving.clear();
  voters.insert(staying.begin(), staying.end());
  if (staying.empty()) return;
  std::erase_if(voters, [this](const std::string& voter) {
    const auto pod = pods.find(voter);
    return pod != pods.end() && pod->second.set == leaving;
  });
}

// One acknowledgement is enough, so all voters must stand still.
bool FakeTwoSets::may_hand_over(const std::string& pod) const {
  return voters.contains(pod) &&
         std::ranges::all_of(voters, [this](const std::string& voter) { return serves(voter); });
}

void FakeTwoSets::add_votes(GroupState& group, const std::string& without) {
  if (topology != semi_sync) return;
  count_votes();
  group.set_term(term);
  group.set_acknowledgements(1);
  if (!successor.empty()) group.add_lacks("the primary is being moved to " + successor);
  if (voters.contains(without)) group.add_lacks("the acknowledgement of " + without + " counts");
}

std::string FakeTwoSets::votes() const {
  if (topology != semi_sync) return "";
  std::string text = " by term " + std::to_string(term) + ", voters";
  for (const std::string& voter : voters) text += " " + voter;
  return text;
}

void FakeTwoSets::serve_votes(Handlers& handlers, Host& host) {
  on<ReleaseVotes, Done>(
      handlers, host, release_votes,
      [this](const Info& info, const ReleaseVotes& in) {
        leaving = in.stateful_set();
        marks_["votes"] = mark_of(info);
        wrote("release the votes of " + leaving);
        count_votes();
        return Done{};
      },
      [this](const Info& info, const ReleaseVotes&) {
        return when<Done>(marks_["votes"] == mark_of(info));
      });
  on<ProveSwitch, SwitchProof>(handlers, host, prove_switch,
                               [this](const Info&, const ProveSwitch& in) {
                                 const std::string& pod = in.moved().candidate().pod();
                                 if (successor == pod)
                                   throw Refusal{{"timeout", pod + " is not the primary"}};
                                 if (topology == semi_sync && primary != pod) {
                                   throw Refusal{{other_term_code, "the provisioner gave it up"}};
                                 }
                                 SwitchProof proof;
                                 proof.set_primary(pod);
                                 return proof;
                               });
  serve_hand_over(handlers, host);
}

void FakeTwoSets::serve_hand_over(Handlers& handlers, Host& host) {
  on<SwitchPrimary, Done>(
      handlers, host, hand_over_primary,
      [this](const Info& info, const SwitchPrimary& in) {
        const std::string& pod = in.candidate().pod();
        count_votes();
        if (in.term() != term) throw Refusal{{other_term_code, "somebody else took over"}};
        wrote("hand over to " + pod);
        marks_["term"] = mark_of(info);
        if (provisioner_is_silent) {
          successor = pod;
        } else if (given_up > 0) {
          --given_up;
        } else if (may_hand_over(pod)) {
          primary = pod;
        }
        count_votes();
        return Done{};
      },
      [this](const Info& info, const SwitchPrimary&) {
        return when<Done>(marks_["term"] == mark_of(info));
      });
  on<SwitchPrimary, Done>(
      handlers, host, withdraw_hand_over,
      [this](const Info&, const SwitchPrimary& in) {
        wrote("withdraw the hand-over to " + in.candidate().pod());
        successor.clear();
        return Done{};
      },
      [this](const Info&, const SwitchPrimary& in) {
        return when<Done>(successor != in.candidate().pod());
      });
}

}  // namespace ratchet::mysql::testing
