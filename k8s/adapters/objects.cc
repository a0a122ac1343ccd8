#include "k8s/adapters/objects.h"

#include "k8s/client/kinds.h"
#include "workflows/mysql/image_id.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

std::string mark_of(const engine::AttemptInfo& info) {
  return info.run_id + "." + std::to_string(info.command);
}

const Json& part_at(const Json& object, const char* pointer) {
  static const Json nothing;
  const Json::json_pointer path(pointer);
  return object.contains(path) ? object.at(path) : nothing;
}

std::string text_at(const Json& object, const char* pointer) {
  const Json& part = part_at(object, pointer);
  return part.is_string() ? part.get<std::string>() : "";
}

std::string uid_of(const Json& object) { return text_at(object, "/metadata/uid"); }

bool is_deleting(const Json& object) {
  return !text_at(object, "/metadata/deletionTimestamp").empty();
}

std::string annotation(const Json& object, const char* name) {
  const Json& annotations = part_at(object, "/metadata/annotations");
  return annotations.is_object() ? annotations.value(name, "") : "";
}

bool bears_mark(const Json& object, const engine::AttemptInfo& info) {
  return annotation(object, change_annotation) == mark_of(info);
}

std::string controller_of(const Json& object) {
  for (const Json& owner : part_at(object, "/metadata/ownerReferences")) {
    if (owner.value("controller", false)) return owner.value("uid", "");
  }
  return "";
}

const Json& element(const Json& list, const char* key, const std::string& value) {
  static const Json nothing;
  for (const Json& candidate : list) {
    if (candidate.value(key, "") == value) return candidate;
  }
  return nothing;
}

mysql::ImageId image_id_in(const Json& pod) {
  const Json& status =
      element(part_at(pod, "/status/containerStatuses"), "name", database_container);
  return mysql::image_id_of(text_at(status, "/imageID"));
}

bool condition_is_true(const Json& object, const std::string& type) {
  const Json& condition = element(part_at(object, "/status/conditions"), "type", type);
  return condition.is_object() && condition.value("status", "") == "True";
}

Json marked_patch(const Json& read, const engine::AttemptInfo& info) {
  return {{"metadata",
           {{"uid", uid_of(read)},
            {"resourceVersion", text_at(read, "/metadata/resourceVersion")},
            {"annotations", {{change_annotation, mark_of(info)}}}}}};
}

asio::awaitable<std::optional<Json>> find(const Environment& environment, Resource resource,
                                          Key key) {
  Reply reply = co_await environment.client->get(resource, key);
  if (reply.not_found()) co_return std::nullopt;
  expect_success(reply, "reading " + resource.kind + " " + key.space + "/" + key.name);
  co_return std::move(reply.body);
}

void expect_success(const Reply& reply, const std::string& what) {
  if (reply.ok()) return;
  throw std::runtime_error(what + " was refused (" + std::to_string(reply.code) +
                           "): " + reply.message());
}

asio::awaitable<bool> patch(const Environment& environment, Resource resource, Key key,
                            Json change) {
  const std::string what = "changing " + resource.kind + " " + key.space + "/" + key.name;
  const Reply reply = co_await environment.client->merge_patch(resource, key, std::move(change));
  if (reply.conflict()) co_return false;
  if (reply.not_found()) throw Refused("gone", what + ": it does not exist any more");
  if (reply.invalid()) throw Refused("invalid", what + " was refused: " + reply.message());
  expect_success(reply, what);
  co_return true;
}

Refused database_gone(const mysql::DatabaseRef& database) {
  return {mysql::database_gone_code,
          "MySQL " + database.space() + "/" + database.name() + " was deleted meanwhile"};
}

asio::awaitable<void> expect_database(const Environment& environment, mysql::DatabaseRef database) {
  const Key key{database.space(), database.name()};
  if (!co_await find(environment, kinds::mysql, key)) throw database_gone(database);
}

asio::awaitable<std::optional<engine::Failure>> failure_without(const Environment& environment,
                                                                Subject subject,
                                                                engine::Failure failure) {
  if (subject.database.name().empty()) co_return std::nullopt;
  if (failure.code == mysql::database_gone_code) co_return std::nullopt;
  try {
    const Key key{subject.database.space(), subject.database.name()};
    const auto there = co_await find(environment, kinds::mysql, key);
    const bool same = there && (subject.uid.empty() || uid_of(*there) == subject.uid);
    if (same) co_return std::nullopt;
  } catch (const std::exception&) {
    co_return std::nullopt;
  }
  engine::Failure gone = database_gone(subject.database).failure();
  gone.message += " (" + failure.message + ")";
  co_return gone;
}

asio::awaitable<void> wait_on(const Environment& environment, std::int64_t deadline_us,
                              std::string why) {
  if (environment.now().time_since_epoch().count() >= deadline_us) throw Refused("timeout", why);
  co_await environment.pause(environment.look_every);
}

}  // namespace ratchet::k8s
