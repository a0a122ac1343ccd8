#include "tests/workflows/fake_group_cluster.h"

#include <sstream>
#include <utility>

#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

namespace {

std::string pod_of(std::size_t i) { return "my-group-" + std::to_string(i); }
std::string id_of(std::size_t i) { return "server-" + std::to_string(i); }

}  // namespace

FakeGroupCluster::FakeGroupCluster(std::string from, std::string to)
    : FakeDatabase("my-group", std::move(from), std::move(to)) {
  set_image = "image:" + from_;
  members.resize(replicas);
  for (std::size_t i = 0; i < members.size(); ++i) make_pod(i);
}

std::size_t FakeGroupCluster::ordinal(const std::string& pod) const {
  return static_cast<std::size_t>(pod.back() - '0');
}

FakeMember* FakeGroupCluster::find(const std::string& pod, const std::string& uid) {
  if (ordinal(pod) >= members.size()) return nullptr;
  FakeMember& member = members[ordinal(pod)];
  return member.uid == uid ? &member : nullptr;
}

bool FakeGroupCluster::comes_up(std::size_t i) const {
  const bool target = members[i].image == "image:" + to_;
  return !(target && (target_image_missing || target_crashes_on == i)) && has_room(i);
}

bool FakeGroupCluster::serves(std::size_t i) const { return !members[i].deleting && comes_up(i); }

void FakeGroupCluster::make_pod(std::size_t i) {
  FakeMember& member = members[i];
  if (gone) {
    const std::string left = member.claim_version;
    member = FakeMember{};
    member.claim_version = left;
    return;
  }
  member.uid = "pod" + std::to_string(i) + "-" + std::to_string(++uids_);
  member.image = set_image;
  member.resources = set_resources;
  member.mark.clear();
  member.is_protected = member.deleting = false;
}

void FakeGroupCluster::remove(std::size_t i) {
  members[i].deleting = true;
  if (i == primary) {
    ++elections;
    for (std::size_t other = 0; other < members.size(); ++other) {
      if (serves(other)) make_primary(other);
    }
  }
  if (!members[i].is_protected) let_go(i);
}

void FakeGroupCluster::make_primary(std::size_t i) {
  primary = i;
  ++term;
  successor.clear();
}

void FakeGroupCluster::after(const std::string& activity) {
  const auto found = evict_at.find(activity);
  if (found == evict_at.end()) return;
  const std::size_t i = found->second;
  evict_at.erase(found);
  remove(i);
}

void FakeGroupCluster::collect() {
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].deleting = true;
    if (!members[i].is_protected) make_pod(i);
  }
}

void FakeGroupCluster::serve(Handlers& handlers, Host& host) {
  serve_database(handlers, host);
  serve_set(handlers, host);
  serve_pods(handlers, host);
  serve_release(handlers, host);
  serve_servers(handlers, host);
  serve_group(handlers, host);
  serve_hand_over(handlers, host);
  serve_waits(handlers, host);
  serve_replicas(handlers, host);
  serve_resources(handlers, host);
  serve_look(handlers, host);
}

Sight FakeGroupCluster::see() {
  Sight sight;
  sight.set_stateful_set("my-group");
  sight.set_stateful_set_uid("set1");
  sight.set_image(set_image);
  for (std::size_t i = 0; i < members.size(); ++i) {
    MemberSight& member = *sight.add_members();
    member.set_pod(pod_of(i));
    member.set_server_version(members[i].image.substr(6));
    member.set_image(members[i].image);
    member.set_node("node-" + std::to_string(i));
  }
  return sight;
}

void FakeGroupCluster::serve_set(Handlers& handlers, Host& host) {
  on<ChangeImage, Done>(
      handlers, host, change_image,
      [this](const Info& info, const ChangeImage& in) {
        set_image = in.image();
        set_mark = mark_of(info);
        wrote("change image of set to " + in.image());
        return Done{};
      },
      [this](const Info& info, const ChangeImage&) {
        return when<Done>(set_mark == mark_of(info));
      });
  on<RestoreStatefulSet, Done>(
      handlers, host, restore_stateful_set,
      [this](const Info& info, const RestoreStatefulSet& in) {
        set_image = in.image();
        set_mark = mark_of(info);
        wrote("restore set to " + in.image());
        return Done{};
      },
      [this](const Info&, const RestoreStatefulSet& in) {
        return when<Done>(set_image == in.image());
      });
  for (const auto* activity : {&mark_claim, &restore_claim}) {
    on<MarkClaim, Done>(
        handlers, host, *activity,
        [this](const Info&, const MarkClaim& in) {
          members[ordinal(in.claim())].claim_version = in.server_version();
          wrote("mark " + in.claim() + " «" + in.server_version() + "»");
          return Done{};
        },
        [this](const Info&, const MarkClaim& in) {
          return when<Done>(members[ordinal(in.claim())].claim_version == in.server_version());
        });
  }
}

