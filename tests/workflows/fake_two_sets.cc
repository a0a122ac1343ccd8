#include "tests/workflows/fake_two_sets.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

namespace {

constexpr const char* first_set = "my-group";

std::string member_pod(const std::string& set, int i) { return set + "-" + std::to_string(i); }
std::string set_of(const std::string& pod) { return pod.substr(0, pod.rfind('-')); }
std::string set_in(const std::string& manifest) { return manifest.substr(12); }
int ordinal_of(const std::string& pod) { return std::stoi(pod.substr(pod.rfind('-') + 1)); }

}  // namespace

FakeTwoSets::FakeTwoSets(std::string from, std::string to, int replicas)
    : FakeDatabase(first_set, std::move(from), std::move(to)), wanted_(replicas) {
  sets[first_set] = {"set-1", "image:" + from_, replicas};
  make_pods(first_set);
}

void FakeTwoSets::make_pods(const std::string& set) {
  const SetOfTwo& owner = sets.at(set);
  for (int i = 0; i < owner.replicas; ++i) {
    const std::string pod = member_pod(set, i);
    if (const auto found = pods.find(pod); found != pods.end()) {
      found->second.left = false;
      continue;
    }
    pods[pod] = {"pod-" + std::to_string(++uids_), owner.image, set};
    marks_.erase(pod);
  }
}

bool FakeTwoSets::serves(const std::string& pod) const {
  const auto found = pods.find(pod);
  return found != pods.end() && !found->second.deleting && !broken.contains(pod) &&
         !out.contains(pod);
}

bool FakeTwoSets::is(const std::string& pod, const std::string& uid) const {
  const auto found = pods.find(pod);
  return found != pods.end() && found->second.uid == uid;
}

void FakeTwoSets::remove(const std::string& pod) {
  const auto found = pods.find(pod);
  if (found == pods.end()) return;
  found->second.deleting = true;
  if (pod == primary) {
    for (const auto& [other, ignored] : pods) {
      if (serves(other)) primary = other;
    }
  }
  let_go(pod);
}

void FakeTwoSets::let_go(const std::string& pod) {
  const auto found = pods.find(pod);
  if (found == pods.end() || !found->second.deleting || found->second.is_protected) return;
  const std::string set = found->second.set;
  pods.erase(found);
  if (sets.contains(set)) make_pods(set);
}

void FakeTwoSets::after(const std::string& activity) {
  if (const auto found = evict_at.find(activity); found != evict_at.end()) {
    const std::string pod = found->second;
    evict_at.erase(found);
    remove(pod);
  }
  if (const auto found = elect_at.find(activity); found != elect_at.end()) {
    primary = found->second;
    elect_at.erase(found);
  }
}

void FakeTwoSets::serve(Handlers& handlers, Host& host) {
  serve_database(handlers, host);
  serve_look(handlers, host);
  serve_looks(handlers, host);
  serve_sets(handlers, host);
  serve_pods(handlers, host);
  serve_waits(handlers, host);
  serve_move(handlers, host);
  serve_votes(handlers, host);
  serve_notes(handlers, host);
}

Sight FakeTwoSets::see() {
  Sight sight;
  for (const auto& [name, set] : sets) {
    sight.set_stateful_set(name);
    sight.set_stateful_set_uid(set.uid);
    sight.set_image(set.image);
  }
  for (const auto& [name, pod] : pods) {
    if (pod.left) continue;
    MemberSight& member = *sight.add_members();
    member.set_pod(name);
    member.set_server_version(pod.image.substr(6));
    member.set_image(pod.image);
    member.set_node("node-" + name);
  }
  return sight;
}

Workload FakeTwoSets::workload_of(const std::string& set) const {
  Workload workload;
  workload.set_stateful_set(set);
  workload.set_stateful_set_uid(sets.at(set).uid);
  workload.set_manifest("manifest of " + set);
  workload.set_image(sets.at(set).image);
  return workload;
}

