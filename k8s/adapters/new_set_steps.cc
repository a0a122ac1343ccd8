// The steps on the StatefulSets of a cluster of which one follows another, and what is written down
// of them.
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/new_set.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/primary_terms.h"
#include "k8s/adapters/workload.h"
#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "workflows/mysql/new_set_ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

// Annotation on a MySQL, kept by the provisioner (group_care.h).
constexpr const char* fence_annotation = "ratchet.dev/fence";

std::string time_text(std::int64_t microseconds) {
  return to_time(std::chrono::system_clock::time_point{std::chrono::microseconds{microseconds}});
}

template <class In>
Key key_of_set(const In& in) {
  return {in.database().space(), in.stateful_set()};
}

asio::awaitable<std::optional<mysql::StatefulSetRef>> is_made(const Environment& environment,
                                                              AttemptInfo info,
                                                              mysql::CreateNewSet in) {
  const auto set =
      co_await find(environment, kinds::stateful_set, Key{in.database().space(), in.name()});
  if (!set) co_return std::nullopt;
  if (bears_mark(*set, info)) co_return reference_to_set(*set);
  throw Refused("name_taken", "StatefulSet " + in.database().space() + "/" + in.name() +
                                  " is there already, and not of this upgrade: remove it, or "
                                  "upgrade in place");
}

asio::awaitable<mysql::StatefulSetRef> make(const Environment& environment, AttemptInfo info,
                                            mysql::CreateNewSet in) {
  for (;;) {
    if (const auto made = co_await is_made(environment, info, in)) co_return *made;
    const auto mysql =
        co_await find(environment, kinds::mysql, Key{in.database().space(), in.database().name()});
    Json set = new_set_of(in, mysql ? part_at(*mysql, "/spec/storage") : Json(), info.run_id);
    set["metadata"]["annotations"][change_annotation] = mark_of(info);
    const Reply reply = co_await environment.client->create(kinds::stateful_set, std::move(set));
    if (reply.conflict()) continue;
    const std::string what = "creating StatefulSet " + in.name();
    if (reply.invalid()) throw Refused("invalid", what + " was refused: " + reply.message());
    expect_success(reply, what);
    co_return reference_to_set(reply.body);
  }
}