void FakeGroupCluster::serve_pods(Handlers& handlers, Host& host) {
  on<ProtectPod, Done>(
      handlers, host, protect_pod,
      [this](const Info& info, const ProtectPod& in) {
        FakeMember* member = find(in.pod(), in.pod_uid());
        if (member == nullptr) throw Refusal{{"gone", "the pod is gone"}};
        member->is_protected = true;
        member->mark = mark_of(info);
        wrote("protect " + in.pod());
        return Done{};
      },
      [this](const Info& info, const ProtectPod& in) {
        const FakeMember* member = find(in.pod(), in.pod_uid());
        return when<Done>(member != nullptr && member->mark == mark_of(info));
      });
  on<DeletePod, Done>(
      handlers, host, delete_pod,
      [this](const Info&, const DeletePod& in) {
        for (std::size_t i = 0; i < members.size(); ++i) {
          if (i != ordinal(in.pod()) && !serves(i)) risks.push_back(in.pod());
        }
        remove(ordinal(in.pod()));
        wrote("delete " + in.pod());
        return Done{};
      },
      [this](const Info&, const DeletePod& in) {
        const FakeMember* member = find(in.pod(), in.pod_uid());
        return when<Done>(member == nullptr || member->deleting);
      });
}

void FakeGroupCluster::serve_release(Handlers& handlers, Host& host) {
  for (const auto* activity : {&release_volume, &unprotect_pod}) {
    on<ProtectPod, Done>(
        handlers, host, *activity,
        [this](const Info&, const ProtectPod& in) {
          FakeMember* member = find(in.pod(), in.pod_uid());
          member->is_protected = false;
          wrote("release " + in.pod());
          if (member->deleting) let_go(ordinal(in.pod()));
          return Done{};
        },
        [this](const Info&, const ProtectPod& in) {
          const FakeMember* member = find(in.pod(), in.pod_uid());
          return when<Done>(member == nullptr || !member->is_protected);
        });
  }
  on<InspectPod, PodState>(handlers, host, inspect_pod, [this](const Info&, const InspectPod& in) {
    PodState state;
    state.set_uid(members[ordinal(in.pod())].uid);
    state.set_started(!target_image_missing && has_room(ordinal(in.pod())));
    return state;
  });
  on<FindPods, FoundPods>(handlers, host, find_pods, [this](const Info&, const FindPods& in) {
    FoundPods found;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].image == in.image() && members[i].uid != in.not_uid()) {
        found.add_pods(pod_of(i));
      }
    }
    return found;
  });
}

void FakeGroupCluster::serve_servers(Handlers& handlers, Host& host) {
  on<PrepareShutdown, Done>(handlers, host, prepare_shutdown,
                            [](const Info&, const PrepareShutdown&) { return Done{}; });
  on<RestoreSettings, Done>(handlers, host, restore_settings,
                            [](const Info&, const RestoreSettings&) { return Done{}; });
  on<VerifyServer, VerifiedServer>(handlers, host, verify_server,
                                   [this](const Info&, const VerifyServer& in) {
                                     expect_image(in.image_id());
                                     VerifiedServer verified;
                                     verified.set_version(to_);
                                     return verified;
                                   });
}

GroupState FakeGroupCluster::look(const std::string& without) const {
  GroupState group;
  group.mutable_set()->set_stateful_set("my-group");
  group.mutable_set()->set_stateful_set_uid("set1");
  group.mutable_set()->set_manifest("manifest of my-group");
  group.mutable_set()->set_image(set_image);
  for (std::size_t i = 0; i < replicas; ++i) {
    GroupMember& member = *group.add_members();
    member.mutable_workload()->set_pod(pod_of(i));
    member.mutable_workload()->set_pod_uid(members[i].uid);
    member.mutable_workload()->set_claim("data-" + pod_of(i));
    member.mutable_workload()->set_claim_uid("claim" + std::to_string(i));
    member.mutable_workload()->set_claim_version(members[i].claim_version);
    member.set_pod_image(members[i].image);
    member.set_id(id_of(i));
    member.set_member_state("ONLINE");
    member.set_primary(i == primary);
    member.mutable_state()->set_version(members[i].image.substr(6));
    if (!serves(i) && pod_of(i) != without) group.add_lacks("member " + pod_of(i) + " is OFFLINE");
  }
  for (std::size_t i = replicas; i < members.size(); ++i) {
    if (members[i].deleting) group.add_lacks("its members do not agree on who is in it");
  }
  if (topology != semi_sync) return group;
  group.set_term(term);
  group.set_acknowledgements(acknowledgements);
  if (!successor.empty()) group.add_lacks("the primary is being moved to " + successor);
  return group;
}