void FakeTwoSets::add_member(GroupState& group, const std::string& pod,
                             const std::string& without) {
  GroupMember& member = *group.add_members();
  Workload& workload = *member.mutable_workload();
  workload.set_pod(pod);
  workload.set_stateful_set(set_of(pod));
  const auto found = pods.find(pod);
  if (found != pods.end()) {
    workload.set_pod_uid(found->second.uid);
    workload.set_image(found->second.image);
    workload.set_claim("data-" + pod);
    workload.set_claim_uid("claim of " + pod);
    member.set_pod_image(found->second.image);
    member.mutable_state()->set_version(found->second.image.substr(6));
  }
  member.set_id("server of " + pod);
  member.set_member_state("ONLINE");
  member.set_primary(pod == primary);
  if (!serves(pod) && pod != without) group.add_lacks("member " + pod + " is OFFLINE");
}

GroupState FakeTwoSets::look(const InspectGroup& in) {
  GroupState group;
  if (!in.every_set()) group.add_lacks("the test's cluster has more sets than one");
  group.set_wanted(wanted_);
  for (const auto& [name, set] : sets) {
    if (group.has_set()) *group.mutable_former() = group.set();
    *group.mutable_set() = workload_of(name);
  }
  for (const auto& [name, pod] : pods) {
    if (pod.left) add_member(group, name, in.without());
  }
  for (const auto& [name, set] : sets) {
    for (int i = 0; i < set.replicas; ++i) add_member(group, member_pod(name, i), in.without());
  }
  most = std::max(most, static_cast<std::size_t>(group.members_size()));
  add_votes(group, in.without());
  return group;
}

void FakeTwoSets::serve_looks(Handlers& handlers, Host& host) {
  on<InspectGroup, GroupState>(handlers, host, inspect_group,
                               [this](const Info&, const InspectGroup& in) { return look(in); });
  on<InspectGroup, GroupState>(handlers, host, await_group,
                               [this](const Info&, const InspectGroup& in) {
                                 const GroupState group = look(in);
                                 if (group.lacks_size() > 0) {
                                   throw Refusal{{"timeout", group.lacks(0)}};
                                 }
                                 return group;
                               });
  on<VerifyGroup, VerifiedGroup>(
      handlers, host, verify_group, [this](const Info&, const VerifyGroup& in) {
        VerifiedGroup verified;
        expect_image(in.image_id());
        for (const auto& [name, pod] : pods) {
          const bool asked = in.of_set().empty() || pod.set == in.of_set();
          if (!serves(name) || (asked && pod.image != in.image())) {
            throw Refusal{{"timeout", name + " is not as it must be"}};
          }
          if (asked) verified.add_members()->set_version(in.version());
        }
        return verified;
      });
}

