#include "tests/workflows/fake_cluster.h"

#include <sstream>
#include <utility>

#include "workflows/mysql/group_ports.h"

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

FakeCluster::FakeCluster(std::string from, std::string to)
    : FakeDatabase("db", std::move(from), std::move(to)) {
  set = FakeSet{new_uid("set"), "image:" + from_, ""};
  start_pod();
}

void FakeCluster::start_pod() {
  if (pod || !set) return;
  pod = FakePod{new_uid("pod"), set->image, set->uid, false, "", false, set_resources};
}

void FakeCluster::remove_pod() {
  pod->deleting = true;
  if (!pod->is_protected) pod.reset(), start_pod();
}

void FakeCluster::after(const std::string& activity) {
  if (activity != evict_at) return;
  evict_at.clear();
  remove_pod();
}

void FakeCluster::collect() {
  set.reset();
  if (!pod) return;
  pod->deleting = true;
  if (!pod->is_protected) pod.reset();
}

void FakeCluster::serve(Handlers& handlers, Host& host) {
  serve_database(handlers, host);
  serve_set(handlers, host);
  serve_pod(handlers, host);
  serve_claim(handlers, host);
  serve_server(handlers, host);
  serve_waits(handlers, host);
  serve_resources(handlers, host);
  serve_look(handlers, host);
}

void FakeCluster::describe(Database& database) const {
  if (!database_exists) throw Refusal{{"database_not_found", "no MySQL demo/db"}};
  database.set_standalone(true);
}

Sight FakeCluster::see() {
  if (at_look) at_look(*this, ++looks_);
  Sight sight;
  sight.set_stateful_set("db");
  sight.set_stateful_set_uid(set->uid);
  sight.set_image(set->image);
  MemberSight& member = *sight.add_members();
  member.set_pod("db-0");
  member.set_server_version(from_);
  member.set_image(pod->image);
  return sight;
}

void FakeCluster::serve_set(Handlers& handlers, Host& host) {
  on<InspectWorkload, Workload>(handlers, host, inspect_workload,
                                [this](const Info&, const InspectWorkload&) {
                                  Workload workload;
                                  workload.set_stateful_set("db");
                                  workload.set_stateful_set_uid(set->uid);
                                  workload.set_manifest("manifest of db");
                                  workload.set_image(set->image);
                                  workload.set_pod("db-0");
                                  workload.set_pod_uid(pod->uid);
                                  workload.set_claim("data-db-0");
                                  workload.set_claim_uid("claim1");
                                  workload.set_claim_version(claim_version);
                                  return workload;
                                });
  on<ChangeImage, Done>(
      handlers, host, change_image,
      [this](const Info& info, const ChangeImage& in) {
        set->image = in.image();
        set->mark = mark_of(info);
        wrote("change image of set to " + in.image());
        return Done{};
      },
      [this](const Info& info, const ChangeImage&) {
        return when<Done>(set && set->mark == mark_of(info));
      });
  on<OrphanStatefulSet, Done>(
      handlers, host, orphan_stateful_set,
      [this](const Info&, const OrphanStatefulSet&) {
        set.reset();
        if (pod) pod->owner.clear();
        wrote("delete set");
        return Done{};
      },
      [this](const Info&, const OrphanStatefulSet& in) {
        return when<Done>(!set || set->uid != in.stateful_set_uid());
      });
  on<CreateStatefulSet, StatefulSetRef>(
      handlers, host, create_stateful_set,
      [this](const Info& info, const CreateStatefulSet& in) {
        set = FakeSet{new_uid("set"), in.image(), mark_of(info)};
        if (pod) pod->owner = set->uid;
        wrote("create set with " + in.image());
        StatefulSetRef created;
        created.set_uid(set->uid);
        return created;
      },
      [this](const Info& info, const CreateStatefulSet&) {
        StatefulSetRef created;
        if (set) created.set_uid(set->uid);
        return when(set && set->mark == mark_of(info), created);
      });
  on<RestoreStatefulSet, Done>(
      handlers, host, restore_stateful_set,
      [this](const Info& info, const RestoreStatefulSet& in) {
        if (!set) set = FakeSet{new_uid("set"), "", ""};
        set->image = in.image();
        set->mark = mark_of(info);
        wrote("restore set to " + in.image());
        return Done{};
      },
      [this](const Info&, const RestoreStatefulSet& in) {
        return when<Done>(set && set->image == in.image());
      });
}