void FakeGroupCluster::serve_group(Handlers& handlers, Host& host) {
  on<InspectGroup, GroupState>(handlers, host, inspect_group,
                               [this](const Info&, const InspectGroup&) {
                                 GroupState group = look();
                                 for (const auto& lack : lacks) group.add_lacks(lack);
                                 return group;
                               });
  on<InspectGroup, GroupState>(handlers, host, await_group,
                               [this](const Info&, const InspectGroup& in) {
                                 const GroupState group = look(in.without());
                                 if (group.lacks_size() > 0) {
                                   throw Refusal{{"timeout", group.lacks(0)}};
                                 }
                                 return group;
                               });
  on<SwitchPrimary, Done>(handlers, host, switch_primary,
                          [this](const Info&, const SwitchPrimary& in) {
                            const std::size_t i = ordinal(in.candidate().pod());
                            if (primary != i) wrote("switch to " + in.candidate().pod());
                            primary = i;
                            return Done{};
                          });
  on<ProveSwitch, SwitchProof>(handlers, host, prove_switch,
                               [this](const Info&, const ProveSwitch& in) {
                                 const std::string& pod = in.moved().candidate().pod();
                                 if (successor == pod)
                                   throw Refusal{{"timeout", pod + " is not the primary"}};
                                 if (topology == semi_sync && pod_of(primary) != pod) {
                                   throw Refusal{{other_term_code, "the provisioner gave it up"}};
                                 }
                                 SwitchProof proof;
                                 proof.set_primary(pod);
                                 return proof;
                               });
  on<VerifyGroup, VerifiedGroup>(handlers, host, verify_group,
                                 [this](const Info&, const VerifyGroup& in) {
                                   VerifiedGroup verified;
                                   for (std::size_t i = 0; i < members.size(); ++i) {
                                     if (!serves(i) || members[i].image != in.image()) {
                                       throw Refusal{{"timeout", pod_of(i) + " is not upgraded"}};
                                     }
                                     expect_image(in.image_id());
                                     verified.add_members()->set_version(in.version());
                                   }
                                   return verified;
                                 });
}

// Its provisioner is quick: it has moved the term, or given up, when the step is done.
void FakeGroupCluster::serve_hand_over(Handlers& handlers, Host& host) {
  on<SwitchPrimary, Done>(
      handlers, host, hand_over_primary,
      [this](const Info& info, const SwitchPrimary& in) {
        if (in.term() != term) throw Refusal{{other_term_code, "somebody else took over"}};
        wrote("hand over to " + in.candidate().pod());
        term_mark_ = mark_of(info);
        if (provisioner_is_silent) {
          successor = in.candidate().pod();
        } else if (given_up > 0) {
          --given_up;
        } else {
          primary = ordinal(in.candidate().pod());
          ++term;
        }
        return Done{};
      },
      [this](const Info& info, const SwitchPrimary&) {
        return when<Done>(term_mark_ == mark_of(info));
      });
  on<SwitchPrimary, Done>(
      handlers, host, withdraw_hand_over,
      [this](const Info&, const SwitchPrimary& in) {
        wrote("withdraw the hand-over to " + in.candidate().pod());
        successor.clear();
        return Done{};
      },
      [this](const Info&, const SwitchPrimary& in) {
        return when<Done>(in.term() != term || successor != in.candidate().pod());
      });
}

void FakeGroupCluster::serve_waits(Handlers& handlers, Host& host) {
  for (const auto* activity : {&await_drained, &await_database_ready}) {
    on<Await, Done>(handlers, host, *activity, [](const Info&, const Await&) { return Done{}; });
  }
  on<AwaitEnd, ShutdownProof>(
      handlers, host, await_clean_shutdown, [this](const Info&, const AwaitEnd& in) {
        if (members[ordinal(in.pod())].exit_code != 0) {
          throw Refusal{{"unclean_shutdown", "the server in " + in.pod() + " was killed"}};
        }
        return ShutdownProof{};
      });
  on<AwaitEnd, PodState>(handlers, host, await_pod_ended, [this](const Info&, const AwaitEnd& in) {
    PodState state;
    state.set_uid(in.pod_uid());
    state.set_started(!target_image_missing && has_room(ordinal(in.pod())));
    return state;
  });
  on<AwaitPod, Pod>(handlers, host, await_pod_ready, [this](const Info&, const AwaitPod& in) {
    const std::size_t i = ordinal(in.pod());
    const FakeMember& member = members[i];
    if (!serves(i) || member.uid == in.not_uid() || member.image != in.image()) {
      throw Refusal{{"timeout", "pod demo/" + in.pod() + " did not become ready"}};
    }
    Pod ready;
    ready.set_name(in.pod());
    ready.set_uid(member.uid);
    return ready;
  });
}

std::string FakeGroupCluster::state() const {
  std::ostringstream out;
  out << "MySQL " << version << (paused_by.empty() ? "" : " paused") << ", set " << set_image
      << ", primary " << pod_of(primary);
  if (topology == semi_sync) out << " by term " << term;
  out << (successor.empty() ? "" : ", to be " + successor) << scaled() << "\n";
  for (std::size_t i = 0; i < members.size(); ++i) {
    const FakeMember& member = members[i];
    out << pod_of(i) << " " << member.uid << " " << member.image << " «" << member.claim_version
        << "»" << (member.resources == "former" ? "" : " " + member.resources)
        << (member.is_protected ? " protected" : "") << (member.deleting ? " deleting" : "")
        << (serves(i) ? "" : " down") << "\n";
  }
  out << sorted_writes();
  for (const std::string& risk : risks) out << "AT RISK: " << risk << "\n";
  return out.str();
}

}  // namespace ratchet::mysql::testing