void FakeTwoSets::serve_sets(Handlers& handlers, Host& host) {
  on<CreateNewSet, StatefulSetRef>(
      handlers, host, create_new_set,
      [this](const Info& info, const CreateNewSet& in) {
        if (sets.contains(in.name())) throw Refusal{{"name_taken", in.name() + " is there"}};
        sets[in.name()] = {"set-" + std::to_string(++uids_), in.image(), 1};
        marks_["set " + in.name()] = mark_of(info);
        donors.assign(in.donors().begin(), in.donors().end());
        make_pods(in.name());
        wrote("create " + in.name() + " with " + in.image());
        return StatefulSetRef{};
      },
      [this](const Info& info, const CreateNewSet& in) {
        return when<StatefulSetRef>(sets.contains(in.name()) &&
                                    marks_["set " + in.name()] == mark_of(info));
      });
  on<ScaleSet, Done>(
      handlers, host, scale_set,
      [this](const Info& info, const ScaleSet& in) {
        sets.at(in.stateful_set()).replicas = in.replicas();
        marks_["set " + in.stateful_set()] = mark_of(info);
        std::erase_if(pods, [&](const auto& pod) {
          return pod.second.set == in.stateful_set() && ordinal_of(pod.first) >= in.replicas();
        });
        make_pods(in.stateful_set());
        wrote("scale " + in.stateful_set() + " to " + std::to_string(in.replicas()));
        return Done{};
      },
      [this](const Info& info, const ScaleSet& in) {
        return when<Done>(marks_["set " + in.stateful_set()] == mark_of(info));
      });
  on<OrphanStatefulSet, Done>(
      handlers, host, orphan_stateful_set,
      [this](const Info&, const OrphanStatefulSet& in) {
        sets.erase(in.stateful_set());
        for (auto& [name, pod] : pods) pod.left = pod.left || pod.set == in.stateful_set();
        wrote("delete " + in.stateful_set());
        return Done{};
      },
      [this](const Info&, const OrphanStatefulSet& in) {
        return when<Done>(!sets.contains(in.stateful_set()));
      });
  on<RestoreStatefulSet, Done>(
      handlers, host, restore_stateful_set,
      [this](const Info&, const RestoreStatefulSet& in) {
        const std::string set = set_in(in.manifest());
        sets[set] = {"set-" + std::to_string(++uids_), in.image(), wanted_};
        make_pods(set);
        wrote("restore " + set);
        return Done{};
      },
      [this](const Info&, const RestoreStatefulSet& in) {
        return when<Done>(sets.contains(set_in(in.manifest())));
      });
}

void FakeTwoSets::serve_pods(Handlers& handlers, Host& host) {
  on<ProtectPod, Done>(
      handlers, host, protect_pod,
      [this](const Info& info, const ProtectPod& in) {
        if (!is(in.pod(), in.pod_uid())) throw Refusal{{"gone", in.pod() + " is gone"}};
        pods[in.pod()].is_protected = true;
        marks_[in.pod()] = mark_of(info);
        wrote("protect " + in.pod());
        return Done{};
      },
      [this](const Info& info, const ProtectPod& in) {
        return when<Done>(is(in.pod(), in.pod_uid()) && marks_[in.pod()] == mark_of(info));
      });
  on<DeletePod, Done>(
      handlers, host, retire_pod,
      [this](const Info&, const DeletePod& in) {
        for (const auto& [name, pod] : pods) {
          if (name != in.pod() && !serves(name)) risks.push_back(in.pod() + " beside " + name);
        }
        remove(in.pod());
        wrote("retire " + in.pod());
        return Done{};
      },
      [this](const Info&, const DeletePod& in) {
        return when<Done>(!is(in.pod(), in.pod_uid()) || pods[in.pod()].deleting);
      });
  on<ProtectPod, Done>(
      handlers, host, unprotect_pod,
      [this](const Info&, const ProtectPod& in) {
        pods[in.pod()].is_protected = false;
        wrote("release " + in.pod());
        let_go(in.pod());
        return Done{};
      },
      [this](const Info&, const ProtectPod& in) {
        return when<Done>(!is(in.pod(), in.pod_uid()) || !pods[in.pod()].is_protected);
      });
}

void FakeTwoSets::serve_waits(Handlers& handlers, Host& host) {
  on<PrepareShutdown, Done>(handlers, host, prepare_shutdown,
                            [](const Info&, const PrepareShutdown&) { return Done{}; });
  on<RestoreSettings, Done>(handlers, host, restore_settings,
                            [](const Info&, const RestoreSettings&) { return Done{}; });
  on<AwaitEnd, PodState>(handlers, host, await_pod_ended,
                         [](const Info&, const AwaitEnd&) { return PodState{}; });
  on<AwaitEnd, ShutdownProof>(handlers, host, await_clean_shutdown,
                              [](const Info&, const AwaitEnd&) { return ShutdownProof{}; });
  for (const auto* activity : {&await_member, &await_pod_ready}) {
    on<AwaitPod, Pod>(handlers, host, *activity, [this](const Info&, const AwaitPod& in) {
      if (pods.size() > 9 || !serves(in.pod()) || pods[in.pod()].image != in.image()) {
        throw Refusal{{"timeout", "pod demo/" + in.pod() + " did not become ready"}};
      }
      Pod ready;
      ready.set_name(in.pod());
      ready.set_uid(pods[in.pod()].uid);
      return ready;
    });
  }
  for (const auto* activity : {&await_drained, &await_database_ready}) {
    on<Await, Done>(handlers, host, *activity, [](const Info&, const Await&) { return Done{}; });
  }
  on<VerifyServer, VerifiedServer>(handlers, host, verify_server,
                                   [this](const Info&, const VerifyServer& in) {
                                     expect_image(in.image_id());
                                     VerifiedServer verified;
                                     verified.set_version(in.version());
                                     return verified;
                                   });
}

