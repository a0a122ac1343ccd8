#include "k8s/operator/publisher.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/core/utf8.h"
#include "engine/core/values.h"
#include "k8s/client/kinds.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

constexpr const char* component = "KubeDB Enterprise Operator";

// What decides whether a status is written. Other fields are not ours, but for the anchor's copy.
constexpr const char* our_fields[] = {"phase", "observedGeneration", "conditions", "pausedBackups"};

bool same_status(const Json& there, const Json& wanted) {
  return std::ranges::all_of(our_fields, [&](const char* field) {
    return there.value(field, Json()) == wanted.value(field, Json());
  });
}

void put_status(Json& object, const Json& status, const std::string& anchor) {
  if (!object.contains("status")) object["status"] = Json::object();
  for (const char* field : our_fields) {
    if (status.contains(field)) {
      object["status"][field] = status[field];
    } else {
      object["status"].erase(field);
    }
  }
  if (!anchor.empty()) object["status"]["anchor"] = anchor;
}

// What a quota, a right that is missing or a policy answers, for as long as somebody lets it.
bool is_denial(const ApiError& error) { return error.code() >= 400 && error.code() < 429; }

// How many of its Events the run that was reset has told.
std::size_t told_before(const Projection& projection) {
  return static_cast<std::size_t>(std::ranges::count_if(
      projection.announcements,
      [&](const Announcement& announcement) { return announcement.turn < projection.kept; }));
}

Json event_object(const Projection& projection, const std::string& uid, const std::string& run_id,
                  const Announcement& announcement) {
  const std::string at = api_time(announcement.at);
  return {{"apiVersion", kinds::event.api_version()},
          {"kind", kinds::event.kind},
          {"metadata",
           {{"name", announcement_name(projection, run_id, announcement)},
            {"namespace", projection.space}}},
          {"involvedObject",
           {{"apiVersion", kinds::mysql_ops_request.api_version()},
            {"kind", kinds::mysql_ops_request.kind},
            {"namespace", projection.space},
            {"name", projection.request},
            {"uid", uid}}},
          {"type", announcement.warning ? "Warning" : "Normal"},
          {"reason", announcement.reason},
          // The API refuses longer ones.
          {"message",
           announcement.message.substr(0, engine::whole_characters(announcement.message, 1024))},
          {"source", {{"component", component}}},
          {"reportingComponent", component},
          {"firstTimestamp", at},
          {"lastTimestamp", at},
          {"count", 1}};
}

}  // namespace

asio::awaitable<void> Publisher::announce(const std::string& uid, const std::string& run_id,
                                          const Projection& projection, std::size_t from) {
  for (std::size_t i = from; i < projection.announcements.size(); ++i) {
    const Announcement& announcement = projection.announcements[i];
    const Reply reply =
        co_await client_.create(kinds::event, event_object(projection, uid, run_id, announcement));
    if (!reply.ok() && !reply.conflict() && !reply.not_found()) {
      throw ApiError(reply.code, "an Event was refused: " + reply.message());
    }
    announced_[run_id] = i + 1;
  }
}

asio::awaitable<void> Publisher::publish(std::string uid, std::string run_id,
                                         Projection projection) {
  const Key key{projection.space, projection.request};
  const Json status = status_of(projection);
  auto known = announced_.find(run_id);
  if (known == announced_.end()) {
    const Reply reply = co_await client_.get(kinds::mysql_ops_request, key);
    if (!reply.ok() || reply.body.at("metadata").value("uid", "") != uid) co_return;
    // Events that changed nothing in the status may be missing; at the end none is.
    const bool ended = projection.phase == "Successful" || projection.phase == "Failed" ||
                       projection.phase == "Denied";
    const bool told = ended && same_status(reply.body.value("status", Json::object()), status);
    const std::size_t count = told ? projection.announcements.size() : told_before(projection);
    known = announced_.emplace(run_id, count).first;
  }
  std::exception_ptr untold;
  try {
    co_await announce(uid, run_id, projection, known->second);
  } catch (const ApiError& error) {
    if (!is_denial(error)) throw;
    untold = std::current_exception();
  }
  co_await write_status(key, uid, status);
  if (untold) std::rethrow_exception(untold);
}

asio::awaitable<bool> Publisher::write_status(Key key, std::string uid, Json status) {
  for (;;) {
    Reply reply = co_await client_.get(kinds::mysql_ops_request, key);
    if (!reply.ok() || reply.body.at("metadata").value("uid", "") != uid) co_return false;
    Json object = std::move(reply.body);
    if (same_status(object.value("status", Json::object()), status)) co_return true;
    put_status(object, status, anchor_ ? anchor_() : "");
    const Reply written =
        co_await client_.update_status(kinds::mysql_ops_request, std::move(object));
    if (written.ok()) co_return true;
    if (!written.conflict() && !written.not_found()) {
      throw ApiError(written.code, "the status of MySQLOpsRequest " + key.space + "/" + key.name +
                                       " was refused: " + written.message());
    }
  }
}

}  // namespace ratchet::k8s
