#include "k8s/provisioner/guarded.h"

#include <stdexcept>
#include <utility>

#include "k8s/client/kinds.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

constexpr int most_conflicts = 8;

Refusal refused_by_server(const Resource& kind, const std::string& name, const Reply& reply) {
  return {"ObjectRefused",
          "the API server does not take " + kind.kind + " " + name + ": " + reply.message()};
}

enum class Ownership { ours, leaving, foreign };

// Whose an object is that has the name of one of ours. Without a controller, or under one that is
// no MySQL (a StatefulSet that an upgrade replaced), the labels tell.
Ownership ownership(const Json& found, const Json& wanted, const Database& database) {
  const Json& metadata = found.at("metadata");
  const std::string wanted_owner = wanted["metadata"]["ownerReferences"][0]["uid"];
  for (const Json& owner : metadata.value("ownerReferences", Json::array())) {
    if (!owner.value("controller", false)) continue;
    if (owner.value("uid", "") == wanted_owner) return Ownership::ours;
    if (owner.value("kind", "") != "MySQL") continue;
    // An earlier MySQL of this name, which the garbage collector has not cleared away yet.
    return owner.value("name", "") == database.name ? Ownership::leaving : Ownership::foreign;
  }
  const bool labelled =
      covers(metadata.value("labels", Json::object()), Json(selector_labels(database.name)));
  return labelled ? Ownership::ours : Ownership::foreign;
}

// What a write's answer means to the pass.
MaybeStop outcome(const Resource& kind, const std::string& name, const Reply& reply) {
  if (reply.ok()) return std::nullopt;
  if (reply.invalid()) return Stop{refused_by_server(kind, name, reply)};
  return Stop{};  // somebody was faster: look again
}

}  // namespace

asio::awaitable<bool> Guarded::may_write() {
  const Reply live = co_await context_.client.get(kinds::mysql, {database_.space, database_.name});
  if (!live.ok()) co_return false;
  const Database now = read_database(live.body);
  live_version_ = metadata_text(live.body, "resourceVersion");
  co_return now.uid == database_.uid && !now.deleting && !now.paused_since;
}

asio::awaitable<Reply> Guarded::sent(asio::awaitable<Reply> write) {
  const std::string key = queue_key(database_.space, database_.name);
  doubts_[key] = std::chrono::steady_clock::now() + context_.options.in_doubt_period;
  Reply reply = co_await std::move(write);
  doubts_.erase(key);
  co_return reply;
}

asio::awaitable<MaybeStop> Guarded::create(Resource kind, Json wanted, std::string created) {
  if (!co_await may_write()) co_return Stop{};
  const std::string name = metadata_text(wanted, "name");
  const Reply reply = co_await sent(context_.client.create(kind, std::move(wanted)));
  if (reply.ok() && !created.empty()) {
    context_.emit(database_.object, {false, "Successful", std::move(created)});
  }
  co_return outcome(kind, name, reply);
}

asio::awaitable<MaybeStop> Guarded::update(Resource kind, Json object) {
  if (!co_await may_write()) co_return Stop{};
  const std::string name = metadata_text(object, "name");
  const Reply reply = co_await sent(context_.client.update(kind, std::move(object)));
  co_return outcome(kind, name, reply);
}

asio::awaitable<MaybeStop> Guarded::patch_mysql(Json patch) {
  if (!co_await may_write()) co_return Stop{};
  patch["metadata"]["resourceVersion"] = live_version_;
  const Reply reply = co_await sent(context_.client.merge_patch(
      kinds::mysql, {database_.space, database_.name}, std::move(patch)));
  co_return outcome(kinds::mysql, database_.name, reply);
}

asio::awaitable<MaybeStop> Guarded::ensure(Resource kind, Json wanted, std::string created) {
  const std::string name = metadata_text(wanted, "name");
  const Reply found = co_await context_.client.get(kind, {database_.space, name});
  if (found.not_found()) {
    co_return co_await create(std::move(kind), std::move(wanted), std::move(created));
  }
  switch (ownership(found.body, wanted, database_)) {
    case Ownership::leaving:
      co_return Stop{.refusal = std::nullopt, .again = std::chrono::seconds(1)};
    case Ownership::foreign:
      co_return Stop{Refusal{"NameTaken", kind.kind + " " + database_.space + "/" + name +
                                              " exists and does not belong to this MySQL; remove "
                                              "it or choose another name for the MySQL"}};
    case Ownership::ours:
      break;
  }
  if (covers(found.body, wanted)) co_return std::nullopt;
  co_return co_await update(std::move(kind), overlay(found.body, wanted));
}

asio::awaitable<MaybeStop> Guarded::remove_left(Resource kind, Json object) {
  if (!co_await may_write()) co_return Stop{};
  const std::string name = metadata_text(object, "name");
  const Reply reply = co_await sent(
      context_.client.remove(kind, {database_.space, name},
                             {.uid = metadata_text(object, "uid"),
                              .resource_version = metadata_text(object, "resourceVersion")},
                             Propagation::background));
  co_return outcome(kind, name, reply);
}

asio::awaitable<MaybeStop> Guarded::remove(Resource kind, std::string name) {
  const Reply found = co_await context_.client.get(kind, {database_.space, name});
  if (!found.ok()) co_return std::nullopt;
  const std::string uid = metadata_text(found.body, "uid");
  if (!controlled_by(found.body, database_.uid)) co_return std::nullopt;
  if (found.body.at("metadata").contains("deletionTimestamp")) co_return Stop{};
  if (!co_await may_write()) co_return Stop{};
  co_await sent(context_.client.remove(kind, {database_.space, std::move(name)},
                                       {.uid = uid, .resource_version = ""},
                                       Propagation::background));
  co_return Stop{};  // gone when a later pass does not find it
}

namespace {

void announce_phase(Context& context, const Json& mysql, const std::string& old) {
  const std::string now = mysql.at("status").value("phase", "");
  if (now == old) return;
  context.emit(mysql,
               {false, "Phase Changed", "phase changed from " + old + " to " + now + " reason:"});
}

}  // namespace

asio::awaitable<bool> write_status(Context& context, const Database& database,
                                   std::function<void(Json& status)> change) {
  for (int attempt = 0; attempt < most_conflicts; ++attempt) {
    const Reply found = co_await context.client.get(kinds::mysql, {database.space, database.name});
    if (!found.ok() || metadata_text(found.body, "uid") != database.uid) co_return false;
    Json mysql = found.body;
    const Json before = mysql.value("status", Json::object());
    Json after = before;
    change(after);
    after["phase"] = phase_of(after);
    if (after == before) co_return false;
    mysql["status"] = std::move(after);
    const Reply written = co_await context.client.update_status(kinds::mysql, mysql);
    if (written.ok()) {
      announce_phase(context, mysql, before.value("phase", ""));
      co_return true;
    }
    if (written.not_found()) co_return false;
    if (!written.conflict()) {
      throw std::runtime_error("status of MySQL " + database.path() +
                               " not taken: " + written.message());
    }
  }
  throw std::runtime_error("status of MySQL " + database.path() +
                           " not written: somebody else changes it all the time");
}

}  // namespace ratchet::k8s::provisioner
