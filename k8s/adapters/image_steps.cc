// Whether a member's node can pull the target's image: found out by a pod there, which is owned by
// the request and removed when it is known.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/core/run.h"
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/image_id.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;
using mysql::ImageCheck;
using mysql::ImageSeen;
using mysql::StartImageCheck;

namespace {

// What another pod on the node must have in common with the member's to be let in, and to get the
// image the same way.
constexpr std::array<const char*, 6> as_the_member = {"imagePullSecrets", "serviceAccountName",
                                                      "securityContext",  "tolerations",
                                                      "runtimeClassName", "priorityClassName"};

// The image is there; what the kubelet could not do after that is another matter.
constexpr std::array<std::string_view, 3> with_image = {"CreateContainerError", "RunContainerError",
                                                        "CrashLoopBackOff"};
// The kubelet has tried more than once, or never will.
constexpr std::array<std::string_view, 3> hopeless = {"ImagePullBackOff", "InvalidImageName",
                                                      "ErrImageNeverPull"};

Key key_of(const StartImageCheck& in) { return {in.space(), in.member() + "-image-check"}; }

ImageCheck check_of(const Json& pod) {
  ImageCheck check;
  check.set_space(text_at(pod, "/metadata/namespace"));
  check.set_pod(text_at(pod, "/metadata/name"));
  check.set_pod_uid(uid_of(pod));
  check.set_node(text_at(pod, "/spec/nodeName"));
  return check;
}

Json container_of(const Json& member, const std::string& image) {
  const Json& like = element(part_at(member, "/spec/containers"), "name", database_container);
  const Json little = {{"cpu", "10m"}, {"memory", "64Mi"}};
  Json container = {{"name", database_container},
                    {"image", image},
                    {"command", Json::array({"mysqld", "--version"})},
                    {"resources", {{"requests", little}, {"limits", little}}}};
  for (const char* field : {"imagePullPolicy", "securityContext"}) {
    if (like.is_object() && like.contains(field)) container[field] = like.at(field);
  }
  return container;
}

// Without the labels of the database: no Service, budget or StatefulSet takes it for a member.
Json manifest_of(const Json& member, const StartImageCheck& in, const AttemptInfo& info) {
  Json spec = {{"nodeName", text_at(member, "/spec/nodeName")},
               {"restartPolicy", "Never"},
               {"activeDeadlineSeconds", in.limit_seconds()},
               {"terminationGracePeriodSeconds", 0},
               {"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"containers", Json::array({container_of(member, in.image())})}};
  const Json& like = part_at(member, "/spec");
  for (const char* field : as_the_member) {
    if (like.contains(field)) spec[field] = like.at(field);
  }
  const Key key = key_of(in);
  return {
      {"apiVersion", "v1"},
      {"kind", kinds::pod.kind},
      {"metadata",
       {{"name", key.name},
        {"namespace", key.space},
        {"labels", {{"app.kubernetes.io/managed-by", "ratchet"}}},
        {"annotations", {{change_annotation, mark_of(info)}}},
        {"ownerReferences", Json::array({{{"apiVersion", kinds::mysql_ops_request.api_version()},
                                          {"kind", kinds::mysql_ops_request.kind},
                                          {"name", in.request()},
                                          {"uid", engine::first_run_id(info.run_id)}}})}}},
      {"spec", std::move(spec)}};
}

asio::awaitable<std::optional<ImageCheck>> is_started(const Environment& environment,
                                                      AttemptInfo info, StartImageCheck in) {
  const Key key = key_of(in);
  const auto pod = co_await find(environment, kinds::pod, key);
  if (!pod) co_return std::nullopt;
  const std::string what = "pod " + key.space + "/" + key.name + " of an earlier look ";
  if (is_deleting(*pod)) throw std::runtime_error(what + "is not gone yet");
  if (bears_mark(*pod, info)) co_return check_of(*pod);
  throw Refused("left_behind", what + "was left behind: remove it (kubectl delete pod -n " +
                                   key.space + " " + key.name + "), then create the request again");
}

// The input names no database: which one it is the request tells.
asio::awaitable<void> expect_database_of_request(const Environment& environment,
                                                 StartImageCheck in) {
  const auto request =
      co_await find(environment, kinds::mysql_ops_request, Key{in.space(), in.request()});
  if (!request) {
    throw Refused("gone",
                  "MySQLOpsRequest " + in.space() + "/" + in.request() + " was deleted meanwhile");
  }
  mysql::DatabaseRef database;
  database.set_space(in.space());
  database.set_name(text_at(*request, "/spec/databaseRef/name"));
  co_await expect_database(environment, std::move(database));
}

asio::awaitable<ImageCheck> start(const Environment& environment, AttemptInfo info,
                                  StartImageCheck in) {
  if (const auto found = co_await is_started(environment, info, in)) co_return *found;
  const auto member = co_await find(environment, kinds::pod, Key{in.space(), in.member()});
  if (!member || text_at(*member, "/spec/nodeName").empty()) {
    co_await expect_database_of_request(environment, in);
    throw std::runtime_error("pod " + in.space() + "/" + in.member() + " is on no node");
  }
  const std::string what = "making a pod on node " + text_at(*member, "/spec/nodeName") +
                           " that shows whether it can pull " + in.image();
  try {
    const Reply reply =
        co_await environment.client->create(kinds::pod, manifest_of(*member, in, info));
    if (reply.invalid()) throw Refused("invalid", what + " was refused: " + reply.message());
    expect_success(reply, what);
    co_return check_of(reply.body);
  } catch (const ApiError& error) {  // by a quota, a policy, or the rights of the ops manager
    if (error.code() != 403) throw;
    throw Refused("not_allowed", what + " was refused: " + error.what());
  }
}

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

// Nothing: not known yet; then `last` says how far it is.
std::optional<ImageSeen> seen_of(const Json& pod, std::string& last) {
  ImageSeen seen;
  const Json& status =
      element(part_at(pod, "/status/containerStatuses"), "name", database_container);
  const bool began = part_at(status, "/state/running").is_object() ||
                     part_at(status, "/state/terminated").is_object();
  const std::string reason = text_at(status, "/state/waiting/reason");
  if ((began && !text_at(status, "/imageID").empty()) || is_one_of(with_image, reason)) {
    const mysql::ImageId id = image_id_in(pod);
    if (mysql::is_known(id)) *seen.mutable_image_id() = id;
    return seen;
  }
  const std::string words = text_at(status, "/state/waiting/message");
  // The first failure says why, the later ones only that it is tried less often.
  if (reason.starts_with("Err") || last.empty())
    last = words.empty() ? reason : reason + ": " + words;
  if (is_one_of(hopeless, reason)) {
    seen.set_trouble(last.starts_with(reason) ? last : reason + " (" + last + ")");
    return seen;
  }
  if (text_at(pod, "/status/phase") != "Failed") return std::nullopt;
  seen.set_trouble(text_at(pod, "/status/reason") + ": " + text_at(pod, "/status/message"));
  return seen;
}

asio::awaitable<ImageSeen> await_seen(const Environment& environment, AttemptInfo,
                                      mysql::AwaitImageCheck in) {
  std::string last;
  for (;;) {
    const auto pod =
        co_await find(environment, kinds::pod, Key{in.check().space(), in.check().pod()});
    if (!pod || uid_of(*pod) != in.check().pod_uid()) {
      throw Refused("gone", "pod " + in.check().space() + "/" + in.check().pod() +
                                " was removed by somebody else before it showed whether node " +
                                in.check().node() + " can pull the image");
    }
    if (auto seen = seen_of(*pod, last)) co_return std::move(*seen);
    if (environment.now().time_since_epoch().count() >= in.deadline_us()) {
      ImageSeen late;
      late.set_trouble("not within the time of a step" + (last.empty() ? "" : "; " + last));
      co_return late;
    }
    co_await environment.pause(environment.look_every);
  }
}

asio::awaitable<std::optional<Done>> is_removed(const Environment& environment, AttemptInfo,
                                                ImageCheck in) {
  const auto pod = co_await find(environment, kinds::pod, Key{in.space(), in.pod()});
  const bool done = !pod || uid_of(*pod) != in.pod_uid() || is_deleting(*pod);
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> remove(const Environment& environment, AttemptInfo info, ImageCheck in) {
  if (co_await is_removed(environment, info, in)) co_return Done{};
  const Reply reply = co_await environment.client->remove(
      kinds::pod, Key{in.space(), in.pod()}, {.uid = in.pod_uid(), .resource_version = ""},
      Propagation::background);
  if (!reply.not_found() && !reply.conflict()) {
    expect_success(reply, "removing pod " + in.space() + "/" + in.pod());
  }
  co_return Done{};
}

}  // namespace

void add_image_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::start_image_check, environment, start, is_started);
  handle(handlers, mysql::await_image_check, environment, await_seen);
  handle(handlers, mysql::remove_image_check, environment, remove, is_removed);
}

}  // namespace ratchet::k8s
