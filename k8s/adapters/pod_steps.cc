// The steps on the database's pod and its claim.
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/new_set_ports.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

template <class In>
Key key_of(const In& in) {
  return {in.database().space(), in.pod()};
}

template <class In>
std::string name_of(const In& in) {
  return "pod " + in.database().space() + "/" + in.pod();
}

bool is_protected(const Json& pod) {
  for (const Json& finalizer : part_at(pod, "/metadata/finalizers")) {
    if (finalizer == shutdown_finalizer) return true;
  }
  return false;
}

const Json& container_status(const Json& pod) {
  return element(part_at(pod, "/status/containerStatuses"), "name", database_container);
}

// Whether a server can have touched the volume: a container was created at some time.
bool was_started(const Json& pod) {
  const Json& status = container_status(pod);
  return !text_at(status, "/containerID").empty() ||
         !text_at(status, "/lastState/terminated/containerID").empty() ||
         !part_at(status, "/state/running").is_null() ||
         (status.is_object() && status.value("restartCount", 0) > 0);
}

// The node does nothing more with a deleted pod: it was never on one, it has ended, or the node has
// sent its last word, which sets the grace period to 0.
bool is_let_go(const Json& pod) {
  const std::string phase = text_at(pod, "/status/phase");
  return phase == "Failed" || phase == "Succeeded" || text_at(pod, "/spec/nodeName").empty() ||
         part_at(container_status(pod), "/state/terminated").is_object() ||
         part_at(pod, "/metadata/deletionGracePeriodSeconds") == 0;
}

bool is_ready(const Json& pod) { return condition_is_true(pod, "Ready"); }

// Why a pod does not come up, as far as its status says.
std::string trouble_of(const std::optional<Json>& pod) {
  if (!pod) return "there is no such pod";
  const Json& status = container_status(*pod);
  const Json& waiting = part_at(status, "/state/waiting");
  if (waiting.is_object()) {
    return waiting.value("reason", "waiting") + ": " + waiting.value("message", "no message");
  }
  const Json& scheduled = element(part_at(*pod, "/status/conditions"), "type", "PodScheduled");
  if (scheduled.is_object() && scheduled.value("status", "") == "False") {
    return scheduled.value("reason", "") + ": " + scheduled.value("message", "");
  }
  const Json& ended = part_at(status, "/state/terminated");
  if (ended.is_object()) {
    return "the server ended with exit code " + std::to_string(ended.value("exitCode", -1));
  }
  return "phase " + text_at(*pod, "/status/phase") + ", restarts " +
         std::to_string(status.is_object() ? status.value("restartCount", 0) : 0);
}

asio::awaitable<Json> the_pod(const Environment& environment, mysql::ProtectPod in) {
  auto pod = co_await find(environment, kinds::pod, key_of(in));
  if (!pod || uid_of(*pod) != in.pod_uid()) {
    throw Refused("gone", name_of(in) + " was replaced by somebody else meanwhile");
  }
  co_return std::move(*pod);
}