void FakeCluster::serve_pod(Handlers& handlers, Host& host) {
  const auto is = [this](const std::string& uid) { return pod && pod->uid == uid; };
  on<ProtectPod, Done>(
      handlers, host, protect_pod,
      [this, is](const Info& info, const ProtectPod& in) {
        if (!is(in.pod_uid())) throw Refusal{{"gone", "the pod is gone"}};
        pod->is_protected = true;
        pod->mark = mark_of(info);
        wrote("protect " + in.pod_uid());
        return Done{};
      },
      [this, is](const Info& info, const ProtectPod& in) {
        return when<Done>(is(in.pod_uid()) && pod->mark == mark_of(info));
      });
  on<DeletePod, Done>(
      handlers, host, delete_pod,
      [this](const Info&, const DeletePod& in) {
        wrote("delete " + in.pod_uid());
        remove_pod();
        return Done{};
      },
      [this, is](const Info&, const DeletePod& in) {
        return when<Done>(!is(in.pod_uid()) || pod->deleting);
      });
  for (const auto* activity : {&release_volume, &unprotect_pod}) {
    on<ProtectPod, Done>(
        handlers, host, *activity,
        [this](const Info&, const ProtectPod& in) {
          pod->is_protected = false;
          wrote("release " + in.pod_uid());
          if (pod->deleting) pod.reset(), start_pod();
          return Done{};
        },
        [this, is](const Info&, const ProtectPod& in) {
          return when<Done>(!is(in.pod_uid()) || !pod->is_protected);
        });
  }
  on<InspectPod, PodState>(handlers, host, inspect_pod, [this](const Info&, const InspectPod&) {
    PodState state;
    if (pod) state.set_uid(pod->uid);
    state.set_started(!(target_runs() && target_image_missing) && has_room());
    return state;
  });
  on<FindPods, FoundPods>(handlers, host, find_pods, [this](const Info&, const FindPods& in) {
    FoundPods found;
    if (pod && pod->image == in.image() && pod->uid != in.not_uid()) found.add_pods("db-0");
    return found;
  });
}

void FakeCluster::serve_claim(Handlers& handlers, Host& host) {
  for (const auto* activity : {&mark_claim, &restore_claim}) {
    on<MarkClaim, Done>(
        handlers, host, *activity,
        [this](const Info&, const MarkClaim& in) {
          claim_version = in.server_version();
          wrote("mark claim «" + claim_version + "»");
          return Done{};
        },
        [this](const Info&, const MarkClaim& in) {
          return when<Done>(claim_version == in.server_version());
        });
  }
}

void FakeCluster::serve_server(Handlers& handlers, Host& host) {
  on<Server, ServerState>(handlers, host, inspect_server, [this](const Info&, const Server&) {
    ServerState state;
    state.set_version(from_);
    state.set_fast_shutdown(fast_shutdown);
    state.set_max_dirty_pages_pct("90.000000");
    state.set_prepared_transactions(prepared_transactions);
    return state;
  });
  on<PrepareShutdown, Done>(handlers, host, prepare_shutdown,
                            [this](const Info&, const PrepareShutdown& in) {
                              fast_shutdown = in.slow() ? 0 : 1;
                              return Done{};
                            });
  on<RestoreSettings, Done>(handlers, host, restore_settings,
                            [this](const Info&, const RestoreSettings& in) {
                              fast_shutdown = in.former().fast_shutdown();
                              return Done{};
                            });
  on<VerifyServer, VerifiedServer>(handlers, host, verify_server,
                                   [this](const Info&, const VerifyServer& in) {
                                     expect_image(in.image_id());
                                     VerifiedServer verified;
                                     verified.set_version(to_);
                                     verified.set_tables(3);
                                     return verified;
                                   });
}

void FakeCluster::serve_waits(Handlers& handlers, Host& host) {
  for (const auto* activity : {&await_drained, &await_database_ready}) {
    on<Await, Done>(handlers, host, *activity, [](const Info&, const Await&) { return Done{}; });
  }
  on<AwaitAdoption, Done>(handlers, host, await_adoption,
                          [](const Info&, const AwaitAdoption&) { return Done{}; });
  on<AwaitEnd, ShutdownProof>(handlers, host, await_clean_shutdown,
                              [this](const Info&, const AwaitEnd&) {
                                if (exit_code != 0)
                                  throw Refusal{{"unclean_shutdown", "the server was killed"}};
                                return ShutdownProof{};
                              });
  on<AwaitEnd, PodState>(handlers, host, await_pod_ended, [this](const Info&, const AwaitEnd& in) {
    PodState state;
    state.set_uid(in.pod_uid());
    state.set_started(!target_image_missing && has_room());
    return state;
  });
  on<AwaitPod, Pod>(handlers, host, await_pod_ready, [this](const Info&, const AwaitPod& in) {
    if ((target_runs() && (target_image_missing || target_crashes)) || !has_room()) {
      throw Refusal{{"timeout", "pod demo/db-0 did not become ready"}};
    }
    if (!pod || pod->uid == in.not_uid() || pod->image != in.image()) {
      throw Refusal{{"timeout", "no pod with " + in.image()}};
    }
    Pod ready;
    ready.set_name("db-0");
    ready.set_uid(pod->uid);
    return ready;
  });
}

std::string FakeCluster::state() const {
  std::ostringstream out;
  out << "MySQL " << version << (paused_by.empty() ? "" : " paused") << ", claim «" << claim_version
      << "», set " << (set ? set->uid + " " + set->image : "none") << ", pod "
      << (pod ? pod->uid + " " + pod->image + (pod->is_protected ? " protected" : "") +
                    (pod->deleting ? " deleting" : "")
              : "none")
      << (pod && pod->resources != "former" ? " " + pod->resources : "") << scaled() << "\n";
  out << sorted_writes();
  return out.str();
}

}  // namespace ratchet::mysql::testing