asio::awaitable<std::optional<Done>> is_scaled(const Environment& environment, AttemptInfo info,
                                               mysql::ScaleSet in) {
  const Json set = co_await the_same_set(environment, in);
  const bool done =
      bears_mark(set, info) && set.value("/spec/replicas"_json_pointer, 1) == in.replicas();
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> scale(const Environment& environment, AttemptInfo info, mysql::ScaleSet in) {
  while (!co_await is_scaled(environment, info, in)) {
    Json change = marked_patch(co_await the_same_set(environment, in), info);
    change["spec"]["replicas"] = in.replicas();
    if (co_await patch(environment, kinds::stateful_set, key_of_set(in), std::move(change))) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> has_ended(const Environment& environment, AttemptInfo info,
                                               mysql::EndSeeding in) {
  const Json set = co_await the_same_set(environment, in);
  co_return bears_mark(set, info) ? std::optional(Done{}) : std::nullopt;
}

// Lists are replaced as a whole, and what became empty goes.
asio::awaitable<Done> end_seeding(const Environment& environment, AttemptInfo info,
                                  mysql::EndSeeding in) {
  while (!co_await has_ended(environment, info, in)) {
    const Json set = co_await the_same_set(environment, in);
    const Json after = without_seeding(set);
    Json change = marked_patch(set, info);
    const Json& kept = part_at(after, "/metadata/annotations");
    for (const auto& [name, value] : part_at(set, "/metadata/annotations").items()) {
      if (!kept.contains(name)) change["metadata"]["annotations"][name] = nullptr;
    }
    Json& pod = change["spec"]["template"]["spec"];
    pod["containers"] = part_at(after, containers_path);
    const Json& rest = part_at(after, "/spec/template/spec/initContainers");
    pod["initContainers"] = rest.empty() ? Json() : rest;
    if (co_await patch(environment, kinds::stateful_set, key_of_set(in), std::move(change))) break;
  }
  co_return Done{};
}

template <class In>
Key key_of_mysql(const In& in) {
  return {in.database().space(), in.database().name()};
}

asio::awaitable<std::optional<Done>> is_named(const Environment& environment, AttemptInfo info,
                                              mysql::RecordSet in) {
  const Json mysql = co_await the_mysql(environment, in.database(), in.uid());
  const bool done =
      bears_mark(mysql, info) && annotation(mysql, api::set_annotation) == in.stateful_set();
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> name_set(const Environment& environment, AttemptInfo info,
                               mysql::RecordSet in) {
  while (!co_await is_named(environment, info, in)) {
    Json change = marked_patch(co_await the_mysql(environment, in.database(), in.uid()), info);
    change["metadata"]["annotations"][api::set_annotation] = in.stateful_set();
    if (co_await patch(environment, kinds::mysql, key_of_mysql(in), std::move(change))) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> is_fenced(const Environment& environment, AttemptInfo info,
                                               mysql::FencePrimary in) {
  const Json mysql = co_await the_mysql(environment, in.database(), in.uid());
  co_return bears_mark(mysql, info) ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> fence(const Environment& environment, AttemptInfo info,
                            mysql::FencePrimary in) {
  while (!co_await is_fenced(environment, info, in)) {
    Json change = marked_patch(co_await the_mysql(environment, in.database(), in.uid()), info);
    change["metadata"]["annotations"][fence_annotation] = in.pod() + "/" + time_text(in.until_us());
    if (co_await patch(environment, kinds::mysql, key_of_mysql(in), std::move(change))) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> is_told_to_leave(const Environment& environment,
                                                      AttemptInfo info, mysql::ReleaseVotes in) {
  const Json mysql = co_await the_mysql(environment, in.database(), in.uid());
  co_return bears_mark(mysql, info) ? std::optional(Done{}) : std::nullopt;
}

// The provisioner may have taken it off already: that is found by the mark.
asio::awaitable<Done> tell_to_leave(const Environment& environment, AttemptInfo info,
                                    mysql::ReleaseVotes in) {
  while (!co_await is_told_to_leave(environment, info, in)) {
    Json change = marked_patch(co_await the_mysql(environment, in.database(), in.uid()), info);
    change["metadata"]["annotations"][api::leaving_annotation] = in.stateful_set();
    if (co_await patch(environment, kinds::mysql, key_of_mysql(in), std::move(change))) break;
  }
  co_return Done{};
}

// A claim that is gone, or another one by now, needs no time any more.
asio::awaitable<std::optional<Json>> claim_meant(const Environment& environment,
                                                 mysql::RetainClaim in) {
  auto claim = co_await find(environment, kinds::persistent_volume_claim,
                             Key{in.database().space(), in.claim()});
  if (claim && uid_of(*claim) != in.claim_uid()) co_return std::nullopt;
  co_return claim;
}

asio::awaitable<std::optional<Done>> is_retained(const Environment& environment, AttemptInfo info,
                                                 mysql::RetainClaim in) {
  const auto claim = co_await claim_meant(environment, in);
  co_return !claim || bears_mark(*claim, info) ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> retain(const Environment& environment, AttemptInfo info,
                             mysql::RetainClaim in) {
  while (!co_await is_retained(environment, info, in)) {
    const auto claim = co_await claim_meant(environment, in);
    if (!claim) break;
    Json change = marked_patch(*claim, info);
    change["metadata"]["annotations"][api::retain_annotation] = time_text(in.until_us());
    const Key key{in.database().space(), in.claim()};
    if (co_await patch(environment, kinds::persistent_volume_claim, key, std::move(change))) break;
  }
  co_return Done{};
}

}  // namespace

void add_new_set_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::create_new_set, environment, make, is_made);
  handle(handlers, mysql::scale_set, environment, scale, is_scaled);
  handle(handlers, mysql::end_seeding, environment, end_seeding, has_ended);
  handle(handlers, mysql::record_set, environment, name_set, is_named);
  handle(handlers, mysql::fence_primary, environment, fence, is_fenced);
  handle(handlers, mysql::release_votes, environment, tell_to_leave, is_told_to_leave);
  handle(handlers, mysql::retain_claim, environment, retain, is_retained);
  add_step_down_handler(handlers, environment);
}

}  // namespace ratchet::k8s