asio::awaitable<std::optional<Done>> protection(const Environment& environment, AttemptInfo info,
                                                mysql::ProtectPod in) {
  const Json pod = co_await the_pod(environment, in);
  co_return is_protected(pod) && bears_mark(pod, info) ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> protect(const Environment& environment, AttemptInfo info,
                              mysql::ProtectPod in) {
  while (!co_await protection(environment, info, in)) {
    const Json pod = co_await the_pod(environment, in);
    if (is_deleting(pod)) {
      throw Refused("deleted_by_other", name_of(in) +
                                            " is being deleted by somebody else: create "
                                            "the request again when it is back");
    }
    Json change = marked_patch(pod, info);
    Json finalizers = part_at(pod, "/metadata/finalizers");
    if (!is_protected(pod)) finalizers.push_back(shutdown_finalizer);
    change["metadata"]["finalizers"] = std::move(finalizers);
    if (co_await patch(environment, kinds::pod, key_of(in), std::move(change))) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> release(const Environment& environment, AttemptInfo,
                                             mysql::ProtectPod in) {
  const auto pod = co_await find(environment, kinds::pod, key_of(in));
  const bool done = !pod || uid_of(*pod) != in.pod_uid() || !is_protected(*pod);
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> unprotect(const Environment& environment, AttemptInfo info,
                                mysql::ProtectPod in) {
  while (!co_await release(environment, info, in)) {
    const auto pod = co_await find(environment, kinds::pod, key_of(in));
    if (!pod || uid_of(*pod) != in.pod_uid()) break;
    Json finalizers = Json::array();
    for (const Json& finalizer : part_at(*pod, "/metadata/finalizers")) {
      if (finalizer != shutdown_finalizer) finalizers.push_back(finalizer);
    }
    Json change = marked_patch(*pod, info);
    change["metadata"]["finalizers"] = std::move(finalizers);
    if (co_await patch(environment, kinds::pod, key_of(in), std::move(change))) break;
  }
  co_return Done{};
}

bool is_gone_or_goes(const std::optional<Json>& pod, const mysql::DeletePod& in) {
  return !pod || uid_of(*pod) != in.pod_uid() || is_deleting(*pod);
}

asio::awaitable<std::optional<Done>> deletion(const Environment& environment, AttemptInfo,
                                              mysql::DeletePod in) {
  const auto pod = co_await find(environment, kinds::pod, key_of(in));
  co_return is_gone_or_goes(pod, in) ? std::optional(Done{}) : std::nullopt;
}

// Whether what runs in the pod ends when it is told to. A container of others, that is among the
// init containers if it may be restarted, may wait until it is killed; and so would the next pod.
bool has_only_our_containers(const Json& pod) {
  const Json& all = part_at(pod, "/spec/containers");
  const Json& before = part_at(pod, "/spec/initContainers");
  const auto ours = [](const Json& container) {
    const std::string name = container.value("name", "");
    return name == database_container || name == companion_container;
  };
  return std::all_of(all.begin(), all.end(), ours) &&
         std::none_of(before.begin(), before.end(), [](const Json& container) {
           return container.value("restartPolicy", "") == "Always";
         });
}

// Who gives it more time of its own keeps that.
Preconditions deletion_of(const Json& pod, const mysql::DeletePod& in) {
  const auto own = pod.value("/spec/terminationGracePeriodSeconds"_json_pointer, std::int64_t{0});
  Preconditions how{in.pod_uid(), ""};
  const bool longer = in.grace_seconds() > own && has_only_our_containers(pod);
  if (longer) how.grace_seconds = in.grace_seconds();
  return how;
}

asio::awaitable<Done> remove(const Environment& environment, AttemptInfo, mysql::DeletePod in) {
  for (;;) {
    const auto pod = co_await find(environment, kinds::pod, key_of(in));
    if (is_gone_or_goes(pod, in)) co_return Done{};
    const Reply reply = co_await environment.client->remove(
        kinds::pod, key_of(in), deletion_of(*pod, in), Propagation::background);
    if (reply.conflict() || reply.not_found()) continue;
    expect_success(reply, "deleting " + name_of(in));
    co_return Done{};
  }
}

// What a server was told of its shutdown is forgotten where the kubelet has started it anew since.
void refuse_other_container(const mysql::AwaitEnd& in, const Json& pod) {
  const std::string ended = text_at(container_status(pod), "/containerID");
  if (in.container_id().empty() || ended.empty() || ended == in.container_id()) return;
  throw Refused("restarted_meanwhile",
                "the server in " + name_of(in) + " was started anew (" + ended +
                    ") after it was told to shut down slowly, "
                    "and ended without that: another series may not open what it left. See why it "
                    "was, then create the request again");
}

// A standalone server is missed meanwhile, and most end within seconds: looked at often at first.
constexpr std::chrono::seconds ends_soon{5};
constexpr std::chrono::milliseconds look_soon{250};

asio::awaitable<mysql::ShutdownProof> await_clean_shutdown(const Environment& environment,
                                                           AttemptInfo, mysql::AwaitEnd in) {
  Environment often = environment;
  often.look_every = std::min(look_soon, environment.look_every);
  const engine::Time began = environment.now();
  for (;;) {
    const auto pod = co_await find(environment, kinds::pod, key_of(in));
    if (!pod || uid_of(*pod) != in.pod_uid()) {
      throw Refused("no_evidence", name_of(in) +
                                       " is gone, so nobody can see how its server "
                                       "ended");
    }
    const Json& ended = part_at(container_status(*pod), "/state/terminated");
    if (is_deleting(*pod) && ended.is_object()) {
      const int code = ended.value("exitCode", -1);
      if (code != 0) {
        throw Refused("unclean_shutdown",
                      "the server in " + name_of(in) + " did not shut down cleanly (exit code " +
                          std::to_string(code) + ", " + ended.value("reason", "no reason") +
                          "): give it more time (spec.timeout of the request, "
                          "terminationGracePeriodSeconds of its pod), then create the request "
                          "again");
      }
      refuse_other_container(in, *pod);
      mysql::ShutdownProof proof;
      proof.set_reason(ended.value("reason", ""));
      proof.set_finished(ended.value("finishedAt", ""));
      co_return proof;
    }
    const bool soon = environment.now() - began < ends_soon;
    co_await wait_on(soon ? often : environment, in.deadline_us(),
                     "the server in " + name_of(in) + " did not end in time");
  }
}

mysql::PodState state_of(const std::optional<Json>& pod) {
  mysql::PodState state;
  if (pod) state.set_uid(uid_of(*pod));
  if (pod) state.set_started(was_started(*pod));
  return state;
}

asio::awaitable<mysql::PodState> inspect(const Environment& environment, AttemptInfo,
                                         mysql::InspectPod in) {
  const auto pod = co_await find(environment, kinds::pod, key_of(in));
  co_return state_of(pod);
}

asio::awaitable<mysql::PodState> await_ended(const Environment& environment, AttemptInfo,
                                             mysql::AwaitEnd in) {
  for (;;) {
    const auto pod = co_await find(environment, kinds::pod, key_of(in));
    if (!pod || uid_of(*pod) != in.pod_uid()) {
      throw Refused("no_evidence", name_of(in) +
                                       " is gone, so nobody can see whether its server "
                                       "was started");
    }
    if (is_deleting(*pod) && is_let_go(*pod)) co_return state_of(pod);
    co_await wait_on(environment, in.deadline_us(), name_of(in) + " did not end in time");
  }
}

asio::awaitable<mysql::Pod> await_ready(const Environment& environment, AttemptInfo,
                                        mysql::AwaitPod in) {
  for (;;) {
    const auto pod = co_await find(environment, kinds::pod, key_of(in));
    if (pod && !is_deleting(*pod) && uid_of(*pod) != in.not_uid() && is_ready(*pod)) {
      const Json& container =
          element(part_at(*pod, "/spec/containers"), "name", database_container);
      if (text_at(container, "/image") == in.image()) {
        mysql::Pod ready;
        ready.set_name(in.pod());
        ready.set_uid(uid_of(*pod));
        co_return ready;
      }
    }
    if (!pod) co_await expect_database(environment, in.database());
    co_await wait_on(environment, in.deadline_us(),
                     name_of(in) + " with image " + in.image() + " did not become ready in time (" +
                         trouble_of(pod) + ")");
  }
}

Key key_of_claim(const mysql::MarkClaim& in) { return {in.database().space(), in.claim()}; }

asio::awaitable<Json> the_claim(const Environment& environment, mysql::MarkClaim in) {
  auto claim = co_await find(environment, kinds::persistent_volume_claim, key_of_claim(in));
  if (!claim || uid_of(*claim) != in.claim_uid()) {
    throw Refused("gone", "claim " + in.database().space() + "/" + in.claim() +
                              " was deleted or replaced meanwhile");
  }
  co_return std::move(*claim);
}

asio::awaitable<std::optional<Done>> is_marked(const Environment& environment, AttemptInfo info,
                                               mysql::MarkClaim in) {
  const Json claim = co_await the_claim(environment, in);
  const bool done =
      bears_mark(claim, info) && annotation(claim, claim_version_annotation) == in.server_version();
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<bool> write_mark(const Environment& environment, AttemptInfo info,
                                 mysql::MarkClaim in) {
  Json change = marked_patch(co_await the_claim(environment, in), info);
  Json& note = change["metadata"]["annotations"][claim_version_annotation];
  if (!in.server_version().empty()) note = in.server_version();
  co_return co_await patch(environment, kinds::persistent_volume_claim, key_of_claim(in),
                           std::move(change));
}

asio::awaitable<Done> mark(const Environment& environment, AttemptInfo info, mysql::MarkClaim in) {
  while (!co_await is_marked(environment, info, in)) {
    if (co_await write_mark(environment, info, in)) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> is_unmarked(const Environment& environment, AttemptInfo,
                                                 mysql::MarkClaim in) {
  const Json claim = co_await the_claim(environment, in);
  const bool done = annotation(claim, claim_version_annotation) == in.server_version();
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> unmark(const Environment& environment, AttemptInfo info,
                             mysql::MarkClaim in) {
  while (!co_await is_unmarked(environment, info, in)) {
    if (co_await write_mark(environment, info, in)) break;
  }
  co_return Done{};
}

}  // namespace

void add_pod_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::protect_pod, environment, protect, protection);
  handle(handlers, mysql::unprotect_pod, environment, unprotect, release, WithoutDatabase::goes_on);
  handle(handlers, mysql::release_volume, environment, unprotect, release,
         WithoutDatabase::goes_on);
  handle(handlers, mysql::delete_pod, environment, remove, deletion);
  handle(handlers, mysql::retire_pod, environment, remove, deletion);
  handle(handlers, mysql::await_clean_shutdown, environment, await_clean_shutdown);
  handle(handlers, mysql::await_pod_ended, environment, await_ended);
  handle(handlers, mysql::await_pod_ready, environment, await_ready);
  handle(handlers, mysql::await_member, environment, await_ready);
  handle(handlers, mysql::inspect_pod, environment, inspect);
  handle(handlers, mysql::mark_claim, environment, mark, is_marked);
  handle(handlers, mysql::restore_claim, environment, unmark, is_unmarked);
}

}  // namespace ratchet::k8s