void FakeTwoSets::serve_move(Handlers& handlers, Host& host) {
  on<FencePrimary, Done>(
      handlers, host, fence_primary,
      [this](const Info& info, const FencePrimary& in) {
        marks_["fence"] = mark_of(info);
        wrote("fence " + in.pod());
        return Done{};
      },
      [this](const Info& info, const FencePrimary&) {
        return when<Done>(marks_["fence"] == mark_of(info));
      });
  for (const auto* activity : {&switch_primary, &step_down}) {
    const bool leaves = activity == &step_down;
    on<SwitchPrimary, Done>(handlers, host, *activity,
                            [this, leaves](const Info&, const SwitchPrimary& in) {
                              if (primary != in.candidate().pod()) {
                                wrote("move to " + in.candidate().pod());
                              }
                              primary = in.candidate().pod();
                              if (leaves) out.insert(in.former().pod());
                              return Done{};
                            });
  }
}

void FakeTwoSets::serve_notes(Handlers& handlers, Host& host) {
  on<EndSeeding, Done>(
      handlers, host, end_seeding,
      [this](const Info& info, const EndSeeding& in) {
        marks_["seeding"] = mark_of(info);
        wrote("end the seeding of " + in.stateful_set());
        return Done{};
      },
      [this](const Info& info, const EndSeeding&) {
        return when<Done>(marks_["seeding"] == mark_of(info));
      });
  on<RecordSet, Done>(
      handlers, host, record_set,
      [this](const Info&, const RecordSet& in) {
        recorded_set = in.stateful_set();
        wrote("record set " + recorded_set);
        return Done{};
      },
      [this](const Info&, const RecordSet& in) {
        return when<Done>(recorded_set == in.stateful_set());
      });
  on<RetainClaim, Done>(
      handlers, host, retain_claim,
      [this, &host](const Info& info, const RetainClaim& in) {
        claims[in.claim()] = in.until_us() > host.now().time_since_epoch().count();
        marks_[in.claim()] = mark_of(info);
        wrote("retain " + in.claim());
        return Done{};
      },
      [this](const Info& info, const RetainClaim& in) {
        return when<Done>(marks_[in.claim()] == mark_of(info));
      });
}

std::string FakeTwoSets::state() const {
  std::ostringstream lines;
  lines << "MySQL " << version << (paused_by.empty() ? "" : " paused") << ", set «" << recorded_set
        << "», primary " << primary << votes() << "\n";
  for (const auto& [name, set] : sets) {
    lines << "set " << name << " " << set.image << " of " << set.replicas << "\n";
  }
  for (const auto& [name, pod] : pods) {
    lines << name << " " << pod.image << (pod.left ? " left" : "")
          << (pod.is_protected ? " protected" : "") << (pod.deleting ? " deleting" : "")
          << (serves(name) ? "\n" : " down\n");
  }
  for (const auto& [claim, kept] : claims) {
    lines << claim << (kept ? " is kept for a while\n" : " is not needed\n");
  }
  lines << sorted_writes();
  for (const std::string& risk : risks) lines << "AT RISK: " << risk << "\n";
  return lines.str();
}

}  // namespace ratchet::mysql::testing
